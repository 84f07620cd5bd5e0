"""A table at a glance: a line per column, and possible conditions."""

import shlex

from condvae.data.reading import ColumnReading
from condvae.data.tables import TableFile

WIDTHS = (28, 36, 44)  # upper limits for names, spikes and examples
MOST_GIVEN = 20  # classes of a column that is suggested as a condition
LEAST_ROWS_A_CLASS = 5  # on average
NUM_SUGGESTED = 3
NUM_SPIKES = 3


def describe_table(table: TableFile, name: str) -> str:
    """How each column was interpreted, in aligned lines, and possible conditions."""
    lines = [f"{'name':<12} {name}"]
    lines += [f"{'rows':<12} {table.readings[0].rows:,} of {len(table.columns)} columns"]
    lines += [f"{'file':<12} {note}" for note in table.notes]
    heads = ("column", "taken for", "missing", "spikes", "examples")
    cells = [heads, *(_line(reading) for reading in table.readings)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(heads))]
    lines.append("")
    for row in cells:
        padded = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    lines.append("")
    for reading in table.readings:
        lines += [f"{reading.name}: {note}" for note in reading.notes]
    if suggested := suggested_conditions(table):
        options = " ".join(f"--condition {shlex.quote(column)}" for column in suggested)
        lines.append(f"conditions could be: {options}")
    return "\n".join(lines).rstrip()


def suggested_conditions(table: TableFile) -> list[str]:
    """Columns of few classes, most cells known: the last one, often the target, the smallest."""
    few = [reading for reading in table.readings if _is_of_few(reading)]
    last = [reading for reading in few if reading.name == table.readings[-1].name]
    others = sorted((r for r in few if r not in last), key=lambda r: (r.missing, r.distinct))
    return [reading.name for reading in (last + others)[:NUM_SUGGESTED]]


def _is_of_few(reading: ColumnReading) -> bool:
    """Whether a column has few classes, and enough rows of each."""
    known = reading.rows - reading.missing
    enough = known * 2 > reading.rows and known >= LEAST_ROWS_A_CLASS * reading.distinct
    if reading.taken_for == "number":
        return enough and reading.distinct == 2  # such as 0 and 1
    few = 2 <= reading.distinct <= MOST_GIVEN
    return enough and few and reading.taken_for in ("class", "boolean")


def _line(reading: ColumnReading) -> tuple[str, ...]:
    """One column."""
    kind: str = reading.taken_for
    if kind == "class":
        kind = f"{reading.distinct:,} classes"
    elif reading.format.date:
        kind = f"{kind} {reading.format.date}"
    elif form := str(reading.format):
        kind = f"{kind}, {form}"
    missing = f"{reading.missing / reading.rows:.1%}" if reading.missing else "-"
    return (
        _short(reading.name, WIDTHS[0]),
        kind,
        missing,
        _short(", ".join(_spikes(reading)), WIDTHS[1]),
        _short(", ".join(reading.examples), WIDTHS[2]),
    )


def _spikes(reading: ColumnReading) -> list[str]:
    """The most frequent values, as they are written, and their shares."""
    shown = []
    for value, share in reading.spikes[:NUM_SPIKES]:
        cell = value if isinstance(value, str) else reading.format.cell(value)
        shown.append(f"{cell} {share:.0%}")
    return shown


def _short(text: str, width: int) -> str:
    """A text on one line of at most this many letters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
