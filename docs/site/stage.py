"""The pages of the site as plain Markdown, into build/docs/pages: what any generator can build.

    python docs/site/stage.py

Pages of docs/ and of the root, their links moved, their code taken from the package and their
equations drawn; the notebook, executed; pages made from the registries, the stored results and
docs/gallery.
"""

import json
import re
import shutil
from pathlib import Path

import mathematics
import notebook
import places
import reference
import snippets
from live import BUILD, PAGE

ROOT, PAGES = places.ROOT, BUILD / "pages"
NOTEBOOK = "notebooks/conditional_vae.ipynb"
RESULTS = ROOT / "benchmarks" / "results"
GALLERY = ROOT / "docs" / "gallery"
CARD = re.compile(r'<a href="(\S+?)\.html">.*?<h2>(.*?)</h2><p>(.*?)</p></a>', re.DOTALL)


def main() -> None:
    """Write all pages, and remove those of the last time."""
    shutil.rmtree(PAGES, ignore_errors=True)
    ours = shutil.ignore_patterns("site", "requirements.txt", "*.md")
    shutil.copytree(ROOT / "docs", PAGES, ignore=ours)
    for path in places.pages():
        page(path)
    tutorials()
    for place, text in reference.pages().items():
        write(place, text)
    write("gallery.md", gallery())
    write("results.md", results())
    shutil.copytree(RESULTS, PAGES / "results")


def page(path: str) -> None:
    """A Markdown file of the repository, and the files of code that it links to."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for source in places.linked_files(path, text):
        write(places.place_of(source), places.source_page(source))
    text = snippets.with_code(places.with_links(path, text), ROOT)
    write(places.place_of(path), mathematics.in_fences(text))


def tutorials() -> None:
    """The notebook and the explorer, each with a page in which a model runs."""
    text, files = notebook.page_of(notebook.executed(ROOT / NOTEBOOK), "notebook")
    write(places.place_of(NOTEBOOK), places.with_links(NOTEBOOK, text))
    for name, content in files.items():
        (PAGES / "tutorials" / name).write_bytes(content)
    live = notebook.frame("../live/digits.html", "The explorer of a model of 8 × 8 digits")
    explorer = (ROOT / "docs" / "site" / "explorer.md").read_text(encoding="utf-8")
    write("tutorials/explorer.md", explorer.replace("{{ explorer }}", live))
    (PAGES / "live").mkdir()
    shutil.copy(PAGE, PAGES / "live")


def gallery() -> str:
    """The live pages that `make gallery` has put into docs/gallery: the first one, and pictures."""
    cards = cards_of(GALLERY)
    said = "Each page holds a trained model that runs in your browser. A picture opens its page."
    none = "No pages have been built: `make gallery` trains the models and writes them."
    parts = ["# Gallery", said if cards else none]
    for name, title, words in cards:
        address, picture = f"gallery/{name}.html", f"gallery/{name}.png"
        parts += [f"## {title}", words]
        if name == cards[0][0] or not (PAGES / picture).exists():
            parts.append(notebook.frame(address, title))
        else:
            parts.append(
                f'<a href="{address}"><img src="{picture}" alt="{title}" loading="lazy"></a>'
            )
    return "\n\n".join(part for part in parts if part) + "\n"


def cards_of(folder: Path) -> list[tuple[str, str, str]]:
    """Name, title and words of each page, as the folder's index has them; else of what is there."""
    index = folder / "index.html"
    if index.exists():
        return CARD.findall(index.read_text(encoding="utf-8"))
    return [(path.stem, path.stem, "") for path in sorted(folder.glob("*.html"))]


def results() -> str:
    """The stored rows of the benchmarks, a line for each file."""
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        cells = json.loads(path.read_text(encoding="utf-8"))
        names = list(dict.fromkeys(name for cell in cells.values() for name in cell["figures"]))
        few = ", ".join(f"`{name}`" for name in names[:8]) + (", ..." if len(names) > 8 else "")
        rows.append(f"| [{path.name}](results/{path.name}) | {len(cells)} | {few} |")
    return "\n".join(
        [
            "# Stored results",
            "",
            "The figures of the pages in this section, with the settings of the runs that gave "
            "them. The benchmarks write these files, and make their pages from them.",
            "",
            "| file | rows | figures in a row |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def write(place: str, text: str) -> None:
    """A page."""
    path = PAGES / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
