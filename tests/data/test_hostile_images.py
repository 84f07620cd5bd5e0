"""The reader of image folders under attack; see `hostile.py`."""

import io
import itertools
import os
import shutil
import struct
import tempfile
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hostile import IMAGES, X, names_of, outcome, refusal, zip_bytes
from hypothesis import given
from hypothesis import strategies as st
from mutation import mutants, overwrite
from PIL import Image

pytestmark = pytest.mark.usefixtures("in_bounds")

NOBODY = 65534

GREY = Image.fromarray(X.reshape(8, 9))
COLOUR = Image.fromarray(np.stack([X.reshape(8, 9), X.reshape(8, 9) // 2, X.reshape(8, 9)], -1))
PICTURES = {
    "grey.png": GREY,
    "colour.png": COLOUR,
    "palette.png": COLOUR.quantize(8),
    "transparent.png": COLOUR.convert("RGBA"),
    "grey.jpg": GREY,
    "colour.jpg": COLOUR,
    "grey.gif": GREY,
    "colour.bmp": COLOUR,
    "colour.tif": COLOUR,
    "colour.webp": COLOUR,
}


def encoded(image, suffix):
    buffer = io.BytesIO()
    image.save(buffer, Image.registered_extensions()[suffix])
    return buffer.getvalue()


def image_folder(folder, content, suffix=".png"):
    """Two classes of three images with this content; the path of one of them."""
    for name in ("ant", "bee"):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            (folder / name / f"{number}{suffix}").write_bytes(content)
    return folder / "ant" / f"0{suffix}"


def on_white(path):
    """Pillow's own reading of an image, (height, width, 3)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            *colour, alpha = np.moveaxis(np.asarray(image.convert("RGBA"), float), -1, 0)
    return 255 + (np.stack(colour, -1) - 255) * alpha[..., None] / 255


@pytest.mark.parametrize("name", PICTURES)
def test_image_mutants(tmp_path, name, num_mutants):
    suffix = name[name.index(".") :]
    content = encoded(PICTURES[name], suffix)
    path = image_folder(tmp_path, content, suffix)
    whole = on_white(path)
    assert outcome(tmp_path)
    for mutant in itertools.chain([content], mutants(content, max(40, num_mutants // 50), seed=9)):
        overwrite(path, mutant)
        if data := outcome(tmp_path):
            assert names_of(data) == ["ant"] * 3 + ["bee"] * 3
            assert np.abs(data.x[0] - on_white(path)).max() <= 1
            assert np.abs(data.x[1:] - whole).max() <= 1


STARTS = [b"", *(encoded(GREY, suffix)[:12] for suffix in (".png", ".gif", ".bmp", ".jpg"))]


@given(st.sampled_from(STARTS), st.binary())
def test_images_of_any_bytes(tmp_path_factory, start, rest):
    folder = tmp_path_factory.mktemp("images")
    image_folder(folder, start + rest)
    assert outcome(folder) is None


@pytest.mark.parametrize(
    ("size", "received"),
    [((2000, 3000), "half of this machine's memory"), ((20000, 20000), "moderate size")],
)
def test_image_bombs(tmp_path, size, received):
    content = bytearray(encoded(GREY, ".png"))
    struct.pack_into(">II", content, 16, *size)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    image_folder(tmp_path, content)
    assert received in refusal(tmp_path)


def test_image_files_too_large(tmp_path):
    os.truncate(image_folder(tmp_path, encoded(GREY, ".png")), 2**40)
    assert "half of this machine's memory" in refusal(tmp_path)


def test_jpeg_of_many_scans(tmp_path):
    buffer = io.BytesIO()
    COLOUR.save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    path = image_folder(tmp_path, content, ".jpg")
    assert outcome(tmp_path)
    path.write_bytes(content[:-2] + last_scan * 100 + content[-2:])
    assert "at most 100 scans" in refusal(tmp_path)


def test_tiff_of_huge_tiles(tmp_path):
    shape, grey = {256: 4, 257: 4, 258: 8, 277: 1}, {259: 8, 262: 1}
    place = {322: 2**15, 323: 2**15, 324: 8, 325: 8}
    tags = sorted((shape | grey | place).items())
    content = b"II*\0" + struct.pack("<IH", 8, len(tags))
    content += b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in tags)
    image_folder(tmp_path, content + bytes(4), ".tif")
    assert "tiles of at most" in refusal(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_no_data(tmp_path, make):
    for name in ("set.npz", IMAGES):
        make(tmp_path / name)
        assert "none of these" in refusal(tmp_path / name)
    assert "received no images" in refusal(tmp_path)
    (tmp_path / "ant").mkdir()
    make(tmp_path / "ant" / "x.png")
    assert "received no images" in refusal(tmp_path)


def test_loops_of_links(tmp_path):
    loop = tmp_path / "set.npz"
    loop.symlink_to(loop)
    assert "does not exist" in refusal(loop)
    image_folder(tmp_path / "set", encoded(GREY, ".png"))
    (tmp_path / "set" / "ant" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "bee" / "x.png").symlink_to("x.png")
    assert names_of(outcome(tmp_path / "set")) == ["ant"] * 3 + ["bee"] * 3


def test_deep_folders(tmp_path, monkeypatch):
    image_folder(tmp_path, encoded(GREY, ".png"))
    monkeypatch.chdir(tmp_path / "ant")
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    GREY.save("3.png")
    try:
        assert names_of(outcome(tmp_path)) == ["ant"] * 4 + ["bee"] * 3
    finally:  # shutil, and with it pytest, cannot remove as deep a folder
        os.remove("3.png")
        for _ in range(1200):
            os.chdir("..")
            os.rmdir("d")


@pytest.fixture
def room():
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@contextmanager
def bound_by_permissions():
    """Root, whom they do not bind, is another user for the while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("denied", ["set.npz", "set", "set/ant", "set/ant/sub", "set/ant/0.png"])
def test_what_may_not_be_read(room, denied):
    (room / "set.npz").write_bytes(zip_bytes([]))
    image_folder(room / "set", encoded(GREY, ".png"))
    (room / "set" / "ant" / "sub").mkdir()
    path = room / denied.split("/")[0]
    readable = outcome(path)  # imports what the reader needs, which the other user may not read
    assert (readable is None) == (path.suffix == ".npz")
    (room / denied).chmod(0)
    with bound_by_permissions():
        assert "Permission denied" in refusal(path)
    (room / denied).chmod(0o700)


@pytest.mark.parametrize(
    ("name", "label"),
    [(b"50%20off", "50%20off"), (b"a%00", "a%00"), (b"%ff", "%ff"), (b"%", "%"), (b"01", "01")]
    + [
        (b"a%2Fb", "a/b"),
        (b"-0", "-0"),
        (b"9" * 30, "9" * 30),
        ("٣".encode(), "٣"),
        (b"\xff", None),
    ],
)
def test_names_of_folders(tmp_path, name, label):
    image_folder(tmp_path, encoded(GREY, ".png"))
    os.rename(tmp_path / "ant", os.path.join(os.fsencode(tmp_path), name))
    if label is None:
        assert "text that UTF-8 can hold" in refusal(tmp_path)
    else:
        data = outcome(tmp_path)
        assert set(data.label_names) == {label, "bee"}
        assert data.condition.codes(data.y).tolist() == data.codes.tolist()


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set"])
def test_what_is_no_image_is_named_without_objects_of_python(tmp_path, name):
    image_folder(tmp_path / "set", b"no image")
    if name != "set":
        shutil.make_archive(str(tmp_path / "set"), name.split(".")[1], tmp_path / "set")
    said = refusal(tmp_path / name)
    assert "0.png (UnidentifiedImageError: cannot identify image file the content)" in said
