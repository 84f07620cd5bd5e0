"""sha256 sums, in hex, by which a run recognises its data."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condvae.data.mapped import blocks


def fingerprint_of_arrays(x: np.ndarray, given: np.ndarray, about: Sequence[Any]) -> str:
    """Fingerprint of both arrays and of further facts about them, as JSON values."""
    head = [str(x.dtype), x.shape, str(given.dtype), *about]
    digest = hashlib.sha256(json.dumps(head).encode())
    for array in (x, given):
        for block in blocks(array):
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def fingerprint_of_columns(columns: Mapping[str, np.ndarray], about: Sequence[Any]) -> str:
    """Fingerprint of columns, their names and order, and further facts about them."""
    digest = hashlib.sha256(json.dumps(about).encode())
    for name, values in columns.items():
        head = json.dumps([name, str(values.dtype), values.shape])
        digest.update(head.encode())
        for block in blocks(values):
            digest.update(np.ascontiguousarray(block).tobytes())
    return digest.hexdigest()


def fingerprint_of_sums(sums: Sequence[str], rows: np.ndarray | None, about: Sequence[Any]) -> str:
    """Fingerprint of files by their sums, of some of their rows, and of further facts."""
    head = [list(sums), None if rows is None else fingerprint_of_rows(rows), *about]
    return hashlib.sha256(json.dumps(head).encode()).hexdigest()


def fingerprint_of_rows(rows: np.ndarray) -> str:
    """The sum of positions in a data set."""
    # one width and byte order on every machine
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
