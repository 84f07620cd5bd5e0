"""Whether generated rows reveal information about the training rows."""

from dataclasses import dataclass

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.auc import Auc
from condvae.metrics.tables.attacks import Inference, infer_attributes, infer_membership
from condvae.metrics.tables.closest import ClosestRecords, closest_records, copied_rows

MOST_ROWS = 5_000


@dataclass(frozen=True)
class Privacy:
    """Attacks with generated rows; the held-out rows are the test rows.

    Attributes:
        copies: share of the generated rows that equal a training row.
        copies_of_real: share of the test rows that do.
        closest: distances to the nearest real rows.
        attributes: guesses of a training row's column from the others; None for a single column.
        membership: AUC of separating training rows from test rows by the nearest generated one.
    """

    copies: float
    copies_of_real: float
    closest: ClosestRecords
    attributes: Inference | None
    membership: Auc

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        closest, attributes = self.closest, self.attributes
        found: dict[str, object] = {
            "copies": self.copies,
            "copies_of_real": self.copies_of_real,
            "nearer_to_training": closest.nearer_to_training,
            "nearer_to_training_error": closest.error,
            "closest_distance": closest.distance,
            "closest_distance_of_real": closest.distance_of_held_out,
            "membership_auc": self.membership.value,
            "membership_auc_error": self.membership.error,
        }
        if attributes is not None:
            found |= {
                "attributes_guessed": attributes.synthetic,
                "attributes_guessed_of_real": attributes.held_out,
                "attributes_guessed_difference_error": attributes.error,
            }
        return found

    def __str__(self) -> str:
        closest, attributes = self.closest, self.attributes
        lines = [
            f"{self.copies:.2%} of the generated rows are copies of training rows (of the test "
            f"rows: {self.copies_of_real:.2%})",
            f"{closest.nearer_to_training:.1%} ± {closest.error:.1%} of {closest.num_synthetic:,} "
            "generated rows are closer to a training row than to a test row, out of "
            f"{closest.num_real:,} each (50 %: nothing is memorised); median distance to a "
            f"training row {closest.distance:.3f}, of a test row {closest.distance_of_held_out:.3f}"
            " (a different category counts 1)",
            f"membership in the training rows is inferred with an AUC of "
            f"{self.membership.value:.3f} ± {self.membership.error:.3f} "
            "(0.5: not at all), from the nearest generated row",
        ]
        if attributes is not None:
            name, gain = attributes.worst
            difference = attributes.synthetic - attributes.held_out
            lines.append(
                f"a column of a training row is guessed correctly from the others in "
                f"{attributes.synthetic:.1%} with generated rows, in {attributes.held_out:.1%} "
                f"with as many test rows ({attributes.num_known:,}): {difference:+.1%} ± "
                f"{attributes.error:.1%}, most for {name} {gain:+.1%}; {attributes.num_victims:,} "
                "rows attacked"
            )
        return "\n".join(lines)


def compare_privacy(rows: ComparedRows, seed: int = 0) -> Privacy:
    """Measure copies, nearest rows, and two attacks."""
    tables = rows.train, rows.test, rows.generated
    return Privacy(
        copies=float(copied_rows(rows.train, rows.generated).mean()),
        copies_of_real=float(copied_rows(rows.train, rows.test).mean()),
        closest=closest_records(*tables, MOST_ROWS, seed),
        attributes=infer_attributes(*tables, seed=seed) if len(rows.train) > 1 else None,
        membership=infer_membership(*tables, MOST_ROWS, seed),
    )
