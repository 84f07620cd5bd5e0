"""Whether generated rows keep the rules that hold in each real row."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.tables.contradictions import contradictory_rows, find_contradictions
from condvae.metrics.tables.dependencies import broken_dependencies, find_dependencies

WORST = 3  # rules that are named


@dataclass(frozen=True)
class Broken:
    """Rules of one kind, and the rows that break them.

    Attributes:
        rules: what each says, those that most generated rows break first.
        by_rule: share of the generated rows that break each.
        by_rule_of_real: of the test rows.
        generated: share of the generated rows that break any.
        real: of the test rows.
    """

    rules: tuple[str, ...]
    by_rule: tuple[float, ...]
    by_rule_of_real: tuple[float, ...]
    generated: float
    real: float

    @property
    def worst(self) -> str:
        """Those that are broken most, with shares."""
        named = zip(self.rules, self.by_rule, self.by_rule_of_real, strict=True)
        return "; ".join(
            f"{rule} {share:.2%} ({real:.2%})" for rule, share, real in list(named)[:WORST] if share
        )


@dataclass(frozen=True)
class Rules:
    """Rules found in the training rows, broken by generated rows and by real test rows.

    Attributes:
        dependencies: columns that are functions of another.
        contradictions: frequent values that next to never go together.
    """

    dependencies: Broken
    contradictions: Broken

    def figures(self) -> dict[str, object]:
        """The same, flat."""
        return {
            "functions_of_columns": len(self.dependencies.rules),
            "broken_functions": self.dependencies.generated,
            "broken_functions_of_real": self.dependencies.real,
            "contradictions": len(self.contradictions.rules),
            "contradictory": self.contradictions.generated,
            "contradictory_of_real": self.contradictions.real,
        }

    def __str__(self) -> str:
        return "\n".join(
            f"{len(broken.rules):,} {what} in the training rows, broken by {broken.generated:.2%} "
            f"of the generated rows (real test rows {broken.real:.2%})"
            + (f"; most: {broken.worst}" if broken.worst else "")
            if broken.rules
            else f"no {what} in the training rows"
            for what, broken in (
                ("columns that are functions of another", self.dependencies),
                ("pairs of frequent values that next to never go together", self.contradictions),
            )
        )


def compare_rules(rows: ComparedRows) -> Rules:
    """Functions of columns and contradictions, found in the training rows."""
    found = find_dependencies(rows.train)
    functions = [f"{rule.function_of} is a function of {rule.column}" for rule in found]
    pairs = find_contradictions(
        rows.train, {frozenset((rule.column, rule.function_of)) for rule in found}
    )
    return Rules(
        _broken(
            functions,
            *(broken_dependencies(rows.train, x, found) for x in (rows.generated, rows.test)),
        ),
        _broken(
            [str(pair) for pair in pairs],
            *(contradictory_rows(rows.train, x, pairs) for x in (rows.generated, rows.test)),
        ),
    )


def _broken(rules: list[str], generated: np.ndarray, real: np.ndarray) -> Broken:
    """From (rows, rules) bool of which rows break which."""
    order = np.argsort(-generated.mean(axis=0), kind="stable")
    return Broken(
        tuple(rules[place] for place in order.tolist()),
        tuple(generated.mean(axis=0)[order].tolist()),
        tuple(real.mean(axis=0)[order].tolist()),
        float(generated.any(axis=1).mean()),
        float(real.any(axis=1).mean()),
    )
