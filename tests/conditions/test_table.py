"""The columns of x: states, numbers beside them, holes, and columns that others determine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions import table_of
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.functional import find_derived
from condvae.conditions.number_column import NumberColumn
from condvae.conditions.table import Table


def numbers(values, scaling="quantile"):
    values = np.asarray(values, dtype="float64")
    return NumberColumn.fitted("n", values, np.arange(len(values)), scaling)


def words(values):
    return ClassColumn.fitted("w", np.asarray(values), np.arange(len(values)))


def back(column, values):
    """Values through the networks' form and back."""
    values = np.asarray(values)
    return column.cells(column.codes(values), column.numbers(values))


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60, unique=True))
def test_numbers_come_back_and_their_scale_increases(values):
    column = numbers(values)
    assert column.points == ()
    assert column.num_states == 1
    encoded = column.numbers(np.float64(values))
    assert encoded.dtype == np.float32
    assert (np.diff(encoded[np.argsort(values)]) > 0).all()
    np.testing.assert_array_equal(back(column, np.float64(values)), values)
    assert column.integer


def test_quantiles_of_a_normal_column_are_its_standardised_values():
    values = np.random.default_rng(0).normal(5, 3, 20_000)
    encoded = numbers(values).numbers(values)
    middle = abs(values - 5) < 6
    np.testing.assert_allclose(encoded[middle], (values[middle] - 5) / 3, atol=0.12)
    standard = numbers(values, "standard").numbers(values)
    np.testing.assert_allclose(standard, (values - values.mean()) / values.std(), atol=1e-4)


def test_few_values_that_come_again_and_again_are_states():
    values = np.random.default_rng(0).integers(17, 91, 5_000) / 2
    column = numbers(values)
    assert column.points == tuple(np.unique(values))
    assert column.knots is None
    assert column.num_states == len(np.unique(values))
    np.testing.assert_array_equal(back(column, values), values)
    # another number is the nearest of them
    np.testing.assert_array_equal(back(column, [17.1, -4.0, 400.0]), [17.0, 8.5, 45.0])


def test_a_value_that_many_rows_have_is_a_state_beside_the_others():
    rng = np.random.default_rng(0)
    gains = np.where(rng.random(5_000) < 0.9, 0.0, rng.lognormal(8, 1, 5_000))
    gains[:200] = 99_999
    column = numbers(gains)
    assert column.points == (0, 99_999)
    assert column.num_states == 3
    assert column.has_number_state
    codes = column.codes(gains)
    np.testing.assert_array_equal(codes == 0, gains == 0)
    np.testing.assert_array_equal(codes == 1, gains == 99_999)
    assert (column.numbers(gains)[codes < 2] == 0).all()
    np.testing.assert_allclose(back(column, gains), gains, rtol=1e-4)


def test_values_of_an_even_grid_are_no_spikes():
    values = np.random.default_rng(0).integers(0, 20, 150)
    assert numbers(values).points == ()


def test_a_hole_is_a_state_where_there_were_holes_and_else_hidden():
    with_holes = numbers([1.5, np.nan, 2.5, 4.5])
    assert with_holes.may_miss
    assert with_holes.num_states == 2
    np.testing.assert_array_equal(with_holes.codes(np.array([np.nan, 2.5])), [1, 0])
    np.testing.assert_array_equal(back(with_holes, [np.nan, 2.5]), [np.nan, 2.5])
    never = numbers([1.5, 2.5, 4.5])
    np.testing.assert_array_equal(never.codes(np.array([np.nan, 2.5])), [-1, 0])
    np.testing.assert_array_equal(back(never, [np.nan, 2.5]), [np.nan, 2.5])
    holes = words(["a", "", "b", "a"])
    assert holes.num_states == 3
    assert back(holes, ["", "b"]).tolist() == ["", "b"]
    assert back(words(["a", "b", "a"]), ["", "b"]).tolist() == ["", "b"]


def test_the_odd_value_does_not_decide_the_decimals():
    values = np.arange(1_000) * 3.0
    values[::50] += 0.25
    column = numbers(values)
    assert (column.decimals, column.integer) == (0, True)
    assert numbers(np.round(values * 1.37, 2)).decimals == 2
    rng = np.random.default_rng(0)
    assert numbers(rng.uniform(-180, 180, 500).round(8)).decimals == 8
    assert numbers(rng.uniform(-180, 180, 500)).decimals is None
    # a frequent value is what it is
    values[:300] = 12.25
    assert not numbers(values).integer


@pytest.mark.parametrize(
    ("unit", "low", "step"), [(25, 2700, 25), (0.25, 0.05, 0.25), (1, 3, None), (0.01, 0, None)]
)
def test_numbers_in_steps_stay_in_them(unit, low, step):
    rng = np.random.default_rng(0)
    values = np.round(low + unit * rng.integers(0, 90, 500), 2)
    column = numbers(values)
    assert column.step == step
    drawn = column.rounded(rng.uniform(values.min(), values.max(), 200))
    assert np.isin(drawn, np.round(low + unit * np.arange(90), 2)).all()
    assert column.given(str(low + 1.4 * unit)) == round(low + 1.4 * unit, column.decimals)
    few = numbers(np.array([1.0, 8, 15, 22] * 3))
    assert few.step is None


@pytest.mark.parametrize(
    "values",
    [
        [4, 4, 6, 6, 6, 8, 8] * 3,
        [0.5, 1, 2] * 8,
        [*range(0, 200, 20), 500] * 6,
        np.repeat([0.125, 0.31, 1 / 3], 6),
    ],
)
def test_few_values_that_are_repeated_have_none_between_them(values):
    column = numbers(values)
    drawn = column.cells(
        np.random.default_rng(0).integers(0, column.num_states, 200), np.linspace(-3, 3, 200)
    )
    assert np.isin(drawn, values).all()


def test_the_centre_of_draws_is_a_value_if_these_are_few():
    grades = np.array([0, 0.5, 1] * 30)
    draws = np.array([[0.0, 0.5], [0.0, 1.0], [0.5, 1.0]])
    np.testing.assert_array_equal(numbers(grades).centre(draws), [0, 1])
    many = numbers(np.linspace(0, 10, 101))
    np.testing.assert_array_equal(many.centre(draws), [0.2, 0.8])


@pytest.mark.parametrize("values", [[1, 2, 3, 4, 5] * 6, [1, 2, 4, 9], [1, 1, 2, 2, 4, 4, 7] * 2])
def test_other_few_values_have_a_density(values):
    assert numbers(values).has_number_state


@pytest.mark.parametrize(("unit", "count"), [(0.5, 7), (25, 4), (1_000, 3)])
def test_a_step_is_told_from_as_many_values_as_it_needs(unit, count):
    column = numbers(unit * np.append(np.arange(count), 20))
    assert column.rounded(np.array([3.3 * unit])) == 3 * unit


@pytest.mark.parametrize("values", [[3.0, 3.0], [np.nan, 1.0], [2.0] * 50, [np.nan, *[2.0] * 50]])
def test_numbers_that_do_not_vary_in_training_rows_come_back(values):
    column = numbers(values)
    np.testing.assert_array_equal(back(column, np.array(values)), values)
    assert np.isfinite(column.numbers(np.array([7.0]))).all()  # of another row


def test_a_column_without_a_value_is_refused():
    with pytest.raises(InputError, match="'n' must hold a value in a training row"):
        numbers([np.nan, np.nan])


def test_words_that_name_rows_are_refused():
    with pytest.raises(InputError, match="identify rows"):
        words(["a", "b", "c"])
    with pytest.raises(InputError, match="'a' in every row"):
        words(["a", "a", "a"])


def test_one_word_varies_if_some_cells_are_empty():
    column = words(["a", "a", ""])
    assert column.num_states == 2
    assert back(column, ["a", ""]).tolist() == ["a", ""]


ROWS = {
    "animal": np.array(["ant", "bee", "cat", "ant", "bee", "ant"] * 20),
    "a": np.array([0, 1.5, 8.5, 8.5, 0, 3.25] * 20),
    "legs": np.array([6.0, 6, 4, 6, 6, 6] * 20),
    "c": np.array(["x", "y"] * 60),
}


def test_none_in_lists_of_numbers_is_an_empty_cell():
    columns = {"n": np.random.default_rng(0).normal(size=50), "w": np.array(["a", "b"] * 25)}
    table = table_of(columns, [], "quantile", np.arange(50))
    for empty in ([None, None], np.array([None, 1.5]), [np.nan, None]):
        cells = np.array([np.nan if cell is None else cell for cell in empty], "float64")
        expected = table.encode({"n": cells, "w": ["a", "b"]})
        np.testing.assert_array_equal(table.encode({"n": empty, "w": ["a", "b"]}), expected)
    with pytest.raises(InputError, match="'n' must hold finite numbers"):
        table.encode({"n": [None, "x"], "w": ["a", "b"]})


@pytest.fixture(scope="module")
def table():
    rows = {name: values for name, values in ROWS.items() if name != "c"}
    return table_of(rows, [], "quantile", np.arange(120))


def test_rows_of_a_table_come_back_and_other_columns_are_passed_over(table):
    assert table.names == ("animal", "a")
    assert [derived.name for derived in table.derived] == ["legs"]
    assert table.kinds == ((3, -1), (4, -1))
    encoded = table.encode({"animal": ["cat", "ant"], "a": [8.5, 0.0], "other": [1, 2]})
    assert encoded.tolist() == [[0, 0, 1, 0, 0, 0, 1], [1, 0, 0, 1, 0, 0, 0]]
    decoded = table.decode(encoded)
    assert list(decoded) == ["animal", "a", "legs"]
    assert decoded["animal"].tolist() == ["cat", "ant"]
    assert decoded["a"].tolist() == [8.5, 0]
    assert decoded["legs"].tolist() == [4, 6]
    assert table.integers == ("legs",)
    assert Table.model_validate_json(table.model_dump_json()) == table


def test_numbers_stand_behind_all_states():
    rng = np.random.default_rng(0)
    columns = {"m": rng.normal(size=50), "w": np.array(["u", "v"] * 25), "n": rng.normal(size=50)}
    table = table_of(columns, [], "quantile", np.arange(50))
    assert table.kinds == ((1, 0), (2, -1), (1, 0))
    encoded = table.encode(columns)
    assert encoded.shape == (50, 6)
    np.testing.assert_array_equal(encoded[:, [0, 3]], 1)
    hidden = table.hide(encoded, np.tile([True, False, False], (50, 1)))
    np.testing.assert_array_equal(hidden[:, [0, 4]], 0)
    np.testing.assert_array_equal(hidden[:, [1, 2, 3, 5]], encoded[:, [1, 2, 3, 5]])
    assert np.isnan(table.decode(hidden)["m"]).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"a": [1.5]}, "Add 'animal'"),
        ({"a": [1.5, 0], "animal": ["ant"]}, "the same length; received 1 of 'animal', 2 of 'a'"),
        ({"a": ["x"], "animal": ["ant"]}, "finite number"),
        ({"a": [1.5], "animal": ["dog"]}, "ant, bee, cat"),
    ],
)
def test_rows_that_do_not_fit_a_table_are_refused(table, rows, said):
    with pytest.raises(InputError) as caught:
        table.encode(rows)
    assert said in str(caught.value)


def test_one_row_may_come_as_single_values(table):
    np.testing.assert_array_equal(
        table.encode({"a": 8.5, "animal": "cat"}), table.encode({"a": [8.5], "animal": ["cat"]})
    )


def test_a_column_that_another_one_determines_is_found():
    rng = np.random.default_rng(0)
    grade = rng.integers(0, 4, 400).astype(float)
    columns = {
        "grade": grade,
        "name": np.array(["low", "mid", "high", "top"])[grade.astype(int)],
        "passed": np.where(grade > 1, "yes", ""),
        "noise": rng.normal(size=400),
        "id": np.arange(400.0),
    }
    found = {derived.name: derived for derived in find_derived(columns, columns)}
    assert {name: derived.source for name, derived in found.items()} == {
        "name": "grade",
        "passed": "grade",
    }
    for name, derived in found.items():
        assert derived.of(grade).tolist() == columns[name].tolist()
    assert find_derived({"a": np.arange(400.0), "b": np.arange(400.0)}, "ab") == []


def test_a_chain_of_functions_comes_from_its_finest_column():
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 8, 800)
    columns = {
        "coarse": (fine // 4).astype(str),
        "middle": (fine // 2).astype(str),
        "fine": fine.astype(str),
    }
    table = table_of(columns, [], "quantile", np.arange(800))
    assert table.names == ("fine",)
    assert {derived.source for derived in table.derived} == {"fine"}
    decoded = table.decode(table.encode(columns))
    assert {name: values.tolist() for name, values in decoded.items()} == {
        name: values.tolist() for name, values in columns.items()
    }


def test_an_empty_cell_is_told_by_what_it_determines():
    rng = np.random.default_rng(0)
    grade = rng.integers(0, 4, 400).astype(float)
    columns = {
        "grade": grade,
        "name": np.array(["low", "mid", "high", "top"])[grade.astype(int)],
        "passed": np.where(grade > 1, "yes", "no"),
    }
    table = table_of(columns, [], "quantile", np.arange(400))
    assert table.names == ("grade",)
    known = {
        "grade": [np.nan, np.nan, 2.0],
        "name": ["mid", "", ""],
        "passed": ["no", "yes", "yes"],
    }
    decoded = table.decode(table.encode(known))
    # "yes" comes from two grades
    np.testing.assert_array_equal(decoded["grade"], [1, np.nan, 2])
    assert decoded["name"].tolist() == ["mid", "", "high"]


def test_numbers_of_a_density_determine_nothing():
    """A value that was never seen may be generated, and would determine nothing."""
    n = np.repeat(np.arange(60.0), 12)
    columns = {"n": n, "half": np.where(n < 30, "low", "high")}
    assert table_of(columns, [], "quantile", np.arange(len(n))).derived == ()


def test_pairs_that_never_go_together_are_found_and_told_apart():
    rng = np.random.default_rng(0)
    sex = np.array(["f", "m"])[rng.integers(0, 2, 2_000)]
    role = np.where(rng.random(2_000) < 0.6, "single", np.where(sex == "f", "wife", "husband"))
    gain = np.where(rng.random(2_000) < 0.7, 0.0, rng.integers(1, 40, 2_000))
    loss = np.where((rng.random(2_000) < 0.7) | (gain > 0), 0.0, rng.integers(1, 40, 2_000))
    columns = {"sex": sex, "role": role, "gain": gain, "loss": loss}
    table = table_of(columns, [], "quantile", np.arange(2_000))
    assert not table.contradicts(table.encode(columns)).any()
    rows = {
        "sex": ["m", "f", "f", "m", "f"],
        "role": ["wife", "husband", "wife", "single", "single"],
        "gain": [0.0, 0, 7, 3, 0],
        "loss": [0.0, 0, 0, 9, 9],
    }
    assert table.contradicts(table.encode(rows)).tolist() == [True, True, False, True, False]


def test_one_value_beside_a_spike_is_the_only_one_that_comes_out():
    values = np.array([0.0] * 27 + [0.08])
    column = NumberColumn.fitted("a", values, np.arange(28), "quantile")
    assert column.points == (0,)
    cells = column.cells(np.array([0, 1, 1, 1]), np.float32([0, -5, 0, 7]))
    np.testing.assert_array_equal(cells, [0, 0.08, 0.08, 0.08])
