"""The notebook: runs from the first cell to the last, and the committed file is fit to share."""

import os
import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "conditional_vae.ipynb"
TRAIN = "condvae.train(data, run=folder / name)"

# history, scatter, generate, two manifolds, transfer, interpolation
FIGURES = 7
# the first images, a reconstruction, a real image's style, the walk, the reloaded model's images
PICTURES = 5


class ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels are installed for the user.

    It is reached by sockets in a folder: another program could take a port before it does.
    """

    def __init__(self, **settings):
        specs, sockets = KernelSpecManager(kernel_dirs=[]), os.environ["JUPYTER_RUNTIME_DIR"]
        settings |= {"transport": "ipc", "ip": f"{sockets}/kernel"}
        super().__init__(kernel_spec_manager=specs, **settings)


@pytest.fixture
def committed() -> NotebookNode:
    """The notebook as it is in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def count_images(notebook: NotebookNode, kind: str) -> int:
    return sum(kind in output.get("data", {}) for output in outputs_of(notebook))


def assert_clean(notebook: NotebookNode) -> None:
    """Every code cell ran, in order, without an error or a word on stderr."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in outputs_of(notebook):
        assert output.output_type != "error", output
        assert output.get("name") != "stderr", output.text


@pytest.fixture
def sockets(monkeypatch):
    """A folder for the kernel's sockets, whose paths have 107 characters at most."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("sockets")
def test_notebook_runs_on_digits(committed, tmp_path, monkeypatch):
    monkeypatch.delenv("CONDVAE_DATA", raising=False)
    # JAX's own too: over a program that another test is just writing it warns
    for name in ("TMPDIR", "IPYTHONDIR", "JAX_COMPILATION_CACHE_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    here = tmp_path / "here"
    here.mkdir()
    (cell,) = [cell for cell in committed.cells if TRAIN in cell.source]
    cell.source = cell.source.replace(TRAIN, TRAIN[:-1] + ", epochs=5)")

    NotebookClient(
        committed,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(here)}},
        timeout=600,
        startup_timeout=300,
        iopub_timeout=300,  # after 4 seconds it would go on without a cell's outputs
        raise_on_iopub_timeout=True,
    ).execute()

    assert_clean(committed)
    (loaded,) = [cell for cell in code_cells(committed) if cell.id == "load"]
    assert "Dataset('digits'" in loaded.outputs[0].text
    assert count_images(committed, "image/jpeg") >= FIGURES
    assert count_images(committed, "image/png") >= PICTURES
    assert not list(here.iterdir()), "executing must leave nothing in the notebook's folder"


def test_notebook_is_committed_with_its_outputs(committed):
    assert_clean(committed)
    assert count_images(committed, "image/jpeg") >= FIGURES
    assert count_images(committed, "image/png") >= PICTURES


def test_notebook_is_small():
    assert NOTEBOOK.stat().st_size < 300_000


def test_notebook_outputs_name_no_path_of_a_machine(committed):
    for output in outputs_of(committed):
        texts = [output.get("text", ""), *output.get("traceback", [])]
        texts += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
        for text in texts:
            # a tag's closing slash is none
            assert not re.search(r"(?<![\w<)])(?:/\w+){2,}|[A-Za-z]:\\\w", text), text


def test_notebook_is_minimal(committed):
    nbformat.validate(committed)
    ids = [cell.id for cell in committed.cells]
    assert len(set(ids)) == len(ids)
    assert set(committed.metadata) == {"kernelspec", "language_info"}
    assert committed.metadata.kernelspec.name == "python3"
    assert not any(cell.metadata for cell in committed.cells)
