"""The files of a training in its run folder: history, best weights, checkpoints."""

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from condvae.checks import InputError
from condvae.files.tensors import write_tensors
from condvae.models import CVAE, network_tensors
from condvae.runs import Run
from condvae.runs.checkpoint import Checkpoint, TrainingState, save_checkpoint
from condvae.runs.history import COLUMNS, append_history, write_history
from condvae.runs.record import Figures
from condvae.training.averaging import AveragedWeights
from condvae.training.state import make_checkpoint

# A checkpoint is due when the time since the last one exceeds this multiple of its cost.
SPACING = 50.0


class DivergenceError(InputError):
    """The losses of a training are no longer finite."""


class Journal:
    """Writes the folder of a running training; models are passed to its methods.

    Args:
        run: the folder and the spec.
        checkpoint: the checkpoint from which the run continues; None: it starts from the beginning.
        added: see `Objective.added`.

    Attributes:
        state: the current state of the training.
        checkpoint: the checkpoint from which the run continues, until it has been restored.
        saved: when the last checkpoint was taken, by time.perf_counter.
        cost: the seconds that it took.
    """

    def __init__(self, run: Run, checkpoint: Checkpoint | None = None, added: Sequence[str] = ()):
        self.run, self.checkpoint = run, checkpoint
        self.state = checkpoint.state if checkpoint else TrainingState()
        self.saved, self.cost = time.perf_counter(), 0.0
        self._best_weights = checkpoint.best_weights if checkpoint else {}
        # weights.safetensors may be older than the checkpoint, if the process was killed between
        # the two
        self._best_to_write = bool(self._best_weights)
        self.columns = (*COLUMNS, *added, *(f"val_{name}" for name in added))
        write_history(run.history_path, self.state.rows, self.columns)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping applies."""
        training, state = self.run.spec.training, self.state
        # determined by the history alone, so that a resumed run stops where it would have
        waited = state.epoch - state.best["epoch"] if state.best else 0
        return state.epoch >= training.epochs or waited >= (training.patience or math.inf)

    def add_epoch(self, row: Mapping[str, float]) -> bool:
        """Write the row of the next epoch; return whether it is the best one so far.

        Raises:
            DivergenceError: its losses are not finite; the best earlier weights are written.
        """
        row = {column: row[column] for column in self.columns}
        # a sum is finite only if both are
        if not math.isfinite(row["loss"] + row["val_loss"]):
            self.write_best()
            raise DivergenceError(
                "the losses must stay finite",
                f"loss {row['loss']}, val_loss {row['val_loss']} in epoch {row['epoch']}",
                "Lower the learning rate, or look for extreme values in the data; the best "
                f"earlier weights, if any, are in {self.run.path}.",
            )
        self.state = TrainingState(rows=(*self.state.rows, row))
        append_history(self.run.history_path, row)
        return self.state.best == row

    def keep_best(self, weights: dict[str, np.ndarray]) -> None:
        """Record the networks' weights of the best epoch, by name."""
        self._best_weights, self._best_to_write = weights, True

    def break_off(self, model: CVAE, step: int, seconds: float) -> None:
        """Take a checkpoint in the middle of an epoch, after the given number of its steps."""
        # before the first complete epoch, too: a run folder without weights could not be loaded
        if not self._best_weights:
            with AveragedWeights(model).in_place():
                write_tensors(self.run.weights_path, network_tensors(model))
        self.state = self.state.model_copy(update={"step": step, "seconds": seconds})
        self.save(model)

    def save(self, model: CVAE) -> None:
        """Take a checkpoint; the model holds the state of the last step."""
        started = time.perf_counter()
        checkpoint = make_checkpoint(model, self.state, self._best_weights)
        save_checkpoint(self.run.checkpoints_path, checkpoint)
        self.write_best()
        self.saved = time.perf_counter()
        self.cost = self.saved - started

    def write_best(self) -> None:
        """Write weights.safetensors, if there are better weights than in the file."""
        if self._best_to_write:
            write_tensors(self.run.weights_path, self._best_weights)
            self._best_to_write = False

    def close(self) -> None:
        """Write best weights, the whole history and figures, at the end of the training."""
        self.write_best()
        # rewritten and flushed to the disk
        write_history(self.run.history_path, self.state.rows, self.columns)
        self.run.update(figures=self.figures())

    def figures(self) -> Figures | None:
        """The validation figures of the best epoch; None if no epoch is complete."""
        rows, best, run = self.state.rows, self.state.best, self.run
        if best is None:
            return None
        # in a training with few labels, the validation rows have none
        bound = "ELBO" if run.spec.data.labelled is None else "ELBO of x without its label"
        return Figures(
            epochs=len(rows),
            best_epoch=int(best["epoch"]),
            val_elbo=-(best["val_reconstruction_loss"] + best["val_kl_loss"]),
            val_reconstruction_loss=best["val_reconstruction_loss"],
            val_kl_loss=best["val_kl_loss"],
            seconds=sum(row["seconds"] for row in rows),
            comparability=run.comparability(
                "validation", f"{bound}, one draw of z for each {{unit}}"
            ),
        )


def is_due(journals: Sequence[Journal]) -> bool:
    """Whether checkpoints are due, given what the last ones cost together."""
    waited = time.perf_counter() - max(journal.saved for journal in journals)
    return waited > SPACING * sum(journal.cost for journal in journals)
