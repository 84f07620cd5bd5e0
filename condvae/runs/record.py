"""The content of run.json: model, data, and results of a training."""

import hashlib
import json
import platform
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError
from pydantic_core import from_json

from condvae.checks import InputError
from condvae.conditions import AnyCondition, Categorical, Table, check_categorical
from condvae.data.mapped import blocks, by_rows
from condvae.files.frozen import Count, Frozen
from condvae.likelihoods import likelihood_named
from condvae.spec import Signature, Spec

if TYPE_CHECKING:
    from condvae.data import Dataset

MOST_BYTES = 2**24
DIGESTS = "sha256"
MOST_NUMBERS = 10_000  # in the conditions of the training rows


class Preprocessing(Frozen):
    """How stored pixels are converted to numbers in the model.

    Attributes:
        image_shape: (height, width, channels) as stored; (dim,) for a table.
        x_max: the integer that is scaled to one; the last class, for label maps.
        assumption: how the pixels were interpreted.
        in_unit_interval: whether the model's x is in [0, 1], so that images can show it.
        pixel_classes: names of the values of x, if x are label maps.
        table: the columns of x, if x is a table.
    """

    image_shape: Annotated[tuple[Count, ...], Field(min_length=1, max_length=3)]
    x_max: Annotated[int, Field(strict=True, ge=1, le=255)]
    assumption: str
    in_unit_interval: bool
    pixel_classes: tuple[str, ...] | None = None
    table: Table | None = None

    @classmethod
    def of(cls, data: "Dataset", likelihood: str) -> Self:
        """The preprocessing of a data set under the likelihood of that name."""
        as_stored = likelihood_named(likelihood).as_stored
        return cls(
            image_shape=data.image_shape,
            x_max=data.x_max,
            assumption=data.assumption,
            in_unit_interval=data.in_unit_interval and not as_stored,
            pixel_classes=data.pixel_classes,
            table=data.table,
        )


class DataRecord(Frozen):
    """The training data: the name is a hint, the fingerprint identifies them.

    Attributes:
        conditions: for the training rows of a table, the distinct encoded y with only the first
            condition, and the number of rows of each, so that rows can be generated in the same
            proportions without the data; None if there are many.
    """

    name: str
    fingerprint: str
    splits: dict[str, Any]
    conditions: tuple[tuple[int, tuple[float, ...]], ...] | None = None

    @classmethod
    def of(cls, data: "Dataset") -> Self:
        """The record of a data set, with its splits."""
        several, conditions = data.condition.by_name, None
        if data.table is not None and several is not None:
            given = data.train.given
            only = partial(several.only, names=several.first_name(given))
            conditions = count_conditions(by_rows(given, only))
        return cls(
            name=data.name,
            fingerprint=data.fingerprint,
            splits=data.split_record(),
            conditions=conditions,
        )


class Figures(Frozen):
    """The validation figures of the best epoch, nats per image.

    Attributes:
        epochs: complete epochs.
        best_epoch: counted from 1; its weights are those of the run.
        seconds: time of training and validation, over all epochs.
        comparability: what the figures can be compared with.
    """

    epochs: int
    best_epoch: int
    val_elbo: float
    val_reconstruction_loss: float
    val_kl_loss: float
    seconds: float
    comparability: str


class Resumption(Frozen):
    """When a run was resumed, from where, with which versions, and on how many devices."""

    time: str
    place: str
    versions: dict[str, str]
    devices: Count = 1
    processes: Count = 1


class TrackRecord(Frozen):
    """Where a run is tracked: the tracker's name, and the id of the run there."""

    tracker: str
    id: Annotated[str, Field(min_length=1, max_length=200)]


class RunRecord(Frozen):
    """The content of run.json, beside a sha256 of each field.

    Attributes:
        status: "running" also after a kill; "interrupted" by Ctrl-C, "terminated" by SIGTERM.
        start_from: the run whose weights were the initial ones.
        taken_over: names of its classes or conditions that were "kept", that are "new", and that
            were "dropped".
        networks: names of user-defined networks, which the spec does not describe.
        callbacks: class names of the user's Keras callbacks.
        ended_by: class name of the callback that ended the training before its last epoch.
        optimizer: Keras's configuration of a user-defined optimizer; None: that of the spec.
        sample_weight: a sha256 of the rows' weights, or the name of their column.
        model_class: the registered name of a subclass of CVAE; None: CVAE itself.
        keras_config: Keras's configuration of a model with networks that no spec describes.
        tracks: the tracks of the run, which are continued on resume.
        versions: versions of libraries at the start.
        devices: number of devices at the start; the result does not depend on it.
        processes: number of processes with these devices.
        failure: the error of a run that has failed.
    """

    format: Literal[1] = 1
    status: Literal["running", "finished", "interrupted", "terminated", "failed"]
    created: str
    preset: str | None
    start_from: str | None = None
    taken_over: dict[str, tuple[str, ...]] | None = None
    spec: Spec
    condition: AnyCondition
    preprocessing: Preprocessing
    data: DataRecord
    versions: dict[str, str]
    devices: Count = 1
    processes: Count = 1
    networks: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    ended_by: str | None = None
    failure: str | None = None
    optimizer: dict[str, Any] | None = None
    sample_weight: str | None = None
    model_class: str | None = None
    keras_config: dict[str, Any] | None = None
    tracks: tuple[TrackRecord, ...] = ()
    resumed: tuple[Resumption, ...] = ()
    figures: Figures | None = None

    @property
    def signature(self) -> Signature:
        """The shapes for which the model is built."""
        preprocessing, table = self.preprocessing, self.preprocessing.table
        return Signature(
            preprocessing.image_shape,
            self.condition.shape,
            preprocessing.x_max,
            self.condition.white,
            None if table is None else table.kinds,
        )

    @property
    def classes(self) -> Categorical:
        """The condition, if it is a class; otherwise InputError."""
        return check_categorical(self.condition)

    def to_json(self) -> str:
        """The text of run.json."""
        fields = self.model_dump(mode="json")
        # one for each field, so that a changed field can be named
        digests = {name: _digest(value) for name, value in fields.items()}
        return json.dumps({**fields, DIGESTS: digests}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, file: Path) -> Self:
        """The record in a file; errors as in `parse`."""
        if file.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{file} must have at most {MOST_BYTES:,} bytes",
                f"{file.stat().st_size:,}",
                "It is not a run record.",
            )
        return cls.parse(file.read_bytes(), str(file))

    @classmethod
    def parse(cls, content: str | bytes, name: str) -> Self:
        """The record in the text of a run.json.

        Args:
            name: name of the file, for error messages.

        Raises:
            InputError: not a record of this format, or a changed field, which the message names.
        """
        try:
            # not validated immediately: checksums are compared with the fields as written
            fields = from_json(content, allow_inf_nan=False)
            digests = fields.pop(DIGESTS)
            record = cls.model_validate(fields)
            for field in fields.keys() | digests.keys():
                if field not in fields or digests.get(field) != _digest(fields[field]):
                    raise ValueError(f"field {field!r} was changed after it was written")
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the top"
            reason = f"at {place}: {first['msg']}"
        except KeyError:
            reason = f"no field {DIGESTS!r}"
        except (AttributeError, TypeError, ValueError) as error:
            reason = str(error)
        else:
            return record
        raise InputError(
            f"{name} must be a run record of format 1",
            " ".join(reason.split()),
            "The file is damaged, or of a newer condvae.",
        )


def count_conditions(given: np.ndarray) -> tuple[tuple[int, tuple[float, ...]], ...] | None:
    """The conditions of a `DataRecord`, of (N, dim) encoded ones."""
    most = max(1, MOST_NUMBERS // given.shape[1])
    total: Counter[tuple[float, ...]] = Counter()
    # for most tables, a part of the rows already shows that there are too many
    if len(np.unique(np.asarray(given[: 4 * most]), axis=0)) > most:
        return None
    for block in blocks(given):
        rows, counts = np.unique(block, axis=0, return_counts=True)
        total.update(dict(zip(map(tuple, rows.tolist()), counts.tolist(), strict=True)))
        if len(total) > most:
            return None
    return tuple((total[row], row) for row in sorted(total))


def now() -> str:
    """The time in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def installed_versions() -> dict[str, str]:
    """The versions of the libraries on which the bits of a run depend, by name."""
    import keras  # imported here, since reading a record does not need it

    backend = {"torch": "torch", "tensorflow": "tensorflow"}.get(keras.backend.backend(), "jax")
    versions = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in ("condvae", "keras", backend, "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _digest(value: Any) -> str:
    """sha256, in hex, of a field as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
