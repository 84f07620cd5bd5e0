import numpy as np
import pytest

from condvae.blocks import ROWS
from condvae.checks import InputError
from condvae.data import load_data
from condvae.data.npz_rows import open_rows

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (2 * ROWS + 3, 4, 3), dtype="uint8")
Y = RNG.integers(0, 3, len(X))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("y", [Y, Y.astype("float32"), np.array(["ant", "bee", "elephant"])[Y]])
@pytest.mark.parametrize("x", [X, np.stack([X, X], axis=-1)], ids=["grey", "two channels"])
def test_the_rows_are_those_of_load_data(tmp_path, save, x, y):
    save(tmp_path / "set.npz", x=x, y=y)
    rows, whole = open_rows(tmp_path / "set.npz"), load_data(tmp_path / "set.npz")
    assert (rows.num_rows, rows.x_max) == (len(x), whole.x_max)
    images, labels = zip(*rows.blocks(), strict=True)
    np.testing.assert_array_equal(np.concatenate(images), whole.x)
    np.testing.assert_array_equal(np.concatenate(labels), whole.y)
    assert max(map(len, images)) == ROWS


def test_zeros_and_ones_are_seen(tmp_path):
    np.savez(tmp_path / "set.npz", x=X % 2, y=Y)
    assert open_rows(tmp_path / "set.npz").x_max == 1


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": X / 255, "y": Y},
        {"x": X, "y": Y, "slant": Y},
        {"x_train": X, "y_train": Y},
        {"x": X, "y": X},
        {"x": X, "y": Y[:-1]},
        {"x": X[:0], "y": Y[:0]},
        {"x": np.asfortranarray(X), "y": Y},
        {"x": X.reshape(len(X), -1), "y": Y},
    ],
    ids=["floats", "more", "named", "images as y", "fewer y", "none", "by columns", "flat"],
)
def test_what_else_there_is_is_left_to_load_data(tmp_path, arrays):
    np.savez(tmp_path / "set.npz", **arrays)
    assert open_rows(tmp_path / "set.npz") is None


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("place", [0.3, 0.6])
def test_damage_is_found_at_the_end_at_the_latest(tmp_path, save, place):
    save(tmp_path / "set.npz", x=X, y=Y)
    content = bytearray((tmp_path / "set.npz").read_bytes())
    content[int(place * len(content))] ^= 1
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"set\.npz must be whole; received a damaged one"):
        list(open_rows(tmp_path / "set.npz").blocks())
    with pytest.raises(InputError, match="no zip archive, or a damaged one"):
        open_rows(__file__)
