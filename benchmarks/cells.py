"""The stored rows of a benchmark: benchmarks/results/NAME.json for docs/NAME.md.

The file is committed with its page, so that a benchmark continues on another machine too, where
there are no run folders. A row counts as done while the settings that it was made with are those
asked for.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from condvae.files.atomic import write_text

DOCS = Path("docs")
RESULTS = Path("benchmarks") / "results"


@dataclass(frozen=True)
class Cells:
    """Cells by name, each with its settings; and the figures of those that are done.

    Attributes:
        page: file name of the page, without its suffix.
        settings: name -> settings of the run.
        folder: where page and rows are written in a trial; without one, in `DOCS` and `RESULTS`.
    """

    page: str
    settings: dict[str, dict]
    folder: Path | None = None

    @property
    def path(self) -> Path:
        """The file of the rows."""
        return (self.folder or RESULTS) / f"{self.page}.json"

    def rows(self) -> dict[str, dict]:
        """Name -> figures of the cells that are done, in the order of `settings`."""
        stored = self._stored()
        # through JSON, as the stored ones went: tuples are lists there
        asked = json.loads(json.dumps(self.settings))
        return {
            name: stored[name]["figures"]
            for name, settings in asked.items()
            if name in stored and stored[name]["settings"] == settings
        }

    def keep(self, name: str, figures: dict) -> None:
        """Add a cell's row; those that others wrote meanwhile stay."""
        row = {"settings": self.settings[name], "figures": figures}
        text = json.dumps(self._stored() | {name: row}, indent=1, ensure_ascii=False)
        write_text(self.path, text + "\n")

    def write_page(self, text: str) -> None:
        """Write the page."""
        write_text((self.folder or DOCS) / f"{self.page}.md", text)

    def _stored(self) -> dict[str, dict]:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}


def folder_name(name: str) -> str:
    """A cell's name as that of a folder."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)
