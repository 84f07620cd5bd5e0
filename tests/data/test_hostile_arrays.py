"""The readers of .npy, .mat and HDF5 files under attack; see `hostile.py`."""

import h5py
import numpy as np
import pytest
from hostile import X, Y, outcome
from mutation import mutants, overwrite
from scipy.io import loadmat, savemat

pytestmark = pytest.mark.usefixtures("in_bounds")
MUTANTS = 400


def write_mat(path, packed):
    savemat(path, {"x": X, "y": Y[:, None]}, do_compression=packed)


def write_hdf5(path, packed):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=X, **({"compression": "gzip"} if packed else {}))
        file.create_dataset("y", data=Y)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("suffix", "write"), [(".mat", write_mat), (".h5", write_hdf5)])
def test_damaged_files_are_refused_or_read(tmp_path, suffix, write, packed):
    path = tmp_path / f"a{suffix}"
    write(path, packed)
    accepted = 0
    for content in mutants(path.read_bytes(), MUTANTS, seed=packed):
        overwrite(path, content)
        data = outcome(path)
        accepted += data is not None
        if data is not None and suffix == ".mat" and packed:
            # a sum stands behind the numbers, so that they are as SciPy reads them
            x = loadmat(path)["x"]
            np.testing.assert_array_equal(data.x.reshape(x.shape), x)
    assert 0 < accepted < MUTANTS


def test_damaged_npy_files_are_refused_or_read(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X)
    np.save(tmp_path / "y.npy", Y)
    accepted = 0
    for content in mutants(path.read_bytes(), MUTANTS, seed=0):
        overwrite(path, content)
        if (data := outcome(path)) is not None:
            accepted += 1
            x = np.load(path)
            np.testing.assert_array_equal(data.x.reshape(x.shape), x)
    assert 0 < accepted < MUTANTS
