import json
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.evaluation.tables import ComparedRows, compare_tables, evaluate_table
from condvae.evaluation.tables.privacy import compare_privacy
from condvae.reports.metrics_file import plain


def people(num_rows, seed):
    """`level` is a function of `school`, no husband is female, `income` follows from `age`."""
    rng = np.random.default_rng(seed)
    school, husband = rng.integers(0, 6, num_rows), rng.random(num_rows) < 0.4
    age = rng.uniform(18, 90, num_rows)
    age[rng.random(num_rows) < 0.1] = np.nan
    return {
        "school": np.array(["p", "q", "r", "s", "t", "u"])[school],
        "level": np.array([1.0, 1, 2, 2, 3, 4])[school],
        "relation": np.where(husband, "husband", "child"),
        "sex": np.where(husband | (rng.random(num_rows) < 0.5), "m", "f"),
        "age": age,
        "income": np.where(np.nan_to_num(age) > 50 + 10 * rng.normal(size=num_rows), "high", "low"),
        "noise": rng.normal(size=num_rows),
        "same": np.full(num_rows, "one"),
        "rare": np.where(np.arange(num_rows) == 7, "seldom", "often"),
    }


TRAIN, TEST = people(700, 0), people(400, 1)


@pytest.fixture(scope="module")
def alike():
    return compare_tables(ComparedRows(TRAIN, TEST, people(800, 2), ("income",), ("level",)))


@pytest.fixture(scope="module")
def shuffled():
    rng = np.random.default_rng(0)
    rows = {name: rng.permutation(values) for name, values in TRAIN.items()}
    rows["age"] = rows["age"] + 30
    return compare_tables(ComparedRows(TRAIN, TEST, rows, ("income",), ("level",)))


def test_one_test_row_is_refused():
    trial = SimpleNamespace(data=SimpleNamespace(test=SimpleNamespace(x=np.zeros((1, 2)))))
    with pytest.raises(InputError, match="two rows or more"):
        evaluate_table(trial)


@pytest.mark.slow
def test_rows_of_the_same_distribution_are_as_good_as_real_ones(alike):
    likeness, rules, privacy = alike.likeness, alike.rules, alike.privacy
    assert likeness.generated.marginal < 0.04
    assert likeness.generated.correlation == pytest.approx(likeness.real.correlation, abs=0.02)
    assert abs(likeness.detection.value - 0.5) < 4 * likeness.detection.error
    assert len(rules.dependencies.rules) == 1
    assert rules.dependencies.generated == 0
    assert rules.contradictions.generated < 0.01
    assert privacy.copies == 0
    assert abs(privacy.closest.nearer_to_training - 0.5) < 4 * privacy.closest.error
    income = alike.prediction.transfers["income"]["boosting"].scores["AUC"]
    assert income.synthetic == pytest.approx(income.real, abs=0.05)


def test_targets_that_say_nothing_are_named(alike):
    prediction = alike.prediction
    assert next(iter(prediction.transfers)) == "income"
    assert "noise" in prediction.untold
    assert prediction.targets.constant == ("same",)
    assert "rare" in prediction.unvarying or prediction.transfers.get("rare")
    text = str(prediction)
    assert "predicted no better than by guessing, even with real rows: " in text
    assert "constant: same" in text
    assert "'noise' told by" not in text


@pytest.mark.slow
def test_rows_whose_columns_go_their_own_ways(alike, shuffled):
    assert shuffled.likeness.generated.correlation > 3 * shuffled.likeness.real.correlation
    assert shuffled.likeness.detection.value > 0.9
    assert shuffled.likeness.generated.ranges.by_column.keys() == {"age"}
    assert shuffled.rules.dependencies.generated > 0.6
    contradictions = shuffled.rules.contradictions
    shares = dict(zip(contradictions.rules, contradictions.by_rule, strict=True))
    assert shares["relation 'husband' with sex 'f'"] == pytest.approx(0.4 * 0.3, abs=0.04)
    transfers = shuffled.prediction.transfers["income"]["forest"].scores
    assert transfers["AUC"].synthetic < 0.65 < transfers["AUC"].real
    text = str(shuffled.rules)
    assert "level is a function of school" in text


def test_copies_are_told():
    """The 400 test rows stand against as many of the 700 training rows."""
    privacy = compare_privacy(ComparedRows(TRAIN, TEST, TRAIN))
    assert privacy.copies == 1
    assert privacy.copies_of_real == 0
    assert privacy.closest.nearer_to_training == pytest.approx(0.5 + 0.5 * 400 / 700, abs=0.03)
    assert privacy.membership.value > 0.95
    assert privacy.attributes.worst[1] > 0.2


def test_every_part_has_figures_and_words(alike, shuffled):
    for quality in (alike, shuffled):
        for title, part in quality.parts.items():
            assert title
            figures = plain(part.figures())
            assert json.loads(json.dumps(figures, allow_nan=False)) == figures
            assert not [line for line in str(part).splitlines() if not line or "nan" in line]


@pytest.mark.slow
def test_a_handful_of_rows_is_judged_by_what_can_be():
    rows = ComparedRows(people(12, 0), people(6, 1), people(30, 2))
    quality = compare_tables(rows)
    assert quality.likeness.detection is None
    assert "classifier" not in str(quality.likeness)
    assert all(str(part) for part in quality.parts.values())


def test_one_column_is_judged_by_what_can_be():
    alone = [{"age": people(n, n)["age"]} for n in (60, 50, 70)]
    quality = compare_tables(ComparedRows(*alone))
    assert quality.prediction.transfers == {}
    assert quality.privacy.attributes is None
    assert np.isnan(quality.likeness.generated.correlation)
    assert "nan" not in str(quality.likeness)
    assert all(str(part) for part in quality.parts.values())
