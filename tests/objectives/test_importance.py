"""The importance-weighted bound and its gradients, on a linear-Gaussian CVAE."""

import keras
import numpy as np
import pytest
from keras import ops

from condvae.models import build_model
from condvae.spec import Signature, Spec

SCALE = 0.7
NUM_DRAWS = 20_000


class LinearGaussian:
    """x = W z + scale * noise, z ~ N(P y, 1), x of six numbers, y one of three classes.

    Another prior may stand in for that one; log_prob is then not that of the model.

    W has orthogonal columns; the encoder's mean and log-variance are off the posterior's by error.
    """

    def __init__(self, rows, error=0.4, **settings):
        rng = np.random.default_rng(1)
        spec = Spec().override(
            **{
                "prior": "conditional",
                "decoder_sees": "z",
                "likelihood": "normal",
                "scale": SCALE,
                "hidden_dims": (),
                **settings,
            }
        )
        self.model = build_model(spec, Signature((2, 3, 1), (3,)))
        w = np.linalg.qr(rng.standard_normal((6, 2)))[0] * [1.5, 0.8]
        p, zeros = rng.standard_normal((3, 2)), np.zeros((9, 2))
        variance = 1 / (1 + (w**2).sum(axis=0) / SCALE**2)

        def put(part, layer, kernel, bias):
            getattr(self.model, part).get_layer(layer).set_weights([kernel, bias])

        put("decoder", "x_params", w.T, np.zeros(6))
        if spec.model.prior == "conditional":
            put("prior", "mean", p, np.zeros(2))
            put("prior", "logvar", zeros[:3], np.zeros(2))
        if spec.model.prior == "ladder":
            for variable in self.model.prior.weights:  # those that start from zeros too
                variable.assign(rng.normal(0, 0.5, variable.shape))
        put("encoder", "mean", np.concatenate([w / SCALE**2, p]) * variance, np.full(2, error))
        put("encoder", "logvar", zeros, np.log(variance) + error)
        codes = rng.integers(0, 3, rows)
        z = p[codes] + rng.standard_normal((rows, 2))
        x = z @ w.T + SCALE * rng.standard_normal((rows, 6))
        self.batch = {"x": x.reshape(rows, 2, 3, 1).astype("float32"), "y": codes}
        covariance, centred = w @ w.T + SCALE**2 * np.eye(6), x - p[codes] @ w.T
        quadratic = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
        self.log_prob = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])

    def terms(self):
        """The validation loss of one draw."""
        batch = {name: ops.convert_to_tensor(array) for name, array in self.batch.items()}
        return self.model.terms(self.model(batch))


@pytest.mark.slow
def test_the_bounds_are_ordered_and_converge_to_the_closed_form():
    gaps = []
    for num_samples in (1, 8, 64, 512):
        oracle = LinearGaussian(4000, num_samples=num_samples)
        gap = oracle.log_prob + ops.convert_to_numpy(oracle.terms().loss)
        gaps.append(gap.mean())
        assert gap.mean() > -4 * gap.std() / np.sqrt(len(gap))
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2]
    assert abs(gaps[3]) < 0.01
    assert gaps[1] / gaps[2] == pytest.approx(8, rel=0.5)  # the bias falls as 1 / K


def test_the_parts_are_the_elbos():
    one, many = (LinearGaussian(4000, num_samples=k).terms() for k in (1, 8))
    np.testing.assert_allclose(one.kl_loss, many.kl_loss, rtol=1e-5)
    difference = ops.convert_to_numpy(one.reconstruction_loss - many.reconstruction_loss)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(difference))


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="gradients are taken by JAX here")
@pytest.mark.parametrize(
    ("prior", "beta"),
    [
        pytest.param("conditional", 1.0, marks=pytest.mark.slow),
        ("vampprior", 0.5),
        pytest.param("ladder", 0.5, marks=pytest.mark.slow),
    ],
)
def test_both_gradients_agree_in_expectation_and_dreg_varies_less(prior, beta):
    """For every weight, over thousands of draws of z for one image: z-scores, and the variance."""
    import jax

    def gradients(gradient):
        settings = {"prior": prior, "pseudo_inputs": 2, "beta": beta, "gradient": gradient}
        if prior == "ladder":
            settings |= {"latent_groups": (1, 1), "coupling_dims": (3,), "activation": "tanh"}
        oracle = LinearGaussian(1, num_samples=8, **settings)
        model = oracle.model
        data = {name: ops.convert_to_tensor(array) for name, array in oracle.batch.items()}
        trained, fixed = (
            [variable.value for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        )
        seed = [v is model.noise.state for v in model.non_trainable_variables].index(True)

        def loss(trained, key):
            state = [*fixed[:seed], key, *fixed[seed + 1 :]]
            outputs, _ = model.stateless_call(trained, state, data, training=True)
            return ops.mean(model.terms(outputs, training=True).loss)

        keys = jax.random.bits(jax.random.PRNGKey(5), (NUM_DRAWS, 2), "uint32")
        found = jax.jit(jax.vmap(jax.grad(loss), (None, 0)))(trained, keys)
        of_encoder = {id(variable) for variable in model.encoder.trainable_variables}
        return [
            (np.asarray(g, "float64").reshape(NUM_DRAWS, -1), id(variable) in of_encoder)
            for g, variable in zip(found, model.trainable_variables, strict=True)
        ]

    variances = []
    for (one, is_encoder), (other, _) in zip(*map(gradients, ("standard", "dreg")), strict=True):
        error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / NUM_DRAWS)
        difference = np.abs(one.mean(axis=0) - other.mean(axis=0))
        assert (difference <= 4.5 * error + 1e-6).all()
        if is_encoder:
            variances.append((one.var(axis=0).sum(), other.var(axis=0).sum()))
    standard, dreg = np.sum(variances, axis=0)
    assert dreg < 0.7 * standard
