"""One progress bar for a training: in a terminal, in Jupyter, and plain lines elsewhere."""

import time
from collections.abc import Callable
from typing import Any

import keras
from rich.console import Console
from rich.live import Live
from rich.text import Text

_WIDTH = 30
_SECONDS_BETWEEN_UPDATES = 0.2
_SECONDS_BETWEEN_LINES = 2.0


class ProgressBar(keras.callbacks.Callback):
    """Shows epoch, losses and validation losses; `on_batch` is called by the feed.

    A Keras batch callback would wait for each step's result and so slow the training down.

    Args:
        epochs: largest number of epochs.
        steps: number of steps per epoch.
        console: console on which to draw.
        rows: number of training rows, and their name in the plural; None: not shown.
        reason: returns why the training has ended, called at the end.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        console: Console | None = None,
        rows: tuple[int, str] | None = None,
        reason: Callable[[], str] = lambda: "",
    ):
        super().__init__()
        self.epochs, self.steps, self.rows, self.reason = epochs, steps, rows, reason
        self.first = 0.0  # epochs that were done before this process
        self.console = console or Console(stderr=True)
        self.epoch, self.served, self.figures = 0, 0, ""
        self.started: float | None = None
        self._has_begun = False
        self._live: Any = None
        self._updated, self._printed = 0.0, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the bar, once for all calls of `fit`."""
        if self.started is not None:
            return
        self.started = time.perf_counter()
        if self.console.is_jupyter:
            from IPython.display import display

            self._live = display({"text/plain": str(self)}, raw=True, display_id=True)
        elif self.console.is_terminal:
            self._live = Live(Text(str(self)), console=self.console, auto_refresh=False)
            self._live.start()

    def on_batch(self, served: int) -> None:
        """Redraw the bar, at most a few times per second."""
        self.served = served
        if time.perf_counter() - self._updated > _SECONDS_BETWEEN_UPDATES:
            self._draw()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Record which epoch starts."""
        self.epoch, self.served = epoch, 0
        if not self._has_begun:  # a resumed run has completed its first epochs already
            self.first, self._has_begun = float(epoch), True

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # type: ignore[override]
        """Show the figures of the epoch; as a separate line if there is no bar."""
        if self.model.stop_evaluating:
            return  # interrupted, without validation
        self.served = self.steps
        names = ("loss", "reconstruction_loss", "kl_loss")
        training = "  ".join(f"{name} {logs[name]:.2f}" for name in names)
        validation = "  ".join(f"{logs['val_' + name]:.2f}" for name in names)
        self.figures = f"{training} | validation {validation}"
        waited = time.perf_counter() - self._printed
        if self._live is None and (waited > _SECONDS_BETWEEN_LINES or epoch + 1 == self.epochs):
            self._printed = time.perf_counter()
            self.console.print(f"epoch {epoch + 1}/{self.epochs}  {self.figures}", soft_wrap=True)
        self._draw()

    def on_train_end(self, logs: Any = None) -> None:
        """Report if the training ended early."""
        if self.model.stop_training and self.epoch + 1 < self.epochs:
            ended = f"{self.reason() or 'stopped'} (epoch {self.epoch + 1} of {self.epochs})"
            if self._live is None:
                self.console.print(f"{ended}  {self.figures}", soft_wrap=True)
            self.figures += f"\n{ended}"
        self._draw()

    def close(self) -> None:
        """Restore the terminal, also after an error."""
        if isinstance(self._live, Live):
            self._live.stop()
        self._live = None

    def __str__(self) -> str:
        done = self.epoch + self.served / self.steps
        filled = round(_WIDTH * done / self.epochs)
        seconds = time.perf_counter() - (self.started or time.perf_counter())
        return (
            f"epoch {self.epoch + 1}/{self.epochs} {'━' * filled}{'╌' * (_WIDTH - filled)} "
            f"{seconds:.0f} s{self._pace(done, seconds)}\n{self.figures or 'starting'}"
        )

    def _pace(self, done: float, seconds: float) -> str:
        """The time left, and rows per second; empty before they are known.

        Args:
            done: number of epochs done, including those before this process.
            seconds: time that this process took.
        """
        here = done - self.first
        if not here or done >= self.epochs:
            return ""
        text = f", {seconds * (self.epochs - done) / here:.0f} s left"
        if self.rows is not None:
            count, name = self.rows
            text += f", {here * count / seconds:,.0f} {name}/s"
        return text

    def _draw(self) -> None:
        """Show the current state."""
        self._updated = time.perf_counter()
        if isinstance(self._live, Live):
            self._live.update(Text(str(self)), refresh=True)
        elif self._live is not None:
            self._live.update({"text/plain": str(self)}, raw=True)
