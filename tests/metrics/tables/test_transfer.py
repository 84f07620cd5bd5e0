import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score
from sklearn.preprocessing import StandardScaler
from table_cases import table

from condvae.checks import InputError
from condvae.metrics.tables.associations import correlation_distance
from condvae.metrics.tables.learners import LEARNERS, TREES, one_thread
from condvae.metrics.tables.marginals import marginal_distance
from condvae.metrics.tables.targets import choose_targets
from condvae.metrics.tables.transfer import train_on_synthetic


@pytest.mark.parametrize("missing", [0, 0.3])
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_table_is_at_no_distance_from_itself(learner, missing):
    columns = table(150, 0, missing)
    reordered = {name: columns[name][::-1] for name in reversed(columns)}
    assert marginal_distance(columns, reordered) == dict.fromkeys(columns, 0)
    assert correlation_distance(columns, reordered) == pytest.approx(0, abs=1e-12)
    transfer = train_on_synthetic(columns, columns, table(80, 1, missing), "sign", learner)
    for score in transfer.scores.values():
        assert score.real == score.synthetic > 0.6
        assert score.error == 0


@pytest.mark.parametrize("words", [True, False])
def test_shuffled_classes_give_chance(words):
    rng = np.random.default_rng(0)
    real, test = table(400, 3), table(1000, 4)
    if not words:
        for columns in (real, test):
            columns["sign"] = np.where(columns["sign"] == "plus", 1.5, -1)
    shuffled = {**real, "sign": rng.permutation(real["sign"])}
    transfer = train_on_synthetic(real, shuffled, test, "sign", classify=not words)
    score = transfer.scores["accuracy"]
    assert score.real > 0.85
    assert score.synthetic == pytest.approx(0.5, abs=0.08)
    assert transfer == train_on_synthetic(real, shuffled, test, "sign", classify=not words)


def test_shuffled_numbers_give_chance():
    rng = np.random.default_rng(0)
    real, test = table(400, 3), table(300, 4)
    shuffled = {**real, "steps": rng.permutation(real["steps"])}
    transfer = train_on_synthetic(real, shuffled, test, "steps")
    score = transfer.scores["R²"]
    assert score.real > 0.3
    assert -0.6 < score.synthetic < 0.05


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
    score = transfer.scores["R²"]
    assert (score.real, score.synthetic) == tuple(map(pytest.approx, scores))


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
    assert train_on_synthetic(*tables, "sign").scores["accuracy"].synthetic > 0.7


@pytest.mark.parametrize("learner", LEARNERS)
def test_scores_of_two_classes_are_those_of_scikit_learn(learner):
    """Numbers alone, so that no encoding comes between."""
    rng = np.random.default_rng(3)
    x = [rng.normal(size=(n, 3)) for n in (200, 150, 120)]
    y = [np.where(part.sum(axis=1) + rng.normal(size=len(part)) > 1, "rare", "usual") for part in x]
    tables = [
        {**{f"{k}": part[:, k] for k in range(3)}, "y": target}
        for part, target in zip(x, y, strict=True)
    ]
    transfer = train_on_synthetic(*tables, "y", learner, seed=4)
    for side, told in enumerate(("real", "synthetic")):
        scaler = StandardScaler().fit(x[side])
        model, see = {
            "linear": (LogisticRegression(), scaler.transform),
            "forest": (RandomForestClassifier(TREES, random_state=4), lambda part: part),
            "boosting": (
                HistGradientBoostingClassifier(random_state=4, early_stopping=False),
                lambda part: part,
            ),
        }[learner]
        with one_thread():
            model.fit(see(x[side]), y[side])
            guess, chance = model.predict(see(x[2])), model.predict_proba(see(x[2]))[:, 0]
        expected = {
            "F1": f1_score(y[2], guess, pos_label="rare"),
            "AUC": roc_auc_score(y[2] == "rare", chance),
            "accuracy": accuracy_score(y[2], guess),
        }
        found = {name: getattr(score, told) for name, score in transfer.scores.items()}
        assert found == pytest.approx(expected, abs=1e-3)
    assert transfer.is_told
    assert transfer.main == "AUC"


def test_several_classes_have_the_mean_f1():
    tables = [table(n, n) for n in (300, 200, 150)]
    for columns in tables:
        columns["third"] = np.digitize(columns["size"], [-1, 1]).astype(float)
    transfer = train_on_synthetic(*tables, "third", classify=True)
    assert list(transfer.scores) == ["macro F1", "accuracy"]
    assert transfer.scores["macro F1"].real > 0.95
    assert transfer.is_told


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("target", ["animal", "noise", "coin"])
def test_what_cannot_be_told_is_said_to_be(learner, target):
    tables = [table(n, n) for n in (300, 200, 500)]
    for columns in tables:
        rng = np.random.default_rng(1_000 + len(columns["size"]))
        columns["noise"] = rng.normal(size=len(columns["size"]))
        columns["coin"] = np.where(rng.random(len(columns["size"])) < 0.2, "heads", "tails")
    assert not train_on_synthetic(*tables, target, learner).is_told


def test_rows_of_one_class_teach_only_that():
    real, test = table(100, 0), table(80, 1)
    collapsed = {**real, "sign": np.full(100, "plus")}
    for learner in LEARNERS:
        scores = train_on_synthetic(real, collapsed, test, "sign", learner).scores
        assert scores["AUC"].synthetic == 0.5
        assert scores["accuracy"].synthetic == np.mean(test["sign"] == "plus")


def test_the_error_is_that_of_other_test_rows():
    """Against the spread of the difference over many test sets."""
    real, synthetic, big = table(300, 0), table(60, 1), table(8_000, 2)
    synthetic["size"] = np.random.default_rng(0).permutation(synthetic["size"])
    found = []
    for rows in np.split(np.arange(8_000), 40):
        test = {name: values[rows] for name, values in big.items()}
        found.append(train_on_synthetic(real, synthetic, test, "steps", "linear").scores["R²"])
    spread = np.std([score.synthetic - score.real for score in found], ddof=1)
    assert np.mean([score.error for score in found]) == pytest.approx(spread, rel=0.4)


def test_targets_are_chosen_by_rule():
    columns = table(300, 0)
    columns["constant"] = np.ones(300)
    columns["id"] = np.arange(300).astype(str)
    columns["twice"] = 2 * columns["steps"]
    targets = choose_targets(columns, first=["animal"], most=4)
    assert targets.asked == ("animal", "steps", "twice", "size")
    assert targets.constant == ("constant",)
    assert targets.not_asked == ("sign", "id")
    assert "size" in choose_targets(columns, classes=["size"]).not_asked


GOOD = table(20, 0)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "must have the columns of"),
        ({**GOOD, "new": GOOD["size"]}, "a difference in new"),
        ({**GOOD, "sign": GOOD["size"]}, "'sign' of .* must hold text.* received numbers"),
        ({**GOOD, "size": GOOD["sign"]}, "'size' of .* must hold numbers.* received text"),
        ({**GOOD, "size": GOOD["size"][1:]}, r"the same length; received \[19, 20\] rows"),
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
