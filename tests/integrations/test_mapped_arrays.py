"""Arrays of zarr and dask that stay where they are train as the same array in memory."""

import dask.array
import numpy as np
import pytest
import zarr

import condvae
from condvae.data import Dataset
from condvae.data.mapped import is_mapped

pytestmark = pytest.mark.integration
rng = np.random.default_rng(0)
Y = rng.integers(0, 3, 300)
X = np.clip(80 * Y[:, None, None] + rng.normal(0, 20, (300, 6, 5)) + 30, 0, 255).astype("uint8")


def of_zarr(folder):
    array = zarr.create_array(folder / "x.zarr", shape=X.shape, chunks=(32, 6, 5), dtype=X.dtype)
    array[:] = X
    return zarr.open_array(folder / "x.zarr", mode="r")


def of_dask(folder):
    return dask.array.from_array(X, chunks=(32, 6, 5))


@pytest.mark.parametrize("make", [of_zarr, of_dask])
def test_an_array_of_chunks_trains_as_one_in_memory(tmp_path, make):
    stored = Dataset.from_arrays(make(tmp_path), Y)
    whole = Dataset.from_arrays(X, Y)
    assert is_mapped(stored.x)
    assert stored.fingerprint == whole.fingerprint
    np.testing.assert_array_equal(np.asarray(stored.test.x), whole.test.x)
    settings = {"epochs": 2, "hidden_dims": (8,), "order": "windows", "progress": False}
    runs = [
        condvae.train(data, run=tmp_path / name, preset="plane", **settings)
        for data, name in ((stored, "stored"), (whole, "whole"))
    ]
    assert runs[0].weights_path.read_bytes() == runs[1].weights_path.read_bytes()
