"""The notebook, executed, as a page, its pictures and the explorer of its model."""

import base64
import os
import re
import tempfile
from html import escape, unescape
from pathlib import Path

import mathematics
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PICTURES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif"}
FRAME = re.compile(r'<iframe srcdoc="([^"]*)"')
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What the file in the repository leaves out, as a page of some MB would be one of its outputs.
LIVE_TITLE = "## The explorer, live"
LIVE_WORDS = "The model trained above, in one page: drag the point, change the label, draw a digit."
LIVE_CODE = "condvae.explore(run, data)"
# The repository's outputs are small pictures, those of the site need not be.
SMALL = re.compile(r"^(?:%config .*|jpeg = .*|# .*)\n", re.MULTILINE)


class ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, reached by sockets in a folder."""

    def __init__(self, **settings):
        specs, sockets = KernelSpecManager(kernel_dirs=[]), os.environ["JUPYTER_RUNTIME_DIR"]
        settings |= {"transport": "ipc", "ip": f"{sockets}/kernel"}
        super().__init__(kernel_spec_manager=specs, **settings)


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of all its cells, run now; its last cell shows the explorer.

    Raises:
        SystemExit: a cell failed, or wrote a warning.
    """
    read = nbformat.read(path, as_version=4)
    for cell in read.cells:
        if "%matplotlib inline" in cell.source:
            cell.source = SMALL.sub("", cell.source)
    read.cells += [
        nbformat.v4.new_markdown_cell(f"{LIVE_TITLE}\n\n{LIVE_WORDS}"),
        nbformat.v4.new_code_cell(LIVE_CODE),
    ]
    with tempfile.TemporaryDirectory() as folder:  # no settings of the user's
        os.environ |= dict.fromkeys(("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TMPDIR"), folder)
        client = NotebookClient(
            read,
            kernel_manager_class=ThisPython,
            resources={"metadata": {"path": folder}},
            timeout=3600,
            startup_timeout=300,
            iopub_timeout=300,
            raise_on_iopub_timeout=True,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            raise SystemExit(f"{path}: a cell failed.\n{COLOURS.sub('', str(error))}") from None
    for cell in read.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise SystemExit(f"{path}: a cell warned.\n{cell.source}\n{output.text}")
    return read


def page_of(read: nbformat.NotebookNode, name: str) -> tuple[str, dict[str, bytes]]:
    """The Markdown of an executed notebook, and the files beside it by name."""
    parts: list[str] = []
    files: dict[str, bytes] = {}
    for cell in read.cells:
        if cell.cell_type == "markdown":
            parts.append(mathematics.in_text(cell.source))
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            parts += _shown(output, cell.source, name, files)
    return "\n\n".join(parts) + "\n", files


def frame(address: str, title: str) -> str:
    """A page in which a model runs, inside this one."""
    return (
        f'<iframe class="live" src="{address}" title="{title}" loading="lazy"></iframe>\n\n'
        f"[Open it on a page of its own]({address})"
    )


def _shown(output, source: str, name: str, files: dict[str, bytes]) -> list[str]:
    """One output: a page or a picture where there is one, else its text."""
    data = output.get("data", {})
    if live := FRAME.match(data.get("text/html", "")):
        file = f"{name}-{len(files) + 1}.html"
        files[file] = unescape(live[1]).encode()
        return [frame(file, "The explorer of the model of this notebook")]
    for kind, suffix in PICTURES.items():
        if kind in data:
            file = f"{name}-{len(files) + 1}.{suffix}"
            files[file] = base64.b64decode(data[kind])
            asked = escape(f"Output of {source.strip().splitlines()[-1]}")
            return [f'<img src="{file}" alt="{asked}">']
    text = COLOURS.sub("", output.get("text") or data.get("text/plain", ""))
    return [f'```text {{ .output title="Output" }}\n{text.rstrip()}\n```'] if text.strip() else []
