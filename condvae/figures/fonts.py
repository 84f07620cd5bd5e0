"""Fonts for text that matplotlib's own font, DejaVu Sans, cannot display."""

import logging
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text
from matplotlib.ticker import ScalarFormatter

# It has a box for every character.
LAST_RESORT = "Last Resort"
NORMAL = 400
NAMED = 20  # largest number of characters in a notice

log = logging.getLogger(__name__)
_said: set[str] = set()


@contextmanager
def fitting_fonts(figure: Figure) -> Iterator[None]:
    """Let the text of a figure fall back on installed fonts, in this block and later.

    Characters without a font are named in a notice, once.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.get_majorticklabels()  # makes ticks take their labels now, not when drawn
    absent = set()
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            own = findfont(text.get_fontproperties())
            families, unknown = fallbacks(_missing(own, text.get_text()))
            absent |= unknown
            if new := [name for name in families if name not in text.get_fontfamily()]:
                text.set_fontfamily([*text.get_fontfamily(), *new])
    _say(absent)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")  # `_say` reports it
        yield


def font_file(text: str) -> str:
    """The font with most of a text's characters, if only one font can be used.

    Characters without a font are named in a notice, once.
    """
    own = findfont(FontProperties())
    missing = _missing(own, text)
    families, unknown = fallbacks(missing)
    _say(unknown)
    files = [own, *(_families(False)[family] for family in families)]
    return min(files, key=lambda file: len(_missing(file, text)))


@cache
def fallbacks(missing: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """The fewest font families with these characters, and the characters without a font."""
    found: list[str] = []
    for is_fresh in (False, True):
        families = _families(is_fresh) if missing else {}
        while missing and families:
            left = {family: _missing(file, missing) for family, file in families.items()}
            best = min(left, key=lambda family: len(left[family]))
            if left[best] == missing:
                break
            found.append(best)
            missing = left[best]
    return found, missing


def _families(is_fresh: bool) -> dict[str, str]:
    """The installed families with upright letters, and their files.

    Args:
        is_fresh: look for fonts that are not yet in matplotlib's list.
    """
    if is_fresh:
        known = {entry.fname for entry in fontManager.ttflist}
        for path in findSystemFonts():
            if path not in known:
                try:
                    fontManager.addfont(path)
                except Exception as error:  # of many kinds: no outlines, a damaged file
                    log.debug("%s: %s", path, error)
    upright = [
        (entry.weight != NORMAL, "Sans" not in entry.name, "Mono" in entry.name, entry)
        for entry in fontManager.ttflist
        if entry.style == "normal" and LAST_RESORT not in entry.name
    ]
    # first those most similar to the default font
    upright.sort(key=lambda item: (*item[:-1], item[-1].name))
    found: dict[str, str] = {}
    for *_, entry in upright:
        found.setdefault(entry.name, entry.fname)
    return found


@cache
def _missing(file: str, text: str | frozenset[str]) -> frozenset[str]:
    """The visible characters of a text that a font lacks."""
    # marks and joiners change the character before them
    visible = {letter for letter in text if unicodedata.category(letter)[0] not in "CMZ"}
    try:
        font = get_font(file)
    except (OSError, RuntimeError):  # removed since matplotlib made its list, or of an unknown kind
        return frozenset(visible)
    return frozenset(letter for letter in visible if not font.get_char_index(ord(letter)))


def _say(absent: set[str] | frozenset[str]) -> None:
    """Report characters that will be drawn as boxes."""
    new = sorted(absent - _said)
    _said.update(new)
    if new:
        log.warning(
            "no installed font has %s%s: figures show boxes in their place. Install one, such as "
            "Noto Sans CJK for Chinese, Japanese and Korean, or Symbola for emoji (colour fonts do "
            "not work); on Debian: apt install fonts-noto-cjk fonts-symbola",
            " ".join(new[:NAMED]),
            f" and {len(new) - NAMED} more characters" if len(new) > NAMED else "",
        )
