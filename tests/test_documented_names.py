"""Whatever README, guides and notebook import from condvae exists, without running them."""

import ast
import importlib
import re
from pathlib import Path

import nbformat
import pytest

import condvae

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
)


def programs_of(page: Path) -> list[ast.Module]:
    """The Python of a page, a tree for each block that is a whole program."""
    if page.suffix == ".ipynb":
        cells = nbformat.read(page, as_version=4).cells
        sources = (cell.source for cell in cells if cell.cell_type == "code")
        blocks = [re.sub("^%.*$", "", source, flags=re.MULTILINE) for source in sources]
    else:
        blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    return [ast.parse(block) for block in blocks]


def names_of(tree: ast.Module) -> set[tuple[str, str]]:
    """(module, name) of everything imported from condvae, and the attributes of `condvae`."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=taken) if module.startswith("condvae"):
                names |= {(module, one.name) for one in taken}
            case ast.Attribute(value=ast.Name(id="condvae"), attr=name):
                names.add(("condvae", name))
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_imports_exists(page):
    for tree in programs_of(page):
        for module, name in sorted(names_of(tree)):
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_a_page_would_be_found_out():
    (asked,) = names_of(ast.parse("from condvae.evaluation import evaluate"))
    assert asked == ("condvae.evaluation", "evaluate")
    assert names_of(ast.parse("condvae.train(data)")) == {("condvae", "train")}
    assert hasattr(condvae, "train")
    assert sum(len(names_of(tree)) for page in PAGES for tree in programs_of(page)) > 20
