"""Encoders and decoders of the user's own, from training to loading."""

import shutil

import keras
import numpy as np
import pytest
from short_run import quick, rows

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.runs import Run


def own_decoder(seed=0, latent_dim=2, pixels=(4, 3, 1)):
    """{"z", "y"} -> logits, with a layer that the package's own networks have not."""
    kernel = keras.initializers.GlorotUniform(seed)
    z, y = keras.Input((latent_dim,), name="z"), keras.Input((3,), name="y")
    hidden = keras.layers.Concatenate(name="own_inputs")([z, y])
    hidden = keras.layers.Dense(8, name="own_hidden", kernel_initializer=kernel)(hidden)
    hidden = keras.layers.LayerNormalization(name="own_norm")(hidden)
    logits = keras.layers.Dense(int(np.prod(pixels)), name="own_logits", kernel_initializer=kernel)(
        hidden
    )
    logits = keras.layers.Reshape(pixels, name="own_image")(logits)
    return keras.Model({"z": z, "y": y}, logits, name="own_decoder")


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    """A run with a user-defined decoder."""
    path = tmp_path_factory.mktemp("own") / "run"
    return quick(small, path, networks={"decoder": own_decoder()})


def test_a_run_with_a_decoder_of_ones_own_is_trained_and_loaded(run):
    assert run.record.networks == ("decoder",)
    expected = run.load_model({"decoder": own_decoder()}).generate("bee", 5, seed=1)
    # other weights first, so that what is equal has been read
    loaded = condvae.load(run.path, networks={"decoder": own_decoder(seed=1)})
    np.testing.assert_array_equal(loaded.generate("bee", 5, seed=1), expected)
    assert np.ptp(expected) > 0


def test_what_cannot_be_exported_of_it_is_named(run, tmp_path, capsys):
    run = Run.open(shutil.copytree(run.path, tmp_path / "run"))
    for command in ("explore {0} --no-open", "export {0} --format onnx --out {0}-onnx"):
        assert main(command.format(run.path).split()) == 2
        said = capsys.readouterr().err
        assert "own_norm must be one that can be exported" in said
        assert "received LayerNormalization" in said
    (run.path / "graph-refused.json").write_text("{")
    with pytest.raises(InputError, match="own_norm must be one that can be exported"):
        condvae.explore(run.path)


@pytest.mark.slow
def test_it_is_resumed_to_the_same_history(small, run, tmp_path, signal_at):
    with signal_at(3):
        cut = quick(small, tmp_path / "cut", networks={"decoder": own_decoder()})
    assert cut.record.status == "interrupted"
    again = shutil.copytree(cut.path, tmp_path / "again")
    resumed = quick(small, cut.path, resume=True, networks={"decoder": own_decoder()})
    assert rows(resumed) == rows(run)
    assert rows(quick(small, again, resume=True)) == rows(run)  # by the record's configuration


class Unregistered(keras.layers.Layer):
    """A layer that Keras could not find again."""

    def call(self, x):
        return x


def test_networks_that_keras_can_write_come_back_by_themselves(small, run, tmp_path):
    expected = run.load_model({"decoder": own_decoder()}).generate("bee", 5, seed=1)
    np.testing.assert_array_equal(condvae.load(run.path).generate("bee", 5, seed=1), expected)
    plain = own_decoder()
    outputs = Unregistered(name="own_last")(plain.output)
    decoder = keras.Model(plain.input, outputs, name="own_decoder")
    lost = quick(small, tmp_path / "lost", epochs=1, networks={"decoder": decoder})
    with pytest.raises(InputError, match="its own networks, decoder"):
        condvae.load(lost.path)
    other = quick(small, tmp_path / "other", epochs=1)
    with pytest.raises(InputError, match="its own networks, none"):
        condvae.load(other.path, networks={"decoder": own_decoder()})


@pytest.mark.parametrize(
    ("networks", "part"),
    [
        ({"decoder": own_decoder(latent_dim=5)}, "(N, 5)"),
        ({"decoder": own_decoder(pixels=(3, 4, 1))}, "(N, 4, 3, 1)"),
        ({"decodr": own_decoder()}, "Did you mean 'decoder'?"),
        ({"prior": own_decoder()}, "'prior'"),
    ],
)
def test_networks_that_do_not_fit_are_refused_in_words(small, tmp_path, networks, part):
    with pytest.raises(InputError) as caught:
        quick(small, tmp_path / "run", networks=networks)
    assert part in str(caught.value)
    assert not (tmp_path / "run").exists()
