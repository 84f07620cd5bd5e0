"""Whether generated rows teach a model what real rows would: train on them, test on real ones."""

from dataclasses import dataclass

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.tables.columns import draw_rows, is_missing, num_rows
from condvae.metrics.tables.learners import LEARNERS
from condvae.metrics.tables.targets import Targets, choose_targets
from condvae.metrics.tables.transfer import Transfer, train_on_synthetic

MOST_ROWS = 5_000  # of targets that are no conditions


@dataclass(frozen=True)
class Prediction:
    """Columns predicted from the others on real test rows, by what was learned from.

    Attributes:
        targets: which columns were asked, and which not.
        transfers: target -> learner -> scores.
        unvarying: columns asked for that do not vary in the test rows, or have none.
        num_rows: rows to learn from, by target.
        num_test: real test rows.
    """

    targets: Targets
    transfers: dict[str, dict[str, Transfer]]
    unvarying: tuple[str, ...]
    num_rows: dict[str, int]
    num_test: int

    @property
    def untold(self) -> tuple[str, ...]:
        """Targets that no learner tells better than a guess, even from real rows."""
        return tuple(
            target
            for target, by_learner in self.transfers.items()
            if not any(transfer.is_told for transfer in by_learner.values())
        )

    def figures(self) -> dict[str, object]:
        """The same, flat."""
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
                f"{target!r} told by {self.num_rows[target]:,} generated rows (by as many real "
                f"ones): {shown}"
            )
        silent = {
            "told no better than by guessing, even by real rows": self.untold,
            "constant": (*self.targets.constant, *self.unvarying),
            "not asked": self.targets.not_asked,
        }
        lines += [f"{why}: {', '.join(names):.300}" for why, names in silent.items() if names]
        lines.append(
            f"(on {self.num_test:,} real test rows that neither saw; ± is the standard error of "
            "the difference)"
        )
        return "\n".join(lines)

    def _shown(self, transfer: Transfer) -> str:
        """All scores of the first target, of others the one that tells most."""
        first = transfer.target == next(iter(self.transfers))
        names = transfer.scores if first else [transfer.main]
        return ", ".join(
            f"{name} {score.synthetic:.3f} ± {score.error:.3f} (real {score.real:.3f})"
            for name, score in ((name, transfer.scores[name]) for name in names)
        )


def compare_prediction(rows: ComparedRows, full: bool = False, seed: int = 0) -> Prediction:
    """Each target by each learner.

    Conditions come first and are learned from as many rows as there are; other targets from at
    most 5,000 drawn ones unless `full`.
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
