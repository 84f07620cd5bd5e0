import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.data.readers import read

LEVELS = np.random.default_rng(0).integers(0, 256, (4, 6)).astype(np.uint8)


def grey_image(levels=LEVELS):
    return Image.fromarray(levels)


def colour_image():
    return Image.fromarray(np.stack([LEVELS, 255 - LEVELS, LEVELS // 2], axis=-1))


def write_folder(folder, make=grey_image, suffix=".png", classes=("ant", "bee"), each=3):
    for name in classes:
        (folder / name).mkdir()
        for number in range(each):
            make().save(folder / name / f"{number}{suffix}")
    return folder


def refusal(folder):
    with pytest.raises(InputError) as caught:
        read(folder)
    return caught.value


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif", ".PNG"])
def test_grey_round_trip(tmp_path, suffix):
    data = read(write_folder(tmp_path, suffix=suffix))
    assert data.label_names == ("ant", "bee")
    assert data.given.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.name == str(tmp_path)
    assert data.x.shape == (6, 4, 6, 1)
    assert (data.x[..., 0] == LEVELS).all()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_colour_round_trip(tmp_path, suffix):
    data = read(write_folder(tmp_path, colour_image, suffix))
    assert (data.x == np.asarray(colour_image())).all()


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_formats_are_read(tmp_path, suffix):
    flat = Image.new("RGB", (6, 4), (200, 200, 200))
    data = read(write_folder(tmp_path, lambda: flat, suffix))
    assert data.image_shape == (4, 6, 3)
    assert np.abs(data.x.astype(int) - 200).max() <= 2


def test_one_colour_image_makes_all_colour(tmp_path):
    write_folder(tmp_path)
    colour_image().save(tmp_path / "ant" / "0.png")
    data = read(tmp_path)
    assert (data.x[0] == np.asarray(colour_image())).all()
    assert (data.x[1] == LEVELS[..., np.newaxis]).all()


def transparent_palette():
    image = colour_image().quantize(16)
    image.info["transparency"] = bytes(range(16))
    return image


@pytest.mark.parametrize("make", [lambda: colour_image().convert("RGBA"), transparent_palette])
def test_palettes_become_colour_and_transparency_white(tmp_path, make):
    data = read(write_folder(tmp_path, make))
    *colour, alpha = np.moveaxis(np.asarray(make().convert("RGBA"), dtype=float), -1, 0)
    expected = 255 + (np.stack(colour, axis=-1) - 255) * alpha[..., None] / 255
    assert np.abs(data.x - expected).max() <= 1


def test_one_bit_images_become_black_and_white(tmp_path):
    bits = LEVELS > 127
    data = read(write_folder(tmp_path, lambda: Image.fromarray(bits)))
    assert (data.x[..., 0] == bits * np.uint8(255)).all()
    assert data.x_max == 255


def test_hidden_and_other_files_are_passed_over(tmp_path):
    write_folder(tmp_path)
    (tmp_path / ".cache").mkdir()
    (tmp_path / "ant" / ".thumbnails").mkdir()
    grey_image(LEVELS[:2]).save(tmp_path / "ant" / ".thumbnails" / "0.png")
    (tmp_path / "ant" / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "ant" / "notes.txt").write_text("seen in May")
    (tmp_path / "readme.txt").write_text("insects")
    assert len(read(tmp_path).x) == 6


def test_numbers_as_folder_names_are_labels(tmp_path):
    data = read(write_folder(tmp_path, classes=("10", "7")))
    assert data.label_names == ("7", "10")
    assert data.given.tolist() == [1, 1, 1, 0, 0, 0]


def test_sizes_that_differ_are_refused(tmp_path):
    write_folder(tmp_path)
    odd = tmp_path / "bee" / "1.png"
    grey_image(LEVELS[:3]).save(odd)
    error = refusal(tmp_path)
    assert "same width × height" in error.expected
    assert f"6 × 4 ({tmp_path / 'ant' / '0.png'})" in error.received
    assert f"6 × 3 ({odd})" in error.received


def test_broken_images_are_refused(tmp_path):
    write_folder(tmp_path)
    broken = tmp_path / "bee" / "1.png"
    whole = broken.read_bytes()
    for content in [b"", b"no image", whole[:20], whole[:60]]:
        broken.write_bytes(content)
        error = refusal(tmp_path)
        assert "whole and readable" in error.expected
        assert str(broken) in error.received


def test_folders_without_images_and_what_systems_leave_are_passed_over(tmp_path, caplog):
    write_folder(tmp_path)
    (tmp_path / "cow").mkdir()
    (tmp_path / "__MACOSX" / "ant").mkdir(parents=True)
    grey_image(LEVELS[:2]).save(tmp_path / "__MACOSX" / "ant" / "0.png")
    (tmp_path / "ant" / "Thumbs.db").write_bytes(b"thumbs")
    data = read(tmp_path)
    assert data.label_names == ("ant", "bee")
    assert len(data.x) == 6
    (record,) = caplog.records
    assert "no images in the folder(s) 'cow'" in record.getMessage()
    for name in ("ant", "bee"):
        for file in (tmp_path / name).iterdir():
            file.rename(tmp_path / file.name)
    error = refusal(tmp_path)
    assert "a folder for each class" in error.expected
    assert error.received == "3 image(s) in no class folder"


def test_classes_with_too_few_images_are_refused(tmp_path):
    write_folder(tmp_path, each=2)
    data = read(tmp_path)
    with pytest.raises(InputError, match="2 of class 'ant'"):
        _ = data.train


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_deep_images_are_refused(tmp_path, dtype):
    write_folder(tmp_path, lambda: Image.fromarray(LEVELS.astype(dtype)), ".tif")
    error = refusal(tmp_path)
    assert "8 bits a channel" in error.expected
    assert str(tmp_path / "ant" / "0.tif") in error.received


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_of_16_bits_the_first_eight_are_taken(tmp_path, suffix, caplog):
    levels = np.random.default_rng(1).integers(0, 2**16, (4, 6)).astype(np.uint16)
    data = read(write_folder(tmp_path, lambda: Image.fromarray(levels), suffix))
    np.testing.assert_array_equal(data.x[0, ..., 0], levels >> 8)
    (record,) = caplog.records
    assert "6 image(s) of 16 bits a channel are divided by 256" in record.getMessage()


def png_of_deep_colour():
    """A PNG of 16 bits a channel, colour, 6 × 4; Pillow writes none."""
    header = struct.pack(">IIBBBBB", 6, 4, 16, 2, 0, 0, 0)
    rows = zlib.compress(4 * (b"\0" + bytes(6 * 6)))
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def test_deep_colour_is_said(tmp_path, caplog):
    write_folder(tmp_path)
    (tmp_path / "bee" / "2.png").write_bytes(png_of_deep_colour())
    assert read(tmp_path).x.shape == (6, 4, 6, 3)
    (record,) = caplog.records
    assert "1 image(s) of 16 bits" in record.getMessage()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_cameras_orientation_is_obeyed(tmp_path, orientation, suffix):
    """Read with the tag as without it, once NumPy has done what the tag says."""
    corner = np.zeros((16, 24), np.uint8)
    corner[:4, :8] = 255
    upright = {
        1: corner,
        2: corner[:, ::-1],
        3: corner[::-1, ::-1],
        4: corner[::-1],
        5: corner.T,
        6: np.rot90(corner, -1),
        7: corner[::-1, ::-1].T,
        8: np.rot90(corner),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for number in range(3):
            grey_image(corner).save(tmp_path / name / f"{number}{suffix}", exif=exif)
    x = read(tmp_path).x[0, ..., 0]
    assert x.shape == upright.shape
    assert np.abs(x.astype(int) - upright).mean() < 12  # of what JPEG and WebP lose


def test_gigantic_images_are_refused(tmp_path, monkeypatch):
    write_folder(tmp_path)
    for limit in (20, 10):  # Pillow warns above its limit and refuses above twice that
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        error = refusal(tmp_path)
        assert "moderate size" in error.expected
        assert "0.png" in error.received
