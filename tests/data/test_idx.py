import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.data.idx import read_idx

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx_bytes(array, magic=None):
    magic = 0x0800 | array.ndim if magic is None else magic
    return struct.pack(f">I{array.ndim}I", magic, *array.shape) + array.tobytes()


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 6)] * 3), st.booleans())
def test_round_trip(tmp_path_factory, shape, zipped):
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    assert np.array_equal(read_idx(path, 3), array)


WHOLE = idx_bytes(IMAGES)
ZIPPED = gzip.compress(WHOLE, mtime=0)


@pytest.mark.parametrize(
    ("content", "expected", "received"),
    [
        (b"", "0x00000803", "an empty file"),
        (b"\x00\x00", "0x00000803", "0x0000"),
        (idx_bytes(IMAGES, 0x0D03), "IDX file of images", "0x00000d03"),
        (idx_bytes(np.zeros(3, np.uint8)), "0x00000803", "0x00000801"),
        (WHOLE[:10], "16 bytes", "10 bytes"),
        (WHOLE[:-1], "40 bytes", "39 bytes"),
        (WHOLE + b"more", "40 bytes", "more than 40 bytes"),
        (struct.pack(">4I", 0x803, 2**32 - 1, 2**16, 2**16), "18,446,744,069,414,584,336", "16"),
        (gzip.compress(WHOLE[:-1], mtime=0), "40 bytes", "39 bytes"),
        (gzip.compress(WHOLE + bytes(10**6), mtime=0), "40 bytes", "more than 40 bytes"),
        (ZIPPED[:-12], "whole gzip file", "breaks off after"),
        (ZIPPED[:-4], "whole gzip file", "breaks off after 40 bytes"),
        (ZIPPED[:-8] + bytes(8), "whole gzip file", "CRC"),
        (ZIPPED[:10] + b"\xff" * 20, "whole gzip file", "breaks off after 0 bytes"),
    ],
    ids=[
        "empty",
        "cut in the magic number",
        "floats",
        "labels",
        "cut in the header",
        "cut in the data",
        "too long",
        "gigantic by its header",
        "gz of a cut file",
        "gz of a file too long",
        "gz cut in the data",
        "gz cut in the checksum",
        "gz of a wrong checksum",
        "gz of no deflate stream",
    ],
)
def test_damaged_files_are_refused(tmp_path, content, expected, received):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_idx(path, 3)
    assert str(path) in caught.value.expected
    assert expected in caught.value.expected
    assert received in caught.value.received
