"""Each kind of cell that people write, in a tiny table, with the right values."""

import json
import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from condvae.checks import InputError
from condvae.conditions.formats import PLAIN, CellFormat
from condvae.data.reading import read_cell
from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.spec import DataSpec

NAN = np.nan
EUROPEAN = {"thousands": ".", "decimal": ",", "decimals": 2}


def read_cells(folder, cells, **settings):
    """The values of a column of these cells, and its reading."""
    path = folder / "t.tsv"
    path.write_text("\n".join(["x\tn", *(f"{cell}\t{row % 3}" for row, cell in enumerate(cells))]))
    table = read_table(path, DataSpec(**settings))
    return table.columns["x"], table.readings[0]


@pytest.mark.parametrize(
    ("cells", "values", "form"),
    [
        ("20%|7.5%|0%", [20, 7.5, 0], {"suffix": "%"}),
        ("20 %|7 %|", [20, 7, NAN], {"suffix": " %"}),
        ("$20000|$15.50|-$3", [20000, 15.5, -3], {"prefix": "$"}),
        ("$-1.50|$2.25", [-1.5, 2.25], {"prefix": "$", "decimals": 2}),
        (
            "€ 1.234,50|€ 7,00",
            [1234.5, 7],
            {"prefix": "€ ", **EUROPEAN},
        ),
        (
            "1.234,50 €|7,00 €",
            [1234.5, 7],
            {"suffix": " €", **EUROPEAN},
        ),
        ("USD 5|USD 7", [5, 7], {"prefix": "USD "}),
        ("20,000|1,234,567|300", [20000, 1234567, 300], {"thousands": ","}),
        ("20 000|1 234 567,5|300", [20000, 1234567.5, 300], {"thousands": " ", "decimal": ","}),
        ("1'000|2'500", [1000, 2500], {"thousands": "'"}),
        ("1.234.567|1.000.000", [1234567, 1e6], {"thousands": ".", "decimal": ","}),
        ("1,5|2,25", [1.5, 2.25], {"decimal": ","}),
        ("−5|3", [-5, 3], {}),
        ("1.50|2.00", [1.5, 2], {"decimals": 2}),
        ("1e3|2.5E-1", [1000, 0.25], {}),
        ("1|?|-|.|--|NA|N/A|null|None|  ", [1, *[NAN] * 9], {}),
    ],
)
def test_numbers_as_people_write_them(tmp_path, cells, values, form):
    found, reading = read_cells(tmp_path, cells.split("|"))
    np.testing.assert_array_equal(found, values)
    assert reading.taken_for == "number"
    assert reading.format == CellFormat(**form)
    assert reading.missing == np.isnan(values).sum()
    assert reading.examples[0] == cells.split("|")[0]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ("007|012|100", "class", ["007", "012", "100"]),
        ("$5|€5|$7", "class", ["$5", "€5", "$7"]),
        ("1,23,4|5", "class", ["1,23,4", "5"]),
        ("0x10|1_000", "class", ["0x10", "1_000"]),
        ("True|False|True", "boolean", ["True", "False", "True"]),
        ("yes|no|", "boolean", ["yes", "no", ""]),
        ("y|n", "boolean", ["y", "n"]),
        ("0|1|0", "number", [0, 1, 0]),
        ("a|?| ? |b", "class", ["a", "?", "?", "b"]),
        ("None|Some|Marked", "class", ["None", "Some", "Marked"]),
        ("1|None|3", "number", [1, NAN, 3]),
        ("a|NA|null|b", "class", ["a", "", "", "b"]),
        ("same|same", "constant", ["same", "same"]),
        ("3|3|3", "constant", [3, 3, 3]),
        ("||", "constant", [NAN] * 3),
        ("2021-02-29|2021-02-30", "class", ["2021-02-29", "2021-02-30"]),
    ],
)
def test_kinds_of_columns(tmp_path, cells, kind, values):
    found, reading = read_cells(tmp_path, cells.split("|"))
    np.testing.assert_array_equal(found, np.array(values))
    assert reading.taken_for == kind


def days(*dates):
    return [(date(*parts) - date(1970, 1, 1)).days for parts in dates]


@pytest.mark.parametrize(
    ("cells", "form", "dates"),
    [
        ("2020-12-31|2021-01-02|-", "%Y-%m-%d", [(2020, 12, 31), (2021, 1, 2)]),
        ("31/12/2020|01/02/2021|", "%d/%m/%Y", [(2020, 12, 31), (2021, 2, 1)]),
        ("12/31/2020|01/02/2021|", "%m/%d/%Y", [(2020, 12, 31), (2021, 1, 2)]),
        ("1/2/2021|12/31/2020|", "%-m/%-d/%Y", [(2021, 1, 2), (2020, 12, 31)]),
        ("31.12.2020|1.2.2021|", "%-d.%-m.%Y", [(2020, 12, 31), (2021, 2, 1)]),
        ("31/12/99|01/02/21|", "%d/%m/%y", [(1999, 12, 31), (2021, 2, 1)]),
        ("31 Dec 2020|1 Feb 2021|", "%-d %b %Y", [(2020, 12, 31), (2021, 2, 1)]),
        ("December 31, 2020|May 1, 2021|", "%B %-d, %Y", [(2020, 12, 31), (2021, 5, 1)]),
        ("Dec 31 2020|May 1 2021|", "%b %-d %Y", [(2020, 12, 31), (2021, 5, 1)]),
        ("Dec-31-2020|May-01-2021|", "%b-%d-%Y", [(2020, 12, 31), (2021, 5, 1)]),
        ("Dec 2020|May 2021|", "%b %Y", [(2020, 12, 1), (2021, 5, 1)]),
        ("31-DEC-2020|01-FEB-2021|", "%d-%^b-%Y", [(2020, 12, 31), (2021, 2, 1)]),
        ("31DEC2020|1FEB2021|", "%-d%^b%Y", [(2020, 12, 31), (2021, 2, 1)]),
        ("2020Q4|2021Q1|", "%YQ%q", [(2020, 10, 1), (2021, 1, 1)]),
        ("2020-q4|2021-q2|", "%Y-q%q", [(2020, 10, 1), (2021, 4, 1)]),
        ("20201231|20210201|20210131|", "%Y%m%d", [(2020, 12, 31), (2021, 2, 1), (2021, 1, 31)]),
        ("20201231|20210201|-", "%Y%m%d", [(2020, 12, 31), (2021, 2, 1)]),
        ("Q4 2020|Q3 2021|", "Q%q %Y", [(2020, 10, 1), (2021, 7, 1)]),
        ("2020-12|2021-01|", "%Y-%m", [(2020, 12, 1), (2021, 1, 1)]),
    ],
)
def test_dates(tmp_path, cells, form, dates):
    found, reading = read_cells(tmp_path, cells.split("|"))
    np.testing.assert_array_equal(found, [*days(*dates), NAN])
    assert (reading.taken_for, reading.format) == ("date", CellFormat(date=form, days=True))
    assert reading.format.cells(found) == cells.replace("|-", "|").split("|")


@pytest.mark.parametrize(
    ("cell", "form", "seconds"),
    [
        ("1970-01-02 00:30:00", "%Y-%m-%d %H:%M:%S", 88200),
        ("13:05", "%H:%M", 13 * 3600 + 300),
        ("9:05:07", "%-H:%M:%S", 9 * 3600 + 307),
        ("1970-01-02T00:30Z", "%Y-%m-%dT%H:%MZ", 88200),
        ("1/2/1970 1:05 PM", "%-m/%-d/%Y %-I:%M %p", 86400 + 13 * 3600 + 300),
        ("1969-12-31 23:59:59.250", "%Y-%m-%d %H:%M:%S.%3f", -0.75),
    ],
)
def test_times(tmp_path, cell, form, seconds):
    found, reading = read_cells(tmp_path, [cell, ""])
    assert found[0] == seconds
    assert reading.format == CellFormat(date=form)
    assert reading.format.cells(found) == [cell, ""]


def test_day_and_month_that_could_change_places_are_said(tmp_path):
    cells = ["01/02/2020", "03/04/2020"]
    found, reading = read_cells(tmp_path, cells)
    assert found.tolist() == days((2020, 1, 2), (2020, 3, 4))
    assert "--kind 'x:date:%d/%m/%Y'" in reading.notes[0]
    found, reading = read_cells(tmp_path, cells, kinds=("x:date:%d/%m/%Y",))
    assert found.tolist() == days((2020, 2, 1), (2020, 4, 3))
    assert not reading.notes


def test_commas_that_could_be_decimals_are_said(tmp_path):
    found, reading = read_cells(tmp_path, ["1,234", "5,678"])
    assert found.tolist() == [1234, 5678]
    assert reading.notes == (
        "'1,234' is taken as 1234; --decimal , takes the comma for the decimal sign",
    )
    found, reading = read_cells(tmp_path, ["1,234", "5,678"], decimal=",")
    assert found.tolist() == [1.234, 5.678]


def test_few_words_among_numbers_are_missing(tmp_path):
    cells = [*map(str, range(5, 104)), "2100 - 2850"]
    found, reading = read_cells(tmp_path, cells)
    assert np.isnan(found).tolist() == [False] * 99 + [True]
    assert reading.notes == (
        "1 cell(s) such as '2100 - 2850' are taken as missing; --kind 'x:class' keeps them, as "
        "classes",
    )
    found, reading = read_cells(tmp_path, cells, kinds=("x:class",))
    assert (found.tolist(), reading.taken_for) == (cells, "class")
    many = ["1", "2", "low", "high"]
    assert read_cells(tmp_path, many)[1].taken_for == "class"
    found, reading = read_cells(tmp_path, many, kinds=("x:number",))
    np.testing.assert_array_equal(found, [1, 2, NAN, NAN])


def test_codes_for_missing_numbers_are_named(tmp_path):
    cells = ["-999", "1", "2", "-999.0", "3"]
    found, reading = read_cells(tmp_path, cells)
    assert found.tolist() == [-999, 1, 2, -999, 3]
    assert "-999 in 2 row(s) is taken as a number; --missing 'x:-999'" in reading.notes[0]
    for token in ("-999", "x:-999"):
        found, reading = read_cells(tmp_path, cells, missing=(token,))
        np.testing.assert_array_equal(found, [NAN, 1, 2, NAN, 3])
        assert reading.missing == 2
    assert read_cells(tmp_path, cells, missing=("n:-999",))[1].missing == 0


@pytest.mark.parametrize("word", ["?", "None"])
def test_words_that_may_be_categories(tmp_path, word):
    _, reading = read_cells(tmp_path, ["a", word, "b"])
    said = f"{word!r} in 1 row(s) is a category of its own; --missing 'x:{word}'"
    assert said in reading.notes[0]
    found, reading = read_cells(tmp_path, ["a", word, "b"], missing=(word,))
    assert found.tolist() == ["a", "", "b"]


def test_words_that_stand_for_empty_cells(tmp_path):
    _, reading = read_cells(tmp_path, ["DE", "NA", "FR"])
    assert "'NA' in 1 row(s) is taken as missing; --kind 'x:class'" in reading.notes[0]
    assert read_cells(tmp_path, ["DE", "NA"], kinds=("x:class",))[0].tolist() == ["DE", "NA"]


def test_identifiers_and_texts_are_left_out(tmp_path):
    for cells in ([f"u-{row:04}" for row in range(30)], [str(row + 1) for row in range(30)]):
        _, reading = read_cells(tmp_path, cells)
        assert (reading.taken_for, reading.left_out) == ("identifier", True)
        assert "left out; --kind 'x:" in reading.notes[-1]
    remarks = [f"the {row}th customer was quite content with it" for row in range(30)]
    assert read_cells(tmp_path, remarks)[1].taken_for == "text"
    assert read_cells(tmp_path, remarks, kinds=("x:class",))[1].taken_for == "class"
    assert (
        read_cells(tmp_path, [str(row + 1) for row in range(30)], kinds=("x:number",))[1].taken_for
        == "number"
    )
    assert read_cells(tmp_path, ["5", "6", "5"], kinds=("x:id",))[0].tolist() == ["5", "6", "5"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("id", "identifier"), ("PassengerId", "identifier"), ("order_key", "identifier")]
    + [("paid", "number"), ("monkey", "number"), ("GRID", "number")],
)
def test_whole_numbers_that_all_differ_are_keys_where_they_are_called_so(tmp_path, name, kind):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([f"{name},n", *(f"{7 * row + 3},1" for row in range(30))]))
    (reading, _) = read_table(path).readings
    assert reading.taken_for == kind
    path.write_text("\n".join([f"{name},n", *(f"{row // 2},1" for row in range(30))]))
    assert read_table(path).readings[0].taken_for == "number"


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_booleans_stay_booleans_in_files_of_types(tmp_path, suffix):
    form = {"x": CellFormat(boolean=True)}
    path = tmp_path / f"t{suffix}"
    write_table(path, {"x": np.array(["true", "", "false", "true"])}, formats=form)
    cells = (
        [json.loads(line)["x"] for line in path.read_text().splitlines()]
        if suffix == ".jsonl"
        else parquet.read_table(path)["x"].to_pylist()
    )
    assert cells == [True, None, False, True]
    table = read_table(path)
    assert table.columns["x"].tolist() == ["true", "", "false", "true"]
    assert table.readings[0].format == form["x"]
    assert read_cells(tmp_path, ["yes", "no"])[1].format == PLAIN


@pytest.mark.parametrize(
    ("cell", "form", "number"),
    [
        ("$1,234.50", CellFormat(prefix="$", thousands=","), 1234.5),
        ("1.234,50 €", CellFormat(suffix=" €", thousands=".", decimal=","), 1234.5),
        ("1234.5", CellFormat(decimal=","), 1234.5),
        ("20%", CellFormat(suffix="%"), 20),
        ("-7", CellFormat(), -7),
        ("02.01.1970", CellFormat(date="%d.%m.%Y", days=True), 1),
    ],
)
def test_one_cell_is_read_as_its_column(cell, form, number):
    assert read_cell("x", cell, form) == number
    with pytest.raises(InputError, match=r"x must be a (date|number); received 'dear'"):
        read_cell("x", "dear", form)


def test_spikes_are_the_frequent_values(tmp_path):
    cells = ["0"] * 92 + ["40"] * 3 + [f"{row}.5" for row in range(5)]
    _, reading = read_cells(tmp_path, cells)
    assert reading.spikes == ((0, 0.92), (40, 0.03))
    assert reading.distinct == 7


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kinds": ("y:class",)}, "the column of --kind must be one of x, n"),
        ({"kinds": ("x:words",)}, "kind of 'x' must be one of number, class, date, id, text"),
        ({"kinds": ("x",)}, "must name a column and a kind"),
        ({"kinds": ("x:date:%Q",)}, "format of 'x' must be one of dates"),
        ({"kinds": ("x:number",)}, "column 'x' of .* must hold numbers; .* Leave --kind"),
        ({"kinds": ("x:date:%Y",)}, "column 'x' of .* must have one format"),
        ({"kinds": ("x:date",)}, "column 'x' of .* must have one format; .*--kind 'x:date:%d"),
        ({"encoding": "klingon"}, "`encoding` must be an encoding that Python knows"),
    ],
)
def test_options_that_do_not_fit(tmp_path, settings, said):
    with pytest.raises(InputError, match=re.compile(said)):
        read_cells(tmp_path, ["a", "b"], **settings)


NUMBERS = st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)
FORMS = st.builds(
    CellFormat,
    prefix=st.sampled_from(["", "$", "EUR "]),
    suffix=st.sampled_from(["", "%", " €"]),
    thousands=st.sampled_from(["", ",", " "]),
    decimals=st.just(2),
)


@given(st.lists(NUMBERS, min_size=2, max_size=8), FORMS)
def test_what_is_written_in_a_form_is_read(tmp_path_factory, numbers, form):
    path = tmp_path_factory.mktemp("forms") / "t.tsv"
    columns = {"x": np.array([*numbers, 0.01, 1234.5])}
    write_table(path, columns, formats={"x": form})
    table = read_table(path)
    np.testing.assert_array_equal(table.columns["x"], columns["x"])
    assert table.readings[0].format == form


@given(st.lists(st.datetimes(), min_size=1, max_size=5), st.sampled_from([".csv", ".parquet"]))
def test_moments_come_back(tmp_path_factory, moments, suffix):
    path = tmp_path_factory.mktemp("moments") / f"t{suffix}"
    moments = [moment.replace(year=1000 + moment.year % 2000, day=1) for moment in moments]
    seconds = np.array(moments, "datetime64[us]").astype(np.int64) // 10**6 * 1.0
    form = CellFormat(date="%Y-%m-%d %H:%M:%S")
    write_table(path, {"x": seconds, "y": seconds}, formats={"x": form})
    table = read_table(path)
    np.testing.assert_array_equal(table.columns["x"], seconds)
    assert table.readings[0].format == form


def test_plain_numbers_are_written_at_once_as_one_by_one():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=300) * 10 ** rng.uniform(-20, 20, 300)
    odd = [-0.0, 0, np.nan, 2**53, 2**53 + 2, -(2.0**60), 1e16, 1e22, -0.5, 1e-7]
    numbers = np.concatenate([numbers, np.rint(numbers), odd])
    assert PLAIN.cells(numbers) == [PLAIN.cell(number) for number in numbers.tolist()]
    assert PLAIN.cells(np.array([-0.0, 3, np.nan, 2.5, 1e22])) == ["0", "3", "", "2.5", "1e+22"]


def test_numbers_that_are_months_are_dates_if_there_are_many(tmp_path):
    cells = [f"{year}{month:02}" for year in (2019, 2020) for month in range(1, 13)]
    found, reading = read_cells(tmp_path, cells)
    np.testing.assert_array_equal(found, days(*((int(c[:4]), int(c[4:]), 1) for c in cells)))
    assert reading.format.cells(found) == cells
    assert "--kind 'x:number' keeps numbers" in reading.notes[0]
    assert read_cells(tmp_path, cells, kinds=("x:number",))[1].taken_for == "number"
    assert read_cells(tmp_path, cells[:9])[1].taken_for == "number"
    assert read_cells(tmp_path, ["20200230", "20200101", "20200102"])[1].taken_for == "number"


def test_a_day_of_a_quarter_is_written_as_its_first():
    of = CellFormat(date="%YQ%q", days=True)
    np.testing.assert_array_equal(of.as_written(np.array(days((2020, 5, 17)))), days((2020, 4, 1)))
