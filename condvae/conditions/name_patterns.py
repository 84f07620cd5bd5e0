"""Conditions in the names of files: "{age}_{gender}_*" reads 25 and 0 of 25_0_1_x.jpg.

A pattern consists of text, `{name}`, which matches one or more characters, and `*`, which matches
any number. Each match ends where the text after it first occurs, and the last one at the end: there
is no backtracking, so that matching takes linear time.
"""

import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple

from condvae.checks import InputError

PIECE = re.compile(r"\{([^{}*/]+)\}|(\*)|([^{}*]+)")


class NamePattern(NamedTuple):
    """A pattern, and the conditions that it reads.

    Attributes:
        text: the pattern as written.
        pieces: (name, text), one of which is empty; both for `*`.
        kinds: {name: kind, or None} of the conditions.
    """

    text: str
    pieces: tuple[tuple[str, str], ...]
    kinds: dict[str, str | None]

    def read(self, path: str) -> dict[str, str] | None:
        """The values in a file's path; None if it does not match.

        A pattern without a slash is matched with the file's name only, one without a dot without
        the file's suffix.
        """
        rest = path if "/" in self.text else posixpath.basename(path)
        if "." not in self.text:
            rest = posixpath.splitext(rest)[0]
        values: dict[str, str] = {}
        for place, (name, text) in enumerate(self.pieces):
            if text:
                # text after a name or a star was removed together with it
                if place == 0:
                    if not rest.startswith(text):
                        return None
                    rest = rest[len(text) :]
                continue
            until = self.pieces[place + 1][1] if place + 1 < len(self.pieces) else ""
            if place + 2 >= len(self.pieces):
                # the text at the end, if any, must be the end of the name
                end = len(rest) - len(until) if rest.endswith(until) else -1
            else:
                end = rest.find(until, 1 if name else 0)
            if end < bool(name):
                return None
            if name:
                values[name] = rest[:end]
            rest = rest[end + len(until) :]
        return None if rest else values


def name_patterns(conditions: Sequence[str]) -> list[NamePattern]:
    """The patterns among conditions: "{age}_{gender}_*", or "age:continuous={age}_*".

    Raises:
        InputError: an ambiguous pattern, or one without the name before its equals sign.
    """
    return [pattern for text in conditions if (pattern := name_pattern(text)) is not None]


def name_pattern(text: str) -> NamePattern | None:
    """The pattern in a condition; None if it is not a pattern."""
    if "{" not in text:
        return None
    head, equals, tail = text.partition("=")
    is_for_one = bool(equals) and "{" not in head
    written = tail if is_for_one else text
    pieces = [tuple(found) for found in PIECE.findall(written)]
    whole = "".join(f"{{{name}}}" if name else star or plain for name, star, plain in pieces)
    kinds: dict[str, str | None] = {}
    own: list[tuple[str, str]] = []
    for name, _, plain in pieces:
        called, _, kind = name.partition(":")
        if called in kinds or (own and not plain and not own[-1][1]):
            whole = ""  # a repeated name, or no text between two of them
        kinds |= {called: kind or None} if called else {}
        own.append((called, plain))
    if whole != written:
        raise InputError(
            "a pattern of file names must be text, {name} and *, with text between these",
            repr(text),
            "Write it like --condition '{age}_{gender}_*'.",
        )
    if is_for_one:
        name, _, kind = head.partition(":")
        if name not in kinds:
            raise InputError(
                f"the pattern of {name!r} must hold {{{name}}}",
                repr(text),
                f"Write it like --condition '{name}={{{name}}}_*'.",
            )
        kinds = {name: kind or kinds[name]}
    return NamePattern(written, tuple(own), kinds)
