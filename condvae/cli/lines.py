"""Lines on a terminal: coloured warnings, and progress."""

import time
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.text import Text

_WIDTH = 20


def print_lines(lines: Iterable[tuple[str, bool]]) -> None:
    """Print lines unchanged, never wrapped; warnings in colour."""
    console = Console(highlight=False, soft_wrap=True)
    for line, is_warning in lines:
        console.print(Text(line, style="yellow" if is_warning else ""), soft_wrap=True)


def shares_told(
    say: Callable[[str], None], clock: Callable[[], float] = time.perf_counter
) -> Callable[..., None]:
    """A function (share, part="") that reports progress and the remaining time.

    Args:
        say: function that takes the text.
        clock: function that returns seconds.
    """
    started = clock()

    def tell(share: float, part: str = "") -> None:
        filled = round(_WIDTH * share)
        bar = f"{'━' * filled}{'╌' * (_WIDTH - filled)}"
        text = f"{bar} {share:.0%}"
        seconds = clock() - started
        if 0 < share < 1 and seconds >= 1:
            text += f", {_in_words(seconds * (1 - share) / share)} left"
        say(f"{text} {part}".rstrip())

    return tell


def _in_words(seconds: float) -> str:
    """A duration: "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
