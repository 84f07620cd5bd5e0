"""The quality of generated rows of a table, by every measure."""

from dataclasses import dataclass
from typing import Any

from condvae.checks import InputError
from condvae.evaluation.tables.likeness import Likeness, compare_likeness
from condvae.evaluation.tables.prediction import Prediction, compare_prediction
from condvae.evaluation.tables.privacy import Privacy, compare_privacy
from condvae.evaluation.tables.rows import ComparedRows, rows_of_run
from condvae.evaluation.tables.rules import Rules, compare_rules
from condvae.evaluation.trial import Trial


@dataclass(frozen=True)
class TableQuality:
    """Generated rows compared with real ones.

    Attributes:
        likeness: similarity of columns, pairs and whole rows.
        prediction: usefulness for training models.
        rules: rules that they break.
        privacy: privacy of the training rows.
    """

    likeness: Likeness
    prediction: Prediction
    rules: Rules
    privacy: Privacy

    @property
    def parts(self) -> dict[str, Any]:
        """The parts by title."""
        return {
            "Table": self.likeness,
            "Prediction": self.prediction,
            "Rules": self.rules,
            "Privacy": self.privacy,
        }


def compare_tables(rows: ComparedRows, full: bool = False, seed: int = 0) -> TableQuality:
    """Every measure of generated rows, from any generator.

    Args:
        full: whether to predict each target from all rows.
        seed: seed of drawn rows and of models.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of either kind.
    """
    return TableQuality(
        compare_likeness(rows, seed),
        compare_prediction(rows, full, seed),
        compare_rules(rows),
        compare_privacy(rows, seed),
    )


def evaluate_table(trial: Trial, full: bool = False, seed: int = 0) -> TableQuality:
    """Every measure of rows that a run generates, as many as its training rows.

    Args:
        full, seed: as in `compare_tables`.

    Raises:
        InputError: a test split of one row.
    """
    if (count := len(trial.data.test.x)) < 2:
        raise InputError(
            "the test split must have two rows or more, which generated ones are compared with",
            f"{count}",
            "Train on more rows, or with a larger share of them for testing (--test).",
        )
    return compare_tables(rows_of_run(trial, seed), full, seed)
