import csv
import decimal
import gzip
import re
import subprocess
import sys
import tracemalloc
from datetime import time

import numpy as np
import pyarrow as pa
import pytest
from hostile import LOW_BOUND, MIB
from hypothesis import given
from hypothesis import strategies as st
from mutation import mutants, overwrite
from pyarrow import parquet

from condvae.checks import InputError
from condvae.data import load_data
from condvae.data.tables import read_table
from condvae.data.writing import WRITTEN, write_table
from condvae.spec import DataSpec

TABLE = {
    "count": np.array([1, np.nan, 2**53]),
    "length, cm": np.array([0.1, 1 / 3, np.nan]),
    "name": np.array(["", 'says "ant,\nbee"', "Zoë"]),
}


def assert_same(columns, expected):
    assert list(columns) == list(expected)
    for name, values in expected.items():
        assert columns[name].dtype.kind == values.dtype.kind
        assert columns[name].flags.writeable
        np.testing.assert_array_equal(columns[name], values)


def read_content(folder, content, name="table.csv", **settings):
    (folder / name).write_bytes(content)
    return read_table(folder / name, DataSpec(**settings)).columns


def refusal(folder, content, name="table.csv", **settings):
    with pytest.raises(InputError) as caught:
        read_content(folder, content, name, **settings)
    assert caught.value.remedy.endswith(".")
    return str(caught.value)


@pytest.mark.parametrize("suffix", WRITTEN)
def test_what_is_written_is_read(tmp_path, suffix):
    write_table(tmp_path / f"table{suffix}", TABLE, integers=["count"])
    assert_same(read_table(tmp_path / f"table{suffix}").columns, TABLE)
    assert len(list(tmp_path.iterdir())) == 1


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.tuples(st.floats(allow_infinity=False), CELLS), max_size=6),
    # sheets are XML, which has not every character
    st.sampled_from([suffix for suffix in WRITTEN if suffix != ".xlsx"]),
)
def test_any_cells_come_back(tmp_path_factory, rows, suffix):
    path = tmp_path_factory.mktemp("table") / f"t{suffix}"
    numbers, words = zip((0.5, "007"), *rows, strict=True)
    columns = {"x": np.array(numbers), "a": np.array(words)}
    write_table(path, columns)
    columns["a"] = np.array([word.strip() for word in words])
    assert_same(read_table(path, DataSpec(kinds=("a:class",))).columns, columns)


def test_one_column_with_missing_cells_comes_back(tmp_path):
    columns = {"x": np.array([1, np.nan, np.nan, 2, np.nan])}
    write_table(tmp_path / "t.csv", columns)
    assert_same(read_table(tmp_path / "t.csv").columns, columns)


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
        ("NA x nan", ["", "x", ""]),
        ("true false True", ["true", "false", "True"]),
        ("1,5 2,5", [1.5, 2.5]),
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
    expected = {"a": np.array([1, np.nan]), "b": np.array(["x", "é"])}
    assert_same(read_content(tmp_path, content), expected)


def test_text_that_looks_like_numbers_is_told(tmp_path):
    doors = b"doors\n2\n3\n5more\n"
    words = {"doors": np.array(["2", "3", "5more"])}
    assert_same(read_content(tmp_path, doors), words)
    numbers = read_content(tmp_path, doors, kinds=("doors:number",))
    assert_same(numbers, {"doors": np.array([2, 3, np.nan])})
    for settings in ({"kinds": ("doors:class",)}, {"conditions": ("doors:categorical",)}):
        columns = read_content(tmp_path, b"doors\n2\n3\n", **settings)
        assert_same(columns, {"doors": np.array(["2", "3"])})
    with pytest.raises(InputError, match="Did you mean 'doors'"):
        read_content(tmp_path, doors, kinds=("door:class",))


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
    assert_same(read_table(tmp_path / "t.parquet").columns, columns)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"\n\n", "no row"),
        (b"a,b", "no row"),
        (b"a,b\n", "no row"),
        (b'a,b\n1,"2\n2"\n3,4,5\n', "received 3 cells, .* has 2, '3,4,5', in row 3"),
        (b"a\n1\n2,3\n", "received 2 cells, .* in row 3"),
        ("é,b\n".encode() + b"1,2\n" * 99999 + b"\xff,2\n", "UTF-8 up to line 100001, .*latin-1"),
        (b"a,b\n1\0,2\n", "a byte of zero in row 2"),
        (b'a,b\n1,"2\n3,4\n', "unexpected end of data in row 2"),
        (b'a,b\n1,"2"2\n', "expected after '\"' in row 2 .*Double each quote"),
        (b'"' + b"x" * 200_000 + b'",b\n1,2', "field larger than field limit"),
        (b"x" * 3_000_000, "over 2,097,152 characters in row 1"),
        (b"," * 30_000 + b"\n", "at most 20,000 columns; received 30,001"),
        (
            b"a,b,c\n1,2,inf\n-inf,3,0\n",
            "finite numbers; received -inf in row 1 of 'a', inf in row 0 of 'c' .*--missing inf",
        ),
        (b"a\n1e999\n", "received inf in row 0 "),
    ],
)
def test_bad_csv_is_refused(tmp_path, content, said):
    assert re.search(said, refusal(tmp_path, content))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "whole .parquet file"),
        ({"a": pa.array([], pa.int64())}, "no row"),
        ({"a": [1.0, np.inf]}, "received inf in row 1"),
        ({"a": [[1], [2]], "b": [1, 2]}, "booleans or dates; received BIGINT[] in 'a'. Leave"),
        (
            {"a": [{"b": 1}], "c": [b"x"], "d": [time(1)]},
            "received STRUCT(b BIGINT) in 'a', BLOB in 'c', TIME in 'd'",
        ),
    ],
)
def test_bad_parquet_is_refused(tmp_path, columns, said):
    parquet.write_table(pa.table(columns), tmp_path / "from.parquet")
    assert said in refusal(tmp_path, (tmp_path / "from.parquet").read_bytes(), "t.parquet")


def test_parquet_names_are_different(tmp_path):
    table = pa.table([[1], [2]], names=["a", "a"])
    parquet.write_table(table, tmp_path / "t.parquet")
    columns = {"a": np.array([1.0]), "a_1": np.array([2.0])}
    assert_same(read_table(tmp_path / "t.parquet").columns, columns)


def test_paths_that_are_no_table_are_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, said in [("t.csv", "not exist"), ("folder.csv", "no file"), ("t.doc", ".parquet")]:
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
@pytest.mark.parametrize("suffix", WRITTEN)
def test_what_cannot_be_written_leaves_nothing(tmp_path, columns, integers, said, suffix):
    with pytest.raises(InputError, match=said):
        write_table(tmp_path / f"t{suffix}", columns, integers)
    assert list(tmp_path.iterdir()) == []


def read_by_arrow(path):
    """The columns of a Parquet file by another reader; None where it refuses them."""
    try:
        table = parquet.ParquetFile(path, page_checksum_verification=True).read()
        table.validate(full=True)
    except Exception:
        return None
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            words = column.cast(pa.string()).fill_null("").to_pylist()
            columns[name] = np.array([word.strip() for word in words])
        else:
            columns[name] = column.cast(pa.float64(), safe=False).to_numpy()
    return columns


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst", ".jsonl", ".parquet"])
def test_mutants_are_refused_or_tables(tmp_path, suffix, num_mutants):
    path = tmp_path / f"t{suffix}"
    write_table(path, TABLE, ["count"])
    refusals = []
    for mutant in mutants(path.read_bytes(), num_mutants // 2, seed=9):
        overwrite(path, mutant)
        try:
            columns = read_table(path).columns
        except InputError as error:
            refusals.append(error)
        else:
            assert len({len(values) for values in columns.values()}) == 1
            assert {values.dtype.kind for values in columns.values()} <= {"f", "U"}
            if suffix == ".parquet" and (other := read_by_arrow(path)) is not None:
                assert_same(columns, other)
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
    different = "".join(f"{number:032x},1\n" for number in range(120_000))
    (tmp_path / "different.csv").write_text("a,b\n" + different)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(one_long))
    (tmp_path / "commas.csv").write_bytes(b"," * 4 * MIB + b"\n")
    (tmp_path / "line.csv.gz").write_bytes(gzip.compress(bytes(LOW_BOUND)))
    for path in tmp_path.iterdir():
        tracemalloc.start()
        with pytest.raises(InputError, match=r"half of this machine's memory|over 2,097,152 char"):
            read_table(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= LOW_BOUND


def test_import_does_not_wait_for_the_engine():
    code = "import sys, condvae.data.writing; print({'duckdb', 'openpyxl'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_table_of_constants_is_refused_for_what_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n1,x\n1,x\n")
    with pytest.raises(InputError, match="must have a column that varies; received constants"):
        load_data(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    with pytest.raises(InputError, match="at least 3 examples, one for each"):
        load_data(tmp_path / "t.csv")
