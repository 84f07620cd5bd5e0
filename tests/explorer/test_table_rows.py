"""Rows of the page are those of Python: draws, densities, dates; run by Node."""

import json
from pathlib import Path

import numpy as np
import pytest
from explorer_tables import LIKELIHOOD, TABLE
from graph_readers import run_node
from scipy.special import log_softmax, logsumexp
from scipy.stats import logistic

from condvae.conditions import Date
from condvae.conditions.calendar import moment, places
from condvae.conditions.contradictions import contradicts
from condvae.conditions.date_column import DateColumn
from condvae.conditions.functional import Derived
from condvae.conditions.grouped_column import GroupedColumn
from condvae.conditions.table import Table
from condvae.conditions.table_page import table_for_page
from condvae.explorer import modules
from condvae.likelihoods.table import TableLikelihood

PAGE = Path(modules.__file__).parent / "page"
SETTINGS = {**table_for_page(TABLE), "components": LIKELIHOOD.components}


def ask(module, names, expression, given):
    """What an expression of a module's functions makes of JSON."""
    program = f"""
      import {{ readFileSync }} from "node:fs";
      import {{ {names} }} from {json.dumps(str(PAGE / module))};
      const given = JSON.parse(readFileSync(0, "utf8"));
      console.log(JSON.stringify({expression}));
    """
    return run_node("--input-type=module", "--eval", program, input=json.dumps(given))


@pytest.fixture(scope="module")
def params():
    rng = np.random.default_rng(0)
    (size,) = LIKELIHOOD.params_shape((TABLE.dim,))
    return rng.normal(0, 1.5, (400, size)).astype("float32")


def test_rows_are_drawn_as_numpy_draws_them(params):
    noise = np.random.default_rng(1).random((len(params), TABLE.dim), "float32")
    rows = LIKELIHOOD.draw(params, noise)
    found = ask(
        "rows.js",
        "drawRow, cellOf, contradicts",
        """given.params.map((one, i) => {
          const { table } = given;
          const row = drawRow(table, Float32Array.from(one), (at) => given.noise[i][at]);
          const cells = table.columns.map((c, at) => cellOf(c, row.codes[at], row.numbers[at]));
          return [[...row.codes], cells, contradicts(table, row.codes)];
        })""",
        {"table": SETTINGS, "params": params.tolist(), "noise": noise.tolist()},
    )
    codes = np.stack([rows[:, part].argmax(axis=1) for _, part, _ in TABLE.places()], axis=1)
    np.testing.assert_array_equal([codes for codes, _, _ in found], codes)
    cells = TABLE.decode(rows)
    for place, column in enumerate(TABLE.columns):
        own = [row[place] for _, row, _ in found]
        if column.of_numbers:
            # a rounding of a number in the middle of two may differ
            own = np.array([np.nan if cell is None else cell for cell in own])
            differ = ~np.isclose(own, cells[column.name], rtol=1e-6, equal_nan=True)
            assert differ.mean() < 0.01
            assert np.nanmax(abs(own - cells[column.name])) <= (column.step or 0.1) + 1e-9
        else:
            assert ["" if cell is None else cell for cell in own] == cells[column.name].tolist()
    expected = contradicts(rows, TABLE.never)
    assert 0 < expected.sum() < len(rows)
    assert [one for _, _, one in found] == expected.tolist()


def test_given_cells_are_as_probable_as_they_are(params):
    cells = {"kind": "bee", "size": 33.3, "home": "tree", "legs": 4, "weight": -1.25}
    found = ask(
        "rows.js",
        "logProbability, stateOf",
        """given.params.map((one) => given.table.columns.map((column) => {
          const state = stateOf(column, given.cells[column.name]);
          return logProbability(given.table, Float32Array.from(one), column, state);
        }))""",
        {"table": SETTINGS, "params": params.tolist(), "cells": cells},
    )
    x = TABLE.encode({name: np.array([cell]) for name, cell in cells.items()})[0]
    first = TABLE.num_states
    for place, (_, states, number) in enumerate(TABLE.places()):
        expected = (log_softmax(params[:, states].astype(float), axis=1) * x[states]).sum(axis=1)
        if number is not None:
            start = first + 3 * 3 * (number - first)
            weights, means, scales = params[:, start : start + 9].reshape(-1, 3, 3).swapaxes(0, 1)
            soft = -np.logaddexp(-np.logaddexp(scales.astype(float), -6), -3)
            terms = logistic.logpdf(x[number], means, np.exp(soft))
            expected += logsumexp(log_softmax(weights.astype(float), axis=1) + terms, axis=1)
        np.testing.assert_allclose(np.array(found)[:, place], expected, rtol=1e-5, atol=1e-6)


def test_cells_find_the_state_that_is_theirs():
    cells = {
        "kind": ["ant", "cat"],
        "size": [0, 40, 40.1, 9, 200, 22],
        "home": ["hill"],
        "legs": [4, 4.9, 5.2, 100],
        "weight": [-3, 0.3],
    }
    found = ask(
        "rows.js",
        "stateOf",
        """given.table.columns.map((column) =>
          given.cells[column.name].map((cell) => stateOf(column, cell)))""",
        {"table": SETTINGS, "cells": cells},
    )
    for column, states in zip(TABLE.columns, found, strict=True):
        values = np.array(cells[column.name])
        values = values.astype(float) if column.of_numbers else values
        assert [state["code"] for state in states] == column.codes(values).tolist()
        numbers = [state["number"] for state in states]
        np.testing.assert_allclose(numbers, column.numbers(values), rtol=1e-6)


def test_moments_have_the_places_of_the_calendar():
    rng = np.random.default_rng(2)
    moments = np.concatenate(
        [
            rng.integers(-3_000_000_000, 4_000_000_000, 2000),
            # ends of years, of Februaries and of days
            np.array(["1969-12-31", "2000-02-29", "2021-01-03", "2024-12-30", "1900-02-28"])
            .astype("M8[s]")
            .astype("int64"),
        ]
    )
    expected = places(moments.astype("float64"))
    found = ask(
        "calendar.js",
        "placeOfMoment",
        "given.moments.map((one) => given.names.map((name) => placeOfMoment(name, one)))",
        {"moments": moments.tolist(), "names": list(expected)},
    )
    np.testing.assert_array_equal(np.array(found).T, list(expected.values()))


@pytest.mark.parametrize(
    "names",
    [
        ("day",),
        ("week", "weekday", "hour"),
        ("year of the week", "week of the year", "weekday"),
        ("month", "day of the month"),
        ("year", "month of the year", "day of the month", "hour", "second of the hour"),
    ],
)
def test_places_tell_the_moment_that_they_do_in_python(names):
    rng = np.random.default_rng(3)
    at = places(rng.integers(-1_000_000_000, 3_000_000_000, 500).astype("float64"))
    at = {name: at[name] for name in names}
    if "day of the month" in at:
        at["day of the month"] = rng.integers(1, 32, 500).astype(float)  # beyond some months, too
    if "week of the year" in at:
        at["week of the year"] = rng.integers(1, 54, 500).astype(float)
    rows = [dict(zip(at, row, strict=True)) for row in np.transpose(list(at.values())).tolist()]
    found = ask("calendar.js", "momentOf", "given.map((one) => momentOf(one))", rows)
    np.testing.assert_array_equal(found, moment(at))


def test_dates_and_what_they_determine_follow_from_their_parts():
    days = np.arange(18_000.0, 19_000.0, 7.0)
    date = DateColumn(
        name="day",
        days=True,
        parts=("month", "day of the month"),
        fixed={"hour": 0, "second of the hour": 0},
        first=18_010,
        last=18_900,
    )
    year = Derived(
        name="year",
        source="day",
        place="year",
        days=True,
        values=(("2019.0", 2019.0), ("2020.0", 2020.0)),
    )
    season = Derived(
        name="season",
        source="day",
        place="month of the year",
        days=True,
        values=(("1.0", "winter"), ("7.0", "summer")),
    )
    parts = {name: values.tolist() for name, values in date.split(days).items()}
    table = {
        "columns": [
            {"name": name, "num_values": len(v), "points": v, "number": -1}
            for name, v in parts.items()
        ],
        "dates": [
            {
                **date.model_dump(mode="json"),
                "parts": dict(zip(date.parts, date.names, strict=True)),
            }
        ],
        "derived": [year.model_dump(mode="json"), season.model_dump(mode="json")],
    }
    found = ask(
        "cells.js",
        "cellsOf",
        """given.rows.map((_, row) => {
          const [codes, numbers] = [row, 0].map((one) => given.table.columns.map(() => one));
          return cellsOf(given.table, { codes, numbers });
        })""",
        {"table": table, "rows": days.tolist()},
    )
    joined = date.join(date.split(days))
    assert [cells["day"]["date"] for cells in found] == joined.tolist()
    written = joined.astype("int64").astype("M8[D]").astype(str).tolist()
    assert [cells["day"]["words"] for cells in found] == written
    assert [cells["year"] for cells in found] == year.of(joined).tolist()
    assert [cells["season"] or "" for cells in found] == season.of(joined).tolist()


def test_chance_is_even_and_comes_again():
    found = ask(
        "chance.js",
        "uniforms, normals",
        """[...[7, 7, 8].map((seed) => {
          const next = uniforms(seed);
          return Array.from({ length: 20000 }, () => next());
        }), [...normals(20000, uniforms(3))]]""",
        {},
    )
    first, again, other, normal = map(np.array, found)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    assert ((first > 0) & (first < 1)).all()
    counts = np.bincount((first * 50).astype(int), minlength=50)
    assert abs(counts - 400).max() < 100  # five standard deviations
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.03
    assert abs(normal.mean()) < 0.04
    assert abs(normal.std() - 1) < 0.03


def test_words_of_groups_are_drawn_and_found():
    """A uniform number beside the group is the word, and each word has such a number."""
    words = tuple(f"w{number}" for number in range(6))
    column = GroupedColumn(
        name="word",
        may_miss=True,
        categories=words,
        groups=(0, 1, 1, 0, 2, 1),
        middles=(0.1, 0.0, -0.375, -0.4, 0.0, 0.375),
        widths=(0.8, 0.5, 0.25, 0.2, 1.0, 0.25),
    )
    table = Table(columns=(*TABLE.columns, column))
    likelihood = TableLikelihood(table.kinds, components=3)
    rng = np.random.default_rng(3)
    params = rng.normal(size=(300, *likelihood.params_shape((table.dim,)))).astype("float32")
    noise = rng.random((300, table.dim), "float32")
    settings = {**table_for_page(table), "components": 3}
    found = ask(
        "rows.js",
        "drawRow, cellOf, stateOf, sizeOfParams",
        """[sizeOfParams(given.table), given.params.map((one, i) => {
          const { table } = given;
          const row = drawRow(table, Float32Array.from(one), (at) => given.noise[i][at]);
          return cellOf(table.columns[5], row.codes[5], row.numbers[5]);
        }), given.words.map((word) => stateOf(given.table.columns[5], word))]""",
        {
            "table": settings,
            "params": params.tolist(),
            "noise": noise.tolist(),
            "words": [*words],
        },
    )
    size, drawn, states = found
    assert size == params.shape[1]
    expected = table.decode(likelihood.draw(params, noise))["word"].tolist()
    assert ["" if word is None else word for word in drawn] == expected
    assert set(expected) == {*words, ""}
    cells = np.array(words)
    assert [state["code"] for state in states] == column.codes(cells).tolist()
    np.testing.assert_allclose([state["number"] for state in states], column.numbers(cells))


def test_dates_that_are_given_have_the_numbers_of_python():
    values = np.array([19_723.0, 19_800.0, 20_050.0, 20_051.0])
    date = Date.of_column("day", np.arange(19_700.0, 20_000.0), np.arange(300), "days")
    found = ask(
        "condition.js",
        "encodeParts, decodeParts, inWords",
        """given.values.map((value) => {
          const y = encodeParts(given.parts, [[value]]);
          return [[...y], decodeParts(given.parts, y)[0][0], inWords(given.parts, [[value]])];
        })""",
        {"parts": [date.page_part()], "values": values.tolist()},
    )
    encoded = [numbers for numbers, _, _ in found]
    np.testing.assert_allclose(encoded, date.encode_rows(values), rtol=1e-5)
    np.testing.assert_allclose([number for _, number, _ in found], values, atol=1e-3)
    assert found[0][2] == "day 2024-01-01"
