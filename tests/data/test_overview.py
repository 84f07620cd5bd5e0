import numpy as np
import pytest

from condvae.data import Dataset
from condvae.data.overview import GAP_LEVEL, contact_sheet, describe
from condvae.data.writers import GAP
from condvae.spec import DataSpec


def labelled(x, **settings):
    return Dataset.from_arrays(x, ["cat", "dog", "eel"] * (len(x) // 3), **settings)


def test_description_tells_what_is_there():
    data = labelled(np.full((90, 4, 6), 9, np.uint8), condition_name="animal", name="animals.npz")
    text = describe(data)
    for words in [
        "animals.npz",
        "90 of 4 × 6 pixels",
        "uint8 from 9 to 9",
        data.assumption,
        "animal: one of cat, dog, eel",
        data.fingerprint[:12],
    ]:
        assert words in text
    table = [line.split() for line in text.splitlines()[-5:]]
    assert table[0] == ["animal", "train", "validation", "test"]
    assert table[1][0] == "cat"
    assert table[-1] == ["all", "65", "7", "18"]


def test_description_tells_where_the_splits_come_from():
    x = np.zeros((30, 2, 2), np.uint8)
    own = labelled(x, test=(x[:3], ["cat", "dog", "eel"]), spec=DataSpec(validation="test"))
    assert "the source's own" in describe(own)
    assert "the test images, split seed 0" in describe(own)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_contact_sheet_shows_the_first_images_of_each_class(channels):
    levels = np.arange(30, dtype=np.uint8)[:, None, None, None] * 8
    data = labelled(np.broadcast_to(levels, (30, 4, 6, channels)))
    sheet = np.asarray(contact_sheet(data, per_class=2))
    assert sheet.shape == (3 * 4 + 2 * GAP, 2 * 6 + GAP) + ((3,) if channels == 3 else ())
    second_dog = data.train.rows[data.train.given == 1][1]
    assert (sheet[4 + GAP : 8 + GAP, 6 + GAP :] == second_dog * 8).all()
    assert (sheet[4 : 4 + GAP] == GAP_LEVEL).all()


def test_contact_sheet_leaves_places_of_small_classes_empty():
    sheet = np.asarray(contact_sheet(labelled(np.zeros((9, 4, 4), np.uint8)), per_class=9))
    assert (sheet[:, -4:] == GAP_LEVEL).all()


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_contact_sheet_brings_floats_to_grey_levels(scale):
    ramp = np.linspace(0, scale, 16, dtype=np.float32).reshape(4, 4)
    sheet = np.asarray(contact_sheet(labelled(np.tile(ramp, (9, 1, 1))), per_class=1))
    assert sheet[:4].ravel().tolist() == list(range(0, 256, 17))


def test_contact_sheet_shows_binary_pixels_in_black_and_white():
    sheet = np.asarray(contact_sheet(labelled(np.ones((9, 2, 2), np.uint8)), per_class=1))
    assert sheet[0, 0] == 255
