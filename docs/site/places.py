"""Which file of the repository becomes which page, and where the links between them lead."""

import posixpath
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Files outside docs/ that are pages, and two that have another name on the site.
PAGES = {
    "README.md": "index.md",
    "docs/index.md": "all-pages.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "notebooks/conditional_vae.ipynb": "tutorials/notebook.md",
}
LINK = re.compile(r"(\[[^\]]*\])\(([^)\s]+)\)")
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".json": "json", ".cff": "yaml", ".toml": "toml"}


def place_of(path: str) -> str:
    """Where the page of a file of the repository lies."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}.md"


def linked_files(path: str, text: str) -> set[str]:
    """Files of the repository outside docs/ that a page links to and that are no pages."""
    found = (target_of(path, link) for _, link in LINK.findall(FENCE.sub("", text)))
    return {one for one in found if one and place_of(one).startswith("source/")}


def target_of(path: str, link: str) -> str:
    """The file that a link of a page leads to, "" for an address, an anchor, or nothing."""
    if "://" in link or link.startswith(("#", "mailto:")):
        return ""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link.partition("#")[0]))
    return target if (ROOT / target).is_file() else ""


def with_links(path: str, text: str) -> str:
    """A page's text, its links as they are on the site; what leads nowhere stays, and is found."""
    here = posixpath.dirname(place_of(path)) or "."

    def moved(match: re.Match) -> str:
        words, link = match.groups()
        target = target_of(path, link)
        if not target:
            return match[0]
        hash_and_anchor = link[link.index("#") :] if "#" in link else ""
        # a file's name says something on the forge; a page of the site has a title
        if words[1:-1].rpartition("/")[2] == posixpath.basename(target) and target in pages():
            words = f"[{title_of(target)}]"
        return f"{words}({posixpath.relpath(place_of(target), here)}{hash_and_anchor})"

    return outside_fences(text, lambda part: LINK.sub(moved, part))


def pages() -> list[str]:
    """The Markdown files that are pages."""
    docs = (f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))
    return [path for path in dict.fromkeys([*PAGES, *docs]) if path.endswith(".md")]


@cache
def title_of(path: str) -> str:
    """The first heading of a page."""
    return re.search(r"^# (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)[1]


def outside_fences(text: str, change) -> str:
    """The text with `change` made to all that is not in a fenced block."""
    done, last = [], 0
    for fence in FENCE.finditer(text):
        done += [change(text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*done, change(text[last:])])


def source_page(path: str) -> str:
    """A file of the repository as a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    language = LANGUAGES.get(Path(path).suffix, "text")
    return f"# {path}\n\n````{language}\n{text}\n````\n"
