"""Arrays in .npy, .mat and HDF5 files, as people have them."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from condvae.checks import InputError
from condvae.data import load_data

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (30, 5, 6), dtype="uint8")
RGB = RNG.integers(0, 256, (30, 5, 6, 3), dtype="uint8")
Y = np.arange(30) % 3


def save(folder, **arrays):
    folder.mkdir(exist_ok=True)
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    return folder


def assert_is(data, x=X, y=Y):
    np.testing.assert_array_equal(data.x.reshape(x.shape), x)
    assert data.y.tolist() == y.tolist()


@pytest.mark.parametrize(
    "names", [("x", "y"), ("X", "Y"), ("images", "labels"), ("x", "labels"), ("X_train", "y_train")]
)
def test_a_folder_of_npy_files(tmp_path, names):
    data = load_data(save(tmp_path / "made", **dict(zip(names, (X, Y), strict=True))))
    assert_is(data)
    assert data.name == str(tmp_path / "made")


def test_npy_files_of_splits(tmp_path):
    parts = {"X_train": X[:20], "X_valid": X[20:25], "X_test": X[25:]}
    labels = {"y_train": Y[:20], "y_valid": Y[20:25], "y_test": Y[25:]}
    data = load_data(save(tmp_path / "made", **parts, **labels))
    assert_is(data)
    assert [len(part.x) for part in (data.train, data.validation, data.test)] == [20, 5, 5]
    (tmp_path / "made" / "y_test.npy").unlink()
    with pytest.raises(InputError, match="both X_test and y_test, or neither; received X_test al"):
        load_data(tmp_path / "made")


def test_arrays_of_further_names_are_conditions(tmp_path):
    data = load_data(save(tmp_path / "made", x=X, digit=Y, slant=RNG.normal(size=30)))
    assert data.condition.names == ("digit", "slant")
    data = load_data(tmp_path / "made", conditions=("slant",))
    assert data.condition.names == ("slant",)


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("x", "y"),
        ("x", "labels"),
        ("X_train", "y_train"),
        ("images-train", "labels-train"),
        ("faces", "faces_labels"),
        ("faces", "y"),
    ],
)
def test_labels_beside_an_npy_file(tmp_path, name, beside, caplog):
    save(tmp_path, **{name: X, beside: Y, "zz": Y})
    (tmp_path / "made.npy").mkdir()
    assert_is(load_data(tmp_path / f"{name}.npy"))
    assert f"its labels are {beside}.npy" in caplog.text


def test_conditions_beside_an_npy_file(tmp_path):
    save(tmp_path, faces=X, age=np.arange(30) / 7)
    data = load_data(tmp_path / "faces.npy", conditions=("age",))
    assert data.condition.names == ("age",)


def test_images_without_labels_are_of_one_class(tmp_path, caplog):
    data = load_data(save(tmp_path, faces=X) / "faces.npy")
    assert data.label_names == ("image",)
    np.testing.assert_array_equal(data.x[..., 0], X)
    assert "30 images without labels" in caplog.text


def test_unfit_npy_files_are_refused(tmp_path):
    save(tmp_path, x=X, y=np.array([{}] * 30, dtype=object))
    with pytest.raises(InputError, match="pickled Python objects"):
        load_data(tmp_path / "x.npy")
    whole = (tmp_path / "x.npy").read_bytes()
    for content in (whole[:-9], whole[:50], b"", whole.replace(b"(30, 5, 6)", b"(30, 5, 9)")):
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(InputError, match="must be whole"):
            load_data(tmp_path / "x.npy")
    with pytest.raises(InputError, match="received ages, faces"):
        load_data(save(tmp_path / "odd", faces=X, ages=Y))


def test_arrays_beside_class_folders_are_passed_over(tmp_path):
    from PIL import Image

    for label in ("ant", "bee"):
        (tmp_path / label).mkdir()
        for number in range(4):
            Image.fromarray(X[number]).save(tmp_path / label / f"{number}.png")
    save(tmp_path, features=Y)
    np.savez(tmp_path / "train.npz", x=X, y=Y)
    assert load_data(tmp_path).label_names == ("ant", "bee")


# MATLAB


def test_svhn(tmp_path):
    savemat(tmp_path / "a.mat", {"X": np.moveaxis(RGB, 0, -1), "y": np.where(Y, Y, 10)[:, None]})
    data = load_data(tmp_path / "a.mat")
    assert_is(data, RGB, np.where(Y, Y, 10))
    assert data.label_names == ("1", "2", "10")


def test_svhn_of_two_files(tmp_path, caplog):
    for split, rows in (("train", slice(20)), ("test", slice(20, 30)), ("extra", slice(9))):
        arrays = {"X": np.moveaxis(RGB[rows], 0, -1), "y": Y[rows, None]}
        savemat(tmp_path / f"{split}_32x32.mat", arrays, do_compression=True)
    data = load_data(tmp_path)
    assert_is(data, RGB)
    assert data.test.rows.tolist() == [*range(20, 30)]
    assert "extra_32x32.mat belongs to no split: skipped" in caplog.text


def test_frey_faces(tmp_path, caplog):
    faces = RNG.integers(0, 256, (1965, 28, 20), dtype="uint8")
    savemat(tmp_path / "frey_rawface.mat", {"ff": faces.reshape(1965, 560).T})
    data = load_data(tmp_path / "frey_rawface.mat")
    np.testing.assert_array_equal(data.x[..., 0], faces)
    assert "rows of 560 numbers are images of 28 × 20" in caplog.text


def test_other_arrays_of_matlab(tmp_path):
    digits = RNG.integers(0, 256, (30, 8, 8), dtype="uint8")
    for arrays in (
        {"data": digits.reshape(30, 64).T, "label": Y[None, :].astype(float)},
        {"data": digits.reshape(30, 64), "label": Y[:, None]},
        {"images": np.moveaxis(digits, 0, -1), "labels": Y[:, None]},
        {"x": digits, "y": Y[:, None], "names": "text", "cells": np.array([1, "a"], object)},
    ):
        savemat(tmp_path / "a.mat", arrays)
        assert_is(load_data(tmp_path / "a.mat"), digits)


def test_conditions_of_matlab(tmp_path):
    arrays = {"x": np.moveaxis(X, 0, -1), "age": np.arange(30)[None, :] / 7, "scale": 3.0}
    savemat(tmp_path / "a.mat", arrays)
    data = load_data(tmp_path / "a.mat")
    assert data.condition.names == ("age",)
    np.testing.assert_array_equal(data.x[..., 0], X)
    np.testing.assert_allclose(data.raw["age"], np.arange(30) / 7)


def test_damaged_mat_files_are_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"x": X, "y": Y}, do_compression=True)
    whole = (tmp_path / "a.mat").read_bytes()
    for content in (whole[:-9], whole[:200], b"", b"no file of MATLAB"):
        (tmp_path / "a.mat").write_bytes(content)
        with pytest.raises(InputError):
            load_data(tmp_path / "a.mat")
    savemat(tmp_path / "a.mat", {"x": np.array([{}] * 3, object), "text": "a"})
    with pytest.raises(InputError, match="must hold the arrays x and y"):
        load_data(tmp_path / "a.mat")


@pytest.mark.usefixtures("in_bounds")
def test_a_mat_file_that_unpacks_to_too_much_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.zeros((1200, 200, 300), "uint8")}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < 2**18
    with pytest.raises(InputError, match="half of this machine's memory"):
        load_data(tmp_path / "a.mat")


# HDF5


def stored(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            packed = {"compression": "gzip"} if np.ndim(values) > 1 else {}
            file.create_dataset(name, data=values, **packed)
    return path


@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels"), ("train/x", "train/y")])
def test_hdf5(tmp_path, names):
    path = stored(tmp_path / "a.h5", **dict(zip(names, (X, Y), strict=True)))
    assert_is(load_data(path))


def test_hdf5_of_splits(tmp_path):
    path = stored(tmp_path / "a.hdf5", X_train=X[:20], y_train=Y[:20], X_test=X[20:], y_test=Y[20:])
    assert_is(load_data(path))
    assert load_data(path).test.rows.tolist() == [*range(20, 30)]
    folder = tmp_path / "cats"
    folder.mkdir()
    stored(folder / "train_catvnoncat.h5", train_set_x=X[:20], train_set_y=Y[:20])
    assert_is(load_data(folder / "train_catvnoncat.h5"), X[:20], Y[:20])
    stored(folder / "test_catvnoncat.h5", test_set_x=X[20:], test_set_y=Y[20:])
    assert_is(load_data(folder))


def test_texts_of_hdf5(tmp_path):
    names = np.array(["ant", "bee", "cat"])[Y]
    assert_is(load_data(stored(tmp_path / "a.h5", x=X, y=names.astype("S"))), X, names)
    with pytest.raises(InputError, match=r"y.astype\('S'\)"):
        load_data(stored(tmp_path / "a.h5", x=X, y=names.tolist()))


def test_matlab_7_3(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file.create_dataset("X", data=np.moveaxis(RGB, 0, -1).T)
        file.create_dataset("y", data=Y[:, None].T.astype(float))
        file.create_dataset("name", data=np.array([[100, 101]], "uint16"))
        file["name"].attrs["MATLAB_class"] = np.bytes_("char")
    assert_is(load_data(tmp_path / "a.mat"), RGB)


def test_hdf5_that_reaches_out_of_the_file_is_refused(tmp_path):
    other = stored(tmp_path / "other.h5", x=X, y=Y)
    path = stored(tmp_path / "a.h5", y=Y)
    with h5py.File(path, "a") as file:
        file["x"] = h5py.ExternalLink(str(other), "x")
    with pytest.raises(InputError):
        load_data(path)
    (tmp_path / "raw").write_bytes(X.tobytes())
    path = stored(tmp_path / "a.h5", y=Y)
    with h5py.File(path, "a") as file:
        file.create_dataset("x", X.shape, "u1", external=[(str(tmp_path / "raw"), 0, X.nbytes)])
    with pytest.raises(InputError, match="in the file itself"):
        load_data(path)
    path = stored(tmp_path / "a.h5", y=Y)
    with h5py.File(path, "a") as file:
        layout = h5py.VirtualLayout(X.shape, "u1")
        layout[:] = h5py.VirtualSource(str(other), "x", X.shape)
        file.create_virtual_dataset("x", layout)
    with pytest.raises(InputError, match="in the file itself"):
        load_data(path)


@pytest.mark.usefixtures("in_bounds")
def test_hdf5_that_announces_too_much_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10**6, 1000, 1000), "u1", chunks=(1, 100, 100))
        file.create_dataset("y", data=Y)
    with pytest.raises(InputError, match="one label for each of the 1,000,000 images"):
        load_data(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (3, 4, 4), "u1", chunks=(999, 999, 999), maxshape=(None,) * 3)
        file.create_dataset("y", data=Y[:3])
    with pytest.raises(InputError, match="a chunk of"):
        load_data(tmp_path / "a.h5")


def test_damaged_hdf5_is_refused(tmp_path):
    path = stored(tmp_path / "a.h5", x=X, y=Y)
    whole = path.read_bytes()
    for content in (whole[:-99], whole[:900], b"", b"no HDF5"):
        path.write_bytes(content)
        with pytest.raises(InputError):
            load_data(path)
