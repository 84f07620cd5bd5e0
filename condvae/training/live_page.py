"""The text of live.html: curves, and a row for each epoch, in one file that reloads itself."""

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from html import escape

from condvae.explorer.palette import PALETTE
from condvae.runs.history import Row

STYLE = f"""
:root {{ color-scheme: light dark; }}
body {{ background: light-dark(#fff, #1b1b1d); color: light-dark(#1d1c1a, #eeece7);
font: 15px/1.4 system-ui, sans-serif; margin: 0; }}
main {{ margin: 1rem auto; max-width: 80rem; padding: 0 1rem; }} h1 {{ font-size: 1.3rem; }}
.curves {{ display: grid; gap: 1rem; margin: 1rem 0;
grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); }}
figure {{ margin: 0; }} svg {{ display: block; overflow: visible; width: 100%; }}
polyline, rect {{ fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }}
.training {{ stroke: {PALETTE[0]}; color: {PALETTE[0]}; }}
.validation {{ stroke: {PALETTE[1]}; color: {PALETTE[1]}; }}
.frame {{ stroke: color-mix(in srgb, currentColor 30%, transparent); }}
figcaption, .legend {{ font-size: .9rem; }} .ends {{ display: flex; justify-content: space-between;
font-size: .8rem; font-variant-numeric: tabular-nums; }}
.swatch {{ background: currentColor; display: inline-block; height: .7em; margin-right: .3em;
width: .7em; }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; }}
th, td {{ padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top;
font-variant-numeric: tabular-nums; white-space: nowrap; }}
thead th {{ font-weight: 600; vertical-align: bottom; }}
img {{ display: block; image-rendering: pixelated; }} td table {{ font-size: .85rem; }}
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECONDS = (2, 30)  # shortest and longest time between two reloads
WIDTH, HEIGHT = 100, 40  # of a drawing of curves, in its own units
MOST_POINTS = 400
KINDS = {"training": "", "validation": "val_"}
SHOWN = re.compile(r'^<tr><th scope="row">(\d+)</th>.*?<!--shown-->(.*)<!--end--></tr>$', re.M)
CELLS = {"training": "loss", "validation": "val_loss"}


def render_live(
    name: str,
    status: str,
    epochs: int,
    rows: Sequence[Row],
    shown: Mapping[int, str],
    headings: Sequence[str],
    reloads: bool = True,
) -> str:
    """The page's text.

    Args:
        name: name of the run.
        status: status of the run; the page of a running one reloads itself.
        epochs: planned number of epochs.
        rows: rows of history.csv.
        shown: for some epochs, cells of HTML with their images.
        headings: headings of these cells, HTML.
        reloads: whether the page may reload itself.
    """
    done = len(rows)
    again = ""
    if reloads and status == "running":
        seconds = math.ceil(rows[-1]["seconds"]) if rows else 0
        again = f'<meta http-equiv="refresh" content="{max(SECONDS[0], min(seconds, SECONDS[1]))}">'
    titles = {
        "−ELBO": ("reconstruction_loss", "kl_loss"),
        "reconstruction": ("reconstruction_loss",),
        "KL": ("kl_loss",),
    }
    head = "".join(f'<th scope="col">{cell}</th>' for cell in ["epoch", *CELLS, *headings])
    body = "\n".join(_row(row, shown.get(int(row["epoch"]), "")) for row in reversed(rows))
    legend = "".join(
        f'<span class="{kind}"><span class="swatch"></span></span>{kind} &nbsp; ' for kind in KINDS
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data:; style-src 'sha256-{DIGEST}'\">\n"
        f"{again}<title>{escape(name)}: epoch {done} of {epochs}</title><style>{STYLE}</style>"
        f"</head>\n<body><main><h1>{escape(name)}</h1><p>Epoch {done} of {epochs}, "
        f'{escape(status)}. Losses in nats per example.</p>\n<p class="legend">{legend}</p>'
        f'<div class="curves">{"".join(_curves(t, p, rows) for t, p in titles.items())}</div>\n'
        '<div class="wide" tabindex="0" role="region" aria-label="Epochs">'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n"
        "</tbody></table></div></main></body></html>\n"
    )


def read_shown(text: str) -> dict[int, str]:
    """The cells of a page, as passed to `render_live`."""
    return {int(epoch): cells for epoch, cells in SHOWN.findall(text) if cells}


def _row(row: Row, cells: str) -> str:
    """The row of an epoch, on one line, so that it can be read again."""
    numbers = "".join(f"<td>{row[name]:.2f}</td>" for name in CELLS.values())
    epoch = f'<th scope="row">{row["epoch"]:.0f}</th>'
    return f"<tr>{epoch}{numbers}<!--shown-->{cells}<!--end--></tr>"


def _curves(title: str, parts: Sequence[str], rows: Sequence[Row]) -> str:
    """The sum of some losses over the epochs, for training and validation."""
    every = -(-len(rows) // MOST_POINTS) or 1
    chosen = sorted({*range(0, len(rows), every), len(rows) - 1} - {-1})
    curves = {
        kind: [sum(rows[place][prefix + part] for part in parts) for place in chosen]
        for kind, prefix in KINDS.items()
    }
    # the steep decrease in the first epochs would flatten the rest of the curve
    later = [v for curve in curves.values() for v in curve[len(curve) // 10 :] if math.isfinite(v)]
    low, high = (min(later), max(later)) if later else (0.0, 1.0)
    span, last = high - low or 1.0, max(1, len(chosen) - 1)
    lines = ""
    for kind, curve in curves.items():
        points = " ".join(
            f"{WIDTH * place / last:.2f},{HEIGHT * min(1.0, (high - value) / span):.2f}"
            for place, value in enumerate(curve)
            if math.isfinite(value) and value <= high
        )
        lines += f'<polyline class="{kind}" points="{points}"/>'
    ends = f"<span>{low:.2f} to {high:.2f} nats</span><span>epoch {len(rows)}</span>"
    return (
        f'<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title} by epoch" preserveAspectRatio="none" height="140">'
        f'<rect class="frame" width="{WIDTH}" height="{HEIGHT}"/>{lines}</svg>'
        f'<p class="ends">{ends}</p></figure>'
    )
