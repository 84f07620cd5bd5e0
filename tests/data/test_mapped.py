"""Rows that stay on disk are those of the array in memory, and few of them are ever there."""

import struct

import h5py
import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.data import Dataset, mapped
from condvae.data.mapped import MappedRows, concatenated_rows, is_mapped

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (203, 4, 3), dtype="uint8")
Y = np.array(["ant", "bee", "cat"])[rng.integers(0, 3, 203)]


class Shelf:
    """An array that gives slices and rising rows alone, and remembers the most rows of a reading.

    Args:
        values: of the array.
    """

    def __init__(self, values):
        self.values, self.most = values, 0
        self.shape, self.dtype = values.shape, values.dtype

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        if not isinstance(rows, slice):
            assert rows.ndim == 1  # no row by itself, as NumPy would ask of any sequence
            assert (np.diff(rows) > 0).all()
        found = self.values[rows]
        self.most = max(self.most, len(found))
        return found


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Data of many blocks."""
    monkeypatch.setattr(mapped, "BLOCK_BYTES", 200)


@pytest.fixture
def stored(tmp_path):
    """A function that puts an array on disk in some way."""

    def store(values, how="npy"):
        if how == "shelf":
            return Shelf(values)
        if how == "h5":
            file = h5py.File(tmp_path / "x.h5", "w")
            return file.create_dataset("x", data=values, chunks=(16, *values.shape[1:]))
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, values)
        return np.load(path, mmap_mode="r")

    return store


@pytest.mark.parametrize("how", ["npy", "h5", "shelf"])
@pytest.mark.parametrize(
    "rows",
    [
        slice(None),
        slice(3, 190),
        slice(None, None, 7),
        slice(None, None, -1),
        np.arange(20, 90),
        np.array([5, 1, 1, 202, -3, 90, 91, 93]),
        np.arange(203)[::-1],
        rng.permutation(203),
        rng.choice(203, 500),
        np.arange(203) % 3 == 0,
        np.array([], int),
    ],
)
def test_rows_are_those_of_the_array(stored, how, rows):
    x = MappedRows([stored(X, how)])
    expected = X[rows]
    assert x[rows].shape == expected.shape
    np.testing.assert_array_equal(np.asarray(x[rows]), expected)
    np.testing.assert_array_equal(np.asarray(x[rows][::2][1:]), expected[::2][1:])


def test_it_behaves_as_the_array(stored):
    x = MappedRows([stored(X)])
    assert (len(x), x.size, x.ndim, x.nbytes) == (203, X.size, 3, X.nbytes)
    np.testing.assert_array_equal(x[7], X[7])
    np.testing.assert_array_equal(x[3:9, 1], X[3:9, 1])
    np.testing.assert_array_equal(x[..., 0], X[..., 0])
    np.testing.assert_array_equal(x / 255, X / 255)
    np.testing.assert_array_equal(x.reshape(203, -1).astype("float32"), X.reshape(203, -1))
    np.testing.assert_array_equal(x.reshape(-1), X.reshape(-1))
    np.testing.assert_array_equal(x.max(axis=(1, 2)), X.max(axis=(1, 2)))
    assert (x.min(), x.max()) == (X.min(), X.max())
    values = X.astype("float32") * np.float32(0.1)
    of_floats = MappedRows([stored(values)]).mean(axis=0, dtype="float64")
    assert of_floats.tobytes() == values.mean(axis=0, dtype="float64").tobytes()


def test_parts_are_one_behind_the_other(stored):
    whole = concatenated_rows([MappedRows([stored(X[:50])]), X[50:60], MappedRows([X[60:]])])
    np.testing.assert_array_equal(whole, X)
    rows = rng.permutation(203)
    np.testing.assert_array_equal(whole[rows][3:], X[rows][3:])
    np.testing.assert_array_equal(whole[45:65], X[45:65])


def test_only_what_stays_on_disk_is_mapped(stored):
    assert all(is_mapped(stored(X, how)) for how in ("npy", "h5", "shelf"))
    on_disk = stored(X)
    assert not any(is_mapped(x) for x in (X, on_disk.copy(), on_disk[[1, 2]], X.tolist(), None))
    device = Shelf(X)
    device.__dlpack__ = None  # as arrays of JAX, torch and CuPy have it
    assert not is_mapped(device)


LABEL_MAPS = rng.integers(0, 3, (203, 4, 3), dtype="uint8")
FORMS = {
    "bytes": (X, {}),
    "channels": (X[..., None], {}),
    "bools": (X > 100, {}),
    "whole numbers": (X.astype("int32"), {}),
    "floats": (X / 255, {}),
    "floats to 255": (X.astype("float32"), {}),
    "floats around zero": (X / 127.5 - 1, {}),
    "any floats": (X / 3, {}),
    "a range that is said": (X.astype("float32") / 3, {"x_range": (0, 100)}),
    "channels first": (rng.random((203, 3, 5, 4)), {"channels": "first"}),
    "flat": (X.reshape(203, 12), {"image_shape": (4, 3)}),
}


@pytest.mark.parametrize("how", ["npy", "shelf"])
@pytest.mark.parametrize("form", FORMS)
def test_a_data_set_is_the_one_in_memory(stored, form, how):
    x, settings = FORMS[form]
    mine, whole = (condvae.load_data((v, Y), **settings) for v in (stored(x, how), x))
    assert (is_mapped(mine.x), is_mapped(whole.x)) == (True, False)
    assert_alike(mine, whole)


def test_splits_of_many_large_images_share_their_memory(monkeypatch):
    whole = condvae.load_data((X, Y))
    monkeypatch.setattr(mapped, "LARGE_IMAGE", 12)
    monkeypatch.setattr(mapped, "LARGE_SET", X.nbytes)
    mine = condvae.load_data((X, Y))
    assert not is_mapped(mine.x)
    assert_alike(mine, whole)
    assert np.shares_memory(mine.train.x.sources[0], mine.x)
    for name, more in (("LARGE_IMAGE", 13), ("LARGE_SET", X.nbytes + 1)):
        with monkeypatch.context() as patch:
            patch.setattr(mapped, name, more)
            assert not is_mapped(condvae.load_data((X, Y)).train.x)


def assert_alike(mine, whole):
    """Whatever a data set tells is the same, to the bit."""
    assert mine.fingerprint == whole.fingerprint
    assert mine.split_record() == whole.split_record()
    assert (mine.x.shape, mine.x.dtype) == (whole.x.shape, whole.x.dtype)
    assert (mine.x_max, mine.spec, mine.assumption) == (whole.x_max, whole.spec, whole.assumption)
    assert mine.in_unit_interval == whole.in_unit_interval
    for name in ("train", "validation", "test"):
        split, other = getattr(mine, name), getattr(whole, name)
        assert is_mapped(split.x)
        np.testing.assert_array_equal(split.x, other.x)
        np.testing.assert_array_equal(split.given, other.given)
    means = mine.mean_of(mine.train.x), whole.mean_of(whole.train.x)
    assert means[0].tobytes() == means[1].tobytes()


def test_other_sets_are_the_ones_in_memory(stored):
    sets = [
        Dataset.from_arrays(
            store(X[:150]), Y[:150], validation=(X[150:170], Y[150:170]), test=(X[170:], Y[170:])
        )
        for store in (stored, np.asarray)
    ]
    assert_alike(*sets)
    classes = {"pixel_classes": ["sky", "sea", "land"]}
    maps = (
        Dataset.from_arrays(store(LABEL_MAPS), store(X[..., None]), **classes)
        for store in (stored, np.asarray)
    )
    assert_alike(*maps)
    columns = {"age": rng.random(203), "kind": Y}
    assert_alike(*(Dataset.from_columns(columns, store(X)) for store in (stored, np.asarray)))


def test_a_file_of_hdf5_that_is_open_is_a_data_set(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, np.unique(Y, return_inverse=True)[1]
        data = condvae.load_data(file)
        assert is_mapped(data.x)
        assert data.fingerprint == condvae.load_data((X, file["y"][()])).fingerprint


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(X == 255, np.nan, X / 255), r"finite numbers; received nan in row"),
        (X.astype("int16") * 2, r"\[0, 255\]; received"),
        (X[..., None, None], "must have the shape"),
        (X[:0], "at least one image"),
    ],
)
def test_what_is_refused_in_memory_is_refused(stored, values, message):
    said = []
    for x in (Shelf(values), values):
        with pytest.raises(InputError, match=message) as error:
            Dataset.from_arrays(x, Y)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_few_rows_are_read_at_a_time(monkeypatch):
    shelf = Shelf(X)
    data = Dataset.from_arrays(shelf, Y)
    data.mean_of(data.train.x), data.fingerprint, data.x_max, data.assumption
    assert 1 < shelf.most <= 40  # 16 at a time, and those between them
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: data.train.x.size - 1)
    with pytest.raises(InputError, match=f"{len(data.train.x)} rows of data on disk"):
        np.asarray(data.train.x)


def save_parts(folder, values, name, sizes=(60, 100, 43)):
    """An array as numbered .npy files, some with more digits than others."""
    for number, part in enumerate(np.split(values, np.cumsum(sizes)[:-1]), 8):
        np.save(folder / f"{name}-{number}.npy", part)


@pytest.mark.parametrize("how", ["files", "parts", "hdf5", "two sets", "conditions"])
def test_files_stay_where_they_are(tmp_path, how):
    codes = np.unique(Y, return_inverse=True)[1]
    path, settings = tmp_path, {}
    if how == "hdf5":
        path = tmp_path / "data.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=X, chunks=(16, 4, 3), compression="gzip")
            file["y"] = codes
    elif how == "parts":
        save_parts(tmp_path, X, "x")
        save_parts(tmp_path, Y, "y")
    elif how == "conditions":
        arrays = {"x": X[:150], "age": rng.random(150), "x_test": X[150:], "age_test": codes[150:]}
        for name, values in arrays.items():
            np.save(tmp_path / f"{name}.npy", values)
        settings = {"conditions": ("age",)}
    else:
        rows = slice(0, 150) if how == "two sets" else slice(None)
        np.save(tmp_path / "x.npy", X[rows])
        np.save(tmp_path / "y.npy", Y[rows])
    if how == "two sets":
        np.save(tmp_path / "x_test.npy", X[150:])
        np.save(tmp_path / "y_test.npy", Y[150:])
    mine, whole = (condvae.load_data(path, mapped=mapped, **settings) for mapped in (True, False))
    assert (is_mapped(mine.x), is_mapped(whole.x)) == (True, False)
    assert mine.name == whole.name
    assert mine.fingerprint == whole.fingerprint
    np.testing.assert_array_equal(mine.test.x, whole.test.x)
    assert mine.split_record() == whole.split_record()


@pytest.mark.parametrize(("bound", "stays"), [(10**9, False), (100_000, True)])
def test_a_file_that_memory_should_not_hold_stays_where_it_is(tmp_path, monkeypatch, bound, stays):
    np.save(tmp_path / "x.npy", np.tile(X, (9, 1, 1)))
    np.save(tmp_path / "y.npy", np.arange(9 * 203) % 3)
    for module in ("checks", "data.array_store"):
        monkeypatch.setattr(f"condvae.{module}.memory_bound", lambda: bound)
    for source in (tmp_path, tmp_path / "x.npy"):
        if stays:
            monkeypatch.setattr("condvae.data.array_store.bytes_needed", by_pixels)
        assert is_mapped(condvae.load_data(source).x) == stays


def by_pixels(shape, dtype):
    """Bytes that images take, and labels none."""
    return 10**6 if len(shape) > 1 else 0


def test_parts_that_differ_are_refused(tmp_path):
    save_parts(tmp_path, Y, "y")
    save_parts(tmp_path, X, "x")
    np.save(tmp_path / "x-9.npy", X[60:160, :2])
    with pytest.raises(InputError, match=r"x-9.npy must be like .*x-8.npy"):
        condvae.load_data(tmp_path)


@pytest.mark.parametrize("mapped", [True, False])
def test_idx_files_come_in_parts(tmp_path, mapped):
    codes = np.unique(Y, return_inverse=True)[1].astype("uint8")
    for name, values, axes in (("images", X, 3), ("labels", codes, 1)):
        for number, part in enumerate(np.split(values, [90, 200]), 9):
            head = struct.pack(f">{axes + 1}I", 0x800 | axes, *part.shape)
            (tmp_path / f"train-{name}-{number}-idx{axes}-ubyte").write_bytes(head + part.tobytes())
    mine = condvae.load_data(tmp_path, mapped=mapped)
    assert is_mapped(mine.x) == mapped
    assert mine.fingerprint == condvae.load_data((X, codes)).fingerprint
    first = tmp_path / "train-images-9-idx3-ubyte"
    assert is_mapped(condvae.load_data(first, mapped=mapped).x) == mapped
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(InputError, match="its header announces"):
        condvae.load_data(tmp_path, mapped=mapped)
