"""A run is a folder with model, data description, history and weights.

Keras is imported only where a model is built: the graphs of a run work without it.
"""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.masks import masked_images
from condvae.data.mapped import by_rows
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

    from condvae.data import Dataset, Split
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
        """Folder and record; with the model if it has networks that a folder cannot rebuild."""
        cannot_rebuild = self.record.networks and self.record.keras_config is None
        kept = {"path", "record"} | ({"by_keras"} if cannot_rebuild else set())
        return {name: value for name, value in vars(self).items() if name in kept}

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open the run in a folder, in an archive from `condvae export`, or on the hub.

        Args:
            path: path of a folder or archive; or "hf://user/name", "hf://user/name@revision".

        Raises:
            InputError: there is no run, or its record is damaged; the message names the field.
        """
        address = Address.of_run(path)
        path = Path(path) if address is None else fetch(address)
        if path.is_file():
            text = StoredTensors(path).texts.get(RECORD_NAME)
            if text is None:
                raise InputError(
                    "RUN must be a run folder or an archive of one",
                    f"{path}, which holds no run record",
                    "Make an archive with `condvae export RUN --format archive`.",
                )
            return cls(path, RunRecord.parse(text, f"the record in {path}"))
        file = path / RECORD_NAME
        if not file.is_file():
            raise InputError(
                "RUN must be a folder made by `condvae train` (with a run.json)",
                f"{path}, which has none",
                "Make one with `condvae train DATA --run DIR`.",
            )
        return cls(path, RunRecord.read(file))

    @classmethod
    def from_model(cls, model: "CVAE", data: "Dataset", path: Path | str) -> "Run":
        """Make a run of a CVAE that was fitted by Keras's own `fit`, for use with all commands.

        Its record holds the model's Keras configuration, from which the model is rebuilt; classes
        other than Keras's and ours must be registered with Keras. It cannot be resumed; `train`
        with `networks` can continue with its networks.

        Args:
            model: a fitted model, with any networks, likelihood and objective.
            data: the data on which it was fitted; the bound is measured on the validation split.
            path: a new folder.

        Raises:
            InputError: model and data do not fit one another, a part of the model cannot be
                serialised, or the folder exists; nothing is written.
        """
        from condvae.runs.of_model import run_of_model

        return run_of_model(model, data, path)

    def update(self, **changes: Any) -> None:
        """Write run.json with some fields of the record replaced."""
        self.record = self.record.model_copy(update=changes)
        write_text(self.path / RECORD_NAME, self.record.to_json())

    @property
    def spec(self) -> Spec:
        """The spec of the run's training."""
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
            InputError: it is missing, or not a text file.
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
        """The model with the weights of the best epoch, run by the engines of `engines_of`.

        It is `by_keras` if there are no graphs, or if that is in memory already, as after a
        training; otherwise Keras is loaded on first use.
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
        """The model run by Keras only, as used for measuring a run; errors as in `load_model`."""
        return self.load_model()

    def load_model(self, networks: "Mapping[str, keras.Model] | None" = None) -> "TrainedModel":
        """The model with the weights of the best epoch.

        Args:
            networks: the user-defined networks with which it was trained, newly built; None:
                rebuilt from their configuration in the record, if Keras could serialise one.

        Raises:
            InputError: the weights are missing, damaged, or belong to other networks.
        """
        from condvae.runs.engines import trained_by_keras

        return trained_by_keras(self, networks)

    def network(self, name: str) -> "keras.Model":
        """Load only the encoder or the decoder.

        Args:
            name: "encoder" or "decoder".

        Raises:
            InputError: as in `model`.
        """
        from condvae.models import load_network

        check_choice(name, ("encoder", "decoder"), "the network")
        return load_network(self.stored_weights(), name, self.record.spec, self.record.signature)

    def export(self, path: Path) -> None:
        """Write the run as a single file with weights, run record and history, for `open`.

        Raises:
            InputError: as in `model`; nothing is written.
        """
        from condvae.models import network_tensors

        texts = {RECORD_NAME: self.record.to_json(), HISTORY_NAME: self.history_text}
        if graphs := self.graphs:
            texts[GRAPHS_NAME] = graphs_to_json(graphs)
        write_tensors(path, network_tensors(self.by_keras.keras_model), texts)

    @cached_property
    def samplers(self) -> dict[str, Any]:
        """What `runs.samplers` has read or fitted, by the sum of the weights."""
        return {}

    @cached_property
    def graphs(self) -> dict[str, Graph]:
        """The model's graphs by name, see `graph.networks`; empty if they were not written.

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
        """Why the model has no graphs, if training found a layer without graph operations."""
        text = None if self.is_archive else _text_of(self.path / REFUSAL_NAME)
        return None if text is None else parse_refusal(text)

    def write_graphs(self, model: "CVAE") -> None:
        """Store the graphs of the run's model, or the name of the layer without operations."""
        from condvae.graph.networks import model_graphs

        try:
            graphs = model_graphs(model)
        except InputError as error:  # Keras is used instead
            write_text(self.path / REFUSAL_NAME, refusal_to_json(error))
        else:
            write_text(self.path / GRAPHS_NAME, graphs_to_json(graphs))

    def stored_weights(self) -> StoredTensors:
        """The file of weights, after reading its header."""
        if not self.weights_path.exists():
            raise InputError(
                f"{self.path} must hold weights.safetensors",
                f"none; the run's status is {self.record.status!r}",
                "Use a run that has completed an epoch.",
            )
        return StoredTensors(self.weights_path)

    def check_data(self, dataset: "Dataset") -> "Dataset":
        """The data set split as in training.

        Raises:
            InputError: these are not the data on which the run was trained.
        """
        if dataset.fingerprint != self.record.data.fingerprint:
            raise InputError(
                f"the data must be those of {self.path} "
                f"(sha256 {self.record.data.fingerprint[:12]}…)",
                f"{dataset.name or 'other data'} with {dataset.fingerprint[:12]}…",
                "Name the data on which the run was trained with --data.",
            )
        # the splits are functions of data and spec, so they are not stored
        return dataset.with_spec(self.spec.data)

    def first_conditions(self) -> tuple[Any, np.ndarray]:
        """Encoded y with the first condition of a table, and the index for each training row.

        Raises:
            InputError: as in `load_data`, if the record does not have them.
        """
        if (known := self.record.data.conditions) is not None:
            counts, rows = zip(*known, strict=True)
            return np.asarray(rows, "float32"), np.repeat(np.arange(len(rows)), counts)
        table, several = self.record.preprocessing.table, self.record.condition.by_name
        given = self.check_data(self.load_data()).train.given
        if several is not None and table is not None and table.conditions:
            given = by_rows(given, partial(several.only, names=several.first_name(given)))
        return given, np.arange(len(given))

    def conditions(self, split: "Split") -> np.ndarray:
        """y of a split's images in the form for the run's model: labels, or parts of the images.

        If the task draws masks, they are the same at each call.
        """
        data = self.spec.data
        if not data.masks_parts:
            return split.y
        return masked_images(
            split.x, data, self.record.preprocessing.x_max, np.random.default_rng(0)
        )

    def load_data(self, data_dir: Path | None = None) -> "Dataset":
        """Load the data with the name in the record.

        Raises:
            InputError: the data were arrays, or are not found.
        """
        if not self.record.data.name:
            raise InputError(
                f"the data of {self.path} must be named",
                "a run on arrays",
                "Pass the Dataset, or name a file with --data.",
            )
        from condvae.data import load_data

        try:
            return load_data(self.record.data.name, data_dir=data_dir, spec=self.spec.data)
        except InputError as error:
            raise InputError(
                error.expected,
                error.received,
                f"{error.remedy} The run was trained on {self.record.data.name!r}: use --data for "
                "the same data elsewhere.",
            ) from None

    def plot(
        self, name: str, dataset: "Dataset | None" = None, **settings: Any
    ) -> "Figure | np.ndarray":
        """One of the figures of `condvae plot`: a matplotlib Figure, or frames for "labels".

        Args:
            name: "samples", "manifold", …, one of `condvae.figures.FIGURES`.
            dataset: the training data; None: read again with the name in the record.
            settings: arguments of the function of that name in `condvae.figures.plots`, such as
                `given=3, side=12`.
        """
        from condvae.figures import draw_one

        dataset = self.load_data() if dataset is None else dataset
        return draw_one(name, self.by_keras, self.check_data(dataset), self.history, **settings)

    def comparability(self, split: str, estimator: str) -> str:
        """What a likelihood of this run can be compared with, in one line.

        Args:
            split: "validation" or "test".
            estimator: such as "ELBO, one draw of z for each {unit}", where the unit is an image or
                a row.
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
    """A text file of the run folder, up to the size that is read; None if it does not exist."""
    if not path.is_file():
        return None
    with open(path, encoding="utf-8", errors="replace") as file:
        # one byte more than allowed, which the parser then rejects
        return file.read(MOST_CHARACTERS + 1)


def load(run: Path | str, networks: "Mapping[str, keras.Model] | None" = None) -> "TrainedModel":
    """The trained model of a run; see `Run.open` for the argument and for errors.

    Args:
        networks: user-defined networks, if it was trained with any.
    """
    return Run.open(run).load_model(networks)
