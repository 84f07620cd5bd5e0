"""All classes of a row, against the model under one class after the other and a closed form."""

import keras
import numpy as np
import pytest
from keras import ops

from condvae.checks import InputError
from condvae.models import CVAE, build_model, inference
from condvae.models.architectures import MLP, Convolutional
from condvae.objectives import ELBO, Coarse, Deterministic, ImportanceWeighted, SemiSupervised
from condvae.spec import Signature, Spec

SHAPE, NUM_CLASSES, SCALE = (4, 3, 1), 3, 0.7


def make(shape=SHAPE, **settings) -> CVAE:
    settings = {"latent_dim": 2, "hidden_dims": (7,), "labelled": 5, **settings}
    return build_model(Spec().override(**settings), Signature(shape, (NUM_CLASSES,)))


def batch(rows=17, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (rows, *SHAPE), dtype="uint8")
    y = np.eye(NUM_CLASSES, dtype="float32")[rng.integers(0, NUM_CLASSES, rows)]
    y[::2] = 0
    return {"x": x, "y": y}


@pytest.mark.parametrize(
    ("encoder_sees", "decoder_sees", "prior"),
    [
        ("x", "z", "flow"),
        ("x", "z", "ladder"),
        ("x", "z_and_y", "standard"),
        ("x_and_y", "z", "conditional"),
        ("x_and_y", "z_and_y", "standard"),
    ],
)
def test_every_class_is_the_plain_bound_of_that_class(encoder_sees, decoder_sees, prior):
    groups = {"latent_groups": (1, 1)} if prior == "ladder" else {}
    model = make(prior=prior, encoder_sees=encoder_sees, decoder_sees=decoder_sees, **groups)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.3, np.shape(w)) for w in model.get_weights()])
    kernel, bias = model.encoder.get_layer("logvar").get_weights()
    model.encoder.get_layer("logvar").set_weights([0 * kernel, bias - 40])  # no noise in z
    data = {name: ops.convert_to_tensor(array) for name, array in batch().items()}
    outputs = model(data)
    columns = outputs["reconstruction_losses"].shape[1]
    assert columns == (1 if (encoder_sees, decoder_sees) == ("x", "z") else NUM_CLASSES)
    for code in range(NUM_CLASSES):
        y = ops.one_hot(ops.full((17,), code, dtype="int32"), NUM_CLASSES, dtype="float32")
        plain = inference.elbo(model, data["x"], y, ops.zeros((17, 2)))
        reconstruction = outputs["reconstruction_losses"][:, min(code, columns - 1)]
        np.testing.assert_allclose(reconstruction, plain["reconstruction_loss"], rtol=1e-4)
        np.testing.assert_allclose(outputs["kl_losses"][:, code], plain["kl_loss"], rtol=1e-4)


@pytest.mark.parametrize(
    "architecture",
    [
        "mlp",
        pytest.param("residual", marks=pytest.mark.slow),
        pytest.param("convolutional", marks=pytest.mark.slow),
    ],
)
def test_every_combination_fits_saves_and_loads(architecture, tmp_path):
    settings = {"architecture": architecture, "classifier_warmup": 0.5}
    settings |= {} if architecture == "convolutional" else {"classifier_dropout": 0.3}
    model = build_model(
        Spec().override(latent_dim=2, hidden_dims=(6,), labelled=5, **settings),
        Signature(SHAPE, (NUM_CLASSES,)),
        steps=4,
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    data = batch()
    history = model.fit(data, batch_size=9, epochs=2, validation_data=(data, None), verbose=0)
    assert np.isfinite(history.history["val_loss"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    before, after = (inference.classify(m, data["x"])["log_prob"] for m in (model, loaded))
    np.testing.assert_array_equal(before, after)
    np.testing.assert_allclose(np.exp(before).sum(axis=1), 1, rtol=1e-5)
    assert loaded.objective == model.objective == SemiSupervised(classifier_warmup=2)


class LinearGaussian:
    """x = W z + m_y + scale * noise, z ~ N(0, 1): six numbers of one of three classes.

    p(y | x) is a softmax of linear functions of x, and q(z | x, y) linear in x and y, so that
    networks without hidden layers can be exact. error: how far both are from that.
    """

    def __init__(self, rows, error=0.0):
        rng = np.random.default_rng(3)
        spec = Spec().override(likelihood="normal", scale=SCALE, latent_dim=2, hidden_dims=())
        self.model = build_model(spec.override(labelled=3), Signature((2, 3, 1), (NUM_CLASSES,)))
        w = np.linalg.qr(rng.standard_normal((6, 2)))[0] * [1.5, 0.8]
        means = rng.standard_normal((NUM_CLASSES, 6))
        variance = 1 / (1 + (w**2).sum(axis=0) / SCALE**2)
        precision = np.linalg.inv(covariance := w @ w.T + SCALE**2 * np.eye(6))

        def put(part, layer, kernel, bias):
            getattr(self.model, part).get_layer(layer).set_weights([kernel, bias])

        of_x = w * variance / SCALE**2
        put("encoder", "mean", np.concatenate([of_x, -means @ of_x]), np.full(2, error))
        put("encoder", "logvar", np.zeros((9, 2)), np.log(variance) + error)
        put("decoder", "x_params", np.concatenate([w.T, means]), np.zeros(6))
        linear = precision @ means.T
        constant = -0.5 * np.einsum("ci,ij,cj->c", means, precision, means)
        put("classifier", "logits", (1 + error) * linear, constant)
        codes = rng.integers(0, NUM_CLASSES, rows)
        noise = SCALE * rng.standard_normal((rows, 6))
        x = rng.standard_normal((rows, 2)) @ w.T + means[codes] + noise
        self.x = x.reshape(rows, 2, 3, 1).astype("float32")
        centred = x[:, None] - means
        quadratic = np.einsum("nci,ij,ncj->nc", centred, precision, centred)
        log_prob = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])
        self.log_prob = np.logaddexp.reduce(log_prob, axis=1) - np.log(NUM_CLASSES)

    def gaps(self):
        """log p(x) less the bound of rows without a label, (rows,)."""
        y = np.zeros((len(self.x), NUM_CLASSES), "float32")
        batch = {name: ops.convert_to_tensor(a) for name, a in (("x", self.x), ("y", y))}
        terms = self.model.terms(self.model(batch))
        return self.log_prob - ops.convert_to_numpy(terms.elbo)


@pytest.mark.parametrize("error", [0.0, 0.3])
def test_the_bound_of_a_row_without_a_label_is_at_most_log_p_of_x(error):
    gap = LinearGaussian(4000, error).gaps()
    standard_error = gap.std() / np.sqrt(len(gap))
    if error:
        assert gap.mean() > 4 * standard_error
    else:  # both networks are exact: nothing is lost
        assert abs(gap.mean()) < 4 * standard_error


def test_networks_that_do_not_fit_are_refused():
    encoder, decoder = MLP(()).encoder(SHAPE, (3,), 2), MLP(()).decoder(SHAPE, (3,), 2)
    classified = {"classifier": MLP(()).classifier(SHAPE, 3), "objective": SemiSupervised()}
    assert CVAE(encoder, decoder, **classified).condition_shape == (3,)
    blind = {"encoder": MLP(()).encoder(SHAPE, None, 2), "decoder": MLP(()).decoder(SHAPE, None, 2)}
    assert CVAE(**blind, **classified).condition_shape == (3,)
    with pytest.raises(InputError, match="must read y"):
        CVAE(**blind)
    classified["classifier"] = MLP(()).classifier(SHAPE, 4)
    with pytest.raises(InputError, match="the classifier's output"):
        CVAE(encoder, decoder, **classified)
    assert Convolutional((4,)).classifier(SHAPE, 3).output.shape == (None, 3)


@pytest.mark.parametrize(
    ("objective", "names", "wanted"),
    [
        (None, "encoder", "encoder, decoder, [prior], [baseline]; received encoder."),
        (ELBO(), "", "received none."),
        (ELBO(), "encoder decoder classifier", "received encoder, decoder, classifier."),
        (ImportanceWeighted(2), "encoder decoder classifier", "the objective ImportanceWeighted"),
        (ImportanceWeighted(2), "baseline", "received baseline."),
        (SemiSupervised(), "encoder decoder", "decoder, [prior], classifier; received"),
        (SemiSupervised(), "encoder decoder baseline classifier", "received encoder, decoder, b"),
        (Deterministic(), "encoder decoder baseline", "must have the networks baseline; received"),
        (Coarse(ELBO(), 0.5), "encoder decoder", "encoder, decoder, [prior], baseline; received"),
    ],
)
def test_an_objective_says_which_networks_it_needs(objective, names, wanted):
    networks = {
        "encoder": MLP(()).encoder(SHAPE, (3,), 2),
        "decoder": MLP(()).decoder(SHAPE, (3,), 2),
        "baseline": MLP(()).baseline(SHAPE, (3,)),
        "classifier": MLP(()).classifier(SHAPE, 3),
    }
    with pytest.raises(InputError) as caught:
        CVAE(**{name: networks[name] for name in names.split()}, objective=objective)
    assert wanted in str(caught.value)
