"""A run is a folder: what was trained, on what, how it went, and the weights."""

import csv
import platform
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import keras
from pydantic import BaseModel, ConfigDict, ValidationError

from condvae.atomic import write_text
from condvae.checkpoint import load_weights
from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.data import Dataset, load_data
from condvae.models import build_model
from condvae.spec import Spec
from condvae.trained import TrainedModel

if TYPE_CHECKING:
    import numpy as np

    from condvae.exploration.plots import Figure

HISTORY_COLUMNS = (
    "epoch",
    "loss",
    "reconstruction_loss",
    "kl_loss",
    "val_loss",
    "val_reconstruction_loss",
    "val_kl_loss",
    "learning_rate",
    "beta",
    "seconds",
)


class Preprocessing(BaseModel):
    """How stored pixels become numbers in the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_shape: tuple[int, int, int]
    x_max: int
    assumption: str
    in_unit_interval: bool  # whether the model's x lies in [0, 1], so that images can show it


class DataRecord(BaseModel):
    """Which data were trained on: the name is a hint, the fingerprint is the proof."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fingerprint: str
    splits: dict[str, Any]


class Figures(BaseModel):
    """The validation figures of the best epoch, nats per image.

    Attributes:
        epochs: complete epochs.
        best_epoch: counted from 1; its weights are the run's.
        seconds: of training and validation, over all epochs.
        comparability: what the figures may be compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int
    best_epoch: int
    val_elbo: float
    val_reconstruction_loss: float
    val_kl_loss: float
    seconds: float
    comparability: str


class RunRecord(BaseModel):
    """The content of run.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    status: Literal["running", "finished", "interrupted", "failed"]
    created: str
    preset: str | None
    spec: Spec
    condition: Categorical
    preprocessing: Preprocessing
    data: DataRecord
    versions: dict[str, str]
    figures: Figures | None = None


class Run:
    """A run folder, open for reading.

    Attributes:
        path: the folder.
        record: the content of run.json.
    """

    def __init__(self, path: Path, record: RunRecord):
        self.path, self.record = Path(path), record

    @classmethod
    def create(cls, path: Path, record: RunRecord) -> Self:
        """Make the folder and write its run.json."""
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise InputError(
                "the run must go into a new folder",
                f"{path}, which exists",
                "Choose another name.",
            ) from None
        run = cls(path, record)
        run.update()
        return run

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """The run in a folder.

        Raises:
            InputError: no run is there, or its run.json is damaged; the field is named.
        """
        file = Path(path) / "run.json"
        try:
            return cls(Path(path), RunRecord.model_validate_json(file.read_bytes()))
        except OSError:
            raise InputError(
                "RUN must be a folder made by `condvae train` (with a run.json)",
                f"{path}, which has none",
                "`condvae train DATA --run DIR` makes one.",
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(
                f"{file} must be a run record of format 1",
                f"at {'.'.join(map(str, first['loc'])) or 'the top'}: {first['msg']}",
                "The file is damaged, or of a newer condvae.",
            ) from None

    def update(self, **changes: Any) -> None:
        """Write run.json with some fields of the record replaced."""
        self.record = self.record.model_copy(update=changes)
        write_text(self.path / "run.json", self.record.model_dump_json(indent=2) + "\n")

    @property
    def spec(self) -> Spec:
        """What was asked for."""
        return self.record.spec

    @property
    def weights_path(self) -> Path:
        """The weights of the best epoch by validation."""
        return self.path / "weights.safetensors"

    @property
    def history(self) -> dict[str, list[float]]:
        """history.csv, a list for each column; losses in nats per example.

        Raises:
            InputError: it is missing or damaged.
        """
        try:
            with open(self.path / "history.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            return {column: [float(row[column]) for row in rows] for column in HISTORY_COLUMNS}
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path / 'history.csv'} must hold the columns {', '.join(HISTORY_COLUMNS)}",
                f"{type(error).__name__} {error}",
                "Restore the file.",
            ) from None

    @cached_property
    def model(self) -> TrainedModel:
        """The model with the weights of the best epoch.

        Raises:
            InputError: the weights are missing, damaged or of other networks.
        """
        record = self.record
        if not self.weights_path.exists():
            raise InputError(
                f"{self.path} must hold weights.safetensors",
                f"none; the run's status is {record.status!r}",
                "Take a run that has finished an epoch.",
            )
        model = build_model(
            record.spec,
            record.preprocessing.image_shape,
            record.condition.dim,
            record.preprocessing.x_max,
        )
        load_weights(model, self.weights_path)
        return TrainedModel(model, record.condition)

    def check_data(self, dataset: Dataset) -> Dataset:
        """The data set split as in training.

        Raises:
            InputError: these are not the data that the run was trained on.
        """
        if dataset.fingerprint != self.record.data.fingerprint:
            raise InputError(
                f"the data must be those of {self.path} "
                f"(sha256 {self.record.data.fingerprint[:12]}…)",
                f"{dataset.name or 'other data'} with {dataset.fingerprint[:12]}…",
                "Name the data that the run was trained on with --data.",
            )
        return dataset.with_spec(self.spec.data)

    def load_data(self, data_dir: Path | None = None) -> Dataset:
        """The data by the name in the record.

        Raises:
            InputError: they were arrays, or are not found.
        """
        if not self.record.data.name:
            raise InputError(
                f"the data of {self.path} must be named",
                "a run that was trained on arrays",
                "Pass the Dataset, or name a file with --data.",
            )
        try:
            return load_data(self.record.data.name, data_dir=data_dir)
        except InputError as error:
            raise InputError(
                error.expected,
                error.received,
                f"{error.remedy} The run was trained on {self.record.data.name!r}: --data names "
                "the same data elsewhere.",
            ) from None

    def plot(
        self, name: str, dataset: Dataset | None = None, **settings: Any
    ) -> "Figure | np.ndarray":
        """One of the figures of `condvae plot`: a matplotlib Figure, or for "labels" frames.

        Args:
            name: "scatter", "manifold", …, one of `condvae.exploration.FIGURES`.
            dataset: the training data; read again by the name in the record where None.
            settings: of the function of that name in `condvae.exploration.plots`, such as
                `given=3, side=12`.
        """
        from condvae.exploration import draw_one

        dataset = self.load_data() if dataset is None else dataset
        return draw_one(name, self.model, self.check_data(dataset), self.history, **settings)

    def comparability(self, split: str, estimator: str) -> str:
        """What a likelihood of this run may be compared with: one line.

        Args:
            split: "validation" or "test".
            estimator: such as "ELBO, one draw of z for each image".
        """
        record = self.record
        on_test = record.spec.data.validation == "test"
        chooser = "the test images" if on_test else "the validation images"
        if record.spec.model.likelihood == "normal":
            pixels = f"pixels as real numbers, normal with scale {record.spec.model.scale:g}"
        elif record.spec.model.pixels == "dynamic":
            pixels = "pixels binarised anew at each draw"
        elif "binary" in record.preprocessing.assumption:
            pixels = "binary pixels as they are"
        else:
            pixels = "grey pixels as Bernoulli targets (no normalised density)"
        data = f"{record.data.name or 'data'} {record.data.fingerprint[:8]}"
        count = record.data.splits[split]["size"]
        return (
            f"{data}, {split} split of {count:,} images; {pixels}; {estimator}; "
            f"nats per image; {chooser} chose the epoch"
        )


def load(run: Path | str) -> TrainedModel:
    """The trained model in a run folder; see `Run.open` for the errors."""
    return Run.open(run).model


def new_run_path(name: str, parent: Path = Path("runs")) -> Path:
    """The first of name, name-2, name-3, … that does not exist yet."""
    path, number = parent / name, 1
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path


def now() -> str:
    """The time in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def installed_versions() -> dict[str, str]:
    """What the bits of a run depend on."""
    backend = {"torch": "torch", "tensorflow": "tensorflow"}.get(keras.backend.backend(), "jax")
    versions = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in ("condvae", "keras", backend, "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
