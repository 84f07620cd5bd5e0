"""The page: one HTML file, its content security policy, and its display in a notebook."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from condvae.explorer.card import draw_card
from condvae.explorer.modules import FOLDER, bundle
from condvae.explorer.payload import WORKER_ABOVE, pack, page_content
from condvae.explorer.shown import Shown
from condvae.explorer.subject import Subject
from condvae.explorer.tags import Preview, describe, summarise, write_tags
from condvae.explorer.weights import EXACT, Tell, Weights, shrink_weights
from condvae.files.atomic import atomic_path, write_text

STYLES = ("style", "sections", "hand", "points", "kinds")
NOTEBOOK_HEIGHT = 900


@dataclass(frozen=True)
class Page:
    """An explorer; as the last expression of a notebook cell, it is displayed there.

    Attributes:
        text: the HTML file.
        notes: sentences on what is in it, and what is not.
        card: name and content of the picture beside the file, if there is one.
    """

    text: str
    notes: tuple[str, ...]
    card: tuple[str, bytes] | None = None

    def write(self, path: Path | str) -> None:
        """Write the file, complete or not at all, and its picture beside it."""
        if self.card is not None:
            name, content = self.card
            with atomic_path(Path(path).with_name(name)) as fresh:
                fresh.write_bytes(content)
        write_text(Path(path), self.text)

    def _repr_html_(self) -> str:
        """The page in a frame, isolated from the notebook's styles and scripts."""
        return (
            f'<iframe srcdoc="{escape(self.text)}" title="explorer" width="100%" '
            f'height="{NOTEBOOK_HEIGHT}" style="border:0" '
            'sandbox="allow-scripts allow-downloads"></iframe>'
        )

    def __repr__(self) -> str:
        return f"Page({len(self.text):,} characters: {' '.join(self.notes)})"


def make_page(
    subject: Subject,
    shown: Shown | None = None,
    moves: Mapping[int, str] | None = None,
    worker_above: float = WORKER_ABOVE,
    faults: Sequence[str] = (),
    tell: Tell = lambda share, part: None,
    preview: Preview | None = None,
) -> Page:
    """The explorer of a model.

    Args:
        shown: the data to show with it.
        moves: what each axis of z changes, in a word.
        worker_above: milliseconds above which a decode leaves the page's own thread.
        faults: the doctor's findings, in sentences.
        tell: called with the completed share, and the current step.
        preview: the preview picture of the page; None: it has none.
    """
    subject = subject.narrowed()
    weights = shrink_weights(subject, tell=tell)
    content = pack(*page_content(subject, weights, shown, moves, worker_above, faults))
    notes = [
        f"Pixels within {255 * weights.pixel_difference:.2f}/255 of float32 at 1,000 random z.",
        *notes_on(weights),
    ]
    if shown is None:
        notes.append("Without encodings of the data.")
    else:
        notes.append(
            f"With encodings of {len(shown.mean):,} rows of the data, and {shown.num_images:,} of "
            "the images themselves."
        )
    tags = write_tags(subject.name, describe(subject), preview)
    picture = None
    if preview is not None:
        picture = preview.name, draw_card(subject, summarise(subject), shown)
    return Page(render(subject.name, content, tags), tuple(notes), picture)


def notes_on(weights: Weights) -> list[str]:
    """Sentences on the weights in a page."""
    low, high = weights.bits
    found = [
        f"The {name} keeps float32 weights: fewer bits are too coarse." for name in weights.exact
    ]
    if high < EXACT:
        found.insert(0, f"Weights of {low}{f' to {high}' if high > low else ''} bits.")
    return found


def render(title: str, content: str, tags: str, kind: str = "index", entry: str = "main") -> str:
    """The text of the file.

    Args:
        content: from `pack`.
        tags: from `write_tags`.
        kind: name of the HTML file of the body.
        entry: the module to run.
    """
    style = "".join(_read(f"{name}.css") for name in STYLES)
    program = bundle(entry)
    policy = (
        # nothing is fetched; only this exact script and style are accepted; for WebAssembly the
        # policy cannot name a digest: the script compiles tile.js
        f"default-src 'none'; script-src '{_digest(program)}' 'wasm-unsafe-eval'; "
        f"style-src '{_digest(style)}'; "
        "img-src blob:; media-src blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "main": _body(kind),
        "policy": escape(policy),
        "title": escape(title),
        "tags": tags,
        "style": style,
        "program": program,
        "worker": bundle("worker"),
        "content": content,
    }
    text = _read("shell.html")
    for name, part in parts.items():
        # an error if a placeholder is missing or repeated: no part may contain another's
        before, after = text.split(f"<!--{name}-->")
        text = before + part + after
    return text


def _body(kind: str) -> str:
    """What a kind of page has between its header and its programs."""
    return _read(f"{kind}.html").replace("<!--sketch-->\n", _read("sketch.html"))


def _read(name: str) -> str:
    """A file of the page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The digest of a text as a policy writes it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
