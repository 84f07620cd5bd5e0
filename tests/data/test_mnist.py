"""The real MNIST, where `CONDVAE_DATA` says it lies."""

import os
from pathlib import Path

import numpy as np
import pytest

from condvae.data import load_data
from condvae.data.readers import read

FOLDER = Path(os.environ.get("CONDVAE_DATA", "absent")) / "mnist"

pytestmark = pytest.mark.usefixtures("mnist")


def test_images_and_labels(mnist):
    assert mnist.x.shape == (70_000, 28, 28, 1)
    assert mnist.x.dtype == np.uint8
    assert mnist.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.label_names == tuple("0123456789")
    counts = np.bincount(mnist.y[:60_000]).tolist()
    assert counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_splits(mnist):
    sizes = [len(split.y) for split in (mnist.train, mnist.validation, mnist.test)]
    assert sizes == [54_000, 6_000, 10_000]
    assert mnist.test.rows[0] == 60_000
    assert (mnist.validation.rows < 60_000).all()
    whole = load_data("mnist", validation="test")
    assert [len(whole.train.y), len(whole.validation.y)] == [60_000, 10_000]


def test_folder_of_the_files_is_the_same_data(mnist):
    assert read(FOLDER).fingerprint == mnist.fingerprint
