"""Surprises for users of Keras, one by one."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

from condvae import CVAE
from condvae.checks import InputError, UnseenConditionWarning
from condvae.cli.words import as_options, warnings_in_a_line
from condvae.data import Dataset

BACKEND = "import os, sys; print(os.environ.get('KERAS_BACKEND'), 'jax' in sys.modules)"


def python(code, home, **variables):
    """A process without a choice of a backend, whose Keras is a dummy that runs on Torch."""
    package = home / "dummy" / "keras"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(
        "class backend:\n    backend = staticmethod(lambda: 'torch')\n"
    )
    environment = {**os.environ, "KERAS_HOME": str(home), **variables}
    if "KERAS_BACKEND" not in variables:
        del environment["KERAS_BACKEND"]
    path = [str(home / "dummy"), *sys.path]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    ("config", "variables", "chosen"),
    [
        (None, {}, "jax"),
        ('{"backend": "tensorflow"}', {}, "jax"),  # which Keras writes by itself
        ('{"backend": "torch"}', {}, "None"),  # Keras reads it
        ("damaged", {}, "jax"),
        ("[]", {}, "jax"),
        (None, {"KERAS_BACKEND": "torch"}, "torch"),
    ],
)
def test_jax_is_chosen_where_nobody_has(tmp_path, config, variables, chosen):
    if config is not None:
        (tmp_path / "keras.json").write_text(config)
    ended = python(f"import condvae; {BACKEND}", tmp_path, **variables)
    assert (ended.stdout.split(), ended.stderr) == ([chosen, "False"], "")


def test_a_backend_that_is_in_use_already_is_said_once(tmp_path):
    ended = python(f"import keras, condvae, condvae.checks; {BACKEND}", tmp_path)
    assert ended.stdout.split()[0] == "None"
    assert ended.stderr.count("runs on torch") == 1
    # who has chosen it knows
    assert not python("import keras, condvae", tmp_path, KERAS_BACKEND="torch").stderr


def test_arguments_are_options_on_the_command_line():
    for said, told in {
        "`start_from` must": "--start-from must",
        "with `resume=True`.": "with --resume.",
        "`epochs` must be 3": "--epochs must be 3",
        "Leave `rules` out": "Leave --rule out",
        "`network='deterministic'`": "--network deterministic",
        "`condvae train DATA` makes one": "`condvae train DATA` makes one",
        "Leave `fused` out": "Leave `fused` out",  # of Python alone
        "Leave `source` out": "Leave `source` out",
    }.items():
        assert as_options(said) == told


@pytest.fixture
def parts():
    """An encoder of 4 x 4 pixels in two classes, and a function that makes a decoder."""

    def decoder(activation):
        z, y = keras.Input((2,), name="z"), keras.Input((2,), name="y")
        x = keras.layers.Concatenate()([z, y])
        x = keras.layers.Dense(16, activation=activation)(x)
        return keras.Model({"z": z, "y": y}, keras.layers.Reshape((4, 4, 1))(x))

    x, y = keras.Input((4, 4, 1), name="x"), keras.Input((2,), name="y")
    hidden = keras.layers.Concatenate()([keras.layers.Flatten()(x), y])
    outputs = {name: keras.layers.Dense(2)(hidden) for name in ("mean", "logvar")}
    return keras.Model({"x": x, "y": y}, outputs), decoder


def test_a_loss_of_ones_own_is_refused(parts):
    encoder, decoder = parts
    model = CVAE(encoder, decoder(None))
    with pytest.raises(InputError, match=r"compiled without a loss.*loss='mse'"):
        model.compile("adam", loss="mse")
    assert not model.compiled
    model.compile("adam")
    assert model.compiled


@pytest.mark.parametrize("activation", ["sigmoid", None, "relu"])
def test_a_decoder_that_gives_probabilities_is_named(parts, caplog, activation):
    encoder, decoder = parts
    CVAE(encoder, decoder(activation))
    said = [text for text in caplog.messages if "ends in a sigmoid" in text]
    assert len(said) == (activation == "sigmoid")


def test_export_of_the_whole_says_what_can_be_exported(parts, tmp_path):
    encoder, decoder = parts
    model = CVAE(encoder, decoder(None))
    model({"x": np.zeros((1, 4, 4), "uint8"), "y": np.zeros(1, "int32")})
    with pytest.raises(InputError, match=r"exported in parts.*condvae export RUN"):
        model.export(tmp_path / "model")


def test_numbers_as_y_are_told_where_they_belong():
    x, y = np.zeros((4, 3, 3), "uint8"), np.array([0.5, 1.5, 2.0, 3.0])
    with pytest.raises(InputError, match=r"Dataset\.from_columns\({'name': y}, x\)"):
        Dataset.from_arrays(x, y)
    dataset = Dataset.from_columns({"name": np.linspace(0, 1, 40)}, np.zeros((40, 3, 3), "uint8"))
    assert dataset.condition.by_name is not None


def test_the_command_line_prints_unseen_conditions_in_a_line(capsys):
    with warnings_in_a_line():
        for _ in range(2):
            warnings.warn("'h': 7 lies outside", UnseenConditionWarning, stacklevel=1)
        with pytest.raises(DeprecationWarning):  # as everywhere in the tests
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err == "'h': 7 lies outside\n" * 2
