import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score

from condvae.checks import InputError
from condvae.metrics.synthetic import (
    TREES,
    Transfer,
    association_matrix,
    correlation_distance,
    marginal_distance,
    train_on_synthetic,
)


def table(num_rows, seed, missing=0.0):
    """Numbers, ties and words that depend on each other, and a share of missing cells."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=num_rows)
    columns = {
        "size": size,
        "steps": np.rint(size + rng.normal(size=num_rows)),
        "animal": np.array(["ant", "bee", "cat"])[rng.integers(0, 3, num_rows)],
        "sign": np.where(size + 0.3 * rng.normal(size=num_rows) > 0, "plus", "minus"),
    }
    for values in columns.values():
        values[rng.random(num_rows) < missing] = "" if values.dtype.kind == "U" else np.nan
    return columns


@pytest.mark.parametrize("missing", [0, 0.3])
def test_a_table_is_at_no_distance_from_itself(missing):
    columns = table(150, 0, missing)
    reordered = {name: columns[name][::-1] for name in reversed(columns)}
    assert marginal_distance(columns, reordered) == dict.fromkeys(columns, 0)
    assert correlation_distance(columns, reordered) == pytest.approx(0, abs=1e-12)
    transfer = train_on_synthetic(columns, columns, table(80, 1, missing), "sign")
    assert transfer.real == transfer.synthetic > 0.7


@pytest.mark.parametrize("shift", [0.1, 1, 3])
def test_shifted_normals(shift):
    """The cumulated shares of N(0, 1) and N(shift, 1) differ most in the middle between them."""
    quantiles = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    distance = marginal_distance({"x": quantiles}, {"x": quantiles[::2] + shift})
    assert distance["x"] == pytest.approx(2 * stats.norm.cdf(shift / 2) - 1, abs=2e-4)


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40))
def test_marginals_against_others(seed, num_real, num_synthetic):
    real, synthetic = table(num_real, seed), table(num_synthetic, seed + 1)
    distances = marginal_distance(real, synthetic)
    for name in ("size", "steps"):
        expected = stats.ks_2samp(real[name], synthetic[name]).statistic
        assert distances[name] == pytest.approx(expected)
    for name in ("animal", "sign"):
        words = {*real[name], *synthetic[name]}
        shares = [(np.mean(real[name] == w), np.mean(synthetic[name] == w)) for w in words]
        assert distances[name] == pytest.approx(sum(abs(a - b) for a, b in shares) / 2)


def test_marginals_by_hand():
    real = {"x": np.array([1, 2, 3, 4]), "t": np.array(["a", "a", "b", "b"])}
    synthetic = {
        "x": np.array([1, 2, 2, np.nan, np.nan]),
        "t": np.array(["a", "c", "a", "a", "b"]),
    }
    assert marginal_distance(real, synthetic) == pytest.approx({"x": 0.4, "t": 0.3})


def test_missing_values_count():
    real = {"x": np.array([1, 2, np.nan, np.nan]), "t": np.array(["a", "", "", ""])}
    synthetic = {"x": np.array([1, 2]), "t": np.array(["a", "a"])}
    assert marginal_distance(real, synthetic) == {"x": 0.5, "t": 0.75}


GRID = np.repeat(np.arange(10.0), 10), np.tile(np.arange(10.0), 10)


@pytest.mark.parametrize("first", [float, str])
@pytest.mark.parametrize("second", [float, str])
def test_dependence_of_two_columns_is_told(first, second):
    """Each value with each other: association 0; each with its own: 1."""
    independent = {"a": GRID[0].astype(first), "b": GRID[1].astype(second)}
    dependent = {"a": GRID[0].astype(first), "b": GRID[0].astype(second)}
    assert association_matrix(independent)[0, 1] == pytest.approx(0, abs=1e-12)
    assert association_matrix(dependent)[0, 1] == pytest.approx(1)
    assert correlation_distance(independent, dependent) == pytest.approx(1)


def test_distance_is_the_mean_over_pairs():
    up, flat = GRID
    real, synthetic = {"a": up, "b": up, "c": flat}, {"a": up, "b": -up, "c": flat}
    assert correlation_distance(real, synthetic) == pytest.approx(2 / 3)
    assert np.isnan(correlation_distance({"a": up}, {"a": up}))


@pytest.mark.parametrize("missing", [0, 0.3])
def test_associations_against_others(missing):
    columns = table(200, 2, missing)
    matrix = association_matrix(columns)
    np.testing.assert_array_equal(matrix, matrix.T)
    size, steps, animal, sign = columns.values()
    correlation = stats.spearmanr(size, steps, nan_policy="omit").statistic
    assert matrix[0, 1] == pytest.approx(correlation)

    both = (sign != "") & (steps == steps)
    groups = [steps[both & (sign == word)] for word in ("plus", "minus")]
    n, h = both.sum(), stats.kruskal(*groups).statistic
    assert matrix[1, 3] == pytest.approx(np.sqrt((h - 1) / (n - 2)))

    both = (sign != "") & (animal != "")
    counts = stats.contingency.crosstab(animal[both], sign[both]).count
    v = stats.contingency.association(counts, "cramer", correction=False)
    n = both.sum()
    corrected = max(0, v**2 - 2 / (n - 1))  # phi² is V² where one side has two words
    assert matrix[2, 3] == pytest.approx(np.sqrt(corrected / (1 - 1 / (n - 1))))


@pytest.mark.parametrize("kind", [float, str])
def test_chance_is_no_association(kind):
    """Many words and few rows go together by chance, which the uncorrected measures take for much.

    Uncorrected, both are about sqrt((20 - 1) / (150 - 1)) = 0.36.
    """
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        words, other = rng.integers(0, 20, (2, 150))
        columns = {"a": words.astype(str), "b": other.astype(kind)}
        found.append(association_matrix(columns)[0, 1])
    assert np.mean(found) < 0.1


def test_what_tells_nothing_is_not_associated():
    columns = {
        "x": np.arange(4.0),
        "constant": np.ones(4),
        "id": np.array(["a", "b", "c", "d"]),
        "other": np.array(["d", "c", "b", "a"]),
        "seldom": np.array(["a", "", "", ""]),
        "missing": np.full(4, np.nan),
    }
    np.testing.assert_array_equal(association_matrix(columns), np.eye(6))


@pytest.mark.parametrize("words", [True, False])
def test_shuffled_classes_give_chance(words):
    rng = np.random.default_rng(0)
    real, test = table(400, 3), table(1000, 4)
    if not words:
        for columns in (real, test):
            columns["sign"] = np.where(columns["sign"] == "plus", 1.5, -1)
    shuffled = {**real, "sign": rng.permutation(real["sign"])}
    transfer = train_on_synthetic(real, shuffled, test, "sign", classify=not words)
    assert transfer.metric == "accuracy"
    assert transfer.real > 0.85
    assert transfer.synthetic == pytest.approx(0.5, abs=0.08)
    assert transfer == train_on_synthetic(real, shuffled, test, "sign", classify=not words)


def test_shuffled_numbers_give_chance():
    rng = np.random.default_rng(0)
    real, test = table(400, 3), table(300, 4)
    shuffled = {**real, "steps": rng.permutation(real["steps"])}
    transfer = train_on_synthetic(real, shuffled, test, "steps")
    assert transfer.metric == "R²"
    assert transfer.real > 0.3
    assert -0.6 < transfer.synthetic < 0.05


def test_scores_are_those_of_the_forest():
    rng = np.random.default_rng(5)
    x = [rng.normal(size=(n, 2)) for n in (60, 90, 70)]
    y = [part @ [1, -2] + rng.normal(size=len(part)) for part in x]
    tables = [
        {"a": part[:, 0], "b": part[:, 1], "y": target} for part, target in zip(x, y, strict=True)
    ]
    scores = [
        r2_score(y[2], RandomForestRegressor(TREES, random_state=7).fit(x[k], y[k]).predict(x[2]))
        for k in (0, 1)
    ]
    transfer = train_on_synthetic(*tables, "y", seed=7)
    assert transfer == Transfer("R²", *map(pytest.approx, scores))


def test_rows_without_a_target_are_left_out():
    tables = [table(60, 6), table(70, 7), table(80, 8)]
    for columns in tables:
        columns["steps"][::3] = np.nan
        columns["animal"][1::4] = ""
        columns["size"][2::5] = np.nan
    kept = [
        {name: values[columns["steps"] == columns["steps"]] for name, values in columns.items()}
        for columns in tables
    ]
    assert train_on_synthetic(*tables, "steps") == train_on_synthetic(*kept, "steps")


def test_gigantic_numbers_and_new_words_do_no_harm():
    tables = [table(60, 6), table(70, 7), table(80, 8)]
    tables[1]["size"][0] = 1e300
    tables[2]["animal"][:] = "dog"
    assert train_on_synthetic(*tables, "sign").synthetic > 0.7


GOOD = table(20, 0)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "must have the columns of"),
        ({**GOOD, "new": GOOD["size"]}, "a difference in new"),
        ({**GOOD, "sign": GOOD["size"]}, "'sign' of .* must hold text.* received numbers"),
        ({**GOOD, "size": GOOD["sign"]}, "'size' of .* must hold numbers.* received text"),
        ({**GOOD, "size": GOOD["size"][1:]}, r"one length; received \[19, 20\] rows"),
        ({**GOOD, "size": GOOD["size"][:, None]}, r"shape \(20, 1\) of float64"),
        ({**GOOD, "size": GOOD["size"] > 0}, "numbers or text.* of bool"),
        ({**GOOD, "size": np.r_[GOOD["size"][1:], -np.inf]}, "received -inf in row 19"),
        ({name: values[:0] for name, values in GOOD.items()}, r"shape \(0,\)"),
    ],
)
def test_tables_that_do_not_fit_are_refused(columns, said):
    with pytest.raises(InputError, match=said):
        marginal_distance(GOOD, columns)
    with pytest.raises(InputError, match=said):
        correlation_distance(GOOD, columns)
    with pytest.raises(InputError, match=said):
        train_on_synthetic(GOOD, GOOD, columns, "sign")


@pytest.mark.parametrize(
    ("test", "target", "said"),
    [
        (GOOD, "sigh", "Did you mean 'sign'"),
        ({**GOOD, "sign": np.full(20, "")}, "sign", "real_test must have rows with a target"),
        ({**GOOD, "size": np.ones(20)}, "size", "must vary in real_test; received 1 in each row"),
    ],
)
def test_targets_that_cannot_be_predicted_are_refused(test, target, said):
    with pytest.raises(InputError, match=said):
        train_on_synthetic(GOOD, GOOD, test, target)


def test_a_target_needs_other_columns():
    alone = {"sign": GOOD["sign"]}
    with pytest.raises(InputError, match="columns to predict the target from"):
        train_on_synthetic(alone, alone, alone, "sign")
