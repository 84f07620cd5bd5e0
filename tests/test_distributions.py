import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import special, stats

from condvae.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretisedLogistic,
    LogisticMixture,
    Normal,
    Poisson,
    Rows,
    kl_by_dimension,
)
from condvae.distributions.negative_binomial import NegativeBinomial
from condvae.likelihoods import TableLikelihood
from condvae.likelihoods.states import States

takes_gradients = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="gradients are taken by JAX"
)
numbers = st.floats(-4, 4, width=32)


def normal(mean, logvar):
    return Normal(np.float32([[mean]]), np.float32([[logvar]]))


@given(mean=numbers, logvar=numbers)
def test_normal_integrates_to_one(mean, logvar):
    scale = np.exp(logvar / 2)
    grid = np.linspace(mean - 9 * scale, mean + 9 * scale, 2001, dtype="float64")
    density = np.exp(
        np.asarray(Normal(np.float64(mean), np.float64(logvar)).log_prob(grid[:, None]))
    )
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)


@given(logits=st.floats(-100, 100, width=32))
def test_bernoulli_sums_to_one(logits):
    distribution = Bernoulli(np.float32([[logits]]))
    log_prob = [float(distribution.log_prob(np.float32([[x]]))[0]) for x in (0, 1)]
    assert np.logaddexp(*log_prob) == pytest.approx(0, abs=1e-5)


def test_bernoulli_is_stable_where_the_probability_rounds():
    log_prob = Bernoulli(np.float32([[200.0, -200.0]])).log_prob(np.float32([[0.0, 1.0]]))
    assert float(log_prob[0]) == pytest.approx(-400)


def test_bernoulli_is_exact_where_it_is_sure():
    log_prob = Bernoulli(np.float32([[12.0, 20.0, -15.0]])).log_prob(np.float32([[1.0, 1.0, 0.0]]))
    exact = -np.log1p(np.exp([-12.0, -20.0, -15.0])).sum()
    assert float(log_prob[0]) == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("weights", [1.0, "one for each pixel", "one for all images"])
def test_bernoulli_of_images_equals_its_formula_in_float64(weights):
    rng = np.random.default_rng(0)
    logits = (rng.standard_normal((5, 4, 7, 3)) * np.float32(10) ** rng.integers(-4, 3, 3)).astype(
        "float32"
    )
    x = rng.random((5, 4, 7, 3), dtype="float32")
    if weights != 1.0:
        rows = 1 if weights == "one for all images" else 5
        weights = rng.integers(0, 2, (rows, 4, 7, 1)).astype("float32")
    exact = weights * (np.float64(x) * logits - np.logaddexp(0, np.float64(logits)))
    log_prob = Bernoulli(logits, 3, weights).log_prob(x)
    np.testing.assert_allclose(log_prob, exact.sum(axis=(1, 2, 3)), rtol=1e-5)


@takes_gradients
@pytest.mark.parametrize("logits", [-1e4, -30.0, -1e-5, 0.0, 3.0, 30.0, 1e4])
def test_bernoulli_gradient_is_the_difference_from_the_mean(logits):
    slope, _ = gradient(lambda v, x: Bernoulli(v).log_prob(x), [[logits]], [[0.25]])
    assert float(slope[0, 0]) == pytest.approx(0.25 - special.expit(logits), abs=1e-6)


def test_log_prob_sums_over_event_axes_only():
    x = np.zeros((5, 2, 3, 4), "float32")
    assert Bernoulli(x, event_ndim=3).log_prob(x).shape == (5,)
    assert Normal(x, x, event_ndim=1).log_prob(x).shape == (5, 2, 3)
    assert float(Bernoulli(x, event_ndim=3).log_prob(x)[0]) == pytest.approx(-24 * np.log(2))


@given(mean=numbers, logvar=numbers, prior_mean=numbers, prior_logvar=numbers)
def test_kl_equals_numerical_integration(mean, logvar, prior_mean, prior_logvar):
    scale = np.exp(logvar / 2)
    z = np.linspace(mean - 12 * scale, mean + 12 * scale, 4001)

    def log_density(mean, logvar):
        return -0.5 * (logvar + np.log(2 * np.pi) + (z - mean) ** 2 / np.exp(logvar))

    log_q = log_density(mean, logvar)
    exact = np.trapezoid(np.exp(log_q) * (log_q - log_density(prior_mean, prior_logvar)), z)
    kl = float(kl_by_dimension(normal(mean, logvar), normal(prior_mean, prior_logvar))[0, 0])
    assert kl == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_kl_of_equals_is_zero_and_keeps_precision_near_it():
    same = normal(1.5, -0.7)
    assert float(kl_by_dimension(same, same)[0, 0]) == 0
    nearly = float(kl_by_dimension(normal(0.0, 1e-3), normal(0.0, 0.0))[0, 0])
    assert nearly == pytest.approx(2.5e-7, rel=1e-2)


def test_transform_draws_what_the_noise_stands_for():
    assert float(normal(1.0, np.log(4.0)).transform(np.float32([[0.5]]))[0, 0]) == 2
    draws = Bernoulli(np.float32([[0.0, 0.0]])).transform(np.float32([[0.4, 0.6]]))
    assert np.asarray(draws).tolist() == [[1, 0]]


@given(logits=npst.arrays("float64", (3, 4), elements=st.floats(-500, 500)))
def test_categorical_sums_to_one_and_is_stable(logits):
    choices = np.eye(4)[np.stack(np.meshgrid(*[range(4)] * 3), axis=-1).reshape(-1, 3)]
    distribution = Categorical(logits[None].astype("float32"), event_ndim=2)
    log_prob = np.asarray(distribution.log_prob(choices.astype("float32")))
    assert np.isfinite(log_prob).all()
    assert np.logaddexp.reduce(log_prob) == pytest.approx(0, abs=1e-3)


def test_categorical_draws_have_their_probabilities():
    p = np.array([0.5, 0.3, 0.15, 0.05], "float32")
    distribution = Categorical(np.log(p) + 7)
    noise = np.random.default_rng(0).random((40_000, 4), dtype="float32")
    noise[0] = 0  # what a generator may give
    drawn = np.asarray(distribution.transform(noise))
    assert set(np.unique(drawn)) == {0, 1}
    assert (drawn.sum(axis=1) == 1).all()
    assert np.abs(drawn.mean(axis=0) - p).max() < 4 * 0.5 / np.sqrt(40_000)
    np.testing.assert_allclose(distribution.mean, p, rtol=1e-6)
    one = np.eye(4, dtype="float32")[1]
    assert float(distribution.log_prob(one)) == pytest.approx(np.log(0.3), rel=1e-5)


def test_categorical_leaves_out_what_has_no_weight():
    logits = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 3, 3))]
    weights = np.zeros((1, 3, 3, 1), "float32")
    weights[:, 0, 0] = 1
    log_prob = Categorical(logits, 3, weights).log_prob(x)
    alone = Categorical(logits[:, 0, 0]).log_prob(x[:, 0, 0])
    np.testing.assert_allclose(log_prob, alone, rtol=1e-6)


EXTREMES = [-1e4, -200.0, -30.0, -3.0, -1e-2, -1e-5, 0.0, 1e-5, 0.9, 1.1, 3.0, 30.0, 200.0, 1e4]


def gradient(function, *arrays):
    """The gradient of a sum, by JAX; the distributions themselves run on every backend."""
    import jax

    return jax.grad(lambda args: keras.ops.sum(function(*args)))(
        tuple(np.asarray(array, "float32") for array in arrays)
    )


def log_continuous_bernoulli(x, logits):
    """x * logits - log((exp(logits) - 1) / logits) in float64, for logits that are not near 0."""
    size = np.abs(logits)
    log_integral = np.maximum(logits, 0) + np.log(-np.expm1(-size)) - np.log(size)
    return x * logits - log_integral


@given(logits=st.floats(-60, 60, width=32))
def test_continuous_bernoulli_integrates_to_one_with_its_mean(logits):
    grid = np.linspace(0, 1, 20_001)
    distribution = ContinuousBernoulli(np.float32([[logits]]))
    density = np.exp(np.asarray(distribution.log_prob(np.float32(grid[:, None])), "float64"))
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)
    mean = np.trapezoid(grid * density, grid) / np.trapezoid(density, grid)
    assert float(distribution.mean[0, 0]) == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("logits", EXTREMES)
def test_continuous_bernoulli_is_exact_at_extremes(logits):
    x = np.float32([0, 1e-3, 0.25, 0.5, 1])[:, None]
    distribution = ContinuousBernoulli(np.full((5, 1), logits, "float32"))
    exact_logits = np.float64(np.float32(logits)) or 1e-9
    exact = log_continuous_bernoulli(np.float64(x[:, 0]), exact_logits)
    np.testing.assert_allclose(
        distribution.log_prob(x), exact, rtol=1e-6, atol=1e-6 + 1e-7 * abs(logits)
    )


@pytest.mark.parametrize("logits", EXTREMES)
def test_continuous_bernoulli_draws_are_the_quantiles(logits):
    shares = np.float32([0, 1e-4, 0.3, 0.5, 0.9, 1 - 2**-24])
    draws = ContinuousBernoulli(np.full(6, logits, "float32")).transform(shares)
    draws, size = np.asarray(draws, "float64"), abs(logits) or 1e-9
    mirrored = 1 - draws if logits > 0 else draws
    below = np.expm1(-size * mirrored) / np.expm1(-size)
    below = 1 - below if logits > 0 else below
    # a draw is a float32 number, and so is the share
    np.testing.assert_allclose(below, shares, atol=2e-7 * max(1, size))


@takes_gradients
def test_continuous_bernoulli_gradient_is_the_difference_from_the_mean():
    logits, x = np.float32(EXTREMES)[:, None], np.full((len(EXTREMES), 1), 0.25, "float32")
    slope, _ = gradient(lambda v, x: ContinuousBernoulli(v).log_prob(x), logits, x)
    half = np.float64(logits) / 2
    near = np.abs(half) < 1e-3
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = 0.5 + 0.5 * np.where(near, half / 3, 1 / np.tanh(half) - 1 / half)
    np.testing.assert_allclose(slope, 0.25 - mean, atol=1e-6)
    np.testing.assert_allclose(ContinuousBernoulli(logits).mean, mean, atol=2e-7)


LEVELS = np.arange(256) / 255
MIXTURES = {
    "broad": ([0.0, 1.0], [0.2, 0.9], [-2.0, -1.0]),
    "narrow": ([0.0, 0.0], [0.5, 0.7512], [-7.5, -6.0]),
    "outside": ([0.0, -3.0], [-4.0, 9.0], [-3.0, -2.0]),
    "one": ([50.0, -50.0], [0.3, 0.9], [-4.0, -4.0]),
    "bounds": ([0.0, 0.0], [0.1, 0.8], [-90.0, 90.0]),
}


def mixture_masses(logits, means, log_scales):
    """Probabilities of the 256 levels, in float64, from the logistic CDF at the midpoints."""
    logits, means, log_scales = (np.float64(np.float32(v)) for v in (logits, means, log_scales))
    scales = np.exp(-np.logaddexp(-np.logaddexp(log_scales, -7.7), -4))
    shares = special.softmax(logits)
    edges = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
    below = (edges[:, None] - means) / scales
    # differences of the nearer tail: sigmoid(b) - sigmoid(a) = sigmoid(-a) - sigmoid(-b)
    upper = below[:-1] > 0
    masses = np.where(
        upper,
        special.expit(-below[:-1]) - special.expit(-below[1:]),
        np.diff(special.expit(below), axis=0),
    )
    return masses @ shares, scales, shares


def mixture(name, rows):
    return LogisticMixture(*(np.broadcast_to(np.float32(v), (rows, 1, 2)) for v in MIXTURES[name]))


@pytest.mark.parametrize("name", MIXTURES)
def test_logistic_mixture_sums_to_one_and_is_exact(name):
    masses, scales, shares = mixture_masses(*MIXTURES[name])
    log_prob = np.asarray(mixture(name, 256).log_prob(np.float32(LEVELS)[:, None]), "float64")
    assert np.isfinite(log_prob).all()
    assert special.logsumexp(log_prob) == pytest.approx(0, abs=2e-5)
    seen = masses > 1e-30
    np.testing.assert_allclose(log_prob[seen], np.log(masses[seen]), rtol=1e-4, atol=1e-4)
    mean = float(mixture(name, 1).mean[0, 0])
    assert mean == pytest.approx(masses @ LEVELS, abs=0.5 / 255)
    grid = np.linspace(0, 1, 400_001)
    above = special.expit((np.float64(np.float32(MIXTURES[name][1])) - grid[:, None]) / scales)
    assert mean == pytest.approx(np.trapezoid(above @ shares, grid), abs=1e-5)  # E = ∫ P(X > t) dt


@pytest.mark.parametrize("name", MIXTURES)
def test_logistic_mixture_draws_levels_with_their_masses(name):
    masses, _, _ = mixture_masses(*MIXTURES[name])
    size = 2**14
    noise = np.float32((np.arange(size) + 0.5) / size)[:, None]
    drawn = np.asarray(mixture(name, size).transform(noise), "float64")[:, 0] * 255
    np.testing.assert_allclose(drawn, np.round(drawn), atol=1e-4)
    counts = np.bincount(np.round(drawn).astype(int), minlength=256)
    assert np.abs(counts / size - masses).max() < 3 / size  # an even grid: two ends a component


@takes_gradients
def test_logistic_mixture_gradients_are_finite_at_extremes():
    values = np.float32([-1e4, -50, 0, 0.5, 1, 50, 1e4])
    parameters = np.stack(np.meshgrid(values, values, values), -1).reshape(-1, 3, 1, 1)
    for x in (0.0, 0.5, 1.0):
        x = np.full((len(parameters), 1), np.round(255 * x) / 255, "float32")
        slopes = gradient(
            lambda a, b, c, x: LogisticMixture(a, b, c).log_prob(x),
            *np.moveaxis(parameters, 1, 0),
            x,
        )
        assert all(np.isfinite(slope).all() for slope in slopes)


# of a pixel with two channels: means, log scales, and the second channel's slope on the first
PIXELS = {
    "alike": ((0.3, 0.6), (-3.0, -4.0), 0.8),
    "contrary, at the ends": ((0.02, 0.99), (-2.5, -1.5), -1.3),
}


def pixel(name, rows):
    means, log_scales, slope = PIXELS[name]
    parts = (means, log_scales, (slope,))
    return DiscretisedLogistic(*(np.broadcast_to(np.float32(v), (rows, np.size(v))) for v in parts))


@pytest.mark.parametrize("name", PIXELS)
def test_a_discretised_logistic_tells_one_channel_after_the_other(name):
    (first, second), (narrow, wide), slope = PIXELS[name]
    joint = np.stack(np.meshgrid(LEVELS, LEVELS, indexing="ij"), -1).reshape(-1, 2)
    log_prob = np.asarray(pixel(name, len(joint)).log_prob(np.float32(joint)), "float64")
    assert special.logsumexp(log_prob) == pytest.approx(0, abs=1e-4)
    exact = []
    for level in LEVELS:
        mean = second + slope * (level - first)
        exact.append(mixture_masses((0.0,), (mean,), (wide,))[0])
    exact = mixture_masses((0.0,), (first,), (narrow,))[0][:, None] * np.stack(exact)
    seen = exact.reshape(-1) > 1e-20
    np.testing.assert_allclose(log_prob[seen], np.log(exact.reshape(-1)[seen]), atol=2e-3)


@pytest.mark.parametrize("name", PIXELS)
def test_a_discretised_logistic_draws_levels_with_their_masses(name):
    size = 2**10
    grid = np.float32((np.arange(size) + 0.5) / size)
    noise = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)
    drawn = np.round(np.asarray(pixel(name, len(noise)).transform(noise)) * 255).astype(int)
    assert drawn.min() >= 0
    assert drawn.max() <= 255
    counts = np.zeros((256, 256))
    np.add.at(counts, tuple(drawn.T), 1)
    joint = np.stack(np.meshgrid(LEVELS, LEVELS, indexing="ij"), -1).reshape(-1, 2)
    masses = np.exp(np.asarray(pixel(name, len(joint)).log_prob(np.float32(joint)), "float64"))
    # a level ends between two points of an even grid, along each axis
    assert np.abs(counts / size**2 - masses.reshape(256, 256)).max() < 3 / size


@pytest.mark.parametrize("rate", [1e-6, 0.3, 4.0, 15.99, 16.5, 700.0, 1e5])
def test_poisson_is_exact_and_sums_to_one(rate):
    log_rate = np.float32(np.log(rate))
    exact = stats.poisson(np.exp(np.float64(log_rate)))
    counts = np.unique(np.round(exact.ppf(np.r_[0, np.linspace(1e-9, 1 - 1e-9, 500)])).clip(0))
    counts = np.concatenate([counts, [0, 1, 2 * counts[-1] + 20]])
    distribution = Poisson(np.full((len(counts), 1), log_rate))
    log_prob = distribution.log_prob(np.float32(counts)[:, None])
    np.testing.assert_allclose(
        log_prob, exact.logpmf(counts), rtol=2e-6, atol=2e-3 if rate > 1e3 else 1e-4
    )
    assert float(distribution.mean[0, 0]) == pytest.approx(rate, rel=3e-6)
    if rate < 1e3:
        every = np.arange(2 * rate + 60, dtype="float32")[:, None]
        log_prob = Poisson(np.full_like(every, log_rate)).log_prob(every)
        assert special.logsumexp(log_prob) == pytest.approx(0, abs=2e-5)


@pytest.mark.parametrize("rate", [1e-6, 0.3, 4.0, 15.9, 16.1, 700.0, 1e5])
def test_poisson_draws_are_the_quantiles(rate):
    shares = np.float32(np.r_[0, 2**-24, np.linspace(1e-4, 1 - 1e-4, 2001), 1 - 2**-24])
    log_rate = np.float32(np.log(rate))
    drawn = np.asarray(Poisson(np.full(len(shares), log_rate)).transform(shares), "float64")
    exact = stats.poisson(np.exp(np.float64(log_rate)))
    quantiles = np.maximum(exact.ppf(np.float64(shares)), 0)
    differ = drawn != quantiles
    assert np.abs(drawn - quantiles)[1:-1].max() <= 1
    # another count only where the share lies at the edge of two, to float32 or the expansion
    edges = exact.cdf(np.minimum(drawn, quantiles)[differ])
    assert np.abs(edges - shares[differ])[1:].max(initial=0) < (2e-6 if rate < 16 else 1e-4)
    assert drawn[0] <= quantiles[1]
    assert np.abs(drawn[-1] - quantiles[-1]) <= 2


@takes_gradients
def test_poisson_gradient_is_the_difference_from_the_rate():
    log_rates = np.float32([-1e4, -20, -1, 0, 2, 10, 29, 1e4])
    for count in (0.0, 1.0, 15.0, 16.0, 3000.0):
        slope, _ = gradient(
            lambda v, k: Poisson(v).log_prob(k),
            log_rates[:, None],
            np.full((len(log_rates), 1), count),
        )
        assert np.isfinite(slope).all()
        expected = count - np.exp(np.float64(log_rates[:6]))
        np.testing.assert_allclose(slope[:6, 0], expected, rtol=1e-4, atol=1e-4 * (1 + count / 100))


def negative_binomial(mean, log_dispersion):
    """Both float32 parameters, and SciPy's distribution of their mean and bounded dispersion."""
    log_mean, log_dispersion = np.float32(np.log(mean)), np.float32(log_dispersion)
    below = -np.logaddexp(-np.float64(log_dispersion), -16)
    r, mean = np.exp(np.logaddexp(below, -4)), np.exp(np.float64(log_mean))
    return log_mean, log_dispersion, stats.nbinom(r, r / (r + mean))


@pytest.mark.parametrize("log_dispersion", [-9, -1, 0, 2, 6, 12, 30])
@pytest.mark.parametrize("mean", [1e-6, 0.3, 4.0, 200.0])
def test_negative_binomial_is_exact_and_sums_to_one(mean, log_dispersion):
    log_mean, log_dispersion, exact = negative_binomial(mean, log_dispersion)
    every = np.arange(min(exact.ppf(1 - 1e-9), 60_000) + 3)
    shape = (len(every), 1)
    distribution = NegativeBinomial(np.full(shape, log_mean), np.full(shape, log_dispersion))
    log_prob = np.asarray(distribution.log_prob(np.float32(every)[:, None]), "float64")
    if log_dispersion < 10:  # beyond SciPy loses digits
        np.testing.assert_allclose(log_prob, exact.logpmf(every), rtol=2e-6, atol=1e-5)
    r, given = exact.args[0], np.exp(np.float64(log_mean))
    rising = np.r_[0, np.cumsum(np.log1p((every[:-1] - given) / (r + given)))]
    expected = rising + every * np.log(given) - special.gammaln(every + 1)
    expected -= r * np.log1p(given / r)
    np.testing.assert_allclose(log_prob, expected, rtol=4e-6, atol=2e-5)
    covered = special.logsumexp(log_prob)
    assert covered == pytest.approx(np.log(exact.cdf(every[-1])), abs=2e-5)
    assert float(distribution.mean[0, 0]) == pytest.approx(mean, rel=3e-6)


def test_negative_binomial_of_a_large_dispersion_is_poisson():
    counts = np.arange(60, dtype="float32")[:, None]
    log_mean = np.full_like(counts, 2.5)
    log_prob = NegativeBinomial(log_mean, np.full_like(counts, 30)).log_prob(counts)
    np.testing.assert_allclose(log_prob, Poisson(log_mean).log_prob(counts), rtol=2e-5)


@pytest.mark.parametrize(
    ("mean", "log_dispersion", "share"),
    # summed; as a geometric series and a multiple of another mean's; by the expansion
    [(0.3, 0, 2e-6), (30, -1, 2e-5), (900, 0, 2e-3), (200, 12, 2e-4), (5e4, 5, 2e-4)],
)
@pytest.mark.slow
def test_negative_binomial_draws_are_the_quantiles(mean, log_dispersion, share):
    shares = np.float32(np.linspace(1e-4, 1 - 1e-4, 2001))
    log_mean, log_dispersion, exact = negative_binomial(mean, log_dispersion)
    parameters = (np.full(len(shares), log_mean), np.full(len(shares), log_dispersion))
    drawn = np.asarray(NegativeBinomial(*parameters).transform(shares), "float64")
    quantiles = exact.ppf(np.float64(shares))
    differ = drawn != quantiles
    edges = exact.cdf(np.minimum(drawn, quantiles)[differ])
    assert np.abs(edges - shares[differ]).max(initial=0) < share
    middles = np.float32((np.arange(200_000) + 0.5) / 200_000)
    parameters = (np.full(len(middles), log_mean), np.full(len(middles), log_dispersion))
    drawn = np.asarray(NegativeBinomial(*parameters).transform(middles), "float64")
    assert drawn.mean() == pytest.approx(exact.mean(), rel=2e-3)
    assert drawn.var() == pytest.approx(exact.var(), rel=1e-2)


@takes_gradients
def test_negative_binomial_gradients_are_finite_at_extremes():
    values = np.float32([-1e4, -20, -1, 0, 2, 10, 29, 1e4])
    log_mean, log_dispersion = (grid.reshape(-1, 1) for grid in np.meshgrid(values, values))
    for count in (0.0, 1.0, 15.0, 16.0, 3000.0):
        slopes = gradient(
            lambda m, r, k: NegativeBinomial(m, r).log_prob(k),
            log_mean,
            log_dispersion,
            np.full(log_mean.shape, count, "float32"),
        )
        assert all(np.isfinite(slope).all() for slope in slopes)


SIZES, BESIDE = (3, 1, 5, 2), (3, 5)


def rows(num_rows, **settings):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(sum(SIZES),)).astype("float32")
    mixture = rng.normal(size=(len(BESIDE), 3, 2)).astype("float32")
    tiled = [np.tile(part, (num_rows,) + (1,) * part.ndim) for part in (logits, mixture)]
    return Rows(States(SIZES), BESIDE, *tiled, **settings), logits, mixture


def row(states, numbers):
    """A row with these states, a number for each column or None where it is hidden."""
    x = np.zeros(sum(SIZES) + len(BESIDE), "float32")
    for first, state in zip(np.cumsum((0, *SIZES)), states, strict=False):
        if state is not None:
            x[first + state] = 1
    x[sum(SIZES) :] = numbers
    return x


def test_rows_are_states_and_mixtures_beside_some_of_them():
    x = np.stack([row((1, 0, 1, 0), (0.3, -2)), row((2, 0, 4, 1), (1.5, 0))])
    distribution, logits, mixture = rows(2)
    parts = np.split(logits.astype("float64"), np.cumsum(SIZES)[:-1])
    log_shares = [special.log_softmax(part) for part in parts]

    def density(column, value):
        weights, means, scales = mixture[column].astype("float64")
        scales = np.exp(-np.logaddexp(-np.logaddexp(scales, -6), -3))
        return np.log(special.softmax(weights) @ stats.logistic.pdf(value, means, scales))

    exact = [
        log_shares[0][1] + log_shares[2][1] + log_shares[3][0] + density(0, 0.3) + density(1, -2),
        # the second number stands beside another state
        log_shares[0][2] + log_shares[2][4] + log_shares[3][1] + density(0, 1.5),
    ]
    np.testing.assert_allclose(distribution.log_prob(x), exact, rtol=1e-5)
    hidden = np.stack([row((None, 0, None, 0), (0.3, 0)), row((None,) * 4, (0, 0))])
    exact = [log_shares[3][0] + density(0, 0.3), 0]
    np.testing.assert_allclose(distribution.log_prob(hidden), exact, rtol=1e-5)


@pytest.mark.slow
def test_the_probabilities_of_rows_sum_to_one():
    grid = np.linspace(-60, 60, 4001)
    total = 0.0
    for states in np.ndindex(*SIZES):
        if states[2] == 1:
            x = np.stack([row(states, (0.3, value)) for value in grid])
            density = np.exp(np.asarray(rows(len(x))[0].log_prob(x), "float64"))
            total += np.trapezoid(density, grid)
        else:
            total += np.exp(float(rows(1)[0].log_prob(row(states, (0.3, 0))[None])[0]))
    # that of the first number at 0.3 is a factor of all
    alone = np.exp(float(rows(1)[0].log_prob(row((None, 0, None, None), (0.3, 0))[None])[0]))
    assert total / alone == pytest.approx(1, abs=1e-3)


def test_rows_are_drawn_from_uniform_noise():
    noise = np.random.default_rng(0).random((40_000, sum(SIZES) + len(BESIDE)), dtype="float32")
    noise[0], noise[1] = 0, 1 - 2**-24  # what a generator may give
    distribution, *_ = rows(len(noise))
    drawn = np.asarray(distribution.transform(noise))
    assert np.isfinite(drawn).all()
    for first, size in zip(np.cumsum((0, *SIZES)), SIZES, strict=False):
        assert (drawn[:, first : first + size].sum(axis=1) == 1).all()
    assert (drawn[drawn[:, 5] == 0, -1] == 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), distribution.mean[0], atol=0.03)


def test_rows_are_drawn_without_keras_too():
    likelihood = TableLikelihood(((3, -1), (1, 0), (5, 1), (2, -1)), components=3)
    rng = np.random.default_rng(0)
    x_params = (4 * rng.normal(size=(500, 11 + 2 * 3 * 3))).astype("float32")
    noise = rng.random((500, 13), dtype="float32")
    noise[0], noise[1] = 0, 1 - 2**-24
    expected = np.asarray(likelihood(x_params).transform(noise))
    drawn = likelihood.draw(x_params, noise)
    assert drawn.dtype == "float32"
    np.testing.assert_array_equal(drawn[:, :11], expected[:, :11])
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4)


def test_a_uniform_number_is_the_noise_and_has_density_one():
    likelihood = TableLikelihood(((3, -2), (5, 1), (2, -2)), components=2)
    rng = np.random.default_rng(0)
    x_params = rng.normal(size=(200, 10 + 3 * 2 * 3)).astype("float32")
    noise = rng.random((200, 13), dtype="float32")
    distribution = likelihood(x_params)
    drawn = np.asarray(distribution.transform(noise))
    np.testing.assert_allclose(likelihood.draw(x_params, noise), drawn, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(drawn[:, [10, 12]], noise[:, [10, 12]] - 0.5, atol=1e-6)
    plain = TableLikelihood(((3, -1), (5, 1), (2, -1)), components=2)
    params = np.concatenate([x_params[:, :10], x_params[:, 16:22]], axis=1)
    expected = plain(params).log_prob(np.delete(drawn, [10, 12], axis=1))
    np.testing.assert_allclose(distribution.log_prob(drawn), expected, rtol=1e-5)
    assert not np.asarray(distribution.mean)[:, [10, 12]].any()


def test_many_columns_are_a_few_arrays():
    sizes = tuple(np.random.default_rng(0).integers(1, 40, 300).tolist())
    states = States(sizes)
    assert len(states.tables) <= 6
    scores = np.zeros((2, sum(sizes)), "float32")
    scores[0, states.firsts + np.array(sizes) - 1] = 1
    last, first = states.largest(scores)
    assert last.tolist() == [size - 1 for size in sizes]
    assert not first.any()
