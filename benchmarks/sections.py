"""docs/performance.md: each program writes its section, what others wrote stays."""

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
# in the page's order; those without a program are written by hand
ORDER = (
    "Time to a model",
    "An epoch",
    "Where the time goes",
    "Inference",
    "Serving",
    "Serving under load",
    "Tables of many columns, and of many rows",
    "Growth",
    "Precision and backends",
    "Start-up and memory",
    "On a GPU",
    "Log",
)


def write_section(title: str, lines: list[str]) -> None:
    """Replace a section, or put it in its place; and print it."""
    head, *parts = PAGE.read_text(encoding="utf-8").split("\n## ")
    sections = {name: body.strip() for name, _, body in (part.partition("\n") for part in parts)}
    sections[title] = "\n".join(lines).strip()
    texts = [f"## {name}\n\n{sections[name]}" for name in ORDER if name in sections]
    PAGE.write_text("\n\n".join([head.strip(), *texts]) + "\n", encoding="utf-8")
    print(sections[title])
