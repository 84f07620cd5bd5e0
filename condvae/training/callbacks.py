"""What happens at the ends of epochs."""

import csv
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from condvae.checkpoint import save_weights
from condvae.checks import InputError
from condvae.runs import HISTORY_COLUMNS
from condvae.training.feed import Feed


class Interrupt:
    """Whether the user asked to stop: a flag, since a signal in a JAX step loses its buffers."""

    requested = False


@contextmanager
def interruptible(model: keras.Model) -> Iterator[Interrupt]:
    """In this block the first Ctrl-C ends training after the running step.

    The second one raises KeyboardInterrupt at once. Outside the main thread signals stay alone.
    """
    interrupt = Interrupt()

    def request(signum: int, frame: Any) -> None:
        interrupt.requested = True
        model.stop_training = True
        signal.signal(signal.SIGINT, previous)

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    previous = signal.signal(signal.SIGINT, request)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)


class Recorder(keras.callbacks.Callback):
    """Keeps history.csv and the weights of the best epoch by validation loss.

    An epoch that Ctrl-C cut short is not recorded; its weights are kept only where there are
    no others.

    Attributes:
        rows: the epochs so far, column name -> number.
        best: the row of the best epoch; None before the first.
    """

    def __init__(self, run_path: Path, feed: Feed, interrupt: Interrupt):
        super().__init__()
        self.run_path, self.feed, self.interrupt = run_path, feed, interrupt
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self._write(HISTORY_COLUMNS, "w")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Shuffle; repeat a stop that `fit` has forgotten while it started."""
        self.feed.start_epoch(epoch)
        self.model.stop_training = self.interrupt.requested
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # type: ignore[override]
        """Write the row; keep the weights if none were better."""
        if self.interrupt.requested and not self.feed.exhausted:
            if self.best is None:
                self._save()
            return
        row = {
            **logs,
            "epoch": epoch + 1,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "beta": float(self.model.beta),
            "seconds": time.perf_counter() - self.started,
        }
        row = {column: row[column] for column in HISTORY_COLUMNS}
        if not math.isfinite(row["loss"] + row["val_loss"]):
            raise InputError(
                "the losses must stay finite",
                f"loss {row['loss']}, val_loss {row['val_loss']} in epoch {epoch + 1}",
                "Lower the learning rate, or look for extreme values in the data; the best "
                f"weights before that, if any, are in {self.run_path}.",
            )
        self.rows.append(row)
        self._write(row.values(), "a")
        if self.best is None or row["val_loss"] < self.best["val_loss"]:
            self.best = row
            self._save()

    def _save(self) -> None:
        save_weights(self.model, self.run_path / "weights.safetensors")

    def _write(self, values: Any, mode: str) -> None:
        """One line of history.csv, numbers to the last digit."""
        with open(self.run_path / "history.csv", mode, newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(values)
