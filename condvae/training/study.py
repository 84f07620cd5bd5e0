"""Optuna's study of a tuning: the next trials, pruning, and results.

Its SQLite file holds texts and numbers. Optuna's journal is text as well, but a line that
a full disk truncates makes all of it unreadable.
"""

# pyright: reportMissingImports=false

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from condvae.checks import InputError
from condvae.spec.space import Range

STUDY_NAME, NAME = "study.sqlite", "condvae"
# The first tenth of the epochs says too little, and the first trials have nothing to compare with.
UNPRUNED_SHARE, TRIALS_UNPRUNED = 10, 5


def import_optuna() -> Any:
    """The module of Optuna; InputError if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise InputError(
            "`tune` requires the package optuna",
            "no such package",
            "Install it with: pip install 'condvae[tune]'.",
        ) from None
    return optuna


@dataclass(frozen=True)
class Trial:
    """A trial that is running.

    Attributes:
        number: counted from 0.
        point: dimension -> value.
        known: figures reported before an interruption: epoch -> figure.
        asked: Optuna's object.
    """

    number: int
    point: dict[str, float]
    known: Mapping[int, float]
    asked: Any

    def pruning(self, value: Callable[[Any], float]) -> keras.callbacks.Callback:
        """A callback that reports each epoch, and ends a trial that the study prunes.

        Args:
            value: the figure in the logs of an epoch.
        """
        trial, known = self.asked, self.known

        # defined here, so that instances have no state that a checkpoint would have to hold
        class Pruning(keras.callbacks.Callback):
            """Reports to the study."""

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                """Report an epoch, once; stop if the trial is pruned."""
                if epoch + 1 not in known:
                    trial.report(value(logs), epoch + 1)
                if trial.should_prune():
                    self.model.stop_training = True

        return Pruning()


class Study:
    """The study in a folder, which is created if needed.

    Args:
        path: the folder.
        epochs: number of epochs of a complete trial.
    """

    def __init__(self, path: Path, epochs: int = 1):
        optuna, first = import_optuna(), 1 + max(1, epochs // UNPRUNED_SHARE)
        self._sampler, self._trial, self._states = (
            optuna.samplers.TPESampler,
            optuna.trial.Trial,
            optuna.trial.TrialState,
        )
        with _quiet(optuna):
            self._study = optuna.create_study(
                storage=f"sqlite:///{(path / STUDY_NAME).absolute()}",
                study_name=NAME,
                load_if_exists=True,
                direction="minimize",
                pruner=optuna.pruners.MedianPruner(TRIALS_UNPRUNED, first),
            )

    @property
    def trials(self) -> list[Any]:
        """Optuna's record of each trial."""
        return self._study.get_trials(deepcopy=False)

    @property
    def ended(self) -> list[int]:
        """The numbers of the trials that have ended, in any way."""
        return [trial.number for trial in self.trials if trial.state.is_finished()]

    @property
    def best(self) -> int | None:
        """The number of the complete trial with the lowest figure; None before any."""
        whole = self._study.get_trials(deepcopy=False, states=(self._states.COMPLETE,))
        return self._study.best_trial.number if whole else None

    def ask(self, dimensions: Mapping[str, Range], seed: int) -> Trial:
        """The trial that was interrupted, or a new one."""
        running = self._study.get_trials(deepcopy=False, states=(self._states.RUNNING,))
        number = running[0].number if running else len(self.trials)
        # depends on the number only, so that an interruption does not change later draws
        self._study.sampler = self._sampler(seed=seed + number)
        trial = self._trial(self._study, running[0]._trial_id) if running else self._study.ask()
        # values that the trial already has are kept
        point = {
            name: trial.suggest_int(name, int(ends.low), int(ends.high), log=True)
            if ends.whole
            else trial.suggest_float(name, ends.low, ends.high, log=True)
            for name, ends in dimensions.items()
        }
        return Trial(number, point, dict(self.trials[number].intermediate_values), trial)

    def tell(self, trial: Trial, figure: float | None) -> None:
        """End a trial, with its figure if it is complete, or as pruned."""
        state = self._states.PRUNED if figure is None else self._states.COMPLETE
        self._study.tell(trial.asked, figure, state)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna log warnings only."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
