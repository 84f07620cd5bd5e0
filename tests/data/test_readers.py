import gzip
import io
import struct

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data.readers import read
from condvae.spec import DataSpec

X = np.random.default_rng(0).integers(0, 256, (12, 4, 5)).astype(np.uint8)
Y = np.tile(np.array([3, 5, 8], np.uint8), 4)


def idx_bytes(array):
    return struct.pack(f">I{array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


def write_pair(folder, images_name, labels_name, x=X, y=Y):
    for name, array in [(images_name, x), (labels_name, y)]:
        content = idx_bytes(array)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder / images_name


def refusal(path):
    with pytest.raises(InputError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("x", [X, np.stack([X] * 3, axis=-1), X / np.float32(255)])
@pytest.mark.parametrize("y", [Y, Y.astype(str), np.array(["crème", "b", "c"] * 4)])
def test_npz_round_trip(tmp_path, save, x, y):
    path = tmp_path / "set.npz"
    save(path, x=x, y=y)
    data = read(path, DataSpec(validation=0.25))
    assert np.array_equal(data.x.reshape(x.shape), x)
    assert [data.label_names[code] for code in data.given] == y.astype(str).tolist()
    assert data.name == str(path)
    assert data.test_rows is None
    assert data.spec.validation == 0.25


def test_npz_with_a_test_set(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=X, y_train=Y, x_test=X[:3], y_test=Y[:3])
    data = read(path)
    assert np.array_equal(data.test.x[..., 0], X[:3])
    assert len(data.train.y) + len(data.validation.y) == 12


def test_pickled_npz_is_refused(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=X, y=np.array(["a", None] * 6, object), allow_pickle=True)
    error = refusal(path)
    assert "'y'" in error.expected
    assert "never unpickled" in error.received
    assert "astype(str)" in error.remedy


def test_npz_without_the_arrays_is_refused(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, pictures=X, classes=Y)
    error = refusal(path)
    assert "x and y" in error.expected
    assert error.received == "pictures, classes"


def npz_bytes():
    buffer = io.BytesIO()
    np.savez(buffer, x=X, y=Y)
    return buffer.getvalue()


def npz_that_announces_more():
    """An x.npy whose header promises far more rows than follow."""
    return npz_bytes().replace(b"(12, 4, 5)", b"(99, 4, 5)")


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "no zip archive"),
        (b"not a zip at all", "no zip archive"),
        (npz_bytes()[:-40], "no zip archive"),
        (npz_bytes().replace(X[5].tobytes(), bytes(20)), "damaged"),
        (npz_that_announces_more(), "damaged"),
    ],
)
def test_damaged_npz_is_refused(tmp_path, content, received):
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    error = refusal(path)
    assert str(path) in error.expected
    assert received in error.received


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"),
        ("my-images.idx3-ubyte.gz", "my-labels.idx1-ubyte"),
        ("set.idx3-ubyte", "set.idx1-ubyte"),
    ],
)
def test_idx_pair_round_trip(tmp_path, images, labels):
    data = read(write_pair(tmp_path, images, labels))
    assert np.array_equal(data.x[..., 0], X)
    assert data.label_names == ("3", "5", "8")
    assert data.given.tolist() == [0, 1, 2] * 4


def test_idx_folder_has_its_own_test_set(tmp_path):
    write_pair(tmp_path, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    assert read(tmp_path).test_rows is None
    write_pair(tmp_path, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", X[:3], Y[:3])
    data = read(tmp_path)
    assert data.test.rows.tolist() == [12, 13, 14]
    assert data.name == str(tmp_path)


def test_idx_without_labels_is_refused(tmp_path):
    path = write_pair(tmp_path, "train-images-idx3-ubyte", "other")
    error = refusal(path)
    assert "train-labels-idx1-ubyte" in error.expected


def test_idx_of_unequal_lengths_is_refused(tmp_path):
    path = write_pair(tmp_path, "a-images-idx3-ubyte", "a-labels-idx1-ubyte", y=Y[:-1])
    error = refusal(path)
    assert str(path) in error.expected
    assert error.received == "11 labels"


def test_idx_without_images_is_refused(tmp_path):
    path = write_pair(tmp_path, "a-images-idx3-ubyte", "a-labels-idx1-ubyte", X[:0], Y[:0])
    assert "at least one image" in refusal(path).expected


def test_other_paths_are_refused_with_the_formats(tmp_path):
    table = tmp_path / "table.dat"
    table.write_text("a,b\n")
    for path, received in [
        (table, "none of these"),
        (tmp_path / "absent", "does not exist"),
    ]:
        error = refusal(path)
        assert ".npz" in error.expected
        assert "folder per class" in error.expected
        assert str(path) in error.received
        assert received in error.received
    assert refusal(tmp_path).received == "no images"
