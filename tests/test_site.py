"""What the site is made of: docs/site, mkdocs.yml, .github. `make docs` builds it."""

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

import condvae
from condvae.spec import setting_names

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))


@pytest.fixture
def maker(monkeypatch):
    """Imports a module of docs/site by its name."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    known = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - known:
        if Path(getattr(sys.modules[name], "__file__", None) or ".").parent.name == "site":
            del sys.modules[name]


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"^\s*- (?:.*: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M)
    assert len(set(listed)) == len(listed)
    assert {page.name for page in DOCS} - {"index.md"} <= set(listed)


def test_code_that_pages_name_exists(maker):
    snippets = maker("snippets")
    marked = 0
    for page in DOCS:
        for path, name in snippets.MARK.findall(page.read_text(encoding="utf-8")):
            code, line = snippets.code_of(ROOT / path, name)
            assert name.split(".")[-1] in code.splitlines()[0], (page.name, name)
            assert '"""' not in code
            assert line > 1
            compile(code, path, "exec")
            marked += 1
    assert marked >= 10


def test_code_that_does_not_exist_is_found_out(maker):
    with pytest.raises(LookupError, match=r"has no Normal\.shear"):
        maker("snippets").code_of(ROOT / "condvae/distributions/normal.py", "Normal.shear")


def test_links_lead_to_where_pages_are(maker):
    places = maker("places")
    fence = "\n```\n[d](scale.md)\n```\n"
    text = f"[a](../README.md#x) [hub.md](hub.md) [c](../condvae/checks.py){fence}"
    assert places.with_links("docs/guide.md", text) == (
        f"[a](index.md#x) [The Hugging Face hub](hub.md) [c](source/condvae/checks.py.md){fence}"
    )
    assert places.with_links("notebooks/conditional_vae.ipynb", "[a](../docs/guide.md)") == (
        "[a](../guide.md)"
    )
    assert places.linked_files("docs/guide.md", text) == {"condvae/checks.py"}


def test_public_names_and_settings_have_their_place(maker):
    reference = maker("reference")
    listed = {name for names in reference.API.values() for name in names}
    assert {f"condvae.{name}" for name in condvae.__all__} <= listed
    settings = reference.settings()
    assert all(f"\n### {name}\n" in settings for name in setting_names())
    assert "\n### notebook" not in settings
    presets = reference.presets()
    assert "## plane" in presets
    assert "| `training.epochs` | `6` |" in presets


@pytest.fixture
def notebook(maker, monkeypatch):
    """docs/site/notebook.py, its mathematics as it is."""
    monkeypatch.setitem(sys.modules, "mathematics", SimpleNamespace(in_text=lambda text: text))
    return maker("notebook")


def test_outputs_of_a_notebook_are_text_pictures_and_a_live_page(notebook):
    v4 = nbformat.v4
    page = '<iframe srcdoc="&lt;p&gt;a &amp;amp; b&lt;/p&gt;" title="explorer"></iframe>'
    outputs = [
        v4.new_output("stream", text="\x1b[1mbold\x1b[0m\n"),
        v4.new_output("display_data", {"image/png": "iVBORw==", "text/plain": "<Figure>"}),
        v4.new_output("execute_result", {"text/html": page, "text/plain": "Page"}),
    ]
    cells = [v4.new_markdown_cell("# Title"), v4.new_code_cell("show(x)", outputs=outputs)]
    text, files = notebook.page_of(v4.new_notebook(cells=cells), "n")
    assert files == {"n-1.png": b"\x89PNG", "n-2.html": b"<p>a &amp; b</p>"}
    assert text.startswith("# Title\n\n```python\nshow(x)\n```")
    assert 'title="Output" }\nbold\n```' in text
    assert '<img src="n-1.png" alt="Output of show(x)">' in text
    assert '<iframe class="live" src="n-2.html"' in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "a cell failed.*division by zero"),
        ("import sys; print(1, file=sys.stderr)", "warned"),
    ],
)
def test_a_cell_that_fails_or_warns_ends_the_build(notebook, tmp_path, monkeypatch, source, said):
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))  # set back after the test
    path = tmp_path / "n.ipynb"
    cells = [nbformat.v4.new_code_cell(source)]
    monkeypatch.setattr(notebook, "LIVE_CODE", "'a page'")
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(SystemExit, match=f"(?s)n.ipynb: .*{said}"):
        notebook.executed(path)


def test_faults_of_a_built_site_are_found(maker, tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="here">A</h1><a href="b.html#there">b</a><a href="#here">a</a>'
        '<a href="https://example.org">elsewhere</a><img src="data:,">'
    )
    (tmp_path / "b.html").write_text('<p id="there"><a href="a.html">a</a></p>')
    links = maker("links")
    assert links.faults_of(tmp_path) == []
    (tmp_path / "c.html").write_text(
        '<a href="d.html">d</a><a href="a.html#gone">a</a><script src="//cdn.example/x.js">'
    )
    assert links.faults_of(tmp_path) == [
        "fetched from elsewhere: //cdn.example/x.js (in c.html)",
        "leads nowhere: d.html (in c.html)",
        "no such anchor: a.html#gone (in c.html)",
    ]


def test_nothing_of_the_site_is_fetched_from_elsewhere():
    text = (ROOT / "mkdocs.yml").read_text()
    assert "font: false" in text
    assert "https://" not in text
