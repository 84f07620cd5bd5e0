"""report.html: one file that needs no other, figures inside."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape

from condvae.reports.metrics_file import Metrics
from condvae.reports.protocols import protocol_lines
from condvae.reports.verdict import Line, read_verdict
from condvae.runs import Run

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1rem .15rem 0;
vertical-align: top; } td.number { font-variant-numeric: tabular-nums; }
p, details { margin: .4rem 0; } .protocol { opacity: .75; font-size: .85rem; }
.figures { display: grid; gap: 1rem;
grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
figure { margin: 0; } img { background: white; max-width: 100%; } figcaption { font-weight: bold; }
.cards { display: grid; gap: .7rem; margin: 1rem 0; padding: 0;
grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr)); }
.card { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem;
padding: .5rem .8rem; } .card.warned { border-color: #c60; border-left-width: .3rem; }
.card h3 { font-size: .85rem; margin: 0; opacity: .75; } .card p { margin: 0; font-size: .85rem; }
.card .value { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; } .fault { border-left: .3rem solid #c60; padding-left: .7rem; }
"""
STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
MEDIA_TYPES = {"png": "image/png", "gif": "image/gif"}


def render_page(
    run: Run, metrics: Metrics, words: Mapping[str, str], figures: Mapping[str, bytes]
) -> str:
    """The page's text.

    Args:
        metrics: title -> numbers.
        words: title -> the same for a reader, several lines.
        figures: a file's name, such as "scatter.png", -> its content.
    """
    record = run.record
    found = record.figures
    facts = {
        "run": metrics.run,
        "data": f"{record.data.name or 'arrays'}, fingerprint {record.data.fingerprint[:16]}",
        "given": str(record.condition),
        "preset": record.preset or "a spec of its own",
        "trained": f"{record.created}, {found.epochs if found else 0} epochs, {record.status}",
        "versions": ", ".join(f"{name} {v}" for name, v in record.versions.items()),
        "test split": f"read by {metrics.test_readings} evaluation(s) of this run so far",
    }
    parts = [
        f"<h1>{escape(metrics.run)}</h1>",
        f"<p>{escape(metrics.summary)}</p>" * bool(metrics.summary),
        *_faults(metrics.faults),
        '<div class="cards">',
        *map(_card, read_verdict(metrics)),
        "</div>",
        *(f'<p class="protocol">{escape(line)}</p>' for line in protocol_lines(metrics)),
        '<h2>Figures</h2><div class="figures">',
        *(_figure(name, content) for name, content in figures.items()),
        "</div>",
        "<h2>Details</h2>",
        f"<details><summary>Run</summary>{_table(facts)}</details>",
    ]
    for title, numbers in metrics.measures.items():
        parts.append(
            f"<details><summary>{escape(title)}</summary>{_sentences(words.get(title, ''))}"
            f"{_table(numbers)}</details>"
        )
    parts.append(
        "<details><summary>Spec, as JSON</summary><pre>"
        f"{escape(record.spec.model_dump_json(indent=2))}</pre></details>"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # nothing is fetched, nothing runs
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_DIGEST}'\">\n"
        f"<title>{escape(metrics.run)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _card(line: Line) -> str:
    """A line of the verdict; one without a heading goes on with the one before."""
    warning = f'<p class="fault">{escape(line.warning)}</p>' if line.warning else ""
    return (
        f'<div class="card{" warned" if line.warning else ""}">'
        f"<h3>{escape(line.heading or line.measure)}</h3>"
        f'<p class="value">{escape(line.text)}</p><p>{escape(line.unit)}</p>'
        f"<p>{escape(line.beside)}</p>{warning}</div>"
    )


def _faults(faults: Sequence[str]) -> list[str]:
    """The doctor's sentences, as paragraphs."""
    if not faults:
        return ["<p>The doctor found nothing wrong.</p>"]
    return [f'<p class="fault">{escape(fault)}</p>' for fault in faults]


def _sentences(words: str) -> str:
    """A measure's lines; those in brackets say what it may be compared with."""
    return "\n".join(
        f'<p class="protocol">{escape(line[1:-1])}</p>'
        if line.startswith("(") and line.endswith(")")
        else f"<p>{escape(line)}</p>"
        for line in words.splitlines()
    )


def _table(rows: Mapping[str, object]) -> str:
    """A table of names and values."""
    return (
        "<table>"
        + "".join(
            f'<tr><th scope="row">{escape(name)}</th><td class="number">{escape(_shown(value))}'
            "</td></tr>"
            for name, value in rows.items()
        )
        + "</table>"
    )


def _shown(value: object) -> str:
    """A value as text."""
    if value is None:
        return "not measured"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _figure(name: str, content: bytes) -> str:
    """An image whose content lies inside the page."""
    stem, _, suffix = name.rpartition(".")
    # inside of the page, so that it is one file and fetches nothing
    data = base64.b64encode(content).decode("ascii")
    return (
        f"<figure><figcaption>{escape(stem.replace('-', ' '))}</figcaption>"
        f'<img alt="{escape(stem)}" src="data:{MEDIA_TYPES[suffix]};base64,{data}"></figure>'
    )
