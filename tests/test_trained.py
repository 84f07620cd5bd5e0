import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import Categorical, Image, Schema
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec


def make(**settings) -> TrainedModel:
    spec = Spec().override(**{"latent_dim": 2, "hidden_dims": (7,), **settings})
    condition = Categorical(name="animal", categories=("ant", "bee", "cat"))
    return TrainedModel(build_model(spec, Signature((4, 3, 1), (3,))), condition)


def test_elbo_equals_its_recomputation_in_numpy(images, untrained):
    """From the outputs of encode and decode alone, in float64, at the same z."""
    x, y = images
    mean, logvar = (a.astype("float64") for a in untrained.encode(x, y))
    noise = np.random.default_rng(5).standard_normal(mean.shape, dtype="float32")
    p = untrained.decode(mean + np.exp(logvar / 2) * noise, y).astype("float64")
    grey = x / 255
    reconstruction_loss = -(grey * np.log(p) + (1 - grey) * np.log1p(-p)).sum(axis=(1, 2, 3))
    kl_loss = 0.5 * (np.exp(logvar) + mean**2 - 1 - logvar).sum(axis=1)
    terms = untrained.elbo(x, y, seed=5)
    np.testing.assert_allclose(terms.reconstruction_loss, reconstruction_loss, rtol=1e-5)
    np.testing.assert_allclose(terms.kl_loss, kl_loss, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(terms.elbo, -(reconstruction_loss + kl_loss), rtol=1e-5)


class LinearGaussian:
    """x = W z + V y + b + scale * noise, whose log p(x | y) is known in closed form.

    W has orthogonal columns, so that the exact posterior is diagonal, as the encoder's.
    """

    scale = 0.7

    def __init__(self, error: float = 0.0):
        rng = np.random.default_rng(1)
        self.w = np.linalg.qr(rng.standard_normal((12, 2)))[0] * [1.5, 0.8]
        self.v, self.b = rng.standard_normal((12, 3)), rng.standard_normal(12)
        self.model = make(hidden_dims=(), likelihood="normal", scale=self.scale)
        network = self.model.keras_model
        network.decoder.get_layer("x_params").set_weights(
            [np.concatenate([self.w.T, self.v.T]), self.b]
        )
        # q(z | x, y): precision 1 + |w|^2 / scale^2, mean = variance * W^T (x - V y - b) / scale^2
        variance = 1 / (1 + (self.w**2).sum(axis=0) / self.scale**2)
        project = (variance * self.w / self.scale**2).T
        network.encoder.get_layer("mean").set_weights(
            [np.concatenate([project.T, -(project @ self.v).T]), -project @ self.b + error]
        )
        network.encoder.get_layer("logvar").set_weights(
            [np.zeros((15, 2)), np.log(variance) + error]
        )
        self.y = rng.integers(0, 3, 400)
        z, noise = rng.standard_normal((400, 2)), rng.standard_normal((400, 12))
        x = z @ self.w.T + self.v.T[self.y] + self.b + self.scale * noise
        self.x = x.reshape(-1, 4, 3, 1)

    def log_prob(self) -> np.ndarray:
        covariance = self.w @ self.w.T + self.scale**2 * np.eye(12)
        centred = self.x.reshape(-1, 12) - self.v.T[self.y] - self.b
        quadratic = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
        return -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])


def test_with_the_exact_posterior_one_sample_gives_the_exact_likelihood():
    oracle = LinearGaussian()
    estimate = oracle.model.log_prob(oracle.x, oracle.y, num_samples=1)
    np.testing.assert_allclose(estimate, oracle.log_prob(), atol=1e-3)


def test_bounds_are_ordered_and_converge_to_the_exact_likelihood():
    oracle = LinearGaussian(error=0.6)
    exact = oracle.log_prob().mean()
    elbo = np.mean(
        [oracle.model.elbo(oracle.x, oracle.y, seed=seed).elbo.mean() for seed in range(20)]
    )
    iwae = [oracle.model.log_prob(oracle.x, oracle.y, num_samples=k).mean() for k in (8, 64, 1000)]
    gaps = exact - np.array([elbo, *iwae])
    assert gaps[0] > 3 * gaps[1] > 3 * gaps[2] > 0  # each bound at least three times tighter
    assert abs(gaps[3]) < 0.01


def test_elbo_of_the_oracle_is_short_by_the_kl_to_the_exact_posterior():
    oracle = LinearGaussian(error=0.6)
    # KL(N(m + 0.6 / 1, e^0.6 v) || N(m, v)), summed over both latents
    variance = 1 / (1 + (oracle.w**2).sum(axis=0) / oracle.scale**2)
    gap = 0.5 * (np.exp(0.6) - 1 - 0.6 + 0.6**2 / variance).sum()
    seeds = [oracle.model.elbo(oracle.x, oracle.y, seed=seed).elbo for seed in range(40)]
    measured = oracle.log_prob() - np.mean(seeds, axis=0)
    error = np.std([(oracle.log_prob() - s).mean() for s in seeds]) / np.sqrt(40)
    assert measured.mean() == pytest.approx(gap, abs=4 * error)
    estimate = oracle.model.estimate_log_prob(oracle.x, oracle.y, 100)
    short = oracle.log_prob() - estimate.mean_log_weight
    assert short.mean() == pytest.approx(gap, abs=0.02)


def test_both_estimators_converge_to_the_exact_likelihood():
    oracle = LinearGaussian(error=0.3)
    for estimator, num_samples, tolerance in (("importance", 500, 0.01), ("prior", 4000, 0.03)):
        estimate = oracle.model.log_prob(oracle.x, oracle.y, num_samples, estimator)
        assert estimate.mean() == pytest.approx(oracle.log_prob().mean(), abs=tolerance)


@pytest.mark.parametrize("estimator", ["importance", "prior"])
def test_a_curve_is_made_of_the_first_draws_of_one_stream(
    images, untrained, estimator, monkeypatch
):
    x, y = images
    ask, drawn = untrained._compute.ask, []

    def recording(name, arrays, seed):
        drawn.append(arrays["noise"])
        return ask(name, arrays, seed)

    monkeypatch.setattr(untrained._compute, "ask", recording)
    sizes = [1, 10, 25, 50, 60, 100]
    curve = untrained.log_prob_curve(x, y, sizes, estimator, seed=4)
    monkeypatch.undo()
    assert sum(noise.shape[1] for noise in drawn) == 100
    assert [estimate.num_samples for estimate in curve] == sizes
    for size, estimate in zip(sizes, curve, strict=True):
        if size in (25, 50, 100):
            whole = untrained.estimate_log_prob(x, y, size, estimator, seed=4)
            np.testing.assert_allclose(estimate.log_prob, whole.log_prob, rtol=1e-12)
            np.testing.assert_allclose(
                estimate.effective_samples, whole.effective_samples, rtol=1e-9
            )
    if estimator == "prior":  # ten draws in NumPy, from what decode says
        z = drawn[0][:, :10]
        p = untrained.decode(z.reshape(-1, 2), np.repeat(y, 10)).reshape(53, 10, -1).astype(float)
        grey = x.reshape(53, 1, -1) / 255
        log_weights = (grey * np.log(p) + (1 - grey) * np.log1p(-p)).sum(axis=2)
        expected = np.log(np.exp(log_weights).mean(axis=1))
        np.testing.assert_allclose(curve[1].log_prob, expected, rtol=1e-5)


def test_samples_of_the_oracle_have_its_moments():
    oracle = LinearGaussian()
    x = oracle.model.generate("bee", num_samples=20_000, sample=True).reshape(-1, 12)
    covariance = oracle.w @ oracle.w.T + oracle.scale**2 * np.eye(12)
    np.testing.assert_allclose(x.mean(axis=0), oracle.v[:, 1] + oracle.b, atol=0.06)
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.12)


def test_any_batch_size_gives_the_same_numbers(images, untrained):
    """53 rows at once and row by row: padding and batching change nothing but rounding."""
    x, y = images
    mean, logvar = untrained.encode(x, y)
    for row in (0, 17, 52):
        one = untrained.encode(x[row : row + 1], y[row : row + 1])
        np.testing.assert_allclose(one[0][0], mean[row], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one[1][0], logvar[row], rtol=1e-5, atol=1e-6)
    many = np.concatenate([x] * 40)
    assert len(many) > 1024
    repeated, _ = untrained.encode(many, np.concatenate([y] * 40))
    np.testing.assert_allclose(repeated, np.concatenate([mean] * 40), rtol=1e-5, atol=1e-6)


def test_integers_floats_and_a_missing_channel_axis_are_one(images, untrained):
    x, y = images
    mean, _ = untrained.encode(x, y)
    for same in (x[..., 0], x / 255.0, (x / 255.0).astype("float32")[..., 0], x.astype("int64")):
        np.testing.assert_allclose(untrained.encode(same, y)[0], mean, rtol=1e-5, atol=1e-6)


def test_labels_are_codes_names_or_weights(images, untrained):
    x, y = images
    names = np.array(["ant", "bee", "cat"])[y]
    weights = np.eye(3)[y]
    mean, _ = untrained.encode(x, y)
    for same in (names, names.tolist(), weights):
        np.testing.assert_array_equal(untrained.encode(x, same)[0], mean)
    np.testing.assert_array_equal(untrained.encode(x, "bee")[0], untrained.encode(x, [1] * 53)[0])


def test_a_temperature_draws_styles_nearer_to_the_centre(untrained):
    z = untrained.sample_prior("bee", 5, seed=3)  # of a standard normal prior
    cooler = untrained.generate("bee", 5, seed=3, temperature=0.5)
    np.testing.assert_allclose(cooler, untrained.decode(z / 2, "bee"), atol=1e-6)
    blocks = list(untrained.generate_blocks([np.array(["bee"] * 5)], seed=3, temperature=0.5))
    np.testing.assert_array_equal(np.concatenate(blocks), cooler)
    with pytest.raises(InputError, match="temperature must be 0 or more"):
        untrained.generate("bee", 5, temperature=-1)


def test_guidance_moves_images_away_from_those_of_no_label(untrained):
    z = untrained.sample_prior("bee", 5, seed=3)
    plain = untrained.decode(z, np.full((5, 3), 1 / 3))
    shown = untrained.decode(z, "bee")
    expected = np.clip(shown + 30 * (shown - plain), 0, 1)
    assert (np.abs(expected - shown) > 0.1).any()
    guided = untrained.generate("bee", 5, seed=3, guidance=30)
    np.testing.assert_allclose(guided, expected, atol=1e-5)
    blocks = list(untrained.generate_blocks([np.array(["bee"] * 5)], seed=3, guidance=30))
    np.testing.assert_array_equal(np.concatenate(blocks), guided)
    with pytest.raises(InputError, match="guidance must be 0 or more; received -1"):
        untrained.generate("bee", 5, guidance=-1)
    with pytest.raises(InputError, match="guidance requires expected pixels"):
        untrained.generate("bee", 5, guidance=1, sample=True)


def test_guidance_takes_named_conditions_and_refuses_images():
    spec = Spec().override(latent_dim=2, hidden_dims=(7,))
    several = Schema(conditions=(Categorical(name="animal", categories=("ant", "bee")),))
    named = TrainedModel(build_model(spec, Signature((4, 3, 1), several.shape)), several)
    z = named.sample_prior({"animal": "bee"}, 5)
    shown, plain = named.decode(z, {"animal": "bee"}), named.decode(z, {})
    guided = named.generate({"animal": "bee"}, 5, guidance=2)
    np.testing.assert_allclose(guided, np.clip(3 * shown - 2 * plain, 0, 1), atol=1e-5)

    image = Image(image_shape=(4, 3, 1), y_max=255)
    of_images = TrainedModel(build_model(spec, Signature((4, 3, 1), image.shape)), image)
    with pytest.raises(InputError, match="guidance requires a condition of classes"):
        of_images.generate(np.zeros((1, 4, 3, 1), "uint8"), 5, guidance=1)


def test_generate_is_decode_at_the_priors_styles(untrained):
    z = untrained.sample_prior("bee", 5, seed=3)
    np.testing.assert_array_equal(
        z, np.random.default_rng(3).standard_normal((5, 2), dtype="float32")
    )
    expected = untrained.decode(z, "bee")
    np.testing.assert_array_equal(untrained.generate("bee", 5, seed=3), expected)
    np.testing.assert_array_equal(untrained.generate({"animal": 1}, 5, seed=3), expected)
    np.testing.assert_array_equal(untrained.generate("bee", z=z), expected)
    assert untrained.generate(["ant", "cat"]).shape == (2, 4, 3, 1)
    assert untrained.generate("ant").shape == (16, 4, 3, 1)


def test_sampled_pixels_are_binary_with_the_expected_mean(untrained):
    z = np.zeros((4000, 2))
    x = untrained.generate("ant", z=z, sample=True)
    assert set(np.unique(x)) == {0, 1}
    expected = untrained.decode(z[:1], "ant")[0]
    assert np.abs(x.mean(axis=0) - expected).max() < 5 * 0.5 / np.sqrt(4000)


def test_reconstruct_and_transfer_keep_the_style(images, untrained):
    x, y = images
    mean, _ = untrained.encode(x, y)
    np.testing.assert_array_equal(untrained.reconstruct(x, y), untrained.decode(mean, y))
    np.testing.assert_array_equal(untrained.transfer(x, y, to="cat"), untrained.decode(mean, "cat"))


def test_a_model_of_binarised_pixels_is_seeded(images):
    x, y = images
    model = make(pixels="dynamic")
    np.testing.assert_array_equal(model.encode(x, y)[0], model.encode(x, y)[0])
    assert (model.encode(x, y, seed=1)[0] != model.encode(x, y)[0]).any()
    binary = np.random.default_rng([0, 1]).random(x.shape, dtype="float32") < x / np.float32(255)
    np.testing.assert_array_equal(model.encode(x, y)[0], model.encode(binary, y, seed=9)[0])
    terms = model.elbo(x, y)
    np.testing.assert_array_equal(terms.elbo, model.elbo(binary, y).elbo)
    bound = model.log_prob(x, y, num_samples=50)
    np.testing.assert_allclose(bound, model.log_prob(binary, y, num_samples=50), rtol=1e-6)


def test_the_model_is_the_keras_model(images, untrained):
    """Keras's evaluation equals the reported bound, to Monte Carlo error."""
    x, y = images
    model = untrained.keras_model
    model.compile(optimizer=keras.optimizers.Adam())
    data = {"x": x, "y": y}
    keras_losses = [model.evaluate(data, verbose=0, return_dict=True)["loss"] for _ in range(30)]
    ours = [-untrained.elbo(x, y, seed=seed).elbo.mean(dtype="float64") for seed in range(30)]
    error = np.sqrt((np.var(keras_losses) + np.var(ours)) / 29)
    assert error < 0.05
    assert np.mean(keras_losses) == pytest.approx(np.mean(ours), abs=float(4 * error))


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda m, x, y: m.encode(x[:, :3], y), ("(N, 4, 3, 1)", "(53, 3, 3, 1)")),
        (lambda m, x, y: m.encode(x.astype(str), y), ("numbers", "dtype")),
        (lambda m, x, y: m.encode(x * 1.0, y), ("[0, 1]", "in row 0")),
        (lambda m, x, y: m.encode(x.astype("int64") - 1, y), ("[0, 255]", "-1 in row")),
        (lambda m, x, y: m.encode(np.full(x.shape, np.nan), y), ("finite", "nan in row 0")),
        (lambda m, x, y: m.encode(x[:0], y[:0]), ("at least one image", "none")),
        (lambda m, x, y: m.encode(x, y[:7]), ("53 rows", "7 conditions")),
        (lambda m, x, y: m.encode(x, "dog"), ("ant, bee, cat", "'dog'")),
        (lambda m, x, y: m.decode(np.zeros((1, 3)), "ant"), ("(N, 2)", "(1, 3)")),
        (lambda m, x, y: m.decode([[0, np.inf]], "ant"), ("finite", "inf in row 0")),
        (lambda m, x, y: m.generate("ant", 0), ("1 or more", "0")),
        (lambda m, x, y: m.generate({"digit": 1}), ("'animal'", "['digit']")),
        (lambda m, x, y: m.log_prob(x, y, 0), ("1 or more", "0")),
        (lambda m, x, y: m.log_prob_curve(x, y, [5, 2]), ("5 or more", "2")),
        (lambda m, x, y: m.log_prob(x, y, estimator="prio"), ("Did you mean 'prior'?",)),
    ],
)
def test_a_mistake_is_one_sentence_and_harms_nothing(call, parts, images, untrained):
    with pytest.raises(InputError) as caught:
        call(untrained, *images)
    for part in parts:
        assert part in str(caught.value)
    assert np.isfinite(untrained.elbo(*images).elbo).all()
