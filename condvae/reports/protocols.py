"""What the figures of a run may be compared with, said once."""

from collections.abc import Mapping
from typing import Any

from condvae.reports.metrics_file import Metrics
from condvae.reports.verdict import read_verdict

COMPARABILITY = "comparability"


def protocol_lines(metrics: Metrics) -> list[str]:
    """What the figures may be compared with: what holds for all once, then the rest by heading."""
    headings: dict[str, list[str]] = {}
    for line in read_verdict(metrics):
        headings.setdefault(line.measure, []).extend([line.heading] if line.heading else [])
    parts = {
        ", ".join(headings.get(title, [])) or title: text.split("; ")
        for title, figures in metrics.measures.items()
        if (text := protocol_of(figures)) is not None
    }
    if not parts:
        return []
    first = next(iter(parts.values()))
    shared = [part for part in first if all(part in other for other in parts.values())]
    lines = [f"Protocol: {'; '.join(shared)}."] if shared else []
    for title, own in parts.items():
        rest = [part for part in own if part not in shared]
        lines += [f"  {title}: {'; '.join(rest)}"] if rest else []
    return lines


def protocol_of(figures: Mapping[str, Any]) -> str | None:
    """The comparability line of a measure."""
    return next((text for name, text in figures.items() if name.endswith(COMPARABILITY)), None)
