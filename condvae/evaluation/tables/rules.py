"""Whether generated rows satisfy the rules that hold in all real rows."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.tables.rows import ComparedRows
from condvae.metrics.tables.contradictions import contradictory_rows, find_contradictions
from condvae.metrics.tables.dependencies import broken_dependencies, find_dependencies

WORST = 3  # number of rules that are named


@dataclass(frozen=True)
class Broken:
    """Rules of one kind, and the rows that break them.

    Attributes:
        rules: the rules as text, those that most generated rows break first.
        by_rule: share of the generated rows that break each rule.
        by_rule_of_real: share of the test rows that break each rule.
        generated: share of the generated rows that break any rule.
        real: share of the test rows that break any rule.
    """

    rules: tuple[str, ...]
    by_rule: tuple[float, ...]
    by_rule_of_real: tuple[float, ...]
    generated: float
    real: float

    def __str__(self) -> str:
        named = zip(self.rules, self.by_rule, self.by_rule_of_real, strict=True)
        worst = "; ".join(
            f"{rule} {share:.2%} ({real:.2%})" for rule, share, real in list(named)[:WORST] if share
        )
        return (
            f"broken by {self.generated:.2%} of the generated rows (real test rows {self.real:.2%})"
            + (f"; most: {worst}" if worst else "")
        )


@dataclass(frozen=True)
class Rules:
    """Stated rules, and rules found in the training rows, with the rows that break them.

    Attributes:
        stated: rules stated by the user.
        dependencies: columns that are functions of another column.
        contradictions: frequent values that almost never occur together.
    """

    stated: Broken
    dependencies: Broken
    contradictions: Broken

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        stated = self.stated
        return {
            "stated": len(stated.rules),
            "broken_stated": stated.generated,
            "broken_stated_of_real": stated.real,
            **{f"broken: {r}": by for r, by in zip(stated.rules, stated.by_rule, strict=True)},
            "functions_of_columns": len(self.dependencies.rules),
            "broken_functions": self.dependencies.generated,
            "broken_functions_of_real": self.dependencies.real,
            "contradictions": len(self.contradictions.rules),
            "contradictory": self.contradictions.generated,
            "contradictory_of_real": self.contradictions.real,
        }

    def __str__(self) -> str:
        lines = []
        if self.stated.rules:
            lines.append(f"{len(self.stated.rules):,} stated rule(s), {self.stated}")
        for what, found in (
            ("columns that are functions of another", self.dependencies),
            ("pairs of frequent values that almost never occur together", self.contradictions),
        ):
            count = f"{len(found.rules):,}" if found.rules else "no"
            said = f", {found}" if found.rules else ""
            lines.append(f"{count} {what} in the training rows{said}")
        return "\n".join(lines)


def compare_rules(rows: ComparedRows) -> Rules:
    """Stated rules, and functions of columns and contradictions, found in the training rows."""
    found = find_dependencies(rows.train)
    functions = [f"{rule.function_of} is a function of {rule.column}" for rule in found]
    pairs = find_contradictions(
        rows.train, {frozenset((rule.column, rule.function_of)) for rule in found}
    )
    stated = rows.stated
    return Rules(
        _broken(
            [rule.text for rule in stated.stated],
            *(stated.broken(x) for x in (rows.generated, rows.test)),
        ),
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
    """Counts from (rows, rules) bool: which rows break which rules."""
    order = np.argsort(-generated.mean(axis=0), kind="stable")
    return Broken(
        tuple(rules[place] for place in order.tolist()),
        tuple(generated.mean(axis=0)[order].tolist()),
        tuple(real.mean(axis=0)[order].tolist()),
        float(generated.any(axis=1).mean()),
        float(real.any(axis=1).mean()),
    )
