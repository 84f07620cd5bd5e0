"""The IDX reader under attack; see `hostile.py`."""

import gzip
import math
import os
import struct

import numpy as np
import pytest
from hostile import IMAGES, LABELS, MIB, X, Y, expected_names, names_of, outcome, refusal
from hypothesis import given
from hypothesis import strategies as st
from mutation import mutants, overwrite

pytestmark = pytest.mark.usefixtures("in_bounds")


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


def gzipped(content):
    """The same bytes at any time: the header holds none."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize("pack", [bytes, gzipped], ids=["plain", "gz"])
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


def gz_bomb(head, num_mib):
    """Zeros after a header; gzip members simply follow one another."""
    return gzip.compress(head) + gzip.compress(bytes(MIB)) * num_mib


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


def test_pipes_are_no_labels(tmp_path):
    (tmp_path / IMAGES).write_bytes(idx_bytes(X))
    os.mkfifo(tmp_path / LABELS)
    assert "no such file" in refusal(tmp_path)
