"""Tensors by name in a safetensors file: written atomically, and checked before they are read.

safetensors checks the header and the sizes but cannot detect changed values, so the header also
holds a checksum of each tensor.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from condvae.checks import InputError
from condvae.files.atomic import atomic_path

# The header holds names, shapes and texts; ours have a few kilobytes.
MOST_HEADER_BYTES = 2**24
DIGESTS = "sha256"
REMEDY = "The file is damaged or of another program: use the file of a complete run."


def save_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], header: dict[str, str] | None = None
) -> None:
    """Write a safetensors file from the arrays' own memory, without a copy of a large model."""
    # safetensors interprets the memory as C-ordered, regardless of the array's strides
    save_file({name: np.asarray(value, order="C") for name, value in tensors.items()}, path, header)


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], texts: Mapping[str, str] | None = None
) -> None:
    """Write float32 tensors with the sha256 of each; an existing file is replaced at the end.

    Args:
        texts: further texts in the header, by name.
    """
    digests = {name: _sha256(tensor) for name, tensor in tensors.items()}
    header = {**(texts or {}), DIGESTS: json.dumps(digests, sort_keys=True)}
    with atomic_path(path) as fresh:
        save_tensors(fresh, tensors, header)


class StoredTensors:
    """A safetensors file whose header was read and checked; no tensor is in memory yet.

    Attributes:
        path: the file.
        shapes: the shape of each tensor by name; all are float32.
        texts: further texts in the header, by name.

    Raises:
        InputError: not a safetensors file, a size that differs from the announced one, a header
            above 16 MiB, or a tensor of another dtype.
    """

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise InputError(f"{path} must be a safetensors file", "no such file", REMEDY)
        with open(path, "rb") as file:
            # before safetensors reads a header of any size
            header_bytes = int.from_bytes(file.read(8), "little")
        if header_bytes > MOST_HEADER_BYTES:
            raise InputError(
                f"{path} must be a safetensors file (header at most {MOST_HEADER_BYTES:,} bytes)",
                f"a header of {header_bytes:,} bytes",
                REMEDY,
            )
        try:
            self._file = safe_open(path, framework="numpy")
            slices = {name: self._file.get_slice(name) for name in self._file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise InputError(f"{path} must be a safetensors file", str(error), REMEDY) from None
        for name, stored in slices.items():
            if stored.get_dtype() != "F32":
                raise InputError(
                    f"tensor {name!r} of {path} must be float32", stored.get_dtype(), REMEDY
                )
        self.shapes = {name: tuple(stored.get_shape()) for name, stored in slices.items()}
        self.texts: dict[str, str] = self._file.metadata() or {}

    def read(self, expected: Mapping[str, tuple[int, ...]], whole: bool = True) -> dict:
        """The expected tensors by name.

        Args:
            expected: their shapes.
            whole: whether the file must not hold other tensors.

        Raises:
            InputError: a tensor is missing, unexpected, of another shape, changed since it was
                written, or not finite; the message names it.
        """
        names = expected.keys() | self.shapes.keys() if whole else expected.keys()
        for name in sorted(names):
            if expected.get(name) != self.shapes.get(name):
                raise InputError(
                    f"{self.path} must hold the weights of these networks: "
                    f"{name} {expected.get(name, 'absent')}",
                    f"{name} {self.shapes.get(name, 'absent')}",
                    "Use weights of a run with the same latent_dim, hidden_dims and image size.",
                )
        digests = self._digests()
        tensors = {}
        for name in expected:
            tensor = tensors[name] = self._file.get_tensor(name)
            if digests.get(name) != _sha256(tensor):
                raise InputError(
                    f"tensor {name!r} of {self.path} must be unchanged",
                    "one with another sha256",
                    REMEDY,
                )
            # checksums do not help here: a diverged training writes NaNs with a matching checksum
            if not np.isfinite(tensor).all():
                raise InputError(
                    f"tensor {name!r} of {self.path} must hold finite numbers",
                    f"{np.sum(~np.isfinite(tensor))} that are not",
                    REMEDY,
                )
        return tensors

    def _digests(self) -> dict[str, str]:
        """The sha256 of each tensor according to the header."""
        try:
            return dict(json.loads(self.texts[DIGESTS]))
        except (KeyError, TypeError, ValueError, RecursionError):
            raise InputError(
                f"{self.path} must hold the sha256 of each tensor in its header", "none", REMEDY
            ) from None


def _sha256(tensor: np.ndarray) -> str:
    """sha256, in hex, of the tensor's bytes."""
    return hashlib.sha256(np.ascontiguousarray(tensor).data).hexdigest()
