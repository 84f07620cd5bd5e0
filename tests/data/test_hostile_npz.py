"""The .npz reader under attack; see `hostile.py`."""

import ast
import io
import itertools
import math
import os
import random
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hostile import MIB, X, Y, expected_names, names_of, outcome, refusal, zip_bytes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from mutation import mutants, overwrite

from condvae.checks import InputError, check_memory, memory_bound
from condvae.data import load_data
from condvae.data.arrays import bytes_needed

pytestmark = pytest.mark.usefixtures("in_bounds")


def npy_bytes(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array)
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
            names.append("pixel_classes")
            arrays = {name: archive[name] for name in names if name in archive}
    x, y = (arrays[name] if name in arrays else arrays[f"{name}_train"] for name in "xy")
    if "x_test" in arrays:
        x = np.concatenate([x, arrays["x_test"]])
    assert np.array_equal(data.x.reshape(x.shape), expected_pixels(x))
    y_test = [arrays["y_test"]] if "x_test" in arrays else []
    if y.ndim > 2:
        y = np.concatenate([y, *y_test])
        assert np.array_equal(data.given.reshape(y.shape), expected_pixels(y))
    else:
        assert names_of(data) == [name for part in (y, *y_test) for name in expected_names(part)]
    assert data.pixel_classes == expected_pixel_classes(arrays.get("pixel_classes"), x)
    return True


def expected_pixels(images):
    return images.astype(np.float32 if images.dtype.kind == "f" else np.uint8)


def expected_pixel_classes(names, x):
    if names is None:
        return None
    assert 2 <= names.size == len(set(names.ravel().tolist()))
    assert x.max() < names.size
    return tuple(map(str, names.ravel().tolist()))


MEMBERS = {
    "numbers": {"x.npy": X, "y.npy": Y},
    "floats": {"x.npy": X / 7, "y.npy": Y.astype("float64")},
    "text": {"x.npy": np.asfortranarray(X > 99), "y.npy": np.array(["ant", "bée"] * 3)},
    "images": {"x.npy": X // 64, "y.npy": X, "pixel_classes.npy": np.array(["a", "é", "c", "d"])},
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
    for descr, shape in random.Random(0).sample(pairs, min(4 * num_mutants, len(pairs))):
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
    (tmp_path / "set.npz").write_bytes(make())
    assert received in refusal(tmp_path / "set.npz")


def test_npz_with_an_array_twice(tmp_path):
    members = [("x.npy", npy_bytes(X)), ("y.npy", npy_bytes(Y)), ("x", npy_bytes(X + 1))]
    (tmp_path / "set.npz").write_bytes(zip_bytes(members))
    assert "each array once" in refusal(tmp_path / "set.npz")


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("y_dtype", ["u1", "f8", "U9", "S9"])
@pytest.mark.parametrize("x_dtype", ["u1", "?", "i2", "i8", "f2", "f4", "f8", "longdouble"])
def test_reading_takes_no_more_than_it_counts(tmp_path, x_dtype, y_dtype, test):
    x, y = np.ones((2**15, 3, 7), x_dtype), (np.arange(2**15) % 9).astype(y_dtype)
    arrays = {"x_train": x, "y_train": y} | ({"x_test": x, "y_test": y} if test else {})
    np.savez(tmp_path / "set.npz", **arrays)
    tracemalloc.start()
    data = load_data(tmp_path / "set.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data.x) == (2 * len(x) if test else len(x))
    counted = sum(bytes_needed(array.shape, array.dtype) for array in arrays.values())
    assert peak <= counted + MIB


def test_the_bound_is_half_of_what_the_machine_has():
    assert 0 < memory_bound() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    with pytest.raises(InputError, match=r"the set must fit .* \(0.1 GB\); received 9,000.0 GB"):
        check_memory(9 * 10**12, "the set")


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
        (np.full((6, 2), 1), "shape (6, 2)"),
        (np.full((6, 1, 1, 1, 1), 1), "shape (6, 1, 1, 1, 1)"),
        (np.full((5, 1, 1), 1), "one image for each of the 6 in x"),
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
