import numpy as np
import pytest
from scipy import integrate, stats

from condvae.checks import InputError
from condvae.metrics import aggregate
from condvae.metrics.aggregate import dissect_kl, dissect_kl_by_class


def test_posteriors_alike_say_nothing():
    """q(z) is then the posterior itself, and its KL is known."""
    mean, logvar = np.tile([0.5, -1], (30, 1)), np.tile(np.log([0.25, 2]), (30, 1))
    surgery = dissect_kl(mean, logvar, 20_000)
    kl = 0.5 * (0.25 + 2 + 0.25 + 1 - 2 - np.log(0.5))
    assert surgery.mutual_information == pytest.approx(0, abs=1e-12)
    assert surgery.marginal_kl == pytest.approx(kl, abs=4 * surgery.marginal_kl_error)
    assert 0 < surgery.marginal_kl_error < 0.02


@pytest.mark.parametrize("num_draws", [20, 50, 120])
def test_posteriors_apart_tell_their_row(num_draws):
    mean = 10 * np.arange(50.0)[:, None]
    surgery = dissect_kl(mean.astype("float32"), np.zeros((50, 1)), num_draws)
    assert surgery.mutual_information == pytest.approx(np.log(50), abs=1e-9)
    assert (surgery.num_rows, surgery.num_draws) == (50, num_draws)


def test_the_linear_gaussian_case():
    """x ~ N(0, 1) and q(z | x) = N(a x, s²), so q(z) = N(0, a² + s²), for each of two latents."""
    rows = 10_000
    quantiles = stats.norm.ppf((np.arange(rows) + 0.5) / rows)
    x = np.stack([quantiles, np.random.default_rng(0).permutation(quantiles)], axis=1)
    a, s = np.array([0.9, 0.3]), np.array([0.5, 0.8])
    surgery = dissect_kl(a * x, np.tile(2 * np.log(s), (rows, 1)), 2_000)
    information = 0.5 * np.log1p(a**2 / s**2).sum()
    variance = a**2 + s**2
    marginal = 0.5 * (variance - 1 - np.log(variance)).sum()
    # shuffled, two latents are a sample: 0.005 nats is what 10,000 rows leave
    error = 4 * surgery.mutual_information_error + 0.005
    assert surgery.mutual_information == pytest.approx(information, abs=error)
    assert surgery.marginal_kl == pytest.approx(marginal, abs=4 * surgery.marginal_kl_error + 0.005)


def test_against_integrals():
    mean, logvar = np.array([[-0.7], [0.4], [2]]), np.array([[-1], [0.3], [-2]])
    posteriors = stats.norm(mean, np.exp(0.5 * logvar))

    def integrand(z):
        density = posteriors.pdf(z).mean()
        return density * (np.log(density) - stats.norm.logpdf(z))

    marginal = integrate.quad(integrand, -8, 8)[0]
    kl = 0.5 * (np.exp(logvar) + mean**2 - 1 - logvar).mean()
    surgery = dissect_kl(mean, logvar, 100_000, seed=3)
    assert surgery.marginal_kl == pytest.approx(marginal, abs=4 * surgery.marginal_kl_error)
    error = 4 * surgery.mutual_information_error
    assert surgery.mutual_information == pytest.approx(kl - marginal, abs=error)
    assert surgery.kl == pytest.approx(kl, abs=error)


def test_blocks_change_nothing(monkeypatch):
    mean, logvar = np.random.default_rng(0).normal(0, [[[1]], [[0.1]]], (2, 40, 3))
    whole = dissect_kl(mean, logvar, 101)
    monkeypatch.setattr(aggregate, "BLOCK", 40 * 7)
    assert dissect_kl(mean, logvar, 101).kl == pytest.approx(whole.kl, rel=1e-12)


def test_classes_apart_tell_the_label():
    """Four classes of alike posteriors, far apart: all that z says is the label."""
    labels = np.repeat(["a", "b", "c", "d"], [10, 10, 20, 40])
    mean = 30.0 * np.unique(labels, return_inverse=True)[1][:, None]
    logvar = np.zeros_like(mean)
    priors = {
        label: lambda z, k=k: stats.norm.logpdf(z[:, 0], 30 * k) for k, label in enumerate("abcd")
    }
    by_class = dissect_kl_by_class(mean, logvar, labels, 500, log_priors=priors)
    assert list(by_class) == ["a", "b", "c", "d"]
    for surgery in by_class.values():
        assert surgery.mutual_information == pytest.approx(0, abs=1e-9)
        assert surgery.marginal_kl == pytest.approx(0, abs=1e-9)
    shares = np.array([1, 1, 2, 4]) / 8
    entropy = -(shares * np.log(shares)).sum()
    whole = dissect_kl(mean, logvar, 800)
    assert whole.mutual_information == pytest.approx(entropy, abs=1e-9)


def test_each_class_is_measured_alone():
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(2, 30, 2))
    labels = rng.integers(0, 2, 30)
    by_class = dissect_kl_by_class(mean, logvar, labels, 100, seed=2)
    for label in (0, 1):
        rows = labels == label
        assert by_class[label] == dissect_kl(mean[rows], logvar[rows], 100, seed=2)


ONES = np.ones((5, 2))


@pytest.mark.parametrize(
    ("mean", "logvar", "options", "said"),
    [
        (np.ones(5), ONES, {}, "mean must have the shape"),
        (ONES, ONES[:, :1], {}, r"logvar must have the shape \(5, 2\)"),
        (ONES[:0], ONES[:0], {}, "mean must have 1 or more rows"),
        (ONES * np.nan, ONES, {}, "mean must hold finite"),
        (ONES, ONES * -40, {}, r"logvar must lie in \[-25, 25\]"),
        (ONES, ONES, {"num_draws": 1}, "the number of draws"),
        (ONES, ONES, {"log_prior": lambda z: z}, "the prior's densities"),
    ],
)
def test_what_does_not_fit_is_refused(mean, logvar, options, said):
    with pytest.raises(InputError, match=said):
        dissect_kl(mean, logvar, **options)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"the labels must have the shape \(5\)"):
        dissect_kl_by_class(ONES, ONES, np.zeros(4))
    with pytest.raises(InputError, match="each label must have a prior; received none for 0"):
        dissect_kl_by_class(ONES, ONES, np.zeros(5, int), log_priors={})
