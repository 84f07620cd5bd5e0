"""A run is a folder: what was trained, on what, how it went, and the weights.

Keras is imported where a model is built: a run's graphs answer without it.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.masks import masked_images
from condvae.data import Dataset, Split, load_data
from condvae.files.atomic import write_text
from condvae.files.tensors import StoredTensors, write_tensors
from condvae.graph.graph import Graph
from condvae.graph.stored import (
    GRAPHS_NAME,
    MOST_CHARACTERS,
    REFUSAL_NAME,
    graphs_to_json,
    parse_graphs,
    parse_refusal,
    refusal_to_json,
)
from condvae.likelihoods import likelihood_named
from condvae.runs.history import parse_history
from condvae.runs.hub import Address, fetch
from condvae.runs.record import RunRecord
from condvae.spec import Spec

if TYPE_CHECKING:
    import keras

    from condvae.figures.figure import Figure
    from condvae.inference.trained import TrainedModel
    from condvae.models import CVAE

# files in a run folder, texts in the header of an archive
RECORD_NAME, HISTORY_NAME = "run.json", "history.csv"


class Run:
    """A run folder, open for reading.

    Attributes:
        path: the folder.
        record: the content of run.json.
    """

    def __init__(self, path: Path, record: RunRecord):
        self.path, self.record = Path(path), record

    def __getstate__(self) -> dict[str, Any]:
        """Folder and record; the model too where it has networks that no folder can rebuild."""
        cannot_rebuild = self.record.networks and self.record.keras_config is None
        kept = {"path", "record"} | ({"by_keras"} if cannot_rebuild else set())
        return {name: value for name, value in vars(self).items() if name in kept}

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """The run in a folder, in an archive that `condvae export` made, or on the hub.

        Args:
            path: of folder or archive; or "hf://user/name", "hf://user/name@revision".

        Raises:
            InputError: no run is there, or its record is damaged; the field is named.
        """
        address = Address.of_run(path)
        path = Path(path) if address is None else fetch(address)
        if path.is_file():
            text = StoredTensors(path).texts.get(RECORD_NAME)
            if text is None:
                raise InputError(
                    "RUN must be a run folder or an archive of one",
                    f"{path}, which holds no run record",
                    "`condvae export RUN --format archive` makes one.",
                )
            return cls(path, RunRecord.parse(text, f"the record in {path}"))
        file = path / RECORD_NAME
        if not file.is_file():
            raise InputError(
                "RUN must be a folder made by `condvae train` (with a run.json)",
                f"{path}, which has none",
                "`condvae train DATA --run DIR` makes one.",
            )
        return cls(path, RunRecord.read(file))

    @classmethod
    def from_model(cls, model: "CVAE", data: Dataset, path: Path | str) -> "Run":
        """A run of a CVAE that was fitted by Keras's own `fit`, which every command takes.

        Its record holds the model's Keras configuration, from which it is built again; classes
        that are not Keras's or ours must be registered with Keras. It cannot be resumed; `train`
        with `networks` goes on with its networks.

        Args:
            model: fitted, with any networks, likelihood and objective.
            data: that it was fitted on; the bound is measured on the validation split.
            path: a new folder.

        Raises:
            InputError: model and data do not fit one another, a part of the model cannot be
                written, or the folder exists; nothing is written.
        """
        from condvae.runs.of_model import run_of_model

        return run_of_model(model, data, path)

    def update(self, **changes: Any) -> None:
        """Write run.json with some fields of the record replaced."""
        self.record = self.record.model_copy(update=changes)
        write_text(self.path / RECORD_NAME, self.record.to_json())

    @property
    def spec(self) -> Spec:
        """The spec that the run was trained by."""
        return self.record.spec

    @property
    def is_archive(self) -> bool:
        """Whether the run is a single file."""
        return self.path.is_file()

    @property
    def weights_path(self) -> Path:
        """The weights of the best epoch by validation."""
        return self.path if self.is_archive else self.path / "weights.safetensors"

    @property
    def history_path(self) -> Path:
        """A row for each epoch."""
        return self.path / HISTORY_NAME

    @property
    def checkpoints_path(self) -> Path:
        """The folder of complete training states."""
        return self.path / "checkpoints"

    @property
    def history_text(self) -> str:
        """The content of history.csv.

        Raises:
            InputError: it is missing, or no text.
        """
        if self.is_archive:
            return StoredTensors(self.path).texts.get(HISTORY_NAME, "")
        try:
            return self.history_path.read_bytes().decode()
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.history_path} must be a text file", str(error), "Restore the file."
            ) from None

    @property
    def history(self) -> dict[str, list[float]]:
        """history.csv, a list for each column; losses in nats per example.

        Raises:
            InputError: it is missing or damaged.
        """
        return parse_history(self.history_text, str(self.history_path))

    @cached_property
    def model(self) -> "TrainedModel":
        """The model with the weights of the best epoch, by the engines that `engines_of` names.

        It is `by_keras` without graphs, and where that is in memory already, as after a training;
        else Keras is loaded when it is first needed.
        """
        from condvae.inference.trained import TrainedModel
        from condvae.runs.engines import engines_of

        if not self.graphs or "by_keras" in vars(self):
            return self.by_keras
        return TrainedModel(
            engines_of(self), self.record.condition, self.record.preprocessing.table
        )

    @cached_property
    def by_keras(self) -> "TrainedModel":
        """The model by Keras alone, by which a run is measured; errors as `load_model`."""
        return self.load_model()

    def load_model(self, networks: "Mapping[str, keras.Model] | None" = None) -> "TrainedModel":
        """The model with the weights of the best epoch.

        Args:
            networks: those of the user's own that it was trained with, built anew; None: by the
                configuration that the record has of them, where Keras could write one.

        Raises:
            InputError: the weights are missing, damaged or of other networks.
        """
        from condvae.runs.engines import trained_by_keras

        return trained_by_keras(self, networks)

    def network(self, name: str) -> "keras.Model":
        """The encoder or the decoder alone; nothing else is built or read.

        Args:
            name: "encoder" or "decoder".

        Raises:
            InputError: as `model`.
        """
        from condvae.models import load_network

        check_choice(name, ("encoder", "decoder"), "the network")
        return load_network(self.stored_weights(), name, self.record.spec, self.record.signature)

    def export(self, path: Path) -> None:
        """Write the run as one file: weights, run record and history, all that `open` needs.

        Raises:
            InputError: as `model`; nothing is written.
        """
        from condvae.models import network_tensors

        texts = {RECORD_NAME: self.record.to_json(), HISTORY_NAME: self.history_text}
        if graphs := self.graphs:
            texts[GRAPHS_NAME] = graphs_to_json(graphs)
        write_tensors(path, network_tensors(self.by_keras.keras_model), texts)

    @cached_property
    def graphs(self) -> dict[str, Graph]:
        """The model's graphs by name, see `graph.networks`; none where they were not written.

        Raises:
            InputError: they are damaged.
        """
        path = self.path / GRAPHS_NAME
        if self.is_archive:
            text = StoredTensors(self.path).texts.get(GRAPHS_NAME)
            return {} if text is None else parse_graphs(text, f"{GRAPHS_NAME} in {self.path}")
        text = _text_of(path)
        return {} if text is None else parse_graphs(text, str(path))

    @property
    def refusal(self) -> InputError | None:
        """Why the model has no graphs, where training has found a layer without operations."""
        text = None if self.is_archive else _text_of(self.path / REFUSAL_NAME)
        return None if text is None else parse_refusal(text)

    def write_graphs(self, model: "CVAE") -> None:
        """Store the graphs of the run's model, or which layer has no operations."""
        from condvae.graph.networks import model_graphs

        try:
            graphs = model_graphs(model)
        except InputError as error:  # then Keras answers
            write_text(self.path / REFUSAL_NAME, refusal_to_json(error))
        else:
            write_text(self.path / GRAPHS_NAME, graphs_to_json(graphs))

    def stored_weights(self) -> StoredTensors:
        """The file of weights, its header read."""
        if not self.weights_path.exists():
            raise InputError(
                f"{self.path} must hold weights.safetensors",
                f"none; the run's status is {self.record.status!r}",
                "Take a run that has finished an epoch.",
            )
        return StoredTensors(self.weights_path)

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
        # the splits are functions of data and spec, so they need no file
        return dataset.with_spec(self.spec.data)

    def first_conditions(self) -> tuple[np.ndarray, np.ndarray]:
        """Encoded y with the first condition of a table, and which of these a training row has.

        Raises:
            InputError: as `load_data`, where the record does not know them.
        """
        if (known := self.record.data.conditions) is not None:
            counts, rows = zip(*known, strict=True)
            return np.asarray(rows, "float32"), np.repeat(np.arange(len(rows)), counts)
        table, several = self.record.preprocessing.table, self.record.condition.by_name
        given = self.check_data(self.load_data()).train.given
        if several is not None and table is not None and table.conditions:
            given = several.first_alone(given)
        return given, np.arange(len(given))

    def conditions(self, split: Split) -> np.ndarray:
        """y of a split's images as the run's model takes it: labels, or parts of the images.

        Where the task draws masks, they are the same ones at each call.
        """
        data = self.spec.data
        if not data.masks_parts:
            return split.y
        return masked_images(
            split.x, data, self.record.preprocessing.x_max, np.random.default_rng(0)
        )

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
            return load_data(self.record.data.name, data_dir=data_dir, spec=self.spec.data)
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
            name: "samples", "manifold", …, one of `condvae.figures.FIGURES`.
            dataset: the training data; read again by the name in the record where None.
            settings: of the function of that name in `condvae.figures.plots`, such as
                `given=3, side=12`.
        """
        from condvae.figures import draw_one

        dataset = self.load_data() if dataset is None else dataset
        return draw_one(name, self.by_keras, self.check_data(dataset), self.history, **settings)

    def comparability(self, split: str, estimator: str) -> str:
        """What a likelihood of this run may be compared with: one line.

        Args:
            split: "validation" or "test".
            estimator: such as "ELBO, one draw of z for each {unit}", an image or a row.
        """
        record = self.record
        on_test = record.spec.data.validation == "test"
        unit = "image" if record.preprocessing.table is None else "row"
        chooser = f"the {'test' if on_test else 'validation'} {unit}s"
        kind = likelihood_named(record.spec.model.likelihood)
        pixels = kind.probabilities_of(record.spec, record.preprocessing)
        data, given = f"{record.data.name or 'data'} {record.data.fingerprint[:8]}", ""
        if record.spec.data.masks_parts:
            task, observed = record.spec.data.task, record.spec.data.observed
            quarters = f" {observed}" if task == "quadrants" else ""
            given = f"; given: {task}{quarters}, densities of the other pixels"
        if (labelled := record.spec.data.labelled) is not None:
            given = f"; {labelled:,} training labels"
        count = record.data.splits[split]["size"]
        return (
            f"{data}, {split} split of {count:,} {unit}s{given}; {pixels}; "
            f"{estimator.format(unit=unit)}; "
            f"nats per {unit}; {chooser} chose the epoch"
        )


def _text_of(path: Path) -> str | None:
    """A text of the run folder, as much of it as is read; None where there is none."""
    if not path.is_file():
        return None
    with open(path, encoding="utf-8", errors="replace") as file:
        # one more than is allowed, which the parser then refuses
        return file.read(MOST_CHARACTERS + 1)


def load(run: Path | str, networks: "Mapping[str, keras.Model] | None" = None) -> "TrainedModel":
    """The trained model of a run, see `Run.open` for what names one and for the errors.

    Args:
        networks: of the user's own, where it was trained with such.
    """
    return Run.open(run).load_model(networks)
