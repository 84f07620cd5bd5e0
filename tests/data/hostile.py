"""Readers under attack: any input is refused in one sentence, or read right, in bounded memory.

What the tests of damaged and hostile data files share.
"""

import io
import re
import signal
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset, load_data

MIB = 2**20
LOW_BOUND = 64 * MIB
OBJECT = r"<[\w.]+ (object|name=)"  # as Python shows one
HANGS = 300  # seconds after which a reader is not slow but waits for ever
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
X = np.random.default_rng(0).integers(0, 256, (6, 3, 4), dtype=np.uint8)
Y = np.array([7, 8, 7, 8, 7, 8], np.uint8)


@contextmanager
def not_for_ever() -> Iterator[None]:
    """Fail where what is read does not come to an end; `in_bounds` says how."""
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)


def read(path, **settings) -> Dataset:
    """`load_data`, its allocations (and not those of hypothesis) within the bound."""
    tracemalloc.start()
    try:
        return load_data(path, **settings)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= LOW_BOUND


def outcome(path) -> Dataset | None:
    """The data set at the path; None where it is refused in one sentence."""
    refusals = []
    with not_for_ever():
        try:
            data = read(path, test=0.4, validation=0.4)
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
    for error in refusals:
        assert all((error.expected, error.received, error.remedy.endswith(".")))
        assert len(str(error)) < 5000
        assert not re.search(OBJECT, str(error))
    return data


def refusal(path) -> str:
    with not_for_ever(), pytest.raises(InputError) as caught:
        read(path)
    assert not re.search(OBJECT, str(caught.value))
    return str(caught.value)


def names_of(data):
    return [data.label_names[code] for code in data.given]


def expected_names(y):
    y = y.astype(str) if y.dtype.kind == "S" else y
    return [str(int(label)) if y.dtype.kind in "iuf" else str(label) for label in y.reshape(-1)]


def zip_bytes(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()
