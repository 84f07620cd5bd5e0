"""What the figures of a run may be compared with, stated once."""

from collections.abc import Mapping
from typing import Any

from condvae.reports.metrics_file import Metrics
from condvae.reports.verdict import AVERAGES, read_verdict

COMPARABILITY = "comparability"


def protocol_lines(metrics: Metrics) -> list[str]:
    """What the figures may be compared with: first for all, then the rest under its headings."""
    headings: dict[str, list[str]] = {"Baselines": [AVERAGES.capitalize()]}
    for line in read_verdict(metrics):
        headings.setdefault(line.measure, []).extend([line.heading] if line.heading else [])
    parts = {
        ", ".join(headings.get(title, [])) or title: text.split("; ")
        for title, figures in metrics.measures.items()
        if (text := protocol_of(figures)) is not None
    }
    owners: dict[str, list[str]] = {}
    for title, own in parts.items():
        for part in own:
            owners.setdefault(part, []).append(title)
    lines: dict[tuple[str, ...], list[str]] = {}
    for part, titles in owners.items():
        lines.setdefault(tuple(titles), []).append(part)
    shared = lines.pop(tuple(parts), [])
    return [
        *([f"Protocol: {'; '.join(shared)}."] if shared else []),
        *(f"  {', '.join(titles)}: {'; '.join(own)}" for titles, own in lines.items()),
    ]


def protocol_of(figures: Mapping[str, Any]) -> str | None:
    """The comparability line of a measure."""
    return next((text for name, text in figures.items() if name.endswith(COMPARABILITY)), None)
