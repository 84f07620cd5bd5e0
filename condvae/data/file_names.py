"""Conditions in the file names of images, parsed by patterns."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from condvae.checks import InputError
from condvae.conditions.name_patterns import NamePattern

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
CODE = re.compile(r"-?0[0-9]", re.ASCII)  # how codes such as 007 begin
MOST_NAMED = 5
_log = logging.getLogger(__name__)


def columns_of_names(
    patterns: Sequence[NamePattern], names: Sequence[str], path: Path
) -> tuple[dict[str, np.ndarray], dict[str, str], list[int]]:
    """Columns parsed from file names, the kinds of the numeric ones, and which names match.

    Names that do not match are reported and left out.

    Args:
        patterns: a name must match all of them.
        names: names of the files.
        path: their folder, for error messages.

    Raises:
        InputError: no name matches.
    """
    found, rows, others = [], [], []
    for row, name in enumerate(names):
        values = [pattern.read(name) for pattern in patterns]
        if None in values:
            others.append(name)
            continue
        rows.append(row)
        found.append({key: text for one in values for key, text in (one or {}).items()})
    written = " and ".join(pattern.text for pattern in patterns)
    some = ", ".join(map(repr, others[:MOST_NAMED]))
    if not found:
        raise InputError(
            f"the images of {path} must be called {written}",
            some or "no image",
            "Correct the pattern, or the names.",
        )
    if others:
        _log.warning(
            "%s: %s image(s) are not called %s: left out, %s",
            path,
            f"{len(others):,}",
            written,
            some + (", ..." if len(others) > MOST_NAMED else ""),
        )
    columns, kinds = {}, {}
    for pattern in patterns:
        for name, kind in pattern.kinds.items():
            texts = [values[name] for values in found]
            numbers = all(map(NUMBER.fullmatch, texts))
            if numbers and (kind == "continuous" or not kind):
                kinds[name] = "continuous"
            elif numbers:
                numbers = not any(map(CODE.match, texts))
            columns[name] = np.array(texts, "float64" if numbers else str)
    return columns, kinds, rows
