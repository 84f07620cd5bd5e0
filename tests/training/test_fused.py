"""Many steps in one call: the same training, but for the rounding of another program."""

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.runs.checkpoint import newest_checkpoint
from condvae.training import fused, pace
from condvae.training.feed import Feed
from condvae.training.fused import Blocks

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="fusing is JAX's")

# 146 training images: three whole batches, of which a block holds two, and a short one
SETTINGS = {"batch_size": 40, "pixels": "dynamic", "epochs": 3}


@pytest.mark.parametrize(
    ("block_steps", "settings"),
    [
        (2, {"ema": 0.9, "schedule": "cosine", "beta_warmup": 0.5}),
        (256, {"batch_size": 1000}),
        pytest.param(256, {"prior": "flow", "batch_size": 60}, marks=pytest.mark.slow),
        pytest.param(2, {"labelled": 12, "labelled_batch": 9}, marks=pytest.mark.slow),
    ],
    ids=["averaged", "one short batch", "flow", "few labels"],
)
def test_the_history_is_that_of_single_steps(small, tmp_path, monkeypatch, settings, block_steps):
    monkeypatch.setattr(fused, "BLOCK_STEPS", block_steps)
    together = quick(small, tmp_path / "fused", fused=True, **{**SETTINGS, **settings})
    alone = quick(small, tmp_path / "alone", fused=False, **{**SETTINGS, **settings})
    for name, column in rows(alone).items():
        np.testing.assert_allclose(rows(together)[name], column, rtol=2e-5, err_msg=name)
    x, y = small.test.x, small.test.y
    for mine, other in zip(together.model.encode(x, y), alone.model.encode(x, y), strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-4)


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """The run in blocks of two steps that was never interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "BLOCK_STEPS", 2)
        return quick(small, tmp_path_factory.mktemp("fused") / "whole", fused=True, **SETTINGS)


@pytest.mark.parametrize("at", [5, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 4))])
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    small, whole, tmp_path, monkeypatch, signal_at, at
):
    """To the last bit, wherever in a block the signal fell."""
    monkeypatch.setattr(fused, "BLOCK_STEPS", 2)
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    with monkeypatch.context() as patch, signal_at(at):
        patch.setattr(pace, "LONG", 0.0)  # all steps are long ones, and a call each
        broken = quick(small, tmp_path / "run", fused=True, **SETTINGS)
    assert broken.record.status == "interrupted"
    place = newest_checkpoint(broken.checkpoints_path).state
    assert (place.epoch, place.step) == ((at - 1) // 4, (at - 1) % 4 + 1)
    resumed = quick(small, broken.path, fused=True, resume=True, epochs=3)
    assert rows(resumed) == rows(whole)
    weights = [(run.path / "weights.safetensors").read_bytes() for run in (resumed, whole)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(("rows", "first_step"), [(200, 0), (207, 0), (207, 3), (207, 20), (9, 0)])
def test_blocks_hold_every_row_once_in_the_feeds_order(monkeypatch, rows, first_step):
    monkeypatch.setattr(fused, "BLOCK_STEPS", 6)
    feed = Feed(np.arange(rows), np.zeros(rows), 10, seed=3, first_step=first_step)
    blocks = Blocks(feed)
    served = [blocks[index][0]["rows"] for index in range(len(blocks))]
    assert len({block.shape for block in served if block.shape[1] == 10}) <= 1  # one program
    flat = np.concatenate([block[block[:, 0] >= 0].ravel() for block in served])
    np.testing.assert_array_equal(flat, feed.order[10 * first_step :])


def test_conditions_drawn_on_the_host_cannot_be_fused(small, tmp_path):
    with pytest.raises(InputError, match="Omit `fused`"):
        quick(small, tmp_path / "run", preset="structured", hidden_dims=(8,), fused=True)
    assert not list(tmp_path.iterdir())
