"""What run.json says: what was trained, on what, how it went."""

import hashlib
import json
import platform
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError
from pydantic_core import from_json

from condvae.checks import InputError
from condvae.conditions import AnyCondition, Categorical, Table, check_categorical
from condvae.data import Dataset
from condvae.data.mapped import blocks, by_rows
from condvae.files.frozen import Count, Frozen
from condvae.likelihoods import likelihood_named
from condvae.spec import Signature, Spec

MOST_BYTES = 2**24
DIGESTS = "sha256"
MOST_NUMBERS = 10_000  # in the conditions of the training rows


class Preprocessing(Frozen):
    """How stored pixels become numbers in the model.

    Attributes:
        image_shape: (height, width, channels) as stored; (dim,) of a table.
        x_max: the integer that stands for one; of label maps the last class.
        assumption: what the pixels were taken for.
        in_unit_interval: whether the model's x lies in [0, 1], so that images can show it.
        pixel_classes: names of the values of x, where x is label maps.
        table: the columns of x, where x is a table.
    """

    image_shape: Annotated[tuple[Count, ...], Field(min_length=1, max_length=3)]
    x_max: Annotated[int, Field(strict=True, ge=1, le=255)]
    assumption: str
    in_unit_interval: bool
    pixel_classes: tuple[str, ...] | None = None
    table: Table | None = None

    @classmethod
    def of(cls, data: Dataset, likelihood: str) -> Self:
        """That of a data set under a likelihood of that name."""
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
    """Which data were trained on: the name is a hint, the fingerprint is the proof.

    Attributes:
        conditions: of the training rows of a table the different encoded y with the first condition
            alone, and in how many rows each is, so that rows can be generated as often for each
            without the data; None where there are many.
    """

    name: str
    fingerprint: str
    splits: dict[str, Any]
    conditions: tuple[tuple[int, tuple[float, ...]], ...] | None = None

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """That of a data set, split."""
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
        best_epoch: counted from 1; its weights are the run's.
        seconds: of training and validation, over all epochs.
        comparability: what the figures may be compared with.
    """

    epochs: int
    best_epoch: int
    val_elbo: float
    val_reconstruction_loss: float
    val_kl_loss: float
    seconds: float
    comparability: str


class Resumption(Frozen):
    """When a run went on after a break, from where, under which versions, on how many devices."""

    time: str
    place: str
    versions: dict[str, str]
    devices: Count = 1
    processes: Count = 1


class TrackRecord(Frozen):
    """Where a run is tracked: the tracker's name, and what it knows the run by."""

    tracker: str
    id: Annotated[str, Field(min_length=1, max_length=200)]


class RunRecord(Frozen):
    """The content of run.json, beside a sha256 of each field.

    Attributes:
        status: "running" also after a kill; "interrupted" by Ctrl-C, "terminated" by SIGTERM.
        start_from: the run whose weights were the first ones.
        taken_over: names of its classes or conditions that were "kept", of those that are "new",
            and of those that were "dropped".
        networks: those of the user's own, which the spec does not describe.
        callbacks: the classes of the user's Keras callbacks.
        ended_by: the class of the one that ended the training before its last epoch.
        optimizer: Keras's configuration of one of the user's own; None: by the spec.
        sample_weight: a sha256 of the rows' weights, or the column that they are.
        model_class: the name under which Keras knows a subclass of CVAE; None: CVAE itself.
        keras_config: Keras's configuration of a model with networks that no spec describes.
        tracks: by which it goes on where it is tracked.
        versions: of the beginning.
        devices: that the beginning was shared out among; the result does not hang on it.
        processes: that these devices belonged to.
        failure: what ended a run that has failed.
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
        """What the model is made for."""
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
        """The condition, where it is a class; else InputError."""
        return check_categorical(self.condition)

    def to_json(self) -> str:
        """The text of run.json."""
        fields = self.model_dump(mode="json")
        # one for each field, so that a change can be named
        digests = {name: _digest(value) for name, value in fields.items()}
        return json.dumps({**fields, DIGESTS: digests}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, file: Path) -> Self:
        """The record in a file; errors as in `parse`."""
        if file.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{file} must have at most {MOST_BYTES:,} bytes",
                f"{file.stat().st_size:,}",
                "It is no run record.",
            )
        return cls.parse(file.read_bytes(), str(file))

    @classmethod
    def parse(cls, content: str | bytes, name: str) -> Self:
        """The record in the text of a run.json.

        Args:
            name: of the file, for errors.

        Raises:
            InputError: no record of this format, or a field that was changed; it is named.
        """
        try:
            # not by a model at once: sums are compared with the fields as they were written
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
    # a part tells of most tables that there are too many
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
    """The versions of what the bits of a run depend on, by name."""
    import keras  # here, because who reads a record need not wait for it

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
