"""Images that training changes at random."""

import numpy as np
import pytest

import condvae
from condvae import Dataset
from condvae.checks import InputError
from condvae.spec import Spec
from condvae.training.augment import augmented
from condvae.training.fit import make_feeds
from condvae.training.fused import can_fuse

X = np.random.default_rng(0).integers(0, 256, (200, 16, 24, 3)).astype("uint8")


def test_flips_turn_about_half_from_left_to_right():
    changed = augmented(X, np.random.default_rng(1), ["flips"])
    turned = (changed == X[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (changed == X).all(axis=(1, 2, 3))
    assert (turned ^ kept).all()
    assert 70 < turned.sum() < 130


def test_crops_move_images_and_mirror_the_edge():
    changed = augmented(X, np.random.default_rng(1), ["crops"])
    moved = set()
    for image, original in zip(changed, X, strict=True):
        padded = np.pad(original, [(2, 2), (3, 3), (0, 0)], mode="symmetric")
        places = [
            (i, j)
            for i in range(5)
            for j in range(7)
            if np.array_equal(padded[i : i + 16, j : j + 24], image)
        ]
        assert places
        moved.update(places)
    assert len(moved) == 35


def test_a_resumed_epoch_draws_the_changes_that_it_would_have_drawn():
    spec = Spec().override(augment=("flips", "crops"), batch_size=20)
    feed, validation = make_feeds(Dataset.from_arrays(X, np.arange(len(X)) % 2), spec)
    feed.start_epoch(3)
    rest = feed.from_step(2)
    rest.start_epoch(3)
    np.testing.assert_array_equal(rest[1][0]["x"], feed[3][0]["x"])
    assert not np.array_equal(feed[3][0]["x"], feed.x[feed.rows(3)])
    np.testing.assert_array_equal(validation[0][0]["x"], validation.x)
    assert not can_fuse(feed)


def test_augment_needs_images_under_a_label(tmp_path):
    columns = {"a": np.arange(50.0), "b": np.arange(50) % 2}
    with pytest.raises(InputError, match="augment requires images"):
        condvae.train(Dataset.from_columns(columns), run=tmp_path / "run", augment=("flips",))
