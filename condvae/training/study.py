"""Optuna's study of a tuning: what is tried next, what is given up, what was found.

Its SQLite file holds texts and numbers. The other store that is a file, a journal, pickles nothing
either, but a line that a full disk cuts makes all of it unreadable.
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
# The first tenth of the epochs tells too little, and the first trials have nothing to be beside.
UNPRUNED_SHARE, TRIALS_UNPRUNED = 10, 5


def import_optuna() -> Any:
    """The library; InputError where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise InputError(
            "`tune` needs the package optuna",
            "none that can be imported",
            "Install it with: pip install 'condvae[tune]'.",
        ) from None
    return optuna


@dataclass(frozen=True)
class Trial:
    """One that runs.

    Attributes:
        number: counted from 0.
        point: dimension -> value.
        known: what was reported of it before a break: epoch -> figure.
        asked: Optuna's object.
    """

    number: int
    point: dict[str, float]
    known: Mapping[int, float]
    asked: Any

    def pruning(self, value: Callable[[Any], float]) -> keras.callbacks.Callback:
        """A callback that reports each epoch, and ends a trial that the study gives up.

        Args:
            value: the figure in the logs of an epoch.
        """
        trial, known = self.asked, self.known

        # here, so that an instance keeps nothing that a checkpoint would have to hold
        class Pruning(keras.callbacks.Callback):
            """Reports to the study."""

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                """Report an epoch, once; ask whether to go on."""
                if epoch + 1 not in known:
                    trial.report(value(logs), epoch + 1)
                if trial.should_prune():
                    self.model.stop_training = True

        return Pruning()


class Study:
    """The study in a folder, made where there is none.

    Args:
        path: the folder.
        epochs: of a whole trial.
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
        """The numbers of the trials that have ended, in whatever way."""
        return [trial.number for trial in self.trials if trial.state.is_finished()]

    @property
    def best(self) -> int | None:
        """The number of the whole trial with the least figure; None before any."""
        whole = self._study.get_trials(deepcopy=False, states=(self._states.COMPLETE,))
        return self._study.best_trial.number if whole else None

    def ask(self, dimensions: Mapping[str, Range], seed: int) -> Trial:
        """The trial that was cut short, or a new one."""
        running = self._study.get_trials(deepcopy=False, states=(self._states.RUNNING,))
        number = running[0].number if running else len(self.trials)
        # of the number alone, so that a break changes nothing of what is drawn later
        self._study.sampler = self._sampler(seed=seed + number)
        trial = self._trial(self._study, running[0]._trial_id) if running else self._study.ask()
        # what one has already stays
        point = {
            name: trial.suggest_int(name, int(ends.low), int(ends.high), log=True)
            if ends.whole
            else trial.suggest_float(name, ends.low, ends.high, log=True)
            for name, ends in dimensions.items()
        }
        return Trial(number, point, dict(self.trials[number].intermediate_values), trial)

    def tell(self, trial: Trial, figure: float | None) -> None:
        """End a trial, whole with its figure, or given up."""
        state = self._states.PRUNED if figure is None else self._states.COMPLETE
        self._study.tell(trial.asked, figure, state)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna say its warnings alone."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
