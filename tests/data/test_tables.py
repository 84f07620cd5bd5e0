import csv
import decimal
import re
import subprocess
import sys
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hostile import LOW_BOUND, MIB
from hypothesis import given
from hypothesis import strategies as st
from mutation import mutants, overwrite
from pyarrow import parquet

from condvae.checks import InputError
from condvae.data.tables import SUFFIXES, read_table, write_table

TABLE = {
    "count": np.array([1, np.nan, 2**53]),
    "length, cm": np.array([0.1, 1 / 3, np.nan]),
    "name": np.array(["", 'says "ant,\nbee"', " Zoë "]),
}


def assert_same(columns, expected):
    assert list(columns) == list(expected)
    for name, values in expected.items():
        assert columns[name].dtype.kind == values.dtype.kind
        assert columns[name].flags.writeable
        np.testing.assert_array_equal(columns[name], values)


def read_content(folder, content, name="table.csv", **settings):
    (folder / name).write_bytes(content)
    return read_table(folder / name, **settings)


def refusal(folder, content, name="table.csv", **settings):
    with pytest.raises(InputError) as caught:
        read_content(folder, content, name, **settings)
    assert caught.value.remedy.endswith(".")
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read(tmp_path, suffix):
    write_table(tmp_path / f"table{suffix}", TABLE, integers=["count"])
    assert_same(read_table(tmp_path / f"table{suffix}"), TABLE)
    assert len(list(tmp_path.iterdir())) == 1


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.tuples(st.floats(allow_infinity=False), CELLS), max_size=6),
    st.sampled_from(SUFFIXES),
)
def test_any_cells_come_back(tmp_path_factory, rows, suffix):
    path = tmp_path_factory.mktemp("table") / f"t{suffix}"
    numbers, words = zip((0.5, "007"), *rows, strict=True)
    columns = {"x": np.array(numbers), "a": np.array(words)}
    write_table(path, columns)
    assert_same(read_table(path, text=["a"]), columns)


def test_one_column_with_missing_cells_comes_back(tmp_path):
    columns = {"x": np.array([1, np.nan, np.nan, 2, np.nan])}
    write_table(tmp_path / "t.csv", columns)
    assert_same(read_table(tmp_path / "t.csv"), columns)


def test_integers_are_written_as_integers(tmp_path):
    write_table(tmp_path / "t.csv", TABLE, integers=["count"])
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(TABLE)
    assert [row[0] for row in rows[1:]] == ["1", "", "9007199254740992"]
    assert [row[1] for row in rows[1:]] == ["0.1", repr(1 / 3), ""]
    write_table(tmp_path / "t.parquet", TABLE, integers=["count"])
    column = parquet.read_table(tmp_path / "t.parquet")["count"]
    assert column.type == pa.int64()
    assert column.to_pylist() == [1, None, 2**53]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("1 2.5 -3e2 +.5 7.", [1, 2.5, -300, 0.5, 7]),
        ("NA 0 N/A NaN null None 1e-999", [np.nan, 0, *[np.nan] * 4, 0]),
        ("007 7 10", ["007", "7", "10"]),
        ("-01 x", ["-01", "x"]),
        ("NA x nan", ["NA", "x", "nan"]),
        ("true false True", ["true", "false", "True"]),
        ("1,5 2,5", ["1,5", "2,5"]),
        ("0 -0 0.5", [0, 0, 0.5]),
        ("0x10 1_000", ["0x10", "1_000"]),
        ("٣ ٤", ["٣", "٤"]),
    ],
)
def test_cells_of_a_column_tell_its_kind(tmp_path, cells, expected):
    content = "\n".join(["x\tn", *(f"{cell}\t1" for cell in cells.split())]).encode()
    columns = read_content(tmp_path, content, "table.tsv")
    assert_same(columns, {"x": np.array(expected, None), "n": np.ones(len(expected))})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_may_end_as_they_like(tmp_path, end, mark):
    content = (mark + end.join(["a,b", " 1 , x", "", '"","é"'])).encode()
    expected = {"a": np.array([1, np.nan]), "b": np.array([" x", "é"])}
    assert_same(read_content(tmp_path, content), expected)


def test_text_that_looks_like_numbers_is_told(tmp_path):
    doors = b"doors\n2\n3\n5more\n"
    said = refusal(tmp_path, doors)
    assert "'doors'" in said
    assert "received numbers in 2 cells and words in 1, such as '5more'" in said
    assert "words in 2 cells and numbers in 1, such as '4'" in refusal(tmp_path, b"a\nx\n4\ny")
    columns = read_content(tmp_path, doors, text=["doors"])
    assert_same(columns, {"doors": np.array(["2", "3", "5more"])})
    with pytest.raises(InputError, match="Did you mean 'doors'"):
        read_content(tmp_path, b"doors\n2\n3\n", text=["door"])


def test_parquet_types_become_numbers_or_text(tmp_path):
    table = pa.table(
        {
            "truth": [True, None, False],
            "large": pa.array([1, None, 2**60 + 1]),
            "half": pa.array(np.array([1.5, np.nan, 2], np.float16)),
            "exact": [decimal.Decimal("1.25"), None, None],
            "coded number": pa.array([3, 3, None]).dictionary_encode(),
            "coded text": pa.array(["a", None, "b"]).dictionary_encode(),
            "a.view": pa.array(["007", None, "é"]).cast(pa.string_view()),
            "large text": pa.array(["7", "", "b"], pa.large_string()),
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    expected = {
        "truth": ["true", "", "false"],
        "large": [1, np.nan, 2.0**60],
        "half": [1.5, np.nan, 2],
        "exact": [1.25, np.nan, np.nan],
        "coded number": [3, 3, np.nan],
        "coded text": ["a", "", "b"],
        "a.view": ["007", "", "é"],
        "large text": ["7", "", "b"],
    }
    columns = {name: np.array(values) for name, values in expected.items()}
    assert_same(read_table(tmp_path / "t.parquet"), columns)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"\n\n", "no name for column 1"),
        (b"a,b", "no row"),
        (b"a,b\n", "no row"),
        (b"a,b,a\n1,2,3\n", "'a' again for column 3"),
        (b",a\n0,1\n", "no name for column 1"),
        (b"a, \n0,1\n", "no name for column 2"),
        (b"a,b\n1,2\n3\n", "2 cells, as the header has; received 1 in row 3 .* '3'"),
        (b'a,b\n1,"2\n2"\n3,4,5\n', "received 3 in row 3 .* '3,4,5'"),
        (b"a\n1\n2,3\n", "received 2 in row 3"),
        (b"a,b\n\xff,2\n", "UTF-8"),
        (b"a,b\n" + b"1,2\n" * 9999 + b"\xff,2\n", "UTF-8.*Row #10001"),
        ("a,b\n1,2\n".encode("utf-16"), "bytes of zero"),
        (b'a,b\n1,"2\n3,4\n', "odd number of quotes"),
        (b'"' * 4 + b"x" * 200_000 + b",b\n1,2", "field larger than field limit"),
        (b"a,b\n1,2\n-inf,3\n", "'a' .* finite numbers; received -inf in row 1 "),
        (b"a\n1e999\n", "received inf in row 0 "),
        (b"a,b\n1,\n2,NA\n", "'b' .* missing values alone"),
    ],
)
def test_bad_csv_is_refused(tmp_path, content, said):
    assert re.search(said, refusal(tmp_path, content))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "no column"),
        ({"a": pa.array([], pa.int64())}, "no row"),
        ({"a": [1.0, np.inf]}, "received inf in row 1"),
        ({"a": [None, None]}, "missing values alone"),
        ({"a": ["", None]}, "missing values alone"),
        ({"": [1]}, "no name"),
        ({"a": [[1], [2]]}, "numbers, text or booleans; received list"),
        ({"a": [{"b": 1}]}, "received struct<b: int64>. Remove it"),
        ({"a": [b"x"]}, "received binary. Remove it"),
        ({"a": [datetime(2020, 1, 2)]}, r"received timestamp[us]. Write it as a number"),
        ({"a": [date(2020, 1, 2)]}, "received date32[day]. Write it as a number"),
        ({"a": [timedelta(1)]}, "received duration[us]. Write it as a number"),
    ],
)
def test_bad_parquet_is_refused(tmp_path, columns, said):
    parquet.write_table(pa.table(columns), tmp_path / "from.parquet")
    assert said in refusal(tmp_path, (tmp_path / "from.parquet").read_bytes(), "t.parquet")


def test_parquet_names_are_different(tmp_path):
    table = pa.table([[1], [2]], names=["a", "a"])
    parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="'a' again for column 2"):
        read_table(tmp_path / "t.parquet")


def test_paths_that_are_no_table_are_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, said in [("t.csv", "not there"), ("folder.csv", "no file"), ("t.xlsx", ".parquet")]:
        with pytest.raises(InputError, match=said):
            read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("columns", "integers", "said"),
    [
        ({}, (), "no column"),
        ({"a": np.ones(2), "b": np.ones(3)}, (), "columns of one length"),
        ({"a": np.ones((2, 1))}, (), "columns of one length"),
        ({"a": np.array([1, -np.inf])}, (), "received -inf in row 1"),
        ({"a": np.array([None])}, (), "numbers or text; received dtype object"),
        ({"a": np.array(["", ""])}, (), "missing values alone"),
        ({"": np.ones(2)}, (), "no name"),
        ({"a": np.array(["x", "\ud800"])}, (), r"UTF-8 can hold; received '.ud800'"),
        ({"\ud800": np.ones(2)}, (), "UTF-8"),
        (
            {"a": np.array([2, 1.5])},
            ["a"],
            r"whole numbers, at most 2\^53; received '1.5' in row 1",
        ),
        ({"a": np.array([2.0**54])}, ["a"], "whole numbers"),
        ({"a": np.array(["x"])}, ["a"], "received 'x' in row 0"),
        ({"a": np.ones(2)}, ["b"], "an integer column must be one of a"),
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_cannot_be_written_leaves_nothing(tmp_path, columns, integers, said, suffix):
    with pytest.raises(InputError, match=said):
        write_table(tmp_path / f"t{suffix}", columns, integers)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_mutants_are_refused_or_tables(tmp_path, suffix, num_mutants):
    path = tmp_path / f"t{suffix}"
    write_table(path, TABLE, ["count"])
    refusals = []
    for mutant in mutants(path.read_bytes(), num_mutants // 2, seed=9):
        overwrite(path, mutant)
        try:
            columns = read_table(path)
        except InputError as error:
            refusals.append(error)
        else:
            assert len({len(values) for values in columns.values()}) == 1
            assert {values.dtype.kind for values in columns.values()} <= {"f", "U"}
    assert refusals
    assert all(error.remedy.endswith(".") and len(str(error)) < 1000 for error in refusals)


@pytest.mark.usefixtures("in_bounds")
def test_bombs(tmp_path):
    """A long word in many rows is a small file; so are a million empty cells."""
    long_word = pa.DictionaryArray.from_arrays(np.zeros(200_000, np.int8), ["x" * 1000])
    parquet.write_table(pa.table({"a": long_word}), tmp_path / "words.parquet")
    zeros = pa.table({"a": np.zeros(8 * MIB, np.int8)})
    parquet.write_table(zeros, tmp_path / "zeros.parquet")
    one_long = b"a,b\n" + b"y,1\n" * 100_000 + b"y" * 1000 + b",1\n"
    (tmp_path / "words.csv").write_bytes(one_long)
    (tmp_path / "commas.csv").write_bytes(b"," * 4 * MIB + b"\n")
    (tmp_path / "large.csv").write_bytes(bytes(LOW_BOUND // 2 + 1))
    for path in tmp_path.iterdir():
        before = pa.default_memory_pool().max_memory()
        with pytest.raises(InputError, match="half of this machine's memory"):
            read_table(path)
        assert pa.default_memory_pool().max_memory() <= max(before, LOW_BOUND)


def test_without_pyarrow_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for use in (read_table, lambda path: write_table(path, TABLE)):
        with pytest.raises(InputError, match=r"pip install 'condvae\[data\]'"):
            use(tmp_path / "t.csv")


def test_import_does_not_wait_for_pyarrow():
    code = "import sys, condvae.data.tables; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
