"""Training with a perceptual loss: its features, its column, and resuming."""

import numpy as np
import pytest
from short_run import quick, rows

import condvae
from condvae.checks import InputError
from condvae.data import Dataset

SETTINGS = {
    "preset": "photo",
    "epochs": 2,
    "batch_size": 40,
    "latent_dim": 4,
    "hidden_dims": (8,),
    "perceptual": 1.0,
}


@pytest.fixture(scope="module")
def colours():
    """150 colour images of 8 × 8 pixels in two classes: stripes across, or down."""
    rng = np.random.default_rng(0)
    y = np.arange(150) % 2
    lines = np.where(np.arange(8) % 2, 220, 40)
    striped = np.stack([np.tile(lines, (8, 1)), np.tile(lines, (8, 1)).T])[y]
    x = np.clip(striped[..., None] + rng.normal(0, 20, (150, 8, 8, 3)), 0, 255).astype("uint8")
    return Dataset.from_arrays(x, np.array(["across", "down"])[y], name="stripes")


@pytest.fixture(scope="module")
def whole(colours, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("condvae.training.features.LEAST_STEPS", 20)
        return quick(colours, tmp_path_factory.mktemp("whole") / "run", **SETTINGS)


def test_the_history_has_its_column_and_the_bound_does_not_count_it(whole, colours):
    history = whole.history
    parts = [history[f"val_{name}"] for name in ("reconstruction_loss", "kl_loss")]
    added = np.subtract(history["val_loss"], np.sum(parts, axis=0))
    np.testing.assert_allclose(added, history["val_perceptual_loss"], rtol=1e-2, atol=0.05)
    assert min(history["perceptual_loss"]) > 0
    best = int(np.argmin(history["val_loss"]))
    assert whole.record.figures.val_elbo == -(parts[0][best] + parts[1][best])
    opened = condvae.load(whole.path)
    assert opened.generate("down", 2).shape == (2, 8, 8, 3)
    tensors = whole.stored_weights().shapes
    assert tensors["features/level_0/kernel"] == (3, 3, 3, 24)


def test_an_interrupted_run_ends_as_if_it_had_not_been(
    whole, colours, tmp_path, signal_at, monkeypatch
):
    monkeypatch.setattr("condvae.training.features.LEAST_STEPS", 20)
    with signal_at(5):
        run = quick(colours, tmp_path / "run", **SETTINGS)
    assert run.record.status == "interrupted"
    # the features come from the checkpoint
    monkeypatch.delattr("condvae.training.beginning.learn_features")
    run = quick(colours, run.path, resume=True, epochs=SETTINGS["epochs"])
    assert rows(run) == rows(whole)
    weights = "weights.safetensors"
    assert (run.path / weights).read_bytes() == (whole.path / weights).read_bytes()


def test_it_needs_images_of_several_classes(tmp_path):
    x = np.zeros((60, 8, 8, 3), "uint8")
    one = Dataset.from_arrays(x, np.zeros(60, int))
    with pytest.raises(InputError, match="two classes or more"):
        quick(one, tmp_path / "run", **SETTINGS)
    assert not (tmp_path / "run").exists()
