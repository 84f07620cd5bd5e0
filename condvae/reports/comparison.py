"""Runs side by side, in a table that marks figures that are not comparable."""

from collections.abc import Sequence
from string import ascii_lowercase

from condvae.reports.metrics_file import Metrics
from condvae.reports.protocols import protocol_of
from condvae.reports.verdict import Line, read_verdict

DIRECTIONS = {True: "lower is better", False: "higher is better", None: ""}


def compare_runs(names: Sequence[str], metrics: Sequence[Metrics]) -> str:
    """A row for each line of the verdict that any of the runs has, a column for each run.

    For two runs, the difference is shown beside them. If runs were measured by different protocols
    (data, split, pixels, estimator, number of samples, what chose the epoch), every figure of that
    measure carries the letter of its protocol, no difference is shown, and the letters are
    explained below the table.

    Args:
        names: names of the runs, at the top of the columns.
        metrics: metrics of the same runs.
    """
    found = [{_key(line): line for line in read_verdict(one)} for one in metrics]
    keys = list(dict.fromkeys(key for lines in found for key in lines))
    keys.sort(key=_place(found))
    letters, notes = _letters(metrics)
    is_pair = len(names) == 2
    rows = [["", "", *names, *["difference"] * is_pair, ""]]
    for key in keys:
        lines = [one.get(key) for one in found]
        some = next(line for line in lines if line is not None)
        marks = [letters.get((some.measure, run), "") for run in range(len(names))]
        cells = [
            "-" if line is None else line.text + mark
            for line, mark in zip(lines, marks, strict=True)
        ]
        unit = some.unit.partition("; ")[0]
        difference = [_difference(lines, marks)] if is_pair else []
        rows.append([some.heading, unit, *cells, *difference, DIRECTIONS[some.lower]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                row[1].ljust(widths[1]),
                *map(str.rjust, row[2:-1], widths[2:-1]),
                row[-1],
            ]
        ).rstrip()
        for row in rows
    ]
    if notes:
        table += ["", "Figures with different letters were measured by different protocols: they"]
        table += ["are not comparable.", *notes]
    return "\n".join(table)


def _key(line: Line) -> tuple[str, str, bool | None]:
    """Identity of a line among those of a run, without the figures in its unit."""
    return line.measure, line.heading, line.lower


def _place(found: Sequence[dict[tuple[str, str, bool | None], Line]]):
    """The order of the rows: that of the run with the most rows."""
    most = list(max(found, key=len))
    return lambda key: most.index(key) if key in most else len(most)


def _difference(lines: Sequence[Line | None], marks: Sequence[str]) -> str:
    """The second run's figure minus the first one's, if they are comparable."""
    first, second = lines
    if first is None or second is None or marks[0] != marks[1]:
        return ""
    digits = len(first.text.split("%")[0].split(" ")[0].partition(".")[2])
    if "%" in first.text:
        return f"{100 * (second.value - first.value):+.{digits}f} points"
    return f"{second.value - first.value:+.{digits}f}"


def _letters(metrics: Sequence[Metrics]) -> tuple[dict[tuple[str, int], str], list[str]]:
    """{(measure, run): mark} for differing protocols, and the explanation of the marks."""
    letters, notes = {}, []
    for title in dict.fromkeys(title for one in metrics for title in one.measures):
        protocols = [protocol_of(one.measures.get(title, {})) for one in metrics]
        known = [p for p in dict.fromkeys(protocols) if p is not None]
        if len(known) > 1:
            marks = {p: f" [{_letter(len(notes) + n)}]" for n, p in enumerate(known)}
            notes += [f"{mark.strip()} {title}: {p}" for p, mark in marks.items()]
            letters |= {(title, run): marks[p] for run, p in enumerate(protocols) if p is not None}
    return letters, notes


def _letter(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    rest, last = divmod(number, len(ascii_lowercase))
    return (_letter(rest - 1) if rest else "") + ascii_lowercase[last]
