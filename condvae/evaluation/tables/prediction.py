"""Whether models trained on generated rows perform like those trained on real rows."""

from dataclasses import dataclass

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.tables.columns import draw_rows, is_missing, num_rows
from condvae.metrics.tables.learners import LEARNERS
from condvae.metrics.tables.targets import Targets, choose_targets
from condvae.metrics.tables.transfer import Transfer, train_on_synthetic

MOST_ROWS = 5_000  # for targets that are not conditions


@dataclass(frozen=True)
class Prediction:
    """Columns predicted from the others on real test rows, after training on different rows.

    Attributes:
        targets: which columns are predicted, and which are not.
        transfers: target -> learner -> scores.
        unvarying: columns to predict that are constant in the test rows, or missing.
        num_rows: number of training rows, by target.
        num_test: number of real test rows.
    """

    targets: Targets
    transfers: dict[str, dict[str, Transfer]]
    unvarying: tuple[str, ...]
    num_rows: dict[str, int]
    num_test: int

    @property
    def untold(self) -> tuple[str, ...]:
        """Targets that no learner predicts better than guessing, even trained on real rows."""
        return tuple(
            target
            for target, by_learner in self.transfers.items()
            if not any(transfer.is_told for transfer in by_learner.values())
        )

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        found: dict[str, object] = {"targets": list(self.transfers), "untold": list(self.untold)}
        for target, by_learner in self.transfers.items():
            for learner, transfer in by_learner.items():
                for metric, score in transfer.scores.items():
                    name = f"{target}_{learner}_{metric}"
                    found |= {
                        name: score.synthetic,
                        f"{name}_of_real": score.real,
                        f"{name}_difference_error": score.error,
                    }
        return found

    def __str__(self) -> str:
        lines = []
        for target, by_learner in self.transfers.items():
            if target in self.untold:
                continue
            shown = "; ".join(
                f"{LEARNERS[learner].name} {self._shown(transfer)}"
                for learner, transfer in by_learner.items()
            )
            lines.append(
                f"{target!r} predicted by training on {self.num_rows[target]:,} generated rows (or "
                f"as many real ones): {shown}"
            )
        silent = {
            "predicted no better than by guessing, even with real rows": self.untold,
            "constant": (*self.targets.constant, *self.unvarying),
            "not predicted": self.targets.not_asked,
        }
        lines += [f"{why}: {', '.join(names):.300}" for why, names in silent.items() if names]
        lines.append(
            f"(on {self.num_test:,} real test rows that neither saw; ± is the standard error of "
            "the difference)"
        )
        return "\n".join(lines)

    def _shown(self, transfer: Transfer) -> str:
        """All scores of the first target, and for other targets the most informative one."""
        first = transfer.target == next(iter(self.transfers))
        names = transfer.scores if first else [transfer.main]
        return ", ".join(
            f"{name} {score.synthetic:.3f} ± {score.error:.3f} (real {score.real:.3f})"
            for name, score in ((name, transfer.scores[name]) for name in names)
        )


def compare_prediction(rows: ComparedRows, full: bool = False, seed: int = 0) -> Prediction:
    """Predict each target with each learner.

    Conditions come first and use as many training rows as there are; other targets use at most
    5,000 random rows unless `full`.
    """
    targets = choose_targets(rows.train, rows.conditions, rows.classes)
    everything = min(num_rows(rows.train), num_rows(rows.generated))
    transfers: dict[str, dict[str, Transfer]] = {}
    unvarying, counts = [], {}
    for target in targets.asked:
        whole = full or target in rows.conditions
        count = everything if whole else min(everything, MOST_ROWS)
        train, generated = (draw_rows(part, count, seed) for part in (rows.train, rows.generated))
        told = rows.test[target][~is_missing(rows.test[target])]
        if not len(told) or (told == told[0]).all():
            unvarying.append(target)
            continue
        if len(train) == 1 or is_missing(generated[target]).all():
            continue
        counts[target] = count
        transfers[target] = {
            learner: train_on_synthetic(
                train, generated, rows.test, target, learner, target in rows.classes, seed
            )
            for learner in LEARNERS
        }
    return Prediction(targets, transfers, tuple(unvarying), counts, num_rows(rows.test))
