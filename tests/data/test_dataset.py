import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.spec import DataSpec


def images(num_images=30, shape=(4, 5), dtype=np.uint8, seed=0):
    levels = np.random.default_rng(seed).integers(0, 256, (num_images, *shape))
    return (levels / 256 if np.dtype(dtype).kind == "f" else levels).astype(dtype)


def dataset(num_images=30, **settings):
    return Dataset.from_arrays(images(num_images), np.arange(num_images) % 3, **settings)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
def test_images_get_a_channel_axis(shape):
    x = images(shape=shape)
    data = Dataset.from_arrays(x, np.arange(30) % 3)
    assert data.image_shape == (4, 5, shape[2] if len(shape) == 3 else 1)
    assert np.array_equal(data.x.reshape(x.shape), x)
    assert np.shares_memory(data.x, x)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("uint8", "uint8"), ("int64", "uint8"), ("uint16", "uint8"), ("bool", "uint8")]
    + [("float16", "float32"), ("float32", "float32"), ("float64", "float32")],
)
def test_dtypes(dtype, expected):
    data = Dataset.from_arrays(images(dtype=dtype), np.arange(30) % 3)
    assert data.x.dtype == expected
    assert np.array_equal(data.x[..., 0], images(dtype=dtype))


@pytest.mark.parametrize(
    "labels",
    [np.tile([0, 1, 7], 10), np.tile([0.0, 1.0, 7.0], 10), ["0", "1", "7"] * 10]
    + [np.tile([[0], [1], [7]], (10, 1)), np.array(["0", "1", "7"] * 10, object)]
    + [np.array([b"0", b"1", b"7"] * 10)],
)
def test_labels_of_any_kind_are_the_same_classes(labels):
    data = Dataset.from_arrays(images(), labels, condition_name="digit")
    assert data.label_names == ("0", "1", "7")
    assert data.condition.name == "digit"
    assert data.given.dtype == np.int32
    assert data.given.tolist() == [0, 1, 2] * 10


def test_named_categories_take_codes():
    data = Dataset.from_arrays(images(), np.arange(30) % 2, categories=("shirt", "bag"))
    assert data.label_names == ("shirt", "bag")
    assert data.given.tolist() == [0, 1] * 15


@pytest.mark.parametrize(
    ("x", "x_max", "words"),
    [
        (images(), 255, "grey levels, divided by 255"),
        (images() % 2, 1, "binary, taken as 0 and 1, not as 1/255"),
        (images() > 100, 1, "binary"),
        (images() / 255, 1, "float pixels in [0, 1]"),
        (images() / 51 - 2, 1, "float values from -2 to 3"),
    ],
)
def test_assumption_is_said(x, x_max, words):
    data = Dataset.from_arrays(x, np.arange(30) % 3)
    assert data.x_max == x_max
    assert words in data.assumption


def test_splits_without_a_test_set():
    data = dataset(100)
    rows = [split.rows for split in (data.train, data.validation, data.test)]
    assert [len(part) for part in rows] == [72, 8, 20]
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(100))
    for split in (data.train, data.validation, data.test):
        assert np.array_equal(split.x, data.x[split.rows])
        assert np.array_equal(split.y, data.y[split.rows])


def test_splits_with_a_test_set():
    data = dataset(60, test=(images(12, seed=1), np.arange(12) % 3))
    assert data.test.rows.tolist() == list(range(60, 72))
    assert np.array_equal(data.test.x[..., 0], images(12, seed=1))
    assert (len(data.train.y), len(data.validation.y)) == (54, 6)


@pytest.mark.parametrize("test", [None, (images(12), np.arange(12) % 3)])
def test_test_set_as_validation(test):
    data = dataset(60, test=test, spec=DataSpec(validation="test"))
    assert data.validation is data.test
    assert len(data.train.y) + len(data.test.y) == len(data.x)
    record = data.split_record()
    assert record["validation"] == record["test"]


def test_split_record_tells_the_rows():
    data = dataset(100)
    record = data.split_record()
    assert record["seed"] == 0
    assert record["test_set"] == "drawn"
    assert [record[part]["size"] for part in ("train", "validation", "test")] == [72, 8, 20]
    assert record == dataset(100).split_record()
    other = data.with_spec(DataSpec(split_seed=1))
    assert other.x is data.x
    for part in ("train", "validation", "test"):
        assert other.split_record()[part]["rows_sha256"] != record[part]["rows_sha256"]


def test_fingerprint_follows_the_content():
    x, y = images(), np.arange(30) % 3
    original = Dataset.from_arrays(x, y).fingerprint
    changed_x, changed_y = x.copy(), y.copy()
    changed_x[7, 2, 3] ^= 1
    changed_y[7] = (y[7] + 1) % 3
    changed = [
        Dataset.from_arrays(changed_x, y),
        Dataset.from_arrays(x, changed_y),
        Dataset.from_arrays(x.reshape(30, 5, 4), y),
        Dataset.from_arrays(x.astype("float32") / 256, y),
        Dataset.from_arrays(x, y, categories=("a", "b", "c")),
        Dataset.from_arrays(x[:24], y[:24], test=(x[24:], y[24:])),
    ]
    assert len({original, *(data.fingerprint for data in changed)}) == 7
    same = Dataset.from_arrays(
        x[..., np.newaxis], y.astype(str), name="other", spec=DataSpec(test=0.5)
    )
    assert same.fingerprint == original


def with_value(value, row=4):
    x = images(dtype="float32")
    x[row, 0, 0] = value
    return x


LABELS = np.arange(30) % 3


@pytest.mark.parametrize(
    ("x", "y", "expected", "received"),
    [
        (np.zeros(30), LABELS, "(N, height, width)", "shape (30,)"),
        ([[[1]], [[1, 2]]], LABELS, "one array", "differ in shape"),
        (np.zeros((0, 4, 5)), [], "at least one image", "(0, 4, 5)"),
        (np.zeros((30, 4, 5), object), LABELS, "pixels as uint8", "dtype object"),
        (np.zeros((30, 4, 5), complex), LABELS, "pixels as uint8", "dtype complex128"),
        (images().astype(int) + 1, LABELS, "[0, 255]", "256 in row"),
        (images().astype(int) - 1, LABELS, "[0, 255]", "-1 in row"),
        (with_value(np.nan), LABELS, "x of images.npz must hold finite", "nan in row 4"),
        (with_value(np.inf), LABELS, "finite", "inf in row 4"),
        (images(), LABELS[:-1], "each of the 30 images", "29 labels"),
        (images(), [*LABELS, 0], "each of the 30 images", "31 labels"),
        (images(), np.eye(3)[LABELS], "one label per row", "shape (30, 3)"),
        (images(), [*LABELS[:-1], np.nan], "y of images.npz must hold finite", "nan in row 29"),
        (images(), LABELS + 0.5, "whole numbers or strings", "0.5 in row 0"),
        (images(), np.array([None] * 30), "whole numbers or strings", "dtype object"),
        (images(4), [0, 0, 7, 7], "at least 3 examples", "2 of class '0'"),
        (images(1), [0], "at least 3 examples", "1"),
    ],
)
def test_unfit_arrays_are_refused(x, y, expected, received):
    with pytest.raises(InputError) as caught:
        _ = Dataset.from_arrays(x, y, name="images.npz").train
    assert expected in caught.value.expected
    assert received in caught.value.received
    assert caught.value.remedy.endswith(".")


@pytest.mark.parametrize(
    ("test", "expected", "received"),
    [
        ((images(3, (6, 5)), [0, 1, 2]), "like the others, (4, 5, 1)", "(6, 5, 1)"),
        ((images(3, dtype="float32"), [0, 1, 2]), "uint8", "float32"),
        ((images(3), [0, 1]), "y_test must hold one label", "2 labels"),
        ((images(3), [0, 1, 9]), "at least 1 examples", "0 of class '9'"),
    ],
)
def test_unfit_test_sets_are_refused(test, expected, received):
    with pytest.raises(InputError) as caught:
        _ = dataset(test=test).train
    assert expected in caught.value.expected
    assert received in caught.value.received


def test_code_outside_the_categories_is_refused():
    with pytest.raises(InputError, match="'2' in row 2"):
        Dataset.from_arrays(images(), LABELS, categories=("shirt", "bag"))


def test_one_class_is_allowed():
    assert Dataset.from_arrays(images(), np.zeros(30, int)).num_classes == 1
