import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.data import load_data
from condvae.data.writers import GAP, sheet, to_uint8, write_images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["set", "set.npz"])
def test_what_is_written_is_read(tmp_path, name, channels):
    rng = np.random.default_rng(0)
    x = rng.random((12, 5, 4, channels)).astype("float32")
    labels = ["T-shirt/top", ".%2Fbag"] * 6
    write_images(tmp_path / name, x, labels)
    data = load_data(tmp_path / name)
    assert data.label_names == (".%2Fbag", "T-shirt/top")
    for label, rows in ((".%2Fbag", slice(1, None, 2)), ("T-shirt/top", slice(0, None, 2))):
        code = data.label_names.index(label)
        np.testing.assert_array_equal(data.x[data.given == code], to_uint8(x[rows]))


def test_unbounded_numbers_stay_numbers(tmp_path):
    x = np.random.default_rng(0).normal(size=(6, 3, 3, 1)).astype("float32")
    write_images(tmp_path / "set.npz", x, ["a", "b"] * 3, bounded=False)
    np.testing.assert_array_equal(load_data(tmp_path / "set.npz").x, x)


def test_a_sheet_has_its_images_in_reading_order(tmp_path):
    x = np.arange(1, 6, dtype="uint8").reshape(5, 1, 1, 1) * np.ones((5, 3, 2, 1), "uint8")
    page = sheet(x, columns=3, gap_level=9)
    assert page.shape == (3 + GAP + 3, 2 + GAP + 2 + GAP + 2, 1)
    assert page[0, :: 2 + GAP, 0].tolist() == [1, 2, 3]
    assert page[-1, :: 2 + GAP, 0].tolist() == [4, 5, 9]
    write_images(tmp_path / "sheet.png", x / 255, ["a"] * 5, scale=1)
    with Image.open(tmp_path / "sheet.png") as image:
        np.testing.assert_array_equal(np.asarray(image)[..., None], sheet(x))


@pytest.mark.parametrize(
    ("name", "labels", "channels"),
    [("x.jpg", "ab", 1), ("x.png", "ab", 2), ("x", "ab", 4)],
)
def test_what_cannot_be_written_leaves_nothing(tmp_path, name, labels, channels):
    with pytest.raises(InputError):
        write_images(tmp_path / name, np.zeros((2, 3, 3, channels)), list(labels))
    assert list(tmp_path.iterdir()) == []
