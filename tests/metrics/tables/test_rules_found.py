import numpy as np
import pytest

from condvae.metrics.tables.contradictions import contradictory_rows, find_contradictions
from condvae.metrics.tables.dependencies import (
    Dependency,
    broken_dependencies,
    find_dependencies,
)


def schools(num_rows, seed=0):
    """`level` is a function of `school` and not the other way round; `id` and `noise` of none."""
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 6, num_rows)
    return {
        "school": np.array(["p", "q", "r", "s", "t", "u"])[school],
        "level": np.array([1.0, 1, 2, 2, 3, np.nan])[school],
        "id": np.arange(float(num_rows)),
        "noise": rng.integers(0, 5, num_rows).astype(str),
        "constant": np.full(num_rows, "same"),
    }


def test_functions_are_found_and_no_others():
    assert find_dependencies(schools(500)) == [Dependency("school", "level")]


def test_one_exception_is_no_function():
    columns = schools(500)
    columns["level"][437] = 7
    assert find_dependencies(columns) == []


@pytest.mark.parametrize("seed", range(20))
def test_chance_is_no_function(seed):
    """With few repetitions, or an almost constant column, functions occur by accident."""
    rng = np.random.default_rng(seed)
    columns = {
        "fine": np.round(rng.normal(size=150), 3),
        "class": rng.integers(0, 3, 150).astype(str),
        "seldom": (np.arange(150) == 7).astype(float),
        "coarse": rng.integers(0, 140, 150).astype(float),
    }
    assert find_dependencies(columns) == []


def test_what_goes_with_one_value_alone_is_no_function():
    """Where `fine` is missing `sign` is always the same; each other value of `fine` occurs once."""
    rng = np.random.default_rng(0)
    fine = rng.normal(size=700)
    sign = np.where(rng.random(700) < 0.4, "plus", "minus")
    fine[:80], sign[:80] = np.nan, "minus"
    assert find_dependencies({"fine": fine, "sign": sign}) == []


def test_a_seldom_flag_of_a_code_is_a_function():
    codes = np.random.default_rng(0).integers(0, 100, 20_000)
    columns = {"code": codes.astype(str), "flag": (codes == 7).astype(float)}
    assert find_dependencies(columns) == [Dependency("code", "flag")]


def test_both_ways():
    columns = schools(300)
    columns["again"] = columns["school"].copy()
    found = find_dependencies(columns)
    assert Dependency("again", "school") in found
    assert Dependency("school", "again") in found
    assert len(found) == 4


def test_rows_that_break_functions():
    columns, found = schools(500), [Dependency("school", "level")]
    rows = {
        **{name: values[:4] for name, values in columns.items()},
        "school": np.array(["p", "p", "u", "unknown"]),
        "level": np.array([1, 2, np.nan, 9]),
    }
    assert broken_dependencies(columns, rows, found)[:, 0].tolist() == [False, True, False, False]
    assert not broken_dependencies(columns, schools(200, 1), found).any()


def people(num_rows, seed=0):
    """No husband is female, but for one in ten thousand; no one has both a gain and a loss."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, num_rows)
    gain = np.where(rng.random(num_rows) < 0.1, rng.normal(5_000, 500, num_rows), 0)
    loss = np.where((gain == 0) & (rng.random(num_rows) < 0.1), rng.normal(900, 50, num_rows), 0)
    relation = np.array(["husband", "wife", "child"])[kind]
    sex = np.where(kind == 0, "m", np.where(kind == 1, "f", np.array(["m", "f"])[kind % 2]))
    sex = np.where(kind == 2, np.array(["m", "f"])[rng.integers(0, 2, num_rows)], sex)
    sex[np.flatnonzero(kind == 0)[::5_000]] = "f"
    age = np.where(kind == 2, rng.uniform(0, 18, num_rows), rng.uniform(18, 90, num_rows))
    return {"relation": relation, "sex": sex, "gain": gain, "loss": loss, "age": age}


def test_contradictions_are_found():
    found = find_contradictions(people(20_000))
    said = [str(pair) for pair in found]
    assert "relation 'husband' with sex 'f'" in said
    assert "relation 'wife' with sex 'm'" in said
    assert "gain other than 0 with loss other than 0" in said
    assert any(text.startswith("relation 'husband' with age below") for text in said)
    assert all(
        {"relation"} & {pair.first[0], pair.second[0]} or "gain" in str(pair) for pair in found
    )
    assert found == sorted(found, key=lambda pair: -pair.expected)
    without = find_contradictions(people(20_000), {frozenset(("sex", "relation"))})
    assert "relation 'husband' with sex 'f'" not in map(str, without)


def test_independent_columns_do_not_contradict():
    rng = np.random.default_rng(0)
    columns = {f"{k}": rng.integers(0, 4 + k, 3_000).astype(str) for k in range(6)}
    columns |= {f"x{k}": rng.normal(size=3_000) for k in range(4)}
    columns["x0"][::3] = np.nan
    assert find_contradictions(columns) == []


def test_seldom_values_do_not_contradict():
    """A pair that is not expected in these rows is not a contradiction."""
    columns = {
        "a": np.array(["x"] * 990 + ["y"] * 10),
        "b": np.array(["u"] * 10 + ["v"] * 990),
    }
    assert find_contradictions(columns) == []


def test_rows_that_contradict_themselves():
    real = people(20_000)
    found = find_contradictions(real)
    rows = {
        "relation": np.array(["husband", "wife", "child", "child", "new"]),
        "sex": np.array(["f", "f", "f", "f", "f"]),
        "gain": np.array([0, 0, 3.0, 0, 0]),
        "loss": np.array([0, 0, 3.0, 5.0, 0]),
        "age": np.array([50, 50, 5, 5, np.nan]),
    }
    broken = contradictory_rows(real, rows, found)
    assert broken.any(axis=1).tolist() == [True, False, True, False, False]
    (place,) = [k for k, pair in enumerate(found) if "gain" in str(pair)]
    assert broken[:, place].tolist() == [False, False, True, False, False]
    assert contradictory_rows(real, people(5_000, 1), found).any(axis=1).mean() < 1e-3


def test_numbers_that_look_alike_are_different_values():
    values = np.repeat([1234567.1, 1234567.2], 100)
    columns = {"a": values, "b": np.repeat(["x", "y"], 100)}
    found = find_contradictions(columns)
    assert [str(pair) for pair in found] == [
        "a 1234567.1 with b 'y'",
        "a 1234567.2 with b 'x'",
    ]
