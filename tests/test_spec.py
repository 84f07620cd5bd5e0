import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae import Dataset
from condvae.checks import InputError
from condvae.spec import Spec, setting_names
from condvae.spec.presets import PRESETS, batch_for, default_preset, epochs_for, preset
from condvae.training.settings import explain_epochs, kind_of


@pytest.mark.parametrize("name", PRESETS)
def test_presets_make_the_round_trip_through_json(name):
    assert Spec.parse(preset(name).model_dump_json()) == preset(name)


@given(epochs=st.integers(1, 999), beta=st.floats(0, 9), hidden=st.lists(st.integers(1, 99)))
def test_overrides_make_the_round_trip_through_json(epochs, beta, hidden):
    spec = Spec().override(epochs=epochs, beta=beta, hidden_dims=hidden)
    assert (spec.training.epochs, spec.objective.beta) == (epochs, beta)
    assert spec.model.hidden_dims == tuple(hidden)
    assert Spec.parse(spec.model_dump_json()) == spec


def test_a_settings_name_stands_in_one_section_only():
    assert len(setting_names()) == len(set(setting_names()))


def test_the_notebooks_recipe():
    spec = preset("notebook")
    assert spec.data.validation == "test"
    assert (spec.model.latent_dim, spec.model.hidden_dims) == (2, (512,))
    assert (spec.model.activation, spec.model.activity_regularizer) == ("relu", "l2")
    training = spec.training
    assert (training.epochs, training.batch_size, training.patience) == (100, 250, 5)
    assert (training.learning_rate, training.schedule) == (5e-4, "constant")


def test_few_images_get_the_small_preset():
    assert (default_preset(1797), default_preset(60_000)) == ("small", "plane")


@pytest.mark.parametrize(
    ("mistake", "parts"),
    [
        (lambda: Spec().override(epoch=3), ("epoch", "Did you mean 'epochs'?")),
        (lambda: Spec().override(epochs=0), ("training.epochs", "0", "greater than 0")),
        (lambda: Spec().override(epochs="ten"), ("training.epochs", "'ten'")),
        (lambda: Spec().override(beta=float("nan")), ("objective.beta", "nan")),
        (lambda: Spec().override(validation="tset"), ("data.validation", "'tset'", "'test'")),
        (lambda: Spec.parse("{"), ("JSON",)),
        (lambda: Spec.parse('{"modle": {}}'), ("model", "'modle'")),
        (lambda: Spec.parse('{"model": {"latent_dims": 3}}'), ("Did you mean 'latent_dim'?",)),
        (lambda: preset("planes"), ("Did you mean 'plane'?",)),
    ],
)
def test_a_mistake_is_one_sentence(mistake, parts):
    with pytest.raises(InputError) as caught:
        mistake()
    for part in parts:
        assert part in str(caught.value)


def test_epochs_of_many_rows_are_as_many_steps_as_of_fewer():
    rows = (100, 26_000, 1_000_000, 10**9)
    assert [epochs_for("table", count) for count in rows] == [100, 100, 10, 1]
    assert {epochs_for("small-table", count) for count in rows} == {200}


@pytest.mark.parametrize("name", PRESETS)
def test_fewer_epochs_than_the_preset_has_are_explained(name):
    """Presets that leave the epochs to the defaults have some, too."""
    assert explain_epochs(preset(name), name, 1_000) is None
    fewer = preset("table").override(epochs=1)
    assert "not 100: the rows are many" in str(explain_epochs(fewer, "table", 10_000_000))


@pytest.mark.parametrize(
    ("shape", "levels", "chosen"),
    [
        ((8, 8, 3), 256, "photo"),
        ((32, 40, 1), 256, "photo"),
        ((28, 28, 1), 256, "small"),
        ((40, 40, 1), 5, "small"),
    ],
)
def test_photographs_get_a_preset_of_their_own(shape, levels, chosen):
    x = np.random.default_rng(0).integers(0, levels, (40, *shape)).astype("uint8")
    x[0, 0, 0] = 255
    assert kind_of(Dataset.from_arrays(x, np.arange(40) % 2), None, None, {}) == chosen


def test_batches_of_large_images_are_smaller():
    assert batch_for("photo", 32 * 32 * 3) == preset("photo").training.batch_size
    assert batch_for("photo", 128 * 128 * 3) == 42
    assert batch_for("photo", 1024 * 1024 * 3) == 16


def test_another_architecture_has_sizes_of_its_own():
    photo = preset("photo")
    changed = photo.override(architecture="convolutional").model
    assert (changed.hidden_dims, changed.decoder_start) == ((32, 64, 128), "glorot")
    assert photo.override(architecture="convolutional", hidden_dims=(8,)).model.hidden_dims == (8,)
    back = preset("segmentation").override(architecture="mlp", likelihood="categorical").model
    assert back.hidden_dims == (512,)
    # of fully connected networks sizes mean the same
    assert preset("wide").override(architecture="residual").model.hidden_dims == (512, 512)
