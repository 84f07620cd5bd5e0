"""Each kind of file that tables come in, and what is said of it."""

import gzip
import json
import tracemalloc
import zipfile
from datetime import date, datetime

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from hostile import LOW_BOUND
from mutation import mutants, overwrite
from pyarrow import parquet

from condvae.checks import InputError
from condvae.conditions.formats import CellFormat
from condvae.data import load_data, writing
from condvae.data.fingerprints import fingerprint_of_columns
from condvae.data.table_overview import describe_table, suggested_conditions
from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.spec import DataSpec

PLAIN = "a,b\n1,Zoë\n2,y\n"
MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
EXPECTED = {"a": [1, 2], "b": ["Zoë", "y"]}


def read_bytes(folder, content, name="t.csv", **settings):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, DataSpec(**settings))


def lists(table):
    return {name: values.tolist() for name, values in table.columns.items()}


@pytest.mark.parametrize(
    ("content", "settings", "note"),
    [
        (PLAIN, {}, None),
        (PLAIN.replace(",", ";"), {}, "separated by ';'"),
        (PLAIN.replace(",", "\t"), {}, "separated by '\\t'"),
        (PLAIN.replace(",", "|"), {}, "separated by '|'"),
        (PLAIN.replace(",", "#"), {"delimiter": "#"}, "separated by '#'"),
        (PLAIN.encode("utf-8-sig"), {}, None),
        (PLAIN.encode("utf-16"), {}, None),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), {}, None),
        (PLAIN.encode("utf-16-le"), {}, None),
        (PLAIN.encode("latin-1"), {}, "read as cp1252; set another with --encoding"),
        (PLAIN.encode("cp850"), {"encoding": "cp850"}, None),
        (PLAIN.replace("\n", "\r\n"), {}, None),
        (PLAIN.replace("\n", "\r"), {}, None),
        (" a , b \n 1 , Zoë\n 2 ,y \n", {}, None),
        (" a , b \n1, \"Zoë\"\n2,'y'\n".replace("'", ""), {}, None),
        (",a,b\n0,1,Zoë\n1,2,y\n", {}, "column 1, which has no name, counts the rows: left out"),
        ("a,b,\n1,Zoë,\n2,y,\n", {}, "column 3, which has no name, is empty: left out"),
        ("a,b\n1,Zoë,,\n2,y\n", {}, None),
        (gzip.compress(PLAIN.encode(), mtime=0), {}, None),
        (pa.compress(PLAIN.encode(), codec="zstd", asbytes=True), {}, None),
    ],
)
def test_texts_of_every_dialect(tmp_path, content, settings, note):
    table = read_bytes(tmp_path, content, **settings)
    assert lists(table) == EXPECTED
    assert not table.notes if note is None else note in table.notes[0]


def test_the_suffix_is_not_believed(tmp_path):
    assert lists(read_bytes(tmp_path, PLAIN, "t.tsv")) == EXPECTED
    assert (
        lists(read_bytes(tmp_path, gzip.compress(PLAIN.encode(), mtime=0), "t.csv.gz")) == EXPECTED
    )
    assert lists(read_bytes(tmp_path, PLAIN, "t.csv.gz")) == EXPECTED


def test_names_are_made_different(tmp_path):
    table = read_bytes(tmp_path, "a,a,,a_2,a\n1,2,3,4,5\n6,7,8,9,0\n")
    assert list(table.columns) == ["a", "a_3", "column 3", "a_2", "a_4"]
    assert table.notes[0] == "column 2 is a second 'a': it is renamed 'a_3'"
    assert lists(table)["a_4"] == [5, 0]


def test_semicolons_make_decimal_commas_likely(tmp_path):
    table = read_bytes(tmp_path, "a;b;c\n1,234;1.5;1.234,5\n5,678;2;7\n")
    assert lists(table) == {"a": [1.234, 5.678], "b": [1.5, 2], "c": [1234.5, 7]}
    said = "'1,234' is taken as 1.234; --decimal . takes the comma for the separator of thousands"
    assert table.readings[0].notes == (said,)
    table = read_bytes(tmp_path, "a;b\n1,234;1\n5,678;2\n", decimal=".")
    assert lists(table)["a"] == [1234, 5678]


def test_short_rows_are_filled_and_said(tmp_path):
    table = read_bytes(tmp_path, "a,b,c\n1,x,5\n2,y\n\n3\n4,z,6\n")
    assert lists(table)["b"] == ["x", "y", "", "z"]
    np.testing.assert_array_equal(table.columns["c"], [5, np.nan, np.nan, 6])
    said = "2 row(s) have fewer cells than the header (3, 5): their last columns are missing"
    assert table.notes == (said,)


def test_a_header_of_numbers_is_said(tmp_path):
    table = read_bytes(tmp_path, "39,77516,x\n50,83311,y\n")
    (note,) = table.notes
    assert note.startswith("the first row looks like data; it was read as the column names")


@pytest.mark.parametrize(
    "content",
    [
        "a b c\n1 x 5\n2 y 6\n3 z 7\n",
        "  a   b    c\n  1   x    5\n 22   y   6\n  3   'z  7 \n".replace("'", ""),
        '"a" "b" "c"\n"first row" 1 x 5\n"2" 2 y 6\n"3" 3 z 7\n',
        '"a","b","c"\n"1",1,x,5\n"2",2,y,6\n"3",3,z,7\n',
        '"a","b","c"\n"one",1,x,5\n"two",2,y,6\n"three",3,z,7\n',
    ],
    ids=["spaces", "aligned", "R", "R, commas", "R, named"],
)
def test_what_r_writes(tmp_path, content):
    """Cells between spaces, and rows with a name, which the header lacks."""
    table = read_bytes(tmp_path, content)
    assert list(table.used()) == ["a", "b", "c"]
    assert table.columns["b"].tolist() == ["x", "y", "z"]
    assert table.columns["c"].tolist() == [5, 6, 7]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("who\nAda Byron\nAlan Turing\nGrace Hopper\n", ["who"]),  # words
        ("a b\n1 2\n3 4 5\n6 7\n", ["a b"]),  # rows of several lengths
        ("a,b\n1,2,\n3,4,\n5,6,\n", ["a", "b"]),  # commas at the ends of rows
    ],
)
def test_what_only_looks_like_it(tmp_path, content, names):
    assert list(read_bytes(tmp_path, content).columns) == names


def test_a_first_row_that_holds_a_number_twice_is_no_header(tmp_path):
    table = read_bytes(tmp_path, "0,7,7\n1,3,2\n1,5,2\n")
    assert lists(table) == {"column 1": [0, 1, 1], "column 2": [7, 3, 5], "column 3": [7, 2, 2]}
    assert table.notes[0].startswith("the first row is data")


def test_numbers_are_names_beside_an_index(tmp_path):
    assert not read_bytes(tmp_path, ",1990,1991\nx,1,2\ny,3,4\n").notes


@pytest.mark.parametrize("cells", [("x", "y", "z"), (7, 8, 3), (1956, 1957, 1961)])
def test_a_first_column_without_a_name_names_the_rows(tmp_path, cells):
    rows = "".join(f"{cell},{row}\n" for row, cell in enumerate(cells))
    table = read_bytes(tmp_path, f",b\n{rows}")
    assert list(table.used()) == ["b"]
    assert "left out; --kind 'column 1:" in table.readings[0].notes[0]
    assert "column 1" in read_bytes(tmp_path, f",b\n{rows}", kinds=("column 1:class",)).used()


def test_few_words_that_all_differ_name_the_rows(tmp_path):
    rows = "".join(f"{word},{row}\n" for row, word in enumerate("pqrst"))
    assert read_bytes(tmp_path, f"a,b\n{rows}").readings[0].taken_for == "identifier"


def test_options_are_quoted_for_the_shell(tmp_path):
    names = "".join(f"n{row},{row}\n" for row in range(300))
    table = read_bytes(tmp_path, f"their own name,b\n{names}{names}")
    assert table.readings[0].notes[0].endswith("--ignore 'their own name' leaves them out")


@pytest.mark.parametrize(
    ("cells", "suggested"),
    [
        (["x", "y"] * 10, ["c"]),
        (["x", "y"] * 4 + [""] * 12, []),  # mostly empty
        (list("abcdefghij") * 2, []),  # a class for two rows
    ],
)
def test_conditions_are_classes_of_several_rows(tmp_path, cells, suggested):
    rows = "".join(f"{row / 7:.2f},{cell}\n" for row, cell in enumerate(cells))
    assert suggested_conditions(read_bytes(tmp_path, f"a,c\n{rows}")) == suggested


def test_a_word_behind_many_numbers_is_kept(tmp_path):
    cells = [str(row % 7 + 5.50) + "0" for row in range(40_000)] + ["x"] * 4000
    table = read_bytes(tmp_path, "a,b\n" + "".join(f"{cell},1.50\n" for cell in cells))
    assert lists(table)["a"] == cells
    assert table.columns["b"].tolist() == [1.5] * 44_000


def test_json_lines(tmp_path):
    rows = [{"a": 1, "b": "x"}, {"b": "y", "c": True}, {"a": 2.5, "b": None, "c": False}]
    table = read_bytes(tmp_path, "\n".join(map(json.dumps, rows)), "t.jsonl")
    np.testing.assert_array_equal(table.columns["a"], [1, np.nan, 2.5])
    assert lists(table)["b"] == ["x", "y", ""]
    assert lists(table)["c"] == ["", "true", "false"]
    assert table.readings[2].taken_for == "boolean"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n[1]\n', r"a JSON object; received '\[1\]\\n' in line 2"),
        ('{"a": [1], "b": {}, "c": 1}\n', "lists or objects in 'a', 'b'"),
        ('{"a": 1}\n{"a"', "in line 2"),
        ("[" * 100_000, "in line 1"),
    ],
)
def test_bad_json_lines(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        read_bytes(tmp_path, content, "t.ndjson")


def workbook(path, rows, far=None):
    """An Excel file of one sheet, with a cell besides that is anywhere."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    if far is not None:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        sheet = members["xl/worksheets/sheet1.xml"]
        row = "".join(filter(str.isdigit, far))
        cell = f'<row r="{row}"><c r="{far}"><v>1</v></c></row></sheetData>'
        members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", cell.encode())
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)


def test_excel(tmp_path):
    day = datetime(1970, 1, 3)
    rows = [["a", "b", "c", "d", "e"], [1, "x", 2.5, True, day], [2, "20%", 7, False, day]]
    workbook(tmp_path / "t.xlsx", rows)
    table = read_table(tmp_path / "t.xlsx")
    assert lists(table) == {
        "a": [1, 2],
        "b": ["x", "20%"],
        "c": [2.5, 7],
        "d": ["true", "false"],
        "e": [2, 2],
    }
    assert table.readings[4].format.date == "%Y-%m-%d"
    workbook(tmp_path / "t.xlsx", [["a", "b"], [1], [2, "#N/A"], ["", ""], [3, "x"]])
    assert lists(read_table(tmp_path / "t.xlsx")) == {"a": [1, 2, 3], "b": ["", "", "x"]}
    workbook(tmp_path / "t.xlsx", [["a"], [1, "note"]])
    with pytest.raises(InputError, match=r"at most 1 cells, .* received 2, .* 'note'"):
        read_table(tmp_path / "t.xlsx")
    (tmp_path / "bad.xlsx").write_bytes(b"PK\3\4 no archive")
    with pytest.raises(InputError, match="must be a whole"):
        read_table(tmp_path / "bad.xlsx")
    with pytest.raises(InputError, match=r"Write \.xlsx"):
        write_table(tmp_path / "new.xlsm", table.columns)


def test_sheets_are_written(tmp_path):
    columns = {
        "=1+1": np.array(["=2+2", "", "#N/A", "x"]),
        "whole": np.array([1.0, np.nan, -3, 2**53]),
        "part": np.array([0.1, 1e-300, np.nan, 2]),
        "money": np.array([1234.0, 0, np.nan, 5]),
        "day": np.array([2.0, np.nan, -40_000, 3e6]),
        "moment": np.array([86_401.0, np.nan, 0.5, -1e10]),
    }
    formats = {
        "money": CellFormat(prefix="$", thousands=","),
        "day": CellFormat(date="%d/%m/%Y", days=True),
        "moment": CellFormat(date="%Y-%m-%d %H:%M:%S"),
    }
    halves = [{n: v[part] for n, v in columns.items()} for part in (slice(2), slice(2, 4))]
    write_table(tmp_path / "t.xlsx", halves, ["whole"], formats)
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert {cell.data_type for row in sheet.iter_rows(max_col=1) for cell in row} == {"s", "n"}
    found = [[*row] for row in sheet.iter_rows(values_only=True)]
    assert found == [
        [*columns],
        ["=2+2", 1, 0.1, "$1,234", datetime(1970, 1, 3), datetime(1970, 1, 2, 0, 0, 1)],
        [None, None, 1e-300, "$0", None, None],
        ["#N/A", -3, None, None, "26/06/1860", datetime(1970, 1, 1, 0, 0, 0, 500_000)],
        ["x", 2**53, 2, "$5", "31/12/9999", "1653-02-10 06:13:20"],
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": np.array(["x" * 32_768])}, "at most 32,767 printed characters"),
        ({"a": np.array(["\1"])}, "printed characters"),
        ({f"c{place}": np.zeros(1) for place in range(16_385)}, "1 rows or more of 16,385 columns"),
        ({"a": np.zeros(2**20)}, r"fewer than 1,048,576 rows.*Write \.csv or \.parquet"),
    ],
    ids=["long", "unprinted", "wide", "tall"],
)
def test_what_a_sheet_cannot_hold_is_refused(tmp_path, columns, said, monkeypatch):
    monkeypatch.setattr(writing, "BLOCK_ROWS", 2**20)
    with pytest.raises(InputError, match=said):
        write_table(tmp_path / "t.xlsx", columns)
    assert not list(tmp_path.iterdir())


def test_damaged_excel_files_are_refused_or_tables(tmp_path, num_mutants):
    path = tmp_path / "t.xlsx"
    workbook(path, [["a", "b"], [1, "x"], [2, "y"]])
    refusals = []
    for mutant in mutants(path.read_bytes(), num_mutants, seed=9):
        overwrite(path, mutant)
        try:
            assert len({len(values) for values in read_table(path).columns.values()}) == 1
        except InputError as error:
            refusals.append(error)
    assert refusals
    assert all(error.remedy.endswith(".") and len(str(error)) < 1000 for error in refusals)


@pytest.mark.parametrize("corner", ["XFD1048576", "B99999999999", "XFD3"])
def test_cells_in_far_corners_take_no_memory(tmp_path, corner):
    workbook(tmp_path / "t.xlsx", [["a"], [2]], far=corner)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"at most 1 cells|more than 10,000 empty rows"):
        read_table(tmp_path / "t.xlsx")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LOW_BOUND


@pytest.mark.usefixtures("in_bounds")
def test_an_excel_file_may_not_unpack_to_more_than_memory_holds(tmp_path):
    workbook(
        tmp_path / "t.xlsx",
        [["a"], *[["x" * 30_000]] * 1, *[[str(n) * 5000] for n in range(1000, 2000)]],
    )
    with pytest.raises(InputError, match="half of this machine's memory"):
        read_table(tmp_path / "t.xlsx")


def test_parquet_dates(tmp_path):
    moments = [datetime(1970, 1, 2, 0, 0, 1), None]
    table = pa.table({"day": [date(1970, 1, 3), None], "moment": moments, "A": [1, 2], "a": [3, 4]})
    parquet.write_table(table, tmp_path / "k=1.parquet")
    found = read_table(tmp_path / "k=1.parquet")
    np.testing.assert_array_equal(found.columns["day"], [2, np.nan])
    np.testing.assert_array_equal(found.columns["moment"], [86401, np.nan])
    assert [reading.taken_for for reading in found.readings[:2]] == ["date"] * 2
    assert found.readings[0].examples == ("1970-01-03",)
    assert [values.tolist() for values in found.columns.values()][2:] == [[1, 2], [3, 4]]
    formats = {reading.name: reading.format for reading in found.readings}
    write_table(tmp_path / "new.parquet", found.columns, formats=formats)
    again = parquet.read_table(tmp_path / "new.parquet")
    assert again["day"].to_pylist() == [date(1970, 1, 3), None]
    assert again["moment"].to_pylist() == moments


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("t.feather", "Save it as Parquet, for example with DataFrame.to_parquet"),
        ("t.json", "Save it as JSON lines"),
        ("t.parquet.gz", "Unpack it once"),
    ],
)
def test_files_that_are_not_read(tmp_path, name, said):
    with pytest.raises(InputError, match=said):
        read_bytes(tmp_path, b"x", name)


def test_a_million_rows_are_written_in_blocks(tmp_path):
    blocks = ({"a": np.full(5, float(number)), "b": np.array(["x"] * 5)} for number in range(3))
    write_table(tmp_path / "t.parquet", blocks, ["a"])
    assert (
        parquet.read_table(tmp_path / "t.parquet")["a"].to_pylist() == [0] * 5 + [1] * 5 + [2] * 5
    )


def test_left_out_columns_are_said_and_conditions_suggested(tmp_path, caplog):
    rows = "".join(f"u{row},{row % 7}.5,{row % 3},{'ab'[row % 2]},1\n" for row in range(60))
    (tmp_path / "t.csv").write_text("key,x,n,c,one\n" + rows)
    table = read_table(tmp_path / "t.csv")
    assert suggested_conditions(table) == ["c"]
    text = describe_table(table, "t.csv")
    lines = [line for line in text.splitlines() if line.startswith(("key ", "x ", "c ", "one "))]
    assert len(lines) == 4
    assert len({line.index("-", 10) for line in lines}) == 1  # the columns are aligned
    assert "conditions could be: --condition c" in text
    data = load_data(tmp_path / "t.csv", conditions=("c",))
    assert [column.name for column in data.table.own] == ["x", "n"]
    assert [record.getMessage() for record in caplog.records] == [
        "column 'key' (identifier) is left out, but added to generated rows",
        "column 'one' (constant) is left out, but added to generated rows",
    ]


def test_a_plain_file_keeps_its_fingerprint(tmp_path):
    """As the reader by pyarrow read it, so that runs of that time find their data again."""
    table = read_bytes(
        tmp_path,
        "name,count,weight,code,town\nant,1,2.50,007,\nbee,,-1e-3,012,north\n"
        '"says ""c""",3,+.5,100,south\n',
    )
    expected = "c6e189d29baff13b2711ea41359f38b14a7f77d5d7d060f0cc681c4e8bf76b06"
    assert fingerprint_of_columns(table.columns, []) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adult_train", "7fe002559c08ce7b4efae7b6cedb82c2d9eea5d6a3326ad4a5b3e1a05a21f4ce"),
        ("adult_test", "3b9b2506d3fb962851caeede4274648361e7a72cfad63bf5c60b7ef8f031e1c8"),
    ],
)
def test_adult_keeps_its_fingerprint(real_tables, name, expected):
    path = real_tables / f"{name}.csv"
    assert load_data(path, conditions=("income",)).fingerprint == expected


def test_penguins_are_read_with_their_holes(real_tables):
    table = read_table(real_tables / "penguins.csv")
    expected = "40b844a1e66c93303a304e62a57a459d468390a078cdbe0545af2d05bf4340ab"
    assert fingerprint_of_columns(table.columns, []) == expected
    missing = {reading.name: reading.missing for reading in table.readings}
    assert missing == {"species": 0, "island": 0, "sex": 11} | dict.fromkeys(MEASURES, 2)
    assert {reading.taken_for for reading in table.readings} == {"class", "number"}
