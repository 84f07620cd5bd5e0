"""Docstrings as Griffe reads them: `seed, first: as in encode` is a line for each name."""

import re

from griffe import Extension, Object

SEVERAL = re.compile(r"^( {4})(\w+(?:, \w+)+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def one_by_one(docstring: str) -> str:
    """The docstring with arguments that share a description on lines of their own."""

    def lines(match: re.Match) -> str:
        indent, names, text = match.groups()
        return "\n".join(f"{indent}{name}: {text}" for name in names.split(", "))

    return SEVERAL.sub(lines, docstring)


class OneByOne(Extension):
    """Applies `one_by_one` to every docstring."""

    def on_object(self, *, obj: Object, **kwargs: object) -> None:
        """Called for each object that was read."""
        if obj.docstring:
            obj.docstring.value = one_by_one(obj.docstring.value)
