import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from condvae.checks import InputError
from condvae.metrics.leakage import PROBES, probe_labels

NAMES = np.array(["ant", "bee", "cat"])


@pytest.mark.parametrize("probe", PROBES)
def test_independent_latents_are_at_chance(probe):
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(1_500, 4)), NAMES[rng.integers(0, 3, 1_500)]
    leakage = probe_labels(z, labels, probe)
    assert leakage.chance == pytest.approx(1 / 3)
    assert abs(leakage.balanced_accuracy - 1 / 3) < 3 * leakage.standard_error
    # for shares of p of 500 rows each: sqrt(p (1 - p) / 1,500), p near a third
    assert leakage.standard_error == pytest.approx(np.sqrt(2 / 9 / 1_500), rel=0.1)
    assert (leakage.probe, leakage.num_rows) == (probe, 1_500)


@pytest.mark.parametrize("probe", PROBES)
def test_the_label_itself_is_told(probe):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 300)
    z = np.eye(3, dtype="float32")[codes] + 0.01 * rng.normal(size=(300, 3))
    leakage = probe_labels(z, NAMES[codes], probe)
    assert (leakage.balanced_accuracy, leakage.standard_error) == (1, 0)


def test_a_frequent_label_is_no_better_than_chance():
    """Guessing it always gives 0.9 of accuracy, and half of the balanced one."""
    rng = np.random.default_rng(1)
    leakage = probe_labels(rng.normal(size=(1_000, 2)), rng.permutation(1_000) < 100)
    assert abs(leakage.balanced_accuracy - 0.5) < 3 * leakage.standard_error


def test_neighbours_find_what_no_line_divides():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 600)
    z = rng.normal(size=(600, 2)) * np.where(labels, 5, 0.3)[:, None]
    assert abs(probe_labels(z, labels).balanced_accuracy - 0.5) < 0.1
    assert probe_labels(z, labels, "neighbours").balanced_accuracy > 0.9


def test_against_the_optimum():
    """Two normals d apart: the best probe tells Phi(d / 2) of the rows."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 4_000)
    leakage = probe_labels(rng.normal(size=(4_000, 1)) + 2 * labels[:, None], labels)
    assert abs(leakage.balanced_accuracy - 0.8413447) < 3 * leakage.standard_error


def test_accuracy_is_balanced_over_the_labels():
    """Four rows of each label stand among the other's, so the shares are known."""
    labels = np.repeat([0, 1], [20, 40])
    z = np.repeat([0.0, 1], [20, 40])
    z[:4], z[20:24] = 1, 0
    leakage = probe_labels(z[:, None], labels, folds=4)
    assert leakage.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, z > 0.5))
    error = np.sqrt(0.8 * 0.2 / 20 + 0.9 * 0.1 / 40) / 2
    assert leakage.standard_error == pytest.approx(error)


Z = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    ("z", "labels", "options", "said"),
    [
        (Z[0], np.zeros(20), {}, "z must have the shape"),
        (Z * np.inf, np.zeros(20), {}, "z must hold finite"),
        (Z, np.zeros(19), {}, r"the labels must have the shape \(20\)"),
        (Z, np.zeros(20), {}, "received 1 kinds"),
        (Z, np.arange(20) < 4, {}, "each in at least 5 rows; received 2 kinds, one of them in 4"),
        (Z, np.arange(20) < 9, {"probe": "linaer"}, "Did you mean 'linear'"),
        (Z, np.arange(20) < 9, {"folds": 1}, "the number of folds"),
    ],
)
def test_what_does_not_fit_is_refused(z, labels, options, said):
    with pytest.raises(InputError, match=said):
        probe_labels(z, labels, **options)
