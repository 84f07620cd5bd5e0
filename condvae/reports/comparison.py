"""Runs side by side: a table whose numbers say where they do not compare."""

from collections.abc import Sequence
from string import ascii_lowercase

from condvae.reports.metrics_file import Metrics

COMPARABILITY = "comparability"


def compare_runs(names: Sequence[str], metrics: Sequence[Metrics]) -> str:
    """A line for each number that one of the runs has, a column for each run.

    Where runs were measured by different protocols (data, split, pixels, estimator, number of
    samples, what chose the epoch), every number of that measure carries the letter of its protocol,
    and the letters are explained below the table.

    Args:
        names: of the runs, at the top of the columns.
        metrics: of the same.
    """
    rows: list[list[str]] = [["", *names]]
    notes: list[str] = []
    for title in dict.fromkeys(title for one in metrics for title in one.measures):
        measures = [one.measures.get(title, {}) for one in metrics]
        protocols = [_protocol(measure) for measure in measures]
        known = [p for p in dict.fromkeys(protocols) if p is not None]
        marks = dict.fromkeys(known, "")
        if len(known) > 1:
            marks = {p: f" [{_letter(len(notes) + n)}]" for n, p in enumerate(known)}
            notes += [f"{mark.strip()} {title}: {p}" for p, mark in marks.items()]
        rows.append([title, *[""] * len(names)])
        for name in dict.fromkeys(name for measure in measures for name in measure):
            values = [measure.get(name) for measure in measures]
            if any(isinstance(value, int | float) for value in values):
                shown = [
                    _show(value) + (marks[p] if p is not None and value is not None else "")
                    for value, p in zip(values, protocols, strict=True)
                ]
                rows.append([f"  {name}", *shown])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
    if notes:
        lines += ["", "Numbers with different letters were measured by different protocols: they"]
        lines += ["do not compare.", *notes]
    return "\n".join(lines)


def _protocol(measure: dict) -> str | None:
    """The comparability line of a measure."""
    return next((text for name, text in measure.items() if name.endswith(COMPARABILITY)), None)


def _letter(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    rest, last = divmod(number, len(ascii_lowercase))
    return (_letter(rest - 1) if rest else "") + ascii_lowercase[last]


def _show(value: object) -> str:
    """A number in five digits; "-" where there is none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if not isinstance(value, int | float) else f"{value:.5g}"
