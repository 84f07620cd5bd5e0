"""Every link of the built site leads somewhere, and no page fetches anything from elsewhere.

python docs/site/links.py FOLDER
"""

import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# tag: the attribute by which it makes a browser fetch something while the page is shown
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """The anchors of a page, its links, and what it fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        # rel=canonical, next and the like are not fetched, but must exist too
        if tag in FETCHED and FETCHED[tag] in given:
            self.fetched.add(given[FETCHED[tag]])


def faults_of(site: Path) -> list[str]:
    """A sentence for each link that leads nowhere and each thing that is fetched from elsewhere."""
    # pages that condvae wrote are no part of the site's own links
    files = [path for path in site.rglob("*.html") if path.parent.name not in ("live", "gallery")]
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in files}
    faults = defaultdict(set)
    for path, page in pages.items():
        for link in page.fetched:
            if urlsplit(link).scheme not in ("", "data") or link.startswith("//"):
                faults[f"fetched from elsewhere: {link}"].add(path.name)
        for link in page.links | page.fetched:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            # what 404.html has is relative to the root, since it is shown anywhere
            if parts.path.startswith("/"):
                target = (site / unquote(parts.path).lstrip("/")).resolve()
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                faults[f"leads nowhere: {link}"].add(path.name)
            elif parts.fragment and target in pages:
                anchor = unquote(parts.fragment)
                if anchor != "__toc" and anchor not in pages[target].anchors:
                    faults[f"no such anchor: {link}"].add(path.name)
    return [f"{fault} (in {', '.join(sorted(names))})" for fault, names in sorted(faults.items())]


def main() -> int:
    """Print the faults; 1 if there are some."""
    faults = faults_of(Path(sys.argv[1]))
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
