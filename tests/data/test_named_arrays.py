"""Conditions by name beside x in an .npz file."""

import zipfile
from itertools import pairwise

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import Categorical, Schema
from condvae.data import load_data

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (60, 4, 4), dtype="uint8")
DIGIT, SLANT = np.arange(60) % 3, RNG.normal(size=60)


@pytest.fixture
def stored(tmp_path):
    def store(**arrays):
        np.savez(tmp_path / "named.npz", **arrays)
        return tmp_path / "named.npz"

    return store


def test_all_arrays_beside_x_are_conditions(stored):
    data = load_data(stored(x=X, digit=DIGIT, slant=SLANT))
    assert [(c.name, c.kind) for c in data.condition.conditions] == [
        ("digit", "categorical"),
        ("slant", "continuous"),
    ]
    np.testing.assert_array_equal(data.x[..., 0], X)
    np.testing.assert_allclose(data.condition.decode(data.given)["slant"], SLANT, atol=1e-6)


def test_those_named_alone_with_their_kinds(stored):
    path = stored(x=X, digit=DIGIT, slant=SLANT, other=np.ones(3))
    assert load_data(path, conditions=("digit",)).condition == Categorical(
        name="digit", categories=("0", "1", "2")
    )
    data = load_data(path, conditions=("digit:continuous", "slant"))
    assert data.condition["digit"].kind == "continuous"


def test_y_stays_y_unless_it_is_named(stored):
    path = stored(x=X, y=DIGIT, slant=SLANT)
    assert load_data(path).condition == Categorical(name="label", categories=("0", "1", "2"))
    assert isinstance(load_data(path, conditions=("slant",)).condition, Schema)
    continuous = load_data(path, conditions=("y:continuous",)).condition
    assert continuous["y"].kind == "continuous"


def test_test_rows_bring_their_conditions(stored):
    path = stored(
        x=X, slant=SLANT, word=np.tile(["a", "b"], 30), x_test=X[:9], slant_test=SLANT[:9] + 1,
        word_test=np.tile(["b", "b", "a"], 3),
    )  # fmt: skip
    data = load_data(path)
    assert data.test_rows.tolist() == list(range(60, 69))
    np.testing.assert_array_equal(data.test.x[..., 0], X[:9])
    test = data.condition.decode(data.test.given)
    np.testing.assert_allclose(test["slant"], SLANT[:9] + 1, atol=1e-6)
    assert test["word"].tolist() == ["b", "b", "a"] * 3
    assert data.condition["slant"].maximum[0] <= SLANT.max()


def test_vectors_attributes_and_images_lie_in_arrays_too(stored):
    arrays = {"place": RNG.normal(size=(60, 2)), "flags": RNG.integers(0, 2, (60, 3)), "photo": X}
    data = load_data(stored(x=X, **arrays))
    assert [c.kind for c in data.condition.conditions] == ["continuous", "multi_label", "image"]
    assert data.given.shape == (60, 2 + 1 + 3 + 1 + 16 + 1)


@pytest.mark.parametrize(
    ("arrays", "settings", "said"),
    [
        ({"digit": DIGIT}, {"conditions": ("digi",)}, "Did you mean 'digit'"),
        ({"digit": DIGIT}, {"conditions": ("digit:int",)}, "categorical, continuous"),
        ({"digit": DIGIT[1:]}, {}, "each of the 60 images; received 59"),
        ({"h": np.full(60, np.inf)}, {}, "infinity in row 0"),
        ({"h": np.full(60, 2.5)}, {}, "2.5 in every row"),
        ({"h": SLANT + 1j}, {}, "complex128"),
        ({"h": np.array([{}] * 60)}, {}, "pickled"),
        ({"digit": DIGIT, "x_test": X}, {}, "no array 'digit_test'"),
        ({"w": DIGIT, "x_test": X[:, :2], "w_test": DIGIT}, {}, "must be like the others"),
        ({"w": DIGIT, "x_test": X[:5], "w_test": DIGIT}, {}, "each of the 65 images"),
        ({"digit": DIGIT}, {"ignore": ("digit",)}, "must come with a condition"),
        ({"digit": DIGIT, "h": SLANT}, {"ignore": ("hh",)}, "Did you mean 'h'"),
        ({}, {}, "x and y"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(stored, arrays, settings, said):
    with pytest.raises(InputError) as caught:
        load_data(stored(x=X, **arrays), **settings)
    assert said in str(caught.value)


def test_two_arrays_of_one_name_are_refused(stored):
    path = stored(x=X, digit=DIGIT, h=SLANT)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("digit.npy", archive.read("h.npy"))
    with pytest.raises(InputError, match="two with the same name"):
        load_data(path)


def test_label_maps_beside_named_conditions_are_refused(tmp_path):
    path = tmp_path / "maps.npz"
    np.savez(path, x=np.zeros((9, 4, 4), "uint8"), pixel_classes=["a", "b"], dose=np.arange(9.0))
    with pytest.raises(InputError, match="label maps"):
        load_data(path)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"conditions": ("colour",)}, "colour"),
        ({"ignore": ("id",)}, "id"),
        ({"resize": (4, 4)}, "(4, 4)"),
    ],
)
def test_columns_are_not_asked_of_data_without_any(settings, part):
    with pytest.raises(InputError) as caught:
        load_data("digits", **settings)
    assert part in str(caught.value)
    assert load_data("digits", conditions=("digit",)).condition.name == "digit"


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
     ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
     ("images", "labels", "images_val", "labels_val", "images_test", "labels_test")],
)  # fmt: skip
def test_splits_by_the_names_of_arrays(stored, names):
    sizes = [0, 30, 42, 60]
    rows = [slice(*ends) for ends in pairwise(sizes)]
    arrays = [part for own in rows for part in (X[own], DIGIT[own, None])]  # labels as MedMNIST's
    data = load_data(stored(**dict(zip(names, arrays, strict=True))))
    for split, own in zip((data.train, data.validation, data.test), rows, strict=True):
        np.testing.assert_array_equal(split.x[..., 0], X[own])
        assert split.y.tolist() == DIGIT[own].tolist()
    with pytest.raises(InputError, match=f"{names[3]}, or neither; received {names[2]} alone"):
        load_data(stored(**dict(zip(names[:3], arrays[:3], strict=True))))


def test_channels_that_come_first_are_told(stored):
    x = np.repeat(X[:, None], 3, axis=1)
    x = np.pad(x, [(0, 0), (0, 0), (0, 4), (0, 5)])
    with pytest.raises(InputError, match=r"looks like \(N, channels, height, width\)"):
        load_data(stored(x=x, y=DIGIT))
    assert load_data(stored(x=x.transpose(0, 2, 3, 1), y=DIGIT)).image_shape == (8, 9, 3)


@pytest.mark.parametrize("form", ["pixel{}", "{}x{}"])
def test_a_table_of_pixels_is_images(tmp_path, form, caplog):
    places = [(row, column) for row in range(1, 5) for column in range(1, 5)]
    names = [form.format(n) if form == "pixel{}" else form.format(*p) for n, p in enumerate(places)]
    lines = [",".join(["label", *names])]
    lines += [
        ",".join([str(digit), *map(str, x.ravel())]) for digit, x in zip(DIGIT, X, strict=True)
    ]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    data = load_data(tmp_path / "train.csv")
    np.testing.assert_array_equal(data.x[..., 0], X)
    assert data.y.tolist() == DIGIT.tolist()
    assert f"{names[0]} to {names[-1]} are images" in caplog.text
