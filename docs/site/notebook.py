"""An executed notebook as a page and its pictures."""

import base64
from html import escape
from pathlib import Path

import mathematics
import nbformat

PICTURES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif"}


def page_of(path: Path, name: str) -> tuple[str, dict[str, bytes]]:
    """The Markdown of a notebook with its stored outputs, and its pictures by file name."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(mathematics.in_text(cell.source))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            parts += _shown(output, cell.source, name, pictures)
    return "\n\n".join(parts) + "\n", pictures


def _shown(output, source: str, name: str, pictures: dict[str, bytes]) -> list[str]:
    """One output: a picture where there is one, else its text."""
    data = output.get("data", {})
    for kind, suffix in PICTURES.items():
        if kind in data:
            file = f"{name}-{len(pictures) + 1}.{suffix}"
            pictures[file] = base64.b64decode(data[kind])
            asked = escape(f"Output of {source.strip().splitlines()[-1]}")
            return [f'<img src="{file}" alt="{asked}">']
    text = output.get("text") or data.get("text/plain", "")
    return [f'```text {{ .output title="Output" }}\n{text.rstrip()}\n```'] if text.strip() else []
