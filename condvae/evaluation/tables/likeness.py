"""The similarity of generated and real rows: columns, pairs of columns, and whole rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.auc import Auc
from condvae.metrics.tables.associations import correlation_distance
from condvae.metrics.tables.columns import num_rows
from condvae.metrics.tables.detection import detection_auc
from condvae.metrics.tables.marginals import marginal_distance
from condvae.metrics.tables.support import Support, measure_support
from condvae.metrics.tables.values import (
    Ranges,
    Words,
    compare_ranges,
    compare_words,
)

FOLDS = 5
LEAST_DETECTED = 20  # rows of each side, below which a classifier is not meaningful
WORST = 3  # number of columns that are named
MOST_ROWS = 5_000  # largest number of rows in nearest-neighbour searches


@dataclass(frozen=True)
class Compared:
    """Rows compared with the training rows, or where stated with test rows.

    Attributes:
        marginals: distance of each column's distribution, 0 to 1.
        correlation: mean absolute difference of the associations of columns.
        words: rare and unknown words.
        ranges: numbers outside the range of the real ones.
        support: alpha-precision and beta-recall.
    """

    marginals: Mapping[str, float]
    correlation: float
    words: Words
    ranges: Ranges
    support: Support

    @property
    def marginal(self) -> float:
        """Mean distance over the columns."""
        return float(np.mean(list(self.marginals.values())))

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        return {
            "marginal_distance": self.marginal,
            "correlation_distance": self.correlation,
            "rare_words_kept": self.words.kept,
            "unknown_words": self.words.unknown,
            "out_of_range": self.ranges.outside,
            "alpha_precision": self.support.alpha_precision,
            "beta_recall": self.support.beta_recall,
        }


@dataclass(frozen=True)
class Likeness:
    """Generated rows compared with the training rows, and real test rows compared with the same.

    Attributes:
        generated: comparison of the generated rows.
        real: comparison of the test rows: the best possible values.
        detection: AUC of a classifier that distinguishes generated rows from test rows; None if
            there are fewer than 20 test rows.
        detection_of_real: the same for training rows and test rows.
        words: columns of text; the others hold numbers.
        num_rows: number of generated rows.
        num_test: number of test rows, and largest number of rows of each side in `detection`.
    """

    generated: Compared
    real: Compared
    detection: Auc | None
    detection_of_real: Auc | None
    words: tuple[str, ...]
    num_rows: int
    num_test: int

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        found = {
            **self.generated.figures(),
            **{f"{name}_of_real": value for name, value in self.real.figures().items()},
            "rare_words": self.generated.words.rare,
            "columns": dict(self.generated.marginals),
            "columns_of_real": dict(self.real.marginals),
            "generated_rows": self.num_rows,
        }
        sides = {"detection_auc": self.detection, "detection_auc_of_real": self.detection_of_real}
        for name, auc in sides.items():
            if auc is not None:
                found |= {name: auc.value, f"{name}_error": auc.error}
        return found

    def __str__(self) -> str:
        generated, real = self.generated, self.real
        pairs = (
            f"; of their associations {generated.correlation:.3f} ({real.correlation:.3f})"
            if len(generated.marginals) > 1
            else ""
        )
        lines = [
            f"distance of each column to the training rows {generated.marginal:.3f} on average "
            f"(real test rows {real.marginal:.3f}), largest for {self._worst()}{pairs}",
            self._values(),
            f"alpha-precision {generated.support.alpha_precision:.3f} (real "
            f"{real.support.alpha_precision:.3f}), beta-recall {generated.support.beta_recall:.3f} "
            f"({real.support.beta_recall:.3f}), {generated.support.num_rows:,} rows on each side",
        ]
        if self.detection is not None and self.detection_of_real is not None:
            told, real_told = self.detection, self.detection_of_real
            lines.append(
                f"a classifier separates generated from real rows with an AUC of {told.value:.3f} "
                f"± {told.error:.3f} (real from real rows {real_told.value:.3f} ± "
                f"{real_told.error:.3f}; 0.5: not at all), {self.num_test:,} rows on each side, "
                f"{FOLDS} folds"
            )
        return "\n".join(lines)

    def _worst(self) -> str:
        """The columns with the largest distances."""
        farthest = sorted(self.generated.marginals.items(), key=lambda item: -item[1])[:WORST]
        return ", ".join(
            f"{name} {distance:.3f} ({self.real.marginals[name]:.3f})"
            for name, distance in farthest
        )

    def _values(self) -> str:
        """Words and ranges, in a sentence."""
        words, ranges, of_real = self.generated.words, self.generated.ranges, self.real
        parts = []
        if words.rare:
            lost = ", ".join(f"{name} {word!r:.40}" for name, word in words.lost[:WORST])
            parts.append(
                f"of {words.rare:,} categories in less than 1 % of the training rows "
                f"{words.kept:,} are generated (in the test rows {of_real.words.kept:,})"
                + (f"; lost: {lost}" if lost else "")
                + (" and others" if len(words.lost) > WORST else "")
            )
        columns = ", ".join(f"{name} {share:.2%}" for name, share in ranges.by_column.items())
        parts.append(
            f"{ranges.outside:.2%} of the rows have a number outside the training rows' range "
            f"(real {of_real.ranges.outside:.2%}{f'; {columns:.200}' if columns else ''})"
        )
        if words.unknown:
            parts.append(f"{words.unknown:.2%} have a category that no training row has")
        return "; ".join(parts)


def compare_likeness(rows: ComparedRows, seed: int = 0) -> Likeness:
    """Compare columns, associations, rare values, regions, and train a classifier."""
    generated, real = (
        Compared(
            marginals=marginal_distance(rows.train, others),
            correlation=correlation_distance(rows.train, others),
            words=compare_words(rows.train, others),
            ranges=compare_ranges(rows.train, others),
            support=measure_support(rows.train, others, MOST_ROWS, seed),
        )
        for others in (rows.generated, rows.test)
    )
    num_test = num_rows(rows.test)
    count = min(num_test, num_rows(rows.train), num_rows(rows.generated))
    can_detect = count >= LEAST_DETECTED
    detection, of_real = (
        detection_auc(rows.test, others, FOLDS, seed) if can_detect else None
        for others in (rows.generated, rows.train)
    )
    return Likeness(
        generated=generated,
        real=real,
        detection=detection,
        detection_of_real=of_real,
        words=tuple(name for name, values in rows.train.items() if values.dtype.kind == "U"),
        num_rows=num_rows(rows.generated),
        num_test=count,
    )
