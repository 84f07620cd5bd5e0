"""Pixels as people have them: channels first, floats to 255, floats around zero."""

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.spec import DataSpec

LEVELS = np.random.default_rng(0).integers(0, 256, (30, 5, 6, 3), dtype="uint8")
LEVELS.flat[:2] = 0, 255
LABELS = np.arange(30) % 3


def read(x, **settings):
    return Dataset.from_arrays(x, LABELS, spec=DataSpec(**settings))


def test_channels_that_come_first_are_turned_round_when_asked(tmp_path):
    first = LEVELS.transpose(0, 3, 1, 2)
    with pytest.raises(InputError, match="`channels='first'`"):
        read(first)
    assert (read(first, channels="first").x == LEVELS).all()
    np.savez(tmp_path / "a.npz", x=first[:20], y=LABELS[:20], x_test=first[20:], y_test=LABELS[20:])
    data = load_data(tmp_path / "a.npz", channels="first")
    assert (data.x == LEVELS).all()
    assert data.test.rows.tolist() == [*range(20, 30)]
    assert data.spec.channels == "first"
    columns = Dataset.from_columns(
        {"h": np.arange(30.0)}, first, spec=DataSpec(channels="first", conditions=("h",))
    )
    assert (columns.x == LEVELS).all()


def test_images_as_conditions_are_turned_round_too():
    first = LEVELS.transpose(0, 3, 1, 2)
    data = Dataset.from_arrays(first, first, spec=DataSpec(channels="first"))
    assert (data.given == LEVELS).all()


def test_channels_that_come_last_are_not_turned_round():
    with pytest.raises(InputError, match="Leave `channels` out"):
        read(LEVELS, channels="first")
    assert (read(LEVELS[..., 0], channels="first").x == LEVELS[..., :1]).all()


def test_whole_floats_to_255_are_levels(caplog):
    data = read(LEVELS.astype("float64"))
    assert data.x.dtype == "uint8"
    assert (data.x == LEVELS).all()
    assert data.spec.x_range == (0, 255)
    assert "x: floats from 0 to 255 are taken as pixels, 0 black and 255 white" in caplog.text
    assert data.fingerprint == read(LEVELS).fingerprint
    kept = read(LEVELS.astype("float64"), x_range=(0.0, 1.0))
    assert kept.x.dtype == "float32"
    assert kept.x.max() == 255


def test_floats_that_touch_minus_one_and_one_are_pixels_around_zero(caplog):
    x = LEVELS / 127.5 - 1
    data = read(x)
    np.testing.assert_allclose(data.x, LEVELS / 255, atol=1e-6)
    assert data.spec.x_range == (-1, 1)
    assert data.in_unit_interval
    assert "--x-range 0,1 keeps them as they are" in caplog.text
    assert read(x, x_range=(0.0, 1.0)).x.min() == -1


@pytest.mark.parametrize(
    ("x", "option"),
    [(LEVELS / 256 * 220.5, "--x-range 0,255"), (LEVELS / 256 - 0.4, "--x-range=-1,1")],
)
def test_what_could_be_pixels_is_said_and_kept(x, option, caplog):
    data = read(x)
    np.testing.assert_array_equal(data.x, x.astype("float32"))
    assert data.spec.x_range is None
    assert option in caplog.text


def test_other_numbers_are_not_spoken_of(caplog):
    for x in (LEVELS / 255, LEVELS * 10.5, LEVELS / 255 * 16, LEVELS.astype("float32") - 300):
        assert read(x).spec.x_range is None
    assert not caplog.text


def test_a_range_that_is_said_is_brought_to_one():
    data = read((LEVELS // 16).astype("int64"), x_range=(0.0, 15.0))
    np.testing.assert_allclose(data.x, LEVELS // 16 / 15, atol=1e-6)
    np.testing.assert_allclose(
        read(LEVELS / 256 * 220.5, x_range=(0.0, 255.0)).x, LEVELS / 256 * 220.5 / 255, atol=1e-6
    )
    with pytest.raises(InputError, match=r"must lie in \[0, 15\], as `x_range` says; received"):
        read(LEVELS, x_range=(0.0, 15.0))
    with pytest.raises(InputError, match="black must be below white"):
        load_data("digits", x_range=(1.0, 1.0))
