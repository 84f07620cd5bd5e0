"""Columns of dates: their places in calendar and clock, and columns that these determine."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions import schema_of, table_of
from condvae.conditions.calendar import CLOCK, moment, places
from condvae.conditions.date_column import DateColumn, _evidence
from condvae.conditions.formats import DAY, EPOCH, CellFormat
from condvae.conditions.table import Table

DAILY = CellFormat(date="%Y-%m-%d", days=True)
TIMED = CellFormat(date="%Y-%m-%d %H:%M")
MOMENTS = st.integers(-60_000_000_000, 60_000_000_000)  # seconds: the years 69 to 3871


def seconds(*date):
    return (datetime(*date, tzinfo=UTC) - EPOCH).total_seconds()


def table(columns, formats):
    rows = np.arange(len(next(iter(columns.values()))))
    return table_of(columns, [], "quantile", rows, {"formats": formats})


@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_places_are_those_of_datetime_and_tell_the_moment(values):
    at = places(np.float64(values))
    dates = [EPOCH + timedelta(seconds=value) for value in values]
    for name, of in {
        "year": lambda date: date.year,
        "month of the year": lambda date: date.month,
        "day of the month": lambda date: date.day,
        "weekday": lambda date: date.weekday(),
        "year of the week": lambda date: date.isocalendar().year,
        "week of the year": lambda date: date.isocalendar().week,
        "hour": lambda date: date.hour,
        "second of the hour": lambda date: 60 * date.minute + date.second,
    }.items():
        assert at[name].tolist() == [of(date) for date in dates], name
    for way in (
        ("day",),
        ("week", "weekday"),
        ("year of the week", "week of the year", "weekday"),
        ("month", "day of the month"),
        ("year", "month of the year", "day of the month"),
    ):
        found = moment({name: at[name] for name in (*way, *CLOCK)})
        np.testing.assert_array_equal(found, values)


def test_a_day_that_a_month_or_a_year_does_not_have_is_its_last():
    numbers = {"year": 2023, "month of the year": 2, "day of the month": 30}
    found = moment({name: np.array([number]) for name, number in numbers.items()})
    assert found[0] == seconds(2023, 2, 28)
    numbers = {"year of the week": 2023, "week of the year": 53, "weekday": 6}
    found = moment({name: np.array([number]) for name, number in numbers.items()})
    assert found[0] == seconds(2023, 12, 31)  # the Sunday of week 52


@pytest.mark.parametrize("size", [2, 7])
def test_the_evidence_is_a_probability(size):
    """All sequences of two together have the probability 1; a size more than is seen counts."""
    same, apart = _evidence(np.array([1, 1]), size), _evidence(np.array([1, 2]), size)
    assert math.isclose(size * math.exp(same) + size * (size - 1) * math.exp(apart), 1)


def shop_visits(count=3_000):
    """Visits from Monday to Friday, 9 to 18 h, of the two years 2022 and 2023."""
    rng = np.random.default_rng(0)
    day = rng.integers(seconds(2022, 1, 3) / DAY, seconds(2023, 12, 30) / DAY, count)
    day = day[(day + 3) % 7 < 5]
    return day * DAY + 3600.0 * rng.integers(9, 18, len(day)) + 60 * rng.integers(0, 60, len(day))


def test_what_a_day_is_told_by_follows_from_the_dates():
    rng = np.random.default_rng(0)
    everything = np.arange(3_000)

    def parts(values, days=True):
        values = np.asarray(values, "float64")
        return DateColumn.fitted("d", values, np.arange(len(values)), days).parts

    by_weeks = ("year of the week", "week of the year", "weekday")
    assert parts(shop_visits(), days=False) == (*by_weeks, *CLOCK)
    assert parts(rng.integers(10_000, 13_000, 3_000)) == by_weeks  # equally frequent
    months = rng.integers(360, 480, 3_000).astype("M8[M]").astype("M8[D]").astype(int)
    by_months = ("year", "month of the year", "day of the month")
    assert parts(months + np.where(everything % 3, 0, 14)) == by_months
    assert parts(months) == by_months[:2]  # the day, which does not vary, is no part
    # a year and a half: its months are not independent of the years
    half = rng.integers(seconds(2021, 7, 1) / DAY, seconds(2022, 12, 31) / DAY, 3_000)
    assert parts(half) == ("week", "weekday")
    # some days alone, or two days: numbers as others
    assert DateColumn.fitted("d", np.repeat([1.0, 11, 38], 40), np.arange(120), True) is None
    within = rng.uniform(0, 1.9 * DAY, 300)
    assert DateColumn.fitted("d", within, np.arange(300), False) is None
    # years of few rows each are states all the same
    births = rng.integers(-30_000, 10_000, 1_500).astype(float)
    column = DateColumn.fitted("d", births, np.arange(1_500), True)
    assert column.parts == by_weeks
    year, *_ = column.columns(births, np.arange(1_500), "quantile")
    assert year.points == tuple(range(1888, 1998))


def test_dates_come_back_with_holes_and_what_they_determine():
    visit = shop_visits()
    at = places(visit)
    visit[::10] = np.nan
    empty = np.isnan(visit)
    columns = {
        "visit": visit,
        "month": np.where(empty, "", np.char.mod("m%02d", at["month of the year"])),
        "weekend": np.where(empty, "", np.where(at["weekday"] >= 4, "yes", "no")),
        "year": np.where(empty, np.nan, at["year"]),
        "day": np.where(empty, np.nan, at["day"]),
        "late": np.where(empty, "", np.where(at["hour"] > 14, "pm", "am")),
    }
    found = table(columns, {"visit": TIMED, "day": DAILY})
    assert [column.name for column in found.own] == ["visit"]
    assert {derived.name: derived.place for derived in found.derived} == {
        "month": "month of the year",
        "weekend": "weekday",
        "year": "year",
        "day": "day",
        "late": "hour",
    }
    assert Table.model_validate_json(found.model_dump_json()) == found
    decoded = found.decode(found.encode(columns))
    assert list(decoded) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(decoded[name], values)
    assert not found.differs(found.encode(columns), {}).any()
    first, *others = found.columns
    assert first.may_miss
    assert not any(column.may_miss for column in others)


def test_a_condition_that_a_date_determines_agrees_with_it():
    visit = shop_visits()
    month = np.char.mod("m%02d", places(visit)["month of the year"])
    columns = {
        "visit": visit,
        "month": month,
        "n": np.random.default_rng(0).normal(size=len(visit)),
    }
    of_file = {"formats": {"visit": TIMED}}
    found = table_of(columns, ["month"], "quantile", np.arange(len(visit)), of_file)
    assert found.derived == ()
    assert [(one.name, one.source) for one in found.agreeing] == [("month", "visit")]
    assert not found.differs(found.encode(columns), {}).any()
    shifted = found.encode({**columns, "month": np.roll(month, 1)})
    np.testing.assert_array_equal(found.differs(shifted, {}), month != np.roll(month, 1))


def test_a_date_that_is_a_condition_has_its_parts_in_x():
    visit = shop_visits()
    columns = {
        "visit": visit,
        "month": places(visit)["month of the year"],
        "n": np.random.default_rng(0).normal(size=len(visit)),
    }
    rows, of_file = np.arange(len(visit)), {"formats": {"visit": TIMED}}
    found = table_of(columns, ["visit"], "quantile", rows, of_file)
    free = table_of(columns, [], "quantile", rows, of_file)
    assert found.columns == free.columns
    assert [column.name for column in found.own] == ["n"]
    several = schema_of({"visit": visit}, {"visit": "date:seconds"}, rows)
    x, y = free.encode(columns), several.encode({"visit": visit})
    np.testing.assert_array_equal(found.encode(columns), x)
    without = found.hide_conditions(x.copy())
    np.testing.assert_array_equal(found.encode({"n": columns["n"]}), without)
    np.testing.assert_array_equal(
        np.asarray(found.without_conditions(found.encode_rows(columns))), without
    )
    assert np.isnan(found.decode(without)["visit"]).all()
    kept = np.arange(len(visit)) % 2 == 0
    half = found.hide_conditions(x.copy(), kept[:, None])
    np.testing.assert_array_equal(half, np.where(kept[:, None], without, x))
    np.testing.assert_array_equal(found.with_given(without.copy(), y, several), x)
    # one that no training row has is taken as it is, where a drawn one is drawn again
    late = several.encode({"visit": visit + 1e9})
    far = found.with_given(without, late, several)
    known = several.decode(late)
    assert found.contradicts(far).any()
    assert not found.contradicts(far, known).any()
    assert (found.rows(far, late, several)["visit"] == known["visit"]).all()


def test_drawn_parts_that_are_no_date_are_told():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 36, 2_000).astype("M8[M]").astype("M8[D]").astype(int)
    columns = {"d": first + rng.choice([0.0, 14, 29], 2_000), "n": rng.normal(size=2_000)}
    columns["d"][first == 31] = 31  # no later one in February
    found = table(columns, {"d": DAILY})
    names = [column.name for column in found.columns]
    rows = found.encode({"d": [0.0], "n": [0.0]})
    assert names[:3] == ["d, year", "d, month of the year", "d, day of the month"]
    assert not found.contradicts(rows).any()
    february = rows.copy()
    month = slice(3, 15)
    february[0, month] = np.eye(12)[1]
    day = slice(15, 15 + found.columns[2].num_states)
    february[0, day] = np.eye(day.stop - day.start)[-1]
    assert found.contradicts(february).tolist() == [True]
    assert found.decode(february)["d"].tolist() == [30 + 28]


def test_a_day_without_a_value_of_what_days_determine_is_no_day():
    """Rates by day: a generated day that no training row had has none."""
    rng = np.random.default_rng(0)
    days = rng.permutation(800)[:400]
    day = rng.choice(days, 3_000).astype(float)
    rates = rng.normal(size=800)
    columns = {"day": day, "rate": rates[day.astype(int)], "n": rng.normal(size=3_000)}
    found = table(columns, {"day": DAILY})
    assert [derived.place for derived in found.derived] == ["day"]
    known = day[0]
    unknown = np.setdiff1d(np.arange(day.min(), day.max()), days)[0]
    rows = found.encode({"day": [known, unknown], "n": [0.0, 0.0]})
    assert found.contradicts(rows).tolist() == [False, True]
    assert found.decode(rows)["rate"].tolist()[0] == rates[int(known)]


def test_a_word_of_no_training_row_is_not_drawn_where_it_determines_a_column():
    town = np.repeat(["a", "b", "c"], [40, 40, 1])
    columns = {"town": town, "rate": np.repeat([1.5, 2.5, 3.5], [40, 40, 1])}
    columns["n"] = np.random.default_rng(0).normal(size=81)
    found = table_of(columns, (), "quantile", np.arange(80))
    assert [derived.name for derived in found.derived] == ["rate"]
    rows = found.encode({"town": ["a", "c"], "n": [0.0, 0.0]})
    assert found.contradicts(rows).tolist() == [False, True]
    assert not found.contradicts(rows, {"town": np.array(["a", "c"])}).any()


def test_a_date_is_given_as_the_training_rows_have_it():
    columns = {
        "visit": shop_visits(),
        "n": np.random.default_rng(0).normal(size=len(shop_visits())),
    }
    columns["month"] = np.char.mod("m%02d", places(columns["visit"])["month of the year"])
    found = table(columns, {"visit": TIMED})
    known = seconds(2022, 12, 23, 10, 31)
    assert found.given([f"visit={known}"]) == {"visit": known}
    assert found.given(["month=m12"]) == {"month": "m12"}
    with pytest.raises(InputError, match=r"The nearest is 2022-12-23 10:00"):
        found.given([f"visit={seconds(2022, 12, 24, 10)}"])
    with pytest.raises(InputError, match="comes with visit"):
        found.given(["month=m13"])
    rows = found.encode({"visit": [known, seconds(2022, 11, 2, 9)], "n": [0.0, 0]})
    assert found.differs(rows, {"month": "m12"}).tolist() == [False, True]
    assert found.centre("visit", np.array([[known], [known + 60], [known + 3600]])) == known + 60


def test_dates_of_another_form_are_refused():
    found = table({"visit": shop_visits(), "n": np.arange(len(shop_visits()))}, {"visit": TIMED})
    with pytest.raises(InputError, match="'visit' must hold seconds since 1970"):
        found.encode({"visit": ["yesterday"], "n": [1.0]})
    with pytest.raises(InputError, match="Add 'visit'"):
        found.encode({"n": [1.0]})
