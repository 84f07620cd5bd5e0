"""Complete training states on disk: one folder each, with checksums, complete or absent.

checkpoints/epoch-0000012/
  tensors.safetensors   weights, best weights, optimizer, random states, metrics
  state.json            the history, which determines best epoch and early stopping, and the place
  manifest.json         the size and the sha256 of both
"""

import hashlib
import logging
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator
from safetensors import SafetensorError
from safetensors.numpy import load_file

from condvae.checks import InputError
from condvae.files.atomic import atomic_path
from condvae.files.frozen import Frozen
from condvae.files.tensors import save_tensors
from condvae.runs.history import COLUMNS, Row

NEWEST_KEPT = 2
BEST = "best/"
NAME = re.compile(r"epoch-(\d{7})(?:-step-(\d{7}))?")
FILES = ("tensors.safetensors", "state.json")

log = logging.getLogger(__name__)


class TrainingState(Frozen):
    """The state of a training, without the tensors.

    Attributes:
        rows: the complete epochs, column name -> number, as in history.csv.
        step: number of steps done in the next epoch.
        seconds: the time that they took.
    """

    format: Literal[1] = 1
    rows: tuple[Row, ...] = ()
    step: int = Field(default=0, ge=0)
    seconds: float = 0.0

    @field_validator("rows")
    @classmethod
    def _complete(cls, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        if any(tuple(row)[: len(COLUMNS)] != COLUMNS for row in rows):
            raise ValueError(f"every row must hold {', '.join(COLUMNS)}")
        return rows

    @property
    def epoch(self) -> int:
        """Number of complete epochs."""
        return len(self.rows)

    @property
    def best(self) -> Row | None:
        """The first epoch with the lowest validation loss; None before any."""
        # the first of equal losses, as in early stopping
        return min(self.rows, key=lambda row: row["val_loss"], default=None)

    @property
    def place(self) -> str:
        """The current place in words."""
        return f"epoch {self.epoch}" + (f" and {self.step} steps" if self.step else "")


@dataclass(frozen=True)
class Checkpoint:
    """A complete training state, as made and restored by `training.state`.

    Attributes:
        state: the state of the training.
        tensors: all tensors on which the next step depends.
        best_weights: the networks' weights after the best epoch; empty before any.
    """

    state: TrainingState
    tensors: dict[str, np.ndarray]
    best_weights: dict[str, np.ndarray]


class FileRecord(Frozen):
    """Size and sha256 of a file."""

    bytes: int
    sha256: str


class Manifest(Frozen):
    """The content of manifest.json."""

    format: Literal[1] = 1
    files: dict[Literal["tensors.safetensors", "state.json"], FileRecord]


def checkpoint_name(state: TrainingState) -> str:
    """The folder name of the checkpoint of a state."""
    return f"epoch-{state.epoch:07d}" + (f"-step-{state.step:07d}" if state.step else "")


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into a new folder in `folder`; then remove those that are not needed.

    The newest two are kept, and the one with the lowest validation loss.

    Raises:
        OSError: an error of the disk; existing checkpoints are unchanged.
    """
    state = checkpoint.state
    path = folder / checkpoint_name(state)
    best = {f"{BEST}{name}": tensor for name, tensor in checkpoint.best_weights.items()}
    with atomic_path(path) as fresh:
        fresh.mkdir()
        save_tensors(fresh / "tensors.safetensors", checkpoint.tensors | best)
        (fresh / "state.json").write_bytes(state.model_dump_json().encode())
        files = {name: _record_of(fresh / name) for name in FILES}
        manifest = Manifest(files=files)  # type: ignore[reportArgumentType]
        (fresh / "manifest.json").write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        if path.exists():  # damaged, since training would have continued from it
            shutil.rmtree(path)
    _prune(folder, path, state)
    return path


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest complete checkpoint; damaged ones are logged. None if there are no checkpoints.

    Raises:
        InputError: there are checkpoints, and all of them are damaged.
    """
    damages = []
    # the newest may be damaged by the disk: the one before it is used then
    for path in reversed(list_checkpoints(folder)):
        try:
            return _read_checkpoint(path)
        except InputError as error:
            damages.append(error)
            log.warning("skipped: %s", str(error))
    if damages:
        raise InputError(
            f"{folder} must hold an undamaged checkpoint",
            f"{len(damages)}, all damaged ({damages[0].expected}; received {damages[0].received})",
            "Restore one, or train a new run from the weights of this one (`start_from`).",
        )
    return None


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    return sorted(
        (path for path in folder.glob("epoch-*") if NAME.fullmatch(path.name)), key=_place
    )


def _read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder, after verifying its checksums."""
    try:
        manifest = Manifest.model_validate_json(_content(path / "manifest.json"))
        for name in FILES:
            _verify(path / name, manifest)
        state = TrainingState.model_validate_json(_content(path / "state.json"))
        tensors = load_file(path / "tensors.safetensors")
        if foreign := [tensor.dtype for tensor in tensors.values() if tensor.dtype.isbuiltin != 1]:
            raise TypeError(f"a tensor of dtype {foreign[0]}")  # registered by JAX
    except ValidationError as error:
        reason = f"{error.title}: {error.errors()[0]['msg']}"
    except (OSError, ValueError, SafetensorError, TypeError, AttributeError) as error:
        reason = str(error)  # for example a shape or a dtype that NumPy does not have
    else:
        best = {name: tensors.pop(name) for name in list(tensors) if name.startswith(BEST)}
        return Checkpoint(state, tensors, {k.removeprefix(BEST): v for k, v in best.items()})
    raise InputError(
        f"checkpoint {path} must be undamaged",
        " ".join(reason.split()),
        "An earlier one is used, if there is one.",
    )


def _verify(path: Path, manifest: Manifest) -> None:
    """Raise OSError if a file differs from its manifest."""
    record, found = manifest.files.get(path.name), _record_of(path)  # type: ignore[reportArgumentType]
    if record is None or found.bytes != record.bytes:
        announced = "nothing" if record is None else f"{record.bytes:,} bytes"
        raise OSError(f"{path.name} with {found.bytes:,} bytes, the manifest has {announced}")
    if found.sha256 != record.sha256:
        raise OSError(f"{path.name} with another sha256 than the manifest has")


def _record_of(path: Path) -> FileRecord:
    """Size and checksum of a file, which is read in pieces."""
    with open(_regular(path), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(bytes=file.tell(), sha256=digest)


def _content(path: Path) -> bytes:
    """The content of a file."""
    return _regular(path).read_bytes()


def _regular(path: Path) -> Path:
    """The path of a regular file, since reading a pipe might never end."""
    if not path.is_file():
        raise OSError(f"no file {path.name}")
    return path


def _prune(folder: Path, newest: Path, state: TrainingState) -> None:
    """Remove all checkpoints except for the newest two and the best one."""
    paths = list_checkpoints(folder)
    paths = paths[: paths.index(newest) + 1]  # later ones were skipped as damaged

    def validation_loss(path: Path) -> float:
        epoch, _ = _place(path)
        # that of the last complete epoch, also in the middle of an epoch
        return state.rows[epoch - 1]["val_loss"] if epoch else math.inf

    kept = {*paths[-NEWEST_KEPT:], min(paths, key=validation_loss)}
    for path in list_checkpoints(folder):
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _place(path: Path) -> tuple[int, int]:
    """(epochs, steps) in a checkpoint's name."""
    epoch, step = NAME.fullmatch(path.name).groups()  # type: ignore[reportOptionalMemberAccess]
    return int(epoch), int(step or 0)
