"""Rules that users state: their grammar, and what they say of rows."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions.formats import CellFormat
from condvae.conditions.rules import Rules
from condvae.conditions.rules.grammar import parse

nan = np.nan
DAYS = CellFormat(date="%Y-%m-%d", days=True)
MINUTES = CellFormat(date="%Y-%m-%d %H:%M")
MONTHS = CellFormat(date="%Y-%m", days=True)
PIECES = ["`a b`", "`ü``x`", "c", "unique", "fixed", "'w'", '"', "`", "1", ".5", "1e999", "(", ")"]
PIECES += ["<", "<=", "=", "==", "!=", "+", "-", "*", ",", " ", "\n", "\0", "é"]


def broken(text, rows=None, formats=None, **columns):
    """The rows that break a rule which the training rows, the first ones, keep."""
    cells = {name: np.asarray(values) for name, values in columns.items()}
    training = np.arange(1 if rows is None else rows)
    rules = Rules.of([text], cells, training, formats or {})
    assert Rules.model_validate_json(rules.model_dump_json()) == rules
    return np.nonzero(rules.broken(cells)[:, 0])[0].tolist()


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
@example("`a` <= " + "`b` + " * 5_000)
def test_a_text_is_a_rule_or_one_sentence(text):
    try:
        rule = parse(text)
    except InputError:
        return
    assert rule.names
    assert type(rule).model_validate_json(rule.model_dump_json()) == rule


def test_names_numbers_and_precedence():
    rule = parse("-1.5e1+`a ``b``` - größe+ .5<=`1`==c")
    assert rule.names == ("a `b`", "größe", "1", "c")
    first, second, third = rule.sides
    assert (first.plus, first.minus, first.numbers) == (("a `b`",), ("größe",), (-15.0, 0.5))
    assert (second.lone, third.lone, rule.operators) == ("1", "c", ("<=", "=="))
    assert parse("unique(`a`, b)").columns == parse("unique a,b").columns == ("a", "b")
    assert parse("`unique` < 3").names == ("unique",)
    assert parse('`a` == "it\'s"').sides[1].word == "it's"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("`a`", 4),
        ("`a` < ", 7),
        ("`a` = 3", 5),
        ("`a` * 2 < 3", 5),
        ("`a` < 3 4", 9),
        ("abs(`a`) < 3", 4),
        ("__import__('os') == 1", 11),
        ("3 < 4", 6),
        ("unique", 7),
        ("unique a a", 10),
        ("unique (a", 10),
        ("fixed a", 8),
        ("unique a, a", 12),
        ("`a` + 'x' == 3", 7),
        ("`a < 3", 1),
        ("`a` < 1e999", 7),
        ("`a` < ١", 7),
    ],
)
def test_where_a_text_is_no_rule(text, place):
    with pytest.raises(InputError, match=f"at character {place}\\."):
        parse(text)


def test_comparisons_hold_by_link_and_an_empty_cell_breaks_none():
    a, b, c = [1, 3, 3, nan, 9, 1], [2, 2, 4, 2, nan, 3], [3, 3, 3, 1, 8, 3]
    assert broken("`a` < `b` < `c`", a=a, b=b, c=c) == [1, 2, 3, 5]
    assert broken("`a` - `b` + 2 <= `c`", a=a, b=b, c=c) == []
    assert broken("`c` - 1 - `a` == 1", a=a, c=c) == [1, 2, 4]
    assert broken("0 < `a` <= 3", a=a) == [4]
    assert broken("`a` != 3", a=a) == [1, 2]


def test_sums_of_decimals_are_equal_to_half_a_unit():
    a, b = [0.1, 0.1, 0.7], [0.25, 0.2, 0.1]  # sums that float64 misses
    assert broken("`a` + `b` == `t`", 3, a=a, b=b, t=[0.35, 0.3, 0.8]) == []
    assert broken("`t` == `a` + `b`", 1, a=a, b=b, t=[0.35, 0.31, 0.79]) == [1, 2]
    assert broken("`a` + `b` <= `t`", 1, a=a, b=b, t=[0.35, 0.3, 0.79]) == [2]
    assert broken("`a` + `b` < `t`", 1, a=a, b=b, t=[0.36, 0.3, 0.81]) == [1]
    # a total that is rounded itself
    assert broken("`a` + `b` == `t`", 2, a=[1.4, 1.5, 1.4], b=[1.2, 2, 1.2], t=[3, 4, 2]) == [2]
    # whole numbers are not equal to a number between
    assert broken("`a` != 5.5", 3, a=[5, 6, 7]) == []


def test_dates_compare_with_dates_and_differ_by_days():
    day = np.array([18262.0, 18263, nan])  # 2020-01-01
    time = np.array([18262.5, 18262.5, 18262.5]) * 86_400
    formats = {"day": DAYS, "time": MINUTES}
    assert broken("`day` < `time`", 1, formats, day=day, time=time) == [1]
    assert broken("`time` - `day` == 0.5", 1, formats, day=day, time=time) == [1]
    assert broken("`day` + 1 == '2020-01-02'", 1, formats, day=day) == [1]
    assert broken("'2019-12-31' < `time` < '2020-01-01 12:30'", 3, formats, time=time) == []
    # what is not written is not compared
    formats = {"month": MONTHS, "day": DAYS}
    months = [18262.0, 18270, 18300]
    assert broken("`month` == '2020-01-01'", 1, formats, month=months) == [2]


def test_words_unique_rows_and_fixed_combinations():
    town, home = ["ü", "v", "", "v"], ["ü", "ü", "v", "v"]
    assert broken("`town` == `home`", town=town, home=home) == [1]
    assert broken("`town` != 'v'", town=town) == [1, 3]
    assert broken("unique `town`, `n`", town=["u", "u", "", ""], n=[1, 1, 1, 1]) == [1]
    assert broken("unique `n`", n=[1, nan, nan, 2]) == []
    rows = {"town": ["u", "v", "u", "", "w"], "n": [1.0, 2, 2, 2, nan]}
    assert broken("fixed `town`, `n`", 2, **rows) == [2]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("`agee` < 3", "Did you mean 'age'"),
        ("`town` < 3", "'town', which holds words, with numbers"),
        ("`town` + 1 == 'u'", "'town', which holds words, with numbers"),
        ("`town` < 'v'", "by <"),
        ("`town` == 'w'", "which no row has. Use 'u', 'v'"),
        ("`age` == '3'", "Write numbers without quotes"),
        ("`day` < 5", "Compare dates with dates"),
        ("`day` + `day` == '2020-01-01'", "sums of dates"),
        ("`day` < 'yesterday'", "ISO 8601"),
        ("3 < 4 < `age`", "two sides without columns"),
        ("`key` < 3", "'key', which is left out"),
        ("`age` < 3", "age = 3 in row 2 .counted from 0.; 1 of 2 training rows"),
        ("`day` < '1970-01-03'", "day = 1970-01-04 in row 2 .counted from 0.; 1 of 2"),
    ],
)
def test_what_does_not_fit_is_a_sentence(text, sentence):
    cells = {"age": np.array([9.0, 1, 3]), "town": np.array(["u", "v", "u"])}
    cells["day"] = np.array([9.0, 1, 3])
    with pytest.raises(InputError, match=sentence):
        Rules.of([text], cells, np.array([1, 2]), {"day": DAYS}, ["key"])


def test_columns_that_name_rows_are_unique_whatever_is_generated():
    assert not Rules.of(["unique `key`"], {"a": np.ones(2)}, np.arange(2), {}, ["key"])


def settled(texts, cells, free):
    cells = {name: np.asarray(values, float) for name, values in cells.items()}
    keeping = {name: np.zeros(2) for name in cells}
    keeping["a"][1] = keeping["total"][1] = 100
    rules = Rules.of(texts, keeping, np.arange(2), {})
    size = len(next(iter(cells.values())))
    found, outside = rules.settle(cells, {name: np.full(size, True) & free[name] for name in free})
    return {name: found[name].tolist() for name in sorted(found)}, outside.tolist()


def test_an_equality_determines_one_cell():
    cells = {"a": [1, 2, nan], "b": [3, 4, 5], "total": [0, nan, 7]}
    rule = ["`a` + `b` == `total`"]
    every = {"a": True, "b": True, "total": True}
    found, _ = settled(rule, cells, every)
    np.testing.assert_array_equal(found["total"], [4, nan, 7])
    # what is given stays
    found, outside = settled(rule, {"a": [5], "b": [1], "total": [9]}, {"b": True})
    assert (found, outside) == ({"b": [4]}, [False])
    # what could be otherwise stays within the range of its column
    found, outside = settled(rule, {"a": [5], "b": [1], "total": [9]}, {"a": True, "b": True})
    assert (found["b"], outside) == ([1], [False])
    found, outside = settled(rule, {"a": [5], "b": [1], "total": [0]}, {"a": True, "b": True})
    assert (found["a"], outside) == ([-1], [True])
    assert settled(rule, {"a": [5], "b": [1], "total": [9]}, {}) == ({}, [False])
    # in either order of the rules
    chain = ["`all` == `total` + `c`", "`a` + `b` == `total`"]
    cells = {"a": [1], "b": [2], "total": [9], "c": [4], "all": [9]}
    keeping = {name: np.zeros(1) for name in cells}
    cells = {name: np.array(values, float) for name, values in cells.items()}
    for texts in (chain, chain[::-1]):
        rules = Rules.of(texts, keeping, np.arange(1), {})
        found, _ = rules.settle(cells, {name: np.ones(1, bool) for name in cells})
        assert not rules.broken({**cells, **found}).any()
        assert (found["total"], found["all"]) == (3, 7)
