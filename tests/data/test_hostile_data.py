"""Readers under attack: any input is refused in one sentence, or read right, in bounded memory."""

import ast
import gzip
import io
import itertools
import math
import os
import random
import signal
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from mutation import mutants, overwrite
from PIL import Image

from condvae.checks import InputError, check_memory, memory_bound
from condvae.data import Dataset, load_data
from condvae.data.arrays import bytes_needed

MIB = 2**20
LOW_BOUND = 64 * MIB
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
X = np.random.default_rng(0).integers(0, 256, (6, 3, 4), dtype=np.uint8)
Y = np.array([7, 8, 7, 8, 7, 8], np.uint8)


@pytest.fixture(autouse=True)
def in_bounds(monkeypatch):
    """A machine of 128 MiB, half of which a reader may take; and one that does not wait."""
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: LOW_BOUND)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= LOW_BOUND


def outcome(path) -> Dataset | None:
    """The data set at the path; None where it is refused in one sentence."""
    signal.alarm(60)
    refusals = []
    try:
        data = load_data(path, test=0.4, validation=0.4)
    except InputError as error:
        data = refusals.append(error)
    else:
        assert len(data.fingerprint) == 64
        try:
            assert sorted([*data.train.rows, *data.validation.rows, *data.test.rows]) == [
                *range(len(data.x))
            ]
        except InputError as error:  # a class may be too small to split
            refusals.append(error)
    signal.alarm(0)
    for error in refusals:
        assert all((error.expected, error.received, error.remedy.endswith(".")))
        assert len(str(error)) < 5000
    return data


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        load_data(path)
    return str(caught.value)


def names_of(data):
    return [data.label_names[code] for code in data.codes]


def expected_names(y):
    y = y.astype(str) if y.dtype.kind == "S" else y
    return [str(int(label)) if y.dtype.kind in "iuf" else str(label) for label in y.reshape(-1)]


# IDX


def idx_bytes(array):
    return struct.pack(f">I{array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


def idx_array(content, num_axes):
    """What NumPy makes of an IDX file; None where it is not whole."""
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except Exception:
            return None
    if len(content) < 4 + 4 * num_axes or content[:4] != bytes([0, 0, 8, num_axes]):
        return None
    shape = struct.unpack_from(f">{num_axes}I", content, 4)
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * num_axes)
    return data.reshape(shape) if data.size == math.prod(shape) else None


def assert_idx_right(folder, images, labels):
    """The reader takes what is whole, and only that."""
    overwrite(folder / IMAGES, images)
    overwrite(folder / LABELS, labels)
    data, x, y = outcome(folder / IMAGES), idx_array(images, 3), idx_array(labels, 1)
    if x is None or y is None or not x.size or len(x) != len(y):
        assert data is None
    else:
        assert data is not None
        assert np.array_equal(data.x[..., 0], x)
        assert names_of(data) == expected_names(y)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_idx_mutants(tmp_path, pack, num_mutants):
    images, labels = pack(idx_bytes(X)), pack(idx_bytes(Y))
    for mutant in mutants(images, num_mutants // 2, seed=0):
        assert_idx_right(tmp_path, mutant, labels)
    for mutant in mutants(labels, num_mutants // 2, seed=1):
        assert_idx_right(tmp_path, images, mutant)


def test_idx_mutants_inside_gz(tmp_path, num_mutants):
    labels = idx_bytes(Y)
    for mutant in mutants(idx_bytes(X), num_mutants // 4, seed=2):
        assert_idx_right(tmp_path, gzip.compress(mutant, 1), labels)


@given(st.sampled_from([b"", b"\0\0\x08\x03", b"\x1f\x8b", b"\x1f\x8b\x08\0"]), st.binary())
def test_idx_of_any_bytes(tmp_path_factory, start, rest):
    assert_idx_right(tmp_path_factory.mktemp("idx"), start + rest, idx_bytes(Y))


# .npz


def npy_bytes(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array)
    return buffer.getvalue()


def zip_bytes(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def npy_of(descr, shape, content=b"", fortran=False):
    """An .npy file whose header says what it wants."""
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def assert_npz_right(path, content):
    """What the reader takes is what NumPy reads."""
    overwrite(path, content)
    if (data := outcome(path)) is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # np.load refuses an archive behind other bytes, which is whole for zipfile
        with np.lib.npyio.NpzFile(path) as archive:
            names = [f"{name}{part}" for name in "xy" for part in ("", "_train", "_test")]
            arrays = {name: archive[name] for name in names if name in archive}
    x, y = (arrays[name] if name in arrays else arrays[f"{name}_train"] for name in "xy")
    names = expected_names(y)
    if "x_test" in arrays:
        x = np.concatenate([x, arrays["x_test"]])
        names += expected_names(arrays["y_test"])
    x = x.astype(np.float32 if x.dtype.kind == "f" else np.uint8)
    assert np.array_equal(data.x.reshape(x.shape), x)
    assert names_of(data) == names
    return True


MEMBERS = {
    "numbers": {"x.npy": X, "y.npy": Y},
    "floats": {"x.npy": X / 7, "y.npy": Y.astype("float64")},
    "text": {"x.npy": np.asfortranarray(X > 99), "y.npy": np.array(["ant", "bée"] * 3)},
    "test set": {"x_train.npy": X, "y_train.npy": Y, "x_test.npy": X[:2], "y_test.npy": Y[:2]},
}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("kind", ["numbers", "test set"])
def test_npz_mutants(tmp_path, kind, compression, num_mutants):
    members = [(name, npy_bytes(array)) for name, array in MEMBERS[kind].items()]
    content = zip_bytes(members, compression)
    assert assert_npz_right(tmp_path / "set.npz", content)
    for mutant in mutants(content, num_mutants // 4, seed=3):
        assert_npz_right(tmp_path / "set.npz", mutant)


@pytest.mark.parametrize("kind", MEMBERS)
def test_npz_mutants_with_a_right_checksum(tmp_path, kind, num_mutants):
    members = {name: npy_bytes(array) for name, array in MEMBERS[kind].items()}
    assert assert_npz_right(tmp_path / "set.npz", zip_bytes(members.items()))
    size = np.lib.format.ARRAY_ALIGN * 2
    for name, seed in zip(members, itertools.count(4)):
        header, content = members[name][:size], members[name][size:]
        for mutant in mutants(header.rstrip(b" \n"), num_mutants // 10, seed):
            changed = {**members, name: mutant.ljust(size - 1) + b"\n" + content}
            assert_npz_right(tmp_path / "set.npz", zip_bytes(changed.items()))


DESCRIPTIONS = [
    *("'|u1'", "'|i1'", "'<u2'", "'>i8'", "'<f2'", "'>f8'", "'<f16'", "'|b1'", "'<c8'"),
    *("'|S1'", "'<U1'", "'>U1'", "'<U0'", "'|S0'", "'|V0'", "'<U2147483647'", "'<U99999999999'"),
    *("'O'", "'|O'", "'|V8'", "'<M8[s]'", "'<m8'", "'T'", "[('a', '|u1')]", "[('a', 'O')]", "[]"),
    *("('|u1', (2,))", "'(2,3)|u1'", "''", "'x'", "0", "None", "()", "b'u1'", "'|u1' * 3"),
    *("[" * 90 + "]" * 90, "(" * 500, "9" * 5000, "'\\udcff'", "{**{}}", "__import__('os')"),
    "[('a', [('b', [('c', '|u1')])])]",
]
SHAPES = [
    *("(6, 3, 4)", "(6,)", "(6, 1)", "()", "(0, 3, 4)", "(6, 0, 4)", "(6, 3, 4, 1)", "(72,)"),
    *("(-6, 3, -4)", "(-1,)", "(True, 9, 8)", "(6.0, 3, 4)", "[6, 3, 4]", "6", "'6'", "(6, 12, 1)"),
    *(f"({2**40},)", f"({2**40}, 0, 4)", f"({2**62}, {2**62}, 4)", f"(0, {2**64}, 1)"),
    *(f"({10**300}, 1, 1)", str((1,) * 65), f"(1, 1, {2**32})"),
]


def content_for(descr, shape):
    """As many bytes as the header announces, if it makes any sense and they are few."""
    try:
        size = np.dtype(ast.literal_eval(descr)).itemsize * math.prod(ast.literal_eval(shape))
    except Exception:
        size = 72
    return b"0" * (size if isinstance(size, int) and 0 < size < MIB else 72)


@pytest.mark.parametrize("of", ["x", "y"])
def test_npz_headers_that_say_anything(tmp_path, of, num_mutants):
    taken, pairs = 0, list(itertools.product(DESCRIPTIONS, SHAPES))
    for descr, shape in random.Random(0).sample(pairs, min(num_mutants, len(pairs))):
        members = {"x.npy": npy_bytes(X), "y.npy": npy_bytes(Y)}
        members[f"{of}.npy"] = npy_of(descr, shape, content_for(descr, shape))
        taken += assert_npz_right(tmp_path / "set.npz", zip_bytes(members.items()))
    assert taken


@given(st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]), st.binary())
def test_npz_of_any_bytes(tmp_path_factory, start, rest):
    assert_npz_right(tmp_path_factory.mktemp("npz") / "set.npz", start + rest)


@given(st.binary())
def test_npz_of_any_member(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("npz") / "set.npz"
    for start in (b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x03\x00"):
        assert_npz_right(path, zip_bytes([("x.npy", start + content), ("y.npy", npy_bytes(Y))]))


finite = {"allow_nan": False, "allow_infinity": False, "width": 16}
images = st.one_of(
    npst.arrays(dtype, shape, elements=elements)
    for shape in ((6, 3, 4), (6, 2, 2, 3), (6, 1, 1, 1))
    for dtype, elements in [
        *[(kind, st.integers(0, 255)) for kind in ("u1", "<u2", ">i4", "<i8", "<u8")],
        *[(kind, st.floats(**finite)) for kind in ("<f2", ">f4", "<f8", "longdouble")],
        ("?", st.booleans()),
    ]
)
labels = st.one_of(
    npst.arrays("u1", 6),
    npst.arrays("<i8", (6, 1), elements=st.integers(-(10**17), 10**17)),
    npst.arrays("<f8", 6, elements=st.integers(-(2**53), 2**53).map(float)),
    npst.arrays("?", 6),
    npst.arrays("<U5", 6, elements=st.text(max_size=5)),
    npst.arrays(">U5", 6, elements=st.text(max_size=5)),
    npst.arrays("S3", 6, elements=st.text("0aZ", max_size=3).map(str.encode)).map(
        lambda y: y.astype(str)
    ),
)


@given(images, labels, st.booleans(), st.booleans())
def test_npz_round_trip(tmp_path_factory, x, y, fortran, zipped):
    path = tmp_path_factory.mktemp("npz") / "set.npz"
    save = np.savez_compressed if zipped else np.savez
    save(path, x=np.asfortranarray(x) if fortran else x, y=y)
    data = outcome(path)
    assert data is not None
    assert np.array_equal(data.x.reshape(x.shape), x.astype(data.x.dtype))
    assert names_of(data) == expected_names(y)
    assert data.condition.codes(data.y).tolist() == data.codes.tolist()


# Image folders

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


# Bombs: small files that announce or unpack into much


def gz_bomb(head, num_mib):
    """Zeros after a header; gzip members simply follow one another."""
    return gzip.compress(head) + gzip.compress(bytes(MIB)) * num_mib


def zip_bomb(x, **changes):
    """An archive whose x.npy is that; its directory says the changes."""
    content = bytearray(zip_bytes([("y.npy", npy_bytes(Y)), ("x.npy", x)], zipfile.ZIP_DEFLATED))
    entry = content.rindex(b"PK\x01\x02")
    for name, number in changes.items():
        place, code = {"flags": (8, "<H"), "method": (10, "<H"), "size": (24, "<I")}[name]
        struct.pack_into(code, content, entry + place, number)
        if name != "size":  # also in the member's own header
            local = content.index(b"PK\x03\x04", 4)
            struct.pack_into(code, content, local + place - 2, number)
    return bytes(content)


def flat_images():
    return npy_of("'|u1'", "(128, 1024, 1024)", bytes(128 * MIB))


def long_header():
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", 128 * MIB) + b" " * 128 * MIB


# how each is made, and what the refusal says
NPZ_BOMBS = {
    "that keeps its word": (lambda: zip_bomb(flat_images()), "half of this machine's memory"),
    "whose directory tells less": (
        lambda: zip_bomb(flat_images(), size=2**15),
        "announces 134,217,728",
    ),
    "whose two headers tell less": (
        lambda: zip_bomb(npy_of("'|u1'", f"(1, 1, {MIB})", bytes(128 * MIB)), size=MIB + 79),
        "Bad CRC-32",
    ),
    "whose directory tells more": (
        lambda: zip_bomb(flat_images(), size=2**32 - 2),
        "it has 4,294,967,2",
    ),
    "that tells much twice": (
        lambda: zip_bomb(npy_of("'|u1'", f"(1, 1, {2**31})"), size=2**31 + 82),
        "half of this machine's memory",
    ),
    "of a long header": (lambda: zip_bomb(long_header()), "EOF: reading array header"),
    "of (2**40,)": (lambda: zip_bomb(npy_of("'|u1'", f"({2**40},)")), "1,099,511,627,776 bytes"),
    "of no bytes": (lambda: zip_bomb(npy_of("'<U0'", f"({2**40},)")), "1,099,511,627,776 bytes"),
    "of empty images": (lambda: zip_bomb(npy_of("'|u1'", f"({2**40}, 0, 1)")), "140,737.5 GB"),
    "with a password": (lambda: zip_bomb(npy_bytes(X), flags=1), "encrypted"),
    "of an unknown method": (lambda: zip_bomb(npy_bytes(X), method=99), "compression method"),
    "of bzip2": (
        lambda: zip_bytes([("x.npy", flat_images()), ("y", b"")], zipfile.ZIP_BZIP2),
        "method 12",
    ),
    "of lzma": (
        lambda: zip_bytes([("x.npy", flat_images()), ("y", b"")], zipfile.ZIP_LZMA),
        "method 14",
    ),
    "of 20,000 members": (
        lambda: zip_bytes([(f"{number:010}", b"") for number in range(20_000)]),
        "Truncated central directory",
    ),
}


@pytest.mark.parametrize("kind", NPZ_BOMBS)
def test_npz_bombs(tmp_path, kind):
    make, received = NPZ_BOMBS[kind]
    tracemalloc.stop()  # what making the bomb takes
    (tmp_path / "set.npz").write_bytes(make())
    tracemalloc.start()
    assert received in refusal(tmp_path / "set.npz")


def test_npz_with_an_array_twice(tmp_path):
    members = [("x.npy", npy_bytes(X)), ("y.npy", npy_bytes(Y)), ("x", npy_bytes(X + 1))]
    (tmp_path / "set.npz").write_bytes(zip_bytes(members))
    assert "each array once" in refusal(tmp_path / "set.npz")


HUGE, SMALL = struct.pack(">4I", 0x803, 2**32 - 1, 28, 28), struct.pack(">4I", 0x803, 6, 3, 4)
LARGE = struct.pack(">4I", 0x803, 128, 1024, 1024)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (HUGE, "received 16 bytes"),
        (gzip.compress(HUGE), "half of this machine's memory (0.1 GB); received 21,303.0 GB"),
        (gz_bomb(LARGE, 128), "half of this machine's memory"),
        (gz_bomb(SMALL, 128), "more than 88 bytes"),
        (gz_bomb(b"", 128), "magic number"),
    ],
    ids=["announced", "announced in gz", "gz as announced", "gz of more", "gz of zeros"],
)
def test_idx_bombs(tmp_path, content, received):
    (tmp_path / IMAGES).write_bytes(content)
    (tmp_path / LABELS).write_bytes(idx_bytes(Y))
    assert received in refusal(tmp_path)


def test_idx_as_large_as_it_says(tmp_path):
    for name, head, size in [(IMAGES, LARGE, 128 * MIB + 16), (LABELS, idx_bytes(Y), 14)]:
        (tmp_path / name).write_bytes(head)
        os.truncate(tmp_path / name, size)
    assert "half of this machine's memory" in refusal(tmp_path)


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


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("y_dtype", ["u1", "f8", "U9", "S9"])
@pytest.mark.parametrize("x_dtype", ["u1", "?", "i2", "i8", "f2", "f4", "f8", "longdouble"])
def test_reading_takes_no_more_than_it_counts(tmp_path, x_dtype, y_dtype, test):
    x, y = np.ones((2**15, 3, 7), x_dtype), (np.arange(2**15) % 9).astype(y_dtype)
    arrays = {"x_train": x, "y_train": y} | ({"x_test": x, "y_test": y} if test else {})
    np.savez(tmp_path / "set.npz", **arrays)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    data = load_data(tmp_path / "set.npz")
    _, peak = tracemalloc.get_traced_memory()
    assert len(data.x) == (2 * len(x) if test else len(x))
    counted = sum(bytes_needed(array.shape, array.dtype) for array in arrays.values())
    assert peak - before <= counted + MIB


def test_the_bound_is_half_of_what_the_machine_has():
    assert 0 < memory_bound() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    with pytest.raises(InputError, match=r"the set must fit .* \(0.1 GB\); received 9,000.0 GB"):
        check_memory(9 * 10**12, "the set")


# What else a file system holds


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_no_data(tmp_path, make):
    for name in ("set.npz", IMAGES):
        make(tmp_path / name)
        assert "none of these" in refusal(tmp_path / name)
    assert "none of these" in refusal(tmp_path)
    (tmp_path / "ant").mkdir()
    make(tmp_path / "ant" / "x.png")
    assert "'ant' without any" in refusal(tmp_path)


def test_pipes_are_no_labels(tmp_path):
    (tmp_path / IMAGES).write_bytes(idx_bytes(X))
    os.mkfifo(tmp_path / LABELS)
    assert "no such file" in refusal(tmp_path)


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


@pytest.mark.parametrize("denied", ["set.npz", "set", "set/ant", "set/ant/sub", "set/ant/0.png"])
def test_what_may_not_be_read(tmp_path, denied):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "set.npz").write_bytes(zip_bytes([]))
    image_folder(tmp_path / "set", encoded(GREY, ".png"))
    (tmp_path / "set" / "ant" / "sub").mkdir()
    (tmp_path / denied).chmod(0)
    try:
        assert "Permission denied" in refusal(tmp_path / denied.split("/")[0])
    finally:
        (tmp_path / denied).chmod(0o700)


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


# Labels


def characters(*numbers):
    """Strings of one character each, whether there is such a character or not."""
    return np.array(numbers, "uint32").view("U1")


@pytest.mark.parametrize(
    ("y", "received"),
    [
        (characters(*[0xD800] * 6), "surrogates not allowed"),
        (characters(*[0x110000] * 6), "text that UTF-8 can hold"),
        (np.array(["caf\xe9".encode("latin1")] * 6), "bytes beyond ASCII"),
        (np.full(6, 2**63, "u8"), "in row 0"),
        (np.full(6, 1e300), "in row 0"),
        (np.full(6, np.longdouble("1e4900")), "in row 0"),
        (np.full(6, "2026-01-01", "M8[D]"), "dtype datetime64"),
        (np.full(6, 1j), "dtype complex128"),
        (np.full((6, 1, 1), 1), "shape (6, 1, 1)"),
        (np.int64(3), "shape ()"),
    ],
)
def test_labels_that_are_none(tmp_path, y, received):
    np.savez(tmp_path / "set.npz", x=X, y=y)
    assert received in refusal(tmp_path / "set.npz")


@pytest.mark.parametrize(
    "y",
    [
        np.array(["01", "1", "001"] * 2),
        np.array(["-0", "0", "--1"] * 2),
        np.array(["9" * 18, "9" * 19, "9" * 5000] * 2),
        np.array([-5, 0, 10**18 - 1] * 2),
        np.array(["a" * 10_000, "", "a"] * 2),
        np.frombuffer(bytes([0, 1, 2, 255, 0, 1]), bool),
    ],
    ids=["leading zeros", "signs", "long numbers", "integers", "long names", "bools of any byte"],
)
def test_labels_stay_apart(tmp_path, y):
    np.savez(tmp_path / "set.npz", x=X, y=y)
    data = outcome(tmp_path / "set.npz")
    assert names_of(data) == expected_names(y)
    assert data.condition.codes(data.y).tolist() == data.codes.tolist()


def test_labels_of_a_test_set_are_of_one_kind(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=X, y=Y, x_test=X, y_test=Y.astype(str))
    assert "same kind" in refusal(path)
    np.savez(path, x=X, y=Y, x_test=X, y_test=Y.astype("f8"))
    assert outcome(path).label_names == ("7", "8")


def test_a_continuous_label_is_no_class(tmp_path):
    np.savez(tmp_path / "set.npz", x=np.ones((40_000, 1, 1), "u1"), y=np.arange(40_000))
    assert "at most 32,768 classes" in refusal(tmp_path / "set.npz")
