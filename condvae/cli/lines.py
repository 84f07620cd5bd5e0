"""Lines on a terminal: what is a warning stands out where there are colours."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


def print_lines(lines: Iterable[tuple[str, bool]]) -> None:
    """Print lines as they are, never wrapped; those that are warnings in colour."""
    console = Console(highlight=False, soft_wrap=True)
    for line, is_warning in lines:
        console.print(Text(line, style="yellow" if is_warning else ""), soft_wrap=True)
