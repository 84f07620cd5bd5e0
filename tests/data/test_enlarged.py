import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin

from condvae.checks import InputError
from condvae.data import load_data
from condvae.data.enlarged import (
    CELL,
    KEYWORD,
    MOST_PIXELS,
    as_drawn,
    fitting_scale,
    save_enlarged,
    scale_of,
)
from condvae.data.frames import _encoded
from condvae.data.pictures import read_image
from condvae.data.unlabelled import read_unlabelled
from condvae.data.writers import save_sheet, sheet, write_images


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 3, 3), (1, 1, 1), (112, 200, 3)])
@pytest.mark.parametrize("scale", [None, 1, 2, 7])
def test_one_image_is_read_back_to_the_bit(tmp_path, shape, scale):
    x = noise(*shape)
    write_images(tmp_path / "x.png", x[None] / np.float32(255), ["a"], scale=scale)
    factor = scale or -(-CELL // min(shape[:2]))
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (factor * shape[1], factor * shape[0])
        # any reader that knows nothing of the note sees squares of one colour
        blocks = np.asarray(image).reshape(shape[0], factor, shape[1], factor, shape[2])
        assert (blocks == x[:, None, :, None]).all()
    np.testing.assert_array_equal(read_image(tmp_path / "x.png", shape), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_is_enlarged_as_a_whole(channels):
    x, file = noise(5, 8, 6, channels), io.BytesIO()
    save_sheet(x, file)
    with Image.open(file) as image:
        assert scale_of(image) == 19  # 6 pixels become 114
        drawn = np.asarray(as_drawn(image)).reshape(*sheet(x).shape)
    np.testing.assert_array_equal(drawn, sheet(x))


def test_a_sheet_of_very_many_images_stays_readable():
    assert fitting_scale((28, 28), (28, 28)) == 4
    scale = fitting_scale((28, 28), (3000, 3000))
    assert (3000 * scale) ** 2 <= MOST_PIXELS < (3000 * (scale + 1)) ** 2
    assert fitting_scale((28, 28), (10_000, 10_000)) == 1


def folder_of(tmp_path, x, labels):
    write_images(tmp_path / "set", x / np.float32(255), labels, scale=3)
    return tmp_path / "set"


def archive_of(tmp_path, x, labels):
    folder = folder_of(tmp_path, x, labels)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, str(file.relative_to(folder)))
    return tmp_path / "set.zip"


def encoded(image, scale=5):
    file = io.BytesIO()
    save_enlarged(image, file, scale)
    return file


def frame_of_bytes(tmp_path, x, labels):
    return pa.table({"image": [encoded(image).getvalue() for image in x], "label": labels})


def parquet_of_bytes(tmp_path, x, labels):
    pq.write_table(frame_of_bytes(tmp_path, x, labels), tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def table_of_files(tmp_path, x, labels):
    (tmp_path / "t").mkdir()
    for place, image in enumerate(x):
        save_enlarged(image, tmp_path / f"t/{place}.png", 4)
    files = [f"{place}.png" for place in range(len(x))]
    rows = map(",".join, zip(["file", *files], ["label", *labels], strict=True))
    (tmp_path / "t/t.csv").write_text("\n".join(rows))
    return tmp_path / "t"


@pytest.mark.parametrize(
    "source", [folder_of, archive_of, table_of_files, frame_of_bytes, parquet_of_bytes]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_source_of_pictures_reads_the_pixels_that_were_drawn(tmp_path, source, channels):
    x, labels = noise(12, 9, 7, channels), ["a", "b"] * 6
    data = load_data(source(tmp_path, x, labels))
    assert data.image_shape == (9, 7, channels)
    read = sorted(image.tobytes() for image in np.asarray(data.x))
    assert read == sorted(image.tobytes() for image in x)


def test_an_open_picture_in_a_frame_is_as_drawn():
    x = noise(9, 7, 3)
    with Image.open(encoded(x)) as picture, Image.open(io.BytesIO(_encoded(picture))) as again:
        np.testing.assert_array_equal(np.asarray(again), x)


def test_mapped_and_unlabelled_images_are_as_drawn(tmp_path):
    x = noise(12, 6, 6, 1)
    folder = folder_of(tmp_path, x, ["a", "b"] * 6)
    mapped = load_data(folder, mapped=True)
    np.testing.assert_array_equal(np.asarray(mapped.x[:]), load_data(folder).x)
    read = read_unlabelled(folder / "a", (6, 6, 1))
    np.testing.assert_array_equal(read, x[::2])


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_another_program_may_change_the_mode(tmp_path, mode):
    level = noise(6, 6) // 128 * 255
    image = Image.fromarray(level.repeat(4, axis=0).repeat(4, axis=1))
    notes = PngImagePlugin.PngInfo()
    notes.add_text(KEYWORD, "4 6 6")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype("uint16") * 257)
    image = image if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "x.png", pnginfo=notes)
    np.testing.assert_array_equal(read_image(tmp_path / "x.png", (6, 6, 1))[..., 0], level)


@pytest.mark.parametrize(
    "text", ["0 6 6", "-2 3 3", "2.0 3 3", "٢ 3 3", "113 6 6", "2", "", "x", "5 6 6", "2 6 6"]
)
def test_a_note_that_cannot_be_true_is_none(tmp_path, text):
    x = noise(6, 6)
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt(KEYWORD, text)
    Image.fromarray(x).save(tmp_path / "x.png", pnginfo=notes)
    np.testing.assert_array_equal(read_image(tmp_path / "x.png", (6, 6, 1))[..., 0], x)


def test_a_picture_that_was_scaled_or_cropped_since_is_taken_as_it_is(tmp_path):
    x = noise(8, 8)
    save_enlarged(x[..., None], tmp_path / "x.png", 4)
    with Image.open(tmp_path / "x.png") as image:
        notes = PngImagePlugin.PngInfo()
        notes.add_text(KEYWORD, image.info[KEYWORD])  # as other programs may keep it
        image.resize((8, 8), Image.Resampling.NEAREST).save(tmp_path / "s.png", pnginfo=notes)
        image.crop((0, 0, 16, 24)).save(tmp_path / "c.png", pnginfo=notes)
        cropped = np.asarray(image)[:24, :16]
    np.testing.assert_array_equal(read_image(tmp_path / "s.png", (8, 8, 1))[..., 0], x)
    np.testing.assert_array_equal(read_image(tmp_path / "c.png", (24, 16, 1))[..., 0], cropped)


def test_another_size_names_the_pixels_that_were_drawn(tmp_path):
    save_enlarged(noise(6, 6, 1), tmp_path / "x.png", 4)
    with pytest.raises(InputError, match="with 6 × 6"):
        read_image(tmp_path / "x.png", (8, 8, 1))


def test_an_enlarged_picture_is_counted_at_its_full_size(tmp_path, monkeypatch):
    save_enlarged(noise(10, 10, 1), tmp_path / "x.png", 100)
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: 2**24)
    with pytest.raises(InputError, match="enlarged image"):
        read_image(tmp_path / "x.png", (10, 10, 1))
