"""The page keeps stated rules as Python does, and takes dates."""

import numpy as np
import pytest
from browsing import expect, expect_value, read
from explorer_tables import LATENTS, NO_CONDITIONS, TABLE, make_table_subject
from test_browser_tables import drawn
from test_table_rows import ask

from condvae.conditions import Table
from condvae.conditions.date_column import DateColumn
from condvae.conditions.formats import CellFormat
from condvae.conditions.number_column import NumberColumn
from condvae.conditions.rules import Rules
from condvae.conditions.rules.rules_page import rules_for_page
from condvae.explorer import TableSubject, make_table_page
from condvae.graph.graph import Graph, Input
from condvae.graph.operations import Concatenate, Dense
from condvae.likelihoods.table import TableLikelihood

DAYS = CellFormat(date="%Y-%m-%d", days=True)
DAYS_OF_MONTHS = tuple(map(float, range(1, 32)))
TEXTS = (
    "0 <= `a` < `b` <= 9",
    "`sum` == `a` + `b`",
    "`c` != 'x'",
    "`end` >= `start` + 2",
    "`start` > '1970-01-05'",
    "`end` - `start` < 20.5",
    "unique `c`, `a`",
    "fixed `c`, `d`",
)


def make_rows(count, seed):
    rng = np.random.default_rng(seed)
    rows = {
        "a": np.round(rng.uniform(-1, 9, count), 1),
        "b": np.round(rng.uniform(0, 10, count), 1),
        "c": rng.choice(["x", "y", "z", ""], count),
        "d": rng.integers(0, 3, count).astype(float),
        "start": rng.integers(0, 30, count).astype(float),
        "end": rng.integers(5, 40, count).astype(float),
    }
    rows["sum"] = np.round(rows["a"] + rows["b"] + rng.choice([0, 0, 0.1], count), 1)
    for name in ("a", "sum", "end"):
        rows[name][rng.random(count) < 0.1] = np.nan
    return rows


@pytest.fixture(scope="module")
def rules():
    """The rules of some rows, the last of which is no training row and breaks them."""
    rows = {
        "a": np.array([1.0, 2.5, 3.2, 1.0]),
        "b": np.array([2.0, 4.0, 8.0, 2.0]),
        "sum": np.array([3.0, 6.5, 11.2, 3.0]),
        "c": np.array(["y", "z", "y", "x"]),
        "d": np.array([0.0, 1.0, 2.0, 0.0]),
        "start": np.array([6.0, 10.0, 30.0, 6.0]),
        "end": np.array([9.0, 25.0, 40.0, 9.0]),
    }
    return Rules.of(TEXTS, rows, np.arange(3), {"start": DAYS, "end": DAYS})


def as_page(rows):
    """Rows as the page has them, dates as {date, words}."""

    def cell(name, value):
        if value != value or value == "":
            return None
        return {"date": value, "words": ""} if name in ("start", "end") else value

    count = len(rows["a"])
    return [{name: cell(name, rows[name][i].item()) for name in rows} for i in range(count)]


def table_of(rules):
    dates = [{"name": name, "days": True} for name in ("start", "end")]
    return {"rules": rules_for_page(rules), "dates": dates, "computable": ["a", "b", "sum", "end"]}


def test_the_page_finds_the_rows_that_break_rules(rules):
    rows = make_rows(600, 1)
    expected = rules.broken(rows)
    assert (expected.mean(axis=0) > 0.02).all()
    assert (expected.mean(axis=0) < 0.98).all()
    found = ask(
        "rules.js",
        "makeRules",
        """(() => {
          const rules = makeRules(given.table);
          const seen = rules.nothingSeen();
          return given.rows.map((cells) => {
            const broken = rules.broken(cells, seen);
            rules.remember(cells, seen);
            return broken;
          });
        })()""",
        {"table": table_of(rules), "rows": as_page(rows)},
    )
    assert found == [np.flatnonzero(row).tolist() for row in expected]


@pytest.mark.parametrize("given", [(), ("sum",), ("sum", "a"), ("sum", "a", "b")])
def test_the_page_computes_a_cell_of_each_equality(rules, given):
    rows = make_rows(300, 2)
    size = len(rows["a"])
    free = {name: np.full(size, name not in given) for name in ("a", "b", "sum", "end")}
    changed, outside = rules.settle(rows, {n: f for n, f in free.items() if n in rules.columns})
    expected = {**rows, **changed}
    found = ask(
        "rules.js",
        "makeRules",
        """given.rows.map((cells) => {
          const isNear = makeRules(given.table).settle(cells, given.names);
          return [cells, isNear];
        })""",
        {"table": table_of(rules), "rows": as_page(rows), "names": given},
    )
    for name in ("a", "b", "sum"):
        own = [np.nan if cells[name] is None else cells[name] for cells, _ in found]
        np.testing.assert_allclose(own, expected[name], atol=1e-9)
    assert [not near for _, near in found] == outside.tolist()


def test_drawn_rows_keep_the_rules(open_page):
    one = {"legs": np.array([4.0]), "weight": np.array([0.25])}
    rules = Rules.of(["`legs` + `weight` < 6"], one, np.arange(1), {})
    table = TABLE.model_copy(update={"rules": rules})
    page = make_table_page(make_table_subject(table=table))
    with open_page(page) as tab:
        words = tab.locator("#rules")
        expect(words).to_contain_text("All rows keep the stated rules: legs + weight < 6.")
        rows = drawn(tab)
        legs, weight = (np.array(rows[name], float) for name in ("legs", "weight"))
        assert (legs + weight < 6).all()
        assert (legs == 6).any()
        # with values that break the rule there are no such rows, which is said
        tab.get_by_role("checkbox", name="legs").check()
        tab.get_by_role("slider", name="legs").fill("6")
        tab.get_by_role("checkbox", name="weight").check()
        tab.get_by_role("slider", name="weight").fill("3")
        expect(words).to_contain_text("Hardly a row with these values keeps the stated rules")


def make_dated():
    """A model of a date by month and day of the month, and of a number."""
    at = {"month": "day, month", "day of the month": "day, day of the month"}
    date = DateColumn(name="day", days=True, parts=tuple(at), fixed={}, first=0.0, last=89.0)
    columns = (
        NumberColumn(name=at["month"], points=(0.0, 1.0, 2.0), decimals=0),
        NumberColumn(name=at["day of the month"], points=DAYS_OF_MONTHS, decimals=0),
        NumberColumn(name="size", knots=((0.0, -3.0), (6.0, 3.0)), decimals=2),
    )
    table = Table(columns=columns, dates=(date,), order=("day", "size"))
    likelihood = TableLikelihood(table.kinds, components=2)
    (size,) = likelihood.params_shape((table.dim,))
    rng = np.random.default_rng(3)
    z, y = Input(name="z", shape=(LATENTS,)), Input(name="y", shape=NO_CONDITIONS.shape)
    decoder = Graph(
        inputs=(z, y),
        operations=(
            Concatenate(inputs=("z", "y"), output="both", axis=1),
            Dense(inputs=("both",), output="x_params", kernel="d"),
        ),
        outputs={"x_params": "x_params"},
    )
    kernel = rng.standard_normal((LATENTS + NO_CONDITIONS.dim, size)).astype("float32")
    return TableSubject("days", {"decoder": decoder}, {"d": kernel}, NO_CONDITIONS, table)


def test_a_date_is_given_as_a_date(open_page):
    page = make_table_page(make_dated())
    with open_page(page) as tab:
        field = tab.get_by_label("day", exact=True).and_(tab.locator("input[type=date]"))
        expect(field).to_be_disabled()
        tab.get_by_role("checkbox", name="day").check()
        field.fill("1970-02-14")
        expect_value(tab, "explorer.store.state.values.at(-1)", [44])
        days = tab.locator("#rows tbody td:nth-child(2)")
        expect(days).to_have_text(["1970-02-14"] * 12)
        expect(tab.locator("#bars")).to_contain_text("1970-02-14")
        # z is told by the date
        expect(tab.locator("#effective")).to_contain_text("Given day. The rows rest on")
        address = read(tab, "location.hash")
    with open_page(page, address) as tab:
        expect_value(tab, "explorer.store.state.values.at(-1)", [44])
        expect(tab.locator("input[type=date]")).to_have_value("1970-02-14")
