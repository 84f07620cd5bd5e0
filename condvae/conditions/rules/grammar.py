"""The grammar of rules, with a hand-written parser: no text is ever executed.

rule    = ("unique" | "fixed") names | side (("<" | "<=" | "==" | "!=" | ">=" | ">") side)+
names   = name ("," name)*, also in brackets
side    = text | ["+" | "-"] term (("+" | "-") term)*
term    = name | number
name    = any characters in `backticks`, doubled inside; or a word of letters, digits and _
text    = any characters in 'quotes' or "quotes": a word, or a date as of ISO 8601
"""

import math
import re
from typing import NoReturn

from condvae.checks import InputError
from condvae.conditions.rules.combined import Fixed, Unique
from condvae.conditions.rules.comparison import OPERATORS, Comparison, Side

TOKEN = re.compile(
    r"`(?P<name>(?:[^`]|``)+)`"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign><=|>=|==|!=|[<>+,()-])"
    r"|(?P<word>[^\W\d]\w*)"
)
OF_COLUMNS = {"unique": Unique, "fixed": Fixed}
MOST_CHARACTERS = 10_000


def parse(text: str) -> Comparison | Unique | Fixed:
    """The rule in a text.

    Raises:
        InputError: the text is not a rule; the message shows the place of the error.
    """
    return _Reader(text).rule()


class _Reader:
    """Reads the tokens of a text, one after another."""

    def __init__(self, text: str):
        self.text, self.place, self.at = text[:MOST_CHARACTERS], 0, 0
        self.kind = self.value = ""
        if len(text) > MOST_CHARACTERS:
            self.fail(f"Make it shorter than {MOST_CHARACTERS:,} characters.")
        self.advance()

    def rule(self) -> Comparison | Unique | Fixed:
        """Read a complete rule."""
        if self.kind == "word" and self.value in OF_COLUMNS:
            kind, names = OF_COLUMNS[self.value], self.names()
            if len(set(names)) < max(len(names), kind.least):
                self.fail(f"Name at least {kind.least} different columns.")
            return kind(text=self.text, columns=names)
        sides, operators = [self.side()], []
        while self.kind == "sign" and self.value in OPERATORS:
            operators.append(self.value)
            self.advance()
            sides.append(self.side())
        if self.kind or not operators:
            self.fail("Compare two sides by <, <=, ==, !=, >= or >.")
        if not any(side.names for side in sides):
            self.fail("Name a column, in `backticks`.")
        return Comparison(text=self.text, sides=tuple(sides), operators=tuple(operators))

    def names(self) -> tuple[str, ...]:
        """Columns after "unique" or "fixed", up to the end."""
        self.advance()
        bracket = self.value == "(" and self.kind == "sign"
        if bracket:
            self.advance()
        names = [self.name()]
        while (self.kind, self.value) == ("sign", ","):
            self.advance()
            names.append(self.name())
        if bracket and (self.kind, self.value) == ("sign", ")"):
            bracket = False
            self.advance()
        if self.kind or bracket:
            self.fail("Separate columns by commas, and put odd names in `backticks`.")
        return tuple(names)

    def name(self) -> str:
        """Read the name of a column."""
        if self.kind not in ("name", "word"):
            self.fail("Name a column, in `backticks`.")
        name = self.value
        self.advance()
        return name

    def side(self) -> Side:
        """One side of a comparison."""
        if self.kind == "text":
            word = self.value
            self.advance()
            return Side(word=word)
        plus: list[str] = []
        minus: list[str] = []
        numbers: list[float] = []
        while True:
            sign = "+"
            if self.kind == "sign" and self.value in ("+", "-"):
                sign = self.value
                self.advance()
            elif plus or minus or numbers:
                return Side(plus=tuple(plus), minus=tuple(minus), numbers=tuple(numbers))
            if self.kind == "number":
                number = float(self.value)
                if not math.isfinite(number):
                    self.fail("Write a smaller number.")
                numbers.append(number if sign == "+" else -number)
                self.advance()
            elif self.kind in ("name", "word"):
                (plus if sign == "+" else minus).append(self.name())
            else:
                self.fail(
                    "Put columns in `backticks` and words in 'quotes'; only sums are allowed."
                )

    def advance(self) -> None:
        """Read the next token, which is empty at the end."""
        self.place = len(self.text) - len(self.text[self.at :].lstrip())
        self.kind = self.value = ""
        if self.place == len(self.text):
            return
        found = TOKEN.match(self.text, self.place)
        if found is None:
            self.fail("Put columns in `backticks` and words in 'quotes'.")
        kind = found.lastgroup or ""
        self.value = found[kind].replace("``", "`") if kind == "name" else found[kind]
        self.kind = "text" if kind in ("single", "double") else kind
        self.at = found.end()

    def fail(self, remedy: str) -> NoReturn:
        """Raise InputError, with the current place in the text."""
        raise InputError(
            "a rule must be one such as '`start` <= `end`', '`a` + `b` == `total`', "
            "'18 <= `age` <= 99', 'unique `key`' or 'fixed `country`, `currency`'",
            f"{self.text[:200]!r}, which is invalid at character {self.place + 1:,}",
            remedy,
        )
