"""Runs of models that Keras's own fit has trained: every command takes them."""

import json
import shutil

import keras
import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset
from condvae.likelihoods import NormalLikelihood
from condvae.models import CVAE, network_tensors
from condvae.models.configuration import model_of
from condvae.objectives import ELBO, Beta
from condvae.runs import Run


def networks(outputs, seed=0):
    """An encoder and a decoder that no spec has: of (4, 3, 1) images in three classes, z (2,)."""
    kernel = keras.initializers.GlorotUniform(seed)
    x, y = keras.Input((4, 3, 1), name="x"), keras.Input((3,), name="y")
    flat = keras.layers.Concatenate(name="joined")([keras.layers.Flatten(name="flat")(x), y])
    hidden = keras.layers.Dense(9, "gelu", name="hidden", kernel_initializer=kernel)(flat)
    heads = {name: keras.layers.Dense(2, name=name)(hidden) for name in ("mean", "logvar")}
    z, given = keras.Input((2,), name="z"), keras.Input((3,), name="y")
    seen = keras.layers.Concatenate(name="seen")([z, given])
    wide = keras.layers.Dense(7, "tanh", name="wide", kernel_initializer=kernel)(seen)
    flat = keras.layers.Dense(12, name="pixels")(wide)
    decoder = keras.Model(
        {"z": z, "y": given}, keras.layers.Reshape(outputs, name="image")(flat), name="decoder"
    )
    return {"encoder": keras.Model({"x": x, "y": y}, heads, name="encoder"), "decoder": decoder}


@pytest.fixture(scope="module")
def animals():
    """203 grey images of 4 × 3 pixels in three classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 203)
    x = np.clip(rng.random((3, 4, 3))[y] * 200 + rng.normal(0, 20, (203, 4, 3)), 0, 255)
    return Dataset.from_arrays(x.astype("uint8"), np.array(["ant", "bee", "cat"])[y])


@pytest.fixture(scope="module")
def fitted(animals):
    model = CVAE(**networks((4, 3, 1)), likelihood=NormalLikelihood(0.3), objective=ELBO(Beta(2.0)))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    train = {"x": animals.train.x, "y": animals.train.given}
    held = {"x": animals.validation.x, "y": animals.validation.given}
    model.fit(train, validation_data=held, epochs=3, verbose=0)
    return model


@pytest.fixture(scope="module")
def run(fitted, animals, tmp_path_factory):
    return Run.from_model(fitted, animals, tmp_path_factory.mktemp("of_model") / "run")


def test_it_is_the_model_in_every_engine(fitted, animals, run):
    opened = Run.open(run.path)
    by_keras = opened.load_model()
    assert by_keras.keras_model is not fitted
    for name, tensor in network_tensors(fitted).items():
        np.testing.assert_array_equal(network_tensors(by_keras.keras_model)[name], tensor)
    x, y = animals.test.x, animals.test.y
    batch = {"x": x, "y": animals.test.given}
    mean = np.asarray(fitted.encode(fitted.scale(x), fitted.encode_condition(batch["y"])).mean)
    for model in (opened.model, by_keras):
        np.testing.assert_allclose(model.encode(x, y)[0], mean, atol=1e-5)
    assert by_keras.keras_model.likelihood == NormalLikelihood(0.3)
    assert float(np.asarray(by_keras.keras_model.beta)) == 2
    terms = by_keras.elbo(x, y)
    np.testing.assert_allclose(opened.model.elbo(x, y).loss, terms.loss, rtol=1e-4)


def test_the_record_says_what_was_done(fitted, animals, run):
    record = Run.open(run.path).record
    spec = record.spec
    assert (record.status, record.preset, record.networks) == (
        "finished",
        None,
        ("encoder", "decoder"),
    )
    assert (spec.model.likelihood, spec.model.scale, spec.model.latent_dim) == ("normal", 0.3, 2)
    assert (spec.objective.beta, spec.training.epochs) == (2.0, 3)
    history = run.history
    assert history["loss"] == pytest.approx(fitted.history.history["loss"])
    assert history["val_kl_loss"] == pytest.approx(fitted.history.history["val_kl_loss"])
    terms = run.load_model().elbo(animals.validation.x, animals.validation.y)
    assert record.figures.val_elbo == pytest.approx(float(np.mean(terms.elbo)), rel=1e-4)
    assert "normal with scale 0.3 (a density)" in record.figures.comparability


@pytest.mark.slow
def test_commands_take_it(animals, run, tmp_path, capsys):
    np.savez(tmp_path / "animals.npz", x=animals.x, y=animals.y)
    data = ["--data", str(tmp_path / "animals.npz")]
    archive = tmp_path / "run.safetensors"
    for command in (
        ["generate", run.path, "--given", "bee", "--out", tmp_path / "bee.npz"],
        ["encode", run.path, tmp_path / "animals.npz", "--out", tmp_path / "z.npz"],
        ["evaluate", run.path, *data],
        ["plot", run.path, "scatter", "--out", tmp_path / "figures", *data],
        ["explore", run.path, "--no-open", "--out", tmp_path / "page.html", *data],
        ["export", run.path, "--format", "archive", "--out", archive],
        ["score", archive, tmp_path / "animals.npz", "--out", tmp_path / "scores.csv"],
    ):
        assert main([str(word) for word in command]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    z = np.load(tmp_path / "z.npz")["mean"]
    np.testing.assert_allclose(z, run.load_model().encode(animals.x, animals.y)[0], atol=1e-5)
    measured = json.loads((run.path / "metrics.json").read_text())
    # in Python the same: all measures, and the words of the command
    report = condvae.evaluate(run.path, animals)
    assert report.metrics.measures.keys() == measured["measures"].keys() > {"Bound", "Latents"}
    assert report["Bound"]["elbo"] == measured["measures"]["Bound"]["elbo"] < 0
    # but for the protocol, which names the file
    lines = str(report).partition("\nProtocol")[0].splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line not in printed] == []


def test_a_model_without_a_run_is_told_how_to_get_one(fitted, animals):
    with pytest.raises(InputError, match=r"needs a run.*received CVAE.*Run\.from_model"):
        condvae.evaluate(fitted, animals)


@pytest.mark.slow
def test_training_goes_on_with_its_networks(animals, fitted, run, tmp_path):
    with pytest.raises(InputError, match="must hold a checkpoint"):
        condvae.train(animals, run=run.path, resume=True, progress=False, epochs=9)
    own = model_of(run.record.keras_config)
    settings = {"likelihood": "normal", "scale": 0.3, "preset": "plane", "progress": False}
    more = condvae.train(
        animals,
        networks={"encoder": own.encoder, "decoder": own.decoder},
        start_from=run.path,
        run=tmp_path / "more",
        epochs=1,
        learning_rate=1e-12,
        **settings,
    )
    np.testing.assert_allclose(
        more.model.decode(np.ones((1, 2)), "ant"), run.model.decode(np.ones((1, 2)), "ant"), 1e-4
    )


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    """A user-defined layer."""

    def call(self, x):
        return 2 * x


class Unknown(Doubled):
    """A layer that is not registered."""


def of_layer(layer):
    parts = networks((4, 3, 1))
    decoder = parts["decoder"]
    outputs = layer(name="own")(decoder.output)
    return CVAE(encoder=parts["encoder"], decoder=keras.Model(decoder.input, outputs))


def test_layers_of_ones_own_must_be_registered(animals, tmp_path):
    run = Run.from_model(of_layer(Doubled), animals, tmp_path / "registered")
    assert run.history["epoch"] == []
    model = condvae.load(run.path)
    z = np.ones((1, 2), "float32")
    expected = of_layer(Doubled).decoder
    expected.set_weights(run.load_model().keras_model.decoder.get_weights())
    logits = np.asarray(expected({"z": z, "y": np.eye(3, dtype="float32")[:1]}))
    np.testing.assert_allclose(model.decode(z, "ant"), 1 / (1 + np.exp(-logits)), atol=1e-5)
    with pytest.raises(InputError, match=r"registered with Keras; received 'Unknown'"):
        Run.from_model(of_layer(Unknown), animals, tmp_path / "unknown")
    assert not (tmp_path / "unknown").exists()


def test_what_does_not_fit_is_refused(animals, fitted, run, tmp_path):
    tall = Dataset.from_arrays(np.zeros((60, 5, 3), "uint8"), np.arange(60) % 3)
    binary = Dataset.from_arrays((animals.x > 100).astype("uint8"), animals.y)
    for model, data, sentence in (
        (fitted, tall, r"the same x; received \(4, 3, 1\) of the model"),
        (fitted, binary, "the same greatest x; received 255 of the model, 1 of the data"),
        (fitted.decoder, animals, "Functional instead of the CVAE"),
        (fitted, animals.x, "ndarray instead of the Dataset"),
    ):
        with pytest.raises(InputError, match=sentence):
            Run.from_model(model, data, tmp_path / "run")
    with pytest.raises(InputError, match="a new folder"):
        Run.from_model(fitted, animals, run.path)


@pytest.mark.parametrize(
    "part",
    [
        {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
        {"module": "os", "class_name": "function", "config": "system"},
        {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "condvae>CVAE",
        },
        {"module": "os", "class_name": "system", "config": {}, "registered_name": "function"},
        {"module": "os", "class_name": "system", "config": {}, "registered_name": "__tensor__"},
        {"module": "builtins", "class_name": "eval", "config": {}, "registered_name": None},
        {"class_name": "__lambda__", "config": {"value": ["", None, None]}},
        {"module": "subprocess", "class_name": "Popen", "config": {}, "registered_name": "Popen"},
    ],
)
def test_a_record_cannot_name_code(run, part):
    configuration = json.loads(json.dumps(run.record.keras_config))
    configuration["config"]["encoder"]["config"]["layers"][1]["config"]["activation"] = part
    with pytest.raises(InputError, match="must be Keras's, or registered with Keras"):
        model_of(configuration)


def test_a_damaged_configuration_is_said(run, tmp_path):
    for damage in ({"layers": []}, {"layers": 3}, {}):
        configuration = json.loads(json.dumps(run.record.keras_config))
        configuration["config"]["encoder"]["config"] |= damage
        if not damage:
            del configuration["config"]["decoder"]
        with pytest.raises(InputError):
            model_of(configuration)
    copied = shutil.copytree(run.path, tmp_path / "copy")
    fields = json.loads((copied / "run.json").read_text())
    fields["keras_config"]["config"]["seed"] = 5
    (copied / "run.json").write_text(json.dumps(fields))
    with pytest.raises(InputError, match="'keras_config' was changed"):
        Run.open(copied)
