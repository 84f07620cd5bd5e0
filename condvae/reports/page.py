"""report.html: a single self-contained file, with the figures inside."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from condvae.figures.titles import title_of
from condvae.reports.advice import advice_lines, whole_of
from condvae.reports.metrics_file import Metrics
from condvae.reports.pictures import Picture
from condvae.reports.protocols import COMPARABILITY, protocol_lines, protocol_of
from condvae.reports.verdict import ARROWS, LEGEND, Line, read_verdict
from condvae.runs import Run

MOST_PICKED = 40  # largest number of figures of one kind from which the page shows the chosen one
STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8") + "".join(
    f"fieldset input:nth-of-type({n}):checked ~ figure:nth-of-type({n}) {{ display: block; }}\n"
    for n in range(1, MOST_PICKED + 1)
)
STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
MEDIA_TYPES = {"png": "image/png", "gif": "image/gif"}
# Figures shown beside the verdict.
FIRST = ("samples", "predictions", "reconstruct")


def render_page(
    run: Run, metrics: Metrics, words: Mapping[str, str], pictures: Sequence[Picture]
) -> str:
    """The page's text.

    Args:
        metrics: title -> numbers.
        words: title -> the measure as text, several lines.
        pictures: the figures in order, with those of one name next to each other.
    """
    first = [picture for picture in pictures if picture.name in FIRST]
    others = [picture for picture in pictures if picture.name not in FIRST]
    others.sort(key=lambda picture: picture.name != "manifold")  # first, then the rest
    protocol = [f'<p class="quiet">{escape(line)}</p>' for line in protocol_lines(metrics)]
    parts = [
        f"<h1>{escape(metrics.run)}</h1>",
        f"<p>{escape(metrics.summary)}</p>" * bool(metrics.summary),
        *(f'<p class="fault">{escape(fault)}</p>' for fault in metrics.faults),
        f"<p>{escape(whole_of(metrics))}</p>" * (not metrics.faults),
        f'<div class="top{" beside" if first else ""}"><section><h2>Verdict</h2>',
        '<div class="cards">',
        *map(_card, read_verdict(metrics)),
        "</div>",
        *(f"<p>{escape(line)}</p>" for line in advice_lines(metrics)),
        f'<p class="quiet">{escape(LEGEND)}</p>',
        "</section>",
        *(["<section><h2>Images</h2>", *_figures(first), "</section>"] if first else []),
        "</div>",
        *(["<h2>Figures</h2>", *_figures(others)] if others else []),
        *(["<h2>Protocol</h2>", *protocol] if protocol else []),
        "<h2>Details</h2>",
        f"<details><summary>Run</summary>{_table(_facts(run, metrics))}</details>",
        *(_details(title, found, words) for title, found in metrics.measures.items()),
        "<details><summary>Spec, as JSON</summary><pre>"
        f"{escape(run.record.spec.model_dump_json(indent=2))}</pre></details>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # nothing is fetched, nothing is executed
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_DIGEST}'\">\n"
        f"<title>{escape(metrics.run)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _facts(run: Run, metrics: Metrics) -> dict[str, str]:
    """The run, its data, and how often the test split was read."""
    record, found = run.record, run.record.figures
    return {
        "run": metrics.run,
        "data": f"{record.data.name or 'arrays'}, fingerprint {record.data.fingerprint[:16]}",
        "given": str(record.condition),
        "preset": record.preset or "a spec of its own",
        "trained": f"{record.created}, {found.epochs if found else 0} epochs, {record.status}",
        "versions": ", ".join(f"{name} {v}" for name, v in record.versions.items()),
        "test split": f"read by {metrics.test_readings} evaluation(s) of this run so far",
    }


def _card(line: Line) -> str:
    """A line of the verdict; a line without a heading continues the one before."""
    warning = f'<p class="fault">! {escape(line.warning)}</p>' if line.warning else ""
    return (
        f'<div class="card{" warned" if line.warning else ""}">'
        f"<h3>{escape(line.heading or line.measure)}</h3>"
        f'<p class="value">{escape(line.text)}</p>'
        f"<p>{ARROWS[line.lower]} {escape(line.unit)}</p>"
        f"<p>{escape(line.beside)}</p>{warning}</div>"
    )


def _details(title: str, numbers: Mapping[str, object], words: Mapping[str, str]) -> str:
    """A measure's lines and numbers, folded; without the protocol, which the page shows once."""
    said = f"({protocol_of(numbers)})"
    lines = [line for line in words.get(title, "").splitlines() if line != said]
    rows = {name: v for name, v in numbers.items() if not name.endswith(COMPARABILITY)}
    return (
        f"<details><summary>{escape(title)}</summary>"
        f"{''.join(f'<p>{escape(line)}</p>' for line in lines)}{_table(rows)}</details>"
    )


def _table(rows: Mapping[str, object]) -> str:
    """A table of names and values."""
    cells = (
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_shown(value))}</td></tr>'
        for name, value in rows.items()
    )
    return f'<div class="wide" tabindex="0"><table>{"".join(cells)}</table></div>'


def _shown(value: object) -> str:
    """A value as text."""
    if value is None:
        return "not measured"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _figures(pictures: Sequence[Picture]) -> Iterator[str]:
    """Figures below each other; of several of one kind the page shows the chosen one."""
    for name, found in groupby(pictures, key=lambda picture: picture.name):
        group = list(found)[:MOST_PICKED]
        if len(group) == 1:
            yield _figure(group[0], title_of(name, group[0].kind, group[0].label))
        else:
            yield from _picker(name, group)


def _picker(name: str, pictures: Sequence[Picture]) -> Iterator[str]:
    """Radio buttons, one per label, and the figures; the style sheet shows the chosen one."""
    kind = pictures[0].kind
    yield f"<h3>{escape(title_of(name, kind))}</h3><fieldset><legend>{escape(kind)}</legend>"
    for place, picture in enumerate(pictures):
        identity = f"{name}-{place}"
        yield (
            f'<input type="radio" name="{name}" id="{identity}"{" checked" * (place == 0)}>'
            f'<label for="{identity}">{escape(picture.label)}</label>'
        )
    yield from map(_figure, pictures)
    yield "</fieldset>"


def _figure(picture: Picture, title: str = "") -> str:
    """An image embedded in the page."""
    # embedded, so that the page is one file and fetches nothing
    data = base64.b64encode(picture.content).decode("ascii")
    alt = title or title_of(picture.name, picture.kind, picture.label)
    return (
        f"<figure>{f'<h3>{escape(title)}</h3>' if title else ''}"
        f'<img alt="{escape(alt)}" src="data:{MEDIA_TYPES[picture.suffix]};base64,{data}">'
        f"{f'<figcaption>{escape(picture.caption)}</figcaption>' if picture.caption else ''}"
        "</figure>"
    )
