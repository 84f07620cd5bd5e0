"""What a page knows of the stated rules of a table."""

from typing import Any

from condvae.conditions.rules.comparison import Comparison, Side, unit_of
from condvae.conditions.rules.measured import days_of
from condvae.conditions.rules.rule import Columns
from condvae.conditions.rules.stated import Rules


def rules_for_page(rules: Rules) -> dict[str, Any]:
    """The rules as plain data, for `explorer/page/rules.js`.

    Returns:
        stated: rules with "text"; comparisons have "links", a pair of sides and what compares them
            each, others the "columns" that they are about and, if fixed, their "combinations".
        columns: what cells of the named columns hold, and how numbers of them are measured.
        equations: equalities, from which a cell is computed.
    """
    stated: list[dict[str, Any]] = []
    for rule in rules.stated:
        found: dict[str, Any] = {"kind": rule.kind, "text": rule.text}
        if isinstance(rule, Comparison):
            found["links"] = [_link(*link, rules.columns) for link in rule.links]
        else:
            found |= rule.model_dump(mode="json", include={"columns", "combinations"})
        stated.append(found)
    columns = {
        name: {
            "holds": column.holds,
            "scale": column.scale,
            "decimals": column.decimals,
            "low": column.low,
            "high": column.high,
        }
        for name, column in rules.columns.items()
    }
    # pairs: JavaScript has an order of its own for names that are numbers
    equations = [
        {"factors": list(equation.factors.items()), "number": equation.number}
        for equation in rules.equations
    ]
    return {"stated": stated, "columns": columns, "equations": equations}


def _link(left: Side, by: str, right: Side, columns: Columns) -> dict[str, Any]:
    """A comparison of two sides, with its last significant decimal, None if words are compared."""
    of_words = any(columns[name].holds == "words" for name in (*left.names, *right.names))
    unit = None if of_words else unit_of(left, right, by, columns)
    return {"left": _side(left, of_words), "right": _side(right, of_words), "by": by, "unit": unit}


def _side(side: Side, of_words: bool) -> dict[str, Any]:
    """Its columns, and its numbers or its word; a date in quotes is a number of days."""
    if of_words:
        return {"names": side.plus, "word": side.word}
    numbers = side.numbers if side.word is None else (days_of(side.word),)
    return {"plus": side.plus, "minus": side.minus, "numbers": numbers}
