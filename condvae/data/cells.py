"""Parse numbers in cells as people write them: currencies, percentages, either separator.

`float` reads none of these, but does read "1_000" and "nan"; DuckDB, Polars and pyarrow treat all
of them as text.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from condvae.conditions.formats import PLAIN, CellFormat

# always read as missing, and those read as missing in columns of numbers only
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
MISSING_NUMBER = ("None", "?", "-", ".", "--")
CATEGORIES = ("None", "?")  # of these, the ones that may be meant among words
MONEY = r"(?:US|C|A)?[$€£¥₹]|USD|EUR|GBP|CHF|JPY|CNY|INR"
SPACES = " \u00a0\u202f"  # the other spaces do not break a line
MINUS = "\u2212"
NUMBER = re.compile(
    rf"(?P<sign>[-+{MINUS}]?)(?P<prefix>(?:(?:{MONEY})[{SPACES}]?)?)(?P<inner>[-+{MINUS}]?)"
    rf"(?P<digits>\d[\d.,'{SPACES}]*[\d.,]|\d|[.,]\d+)(?P<exponent>(?:[eE][-+]?\d+)?)"
    rf"(?P<suffix>(?:[{SPACES}]?(?:%|{MONEY}))?)",
    re.ASCII,
)
INFINITE = re.compile(r"[-+]?(?:inf|infinity)", re.IGNORECASE)
CODE = re.compile(r"[-+]?0[0-9]+")  # 007 and 7 are two names
# separators of thousands and decimals; of those that fit equally many cells, the first is used
SEPARATORS = (
    *(("", "."), (",", "."), (".", ","), ("", ",")),
    *((" ", "."), (" ", ","), ("\u00a0", ","), ("\u202f", ","), ("'", ".")),
)


class Numbers(NamedTuple):
    """Words as numbers.

    Attributes:
        values: (N,) float64, NaN for words that are not numbers.
        format: how they are written.
        note: other possible readings; empty: none.
    """

    values: np.ndarray
    format: CellFormat
    note: str = ""


def read_numbers(
    words: Sequence[str],
    counts: np.ndarray,
    decimal: str = "",
    likely: str = ".",
    of: CellFormat | None = None,
) -> Numbers:
    """Parse words as numbers in one format, the one that fits most cells.

    Args:
        words: distinct words.
        counts: (N,) number of cells that hold each.
        decimal: the decimal sign, "." or ","; empty: the one that fits most cells.
        likely: the decimal sign if both fit equally well.
        of: the format if it is known, except for the separator of thousands.
    """
    decimal = of.decimal if of else decimal
    found = [NUMBER.fullmatch(word) for word in words]
    affixes: Counter[tuple[str, str]] = Counter()
    for match, count in zip(found, counts.tolist(), strict=True):
        if match and (affix := (match["prefix"], match["suffix"])) != ("", ""):
            affixes[affix] += count
    usual = affixes.most_common(1)[0][0] if affixes else ("", "")
    usual = (of.prefix, of.suffix) if of else usual
    fits = [
        match if match and (match["prefix"], match["suffix"]) in (usual, ("", "")) else None
        for match in found
    ]
    digits = [match["digits"] if match else "" for match in fits]
    thousands, sign, note = _separators(digits, counts, decimal, likely)
    pattern = _pattern(thousands, sign)
    values, decimals = np.full(len(words), np.nan), set()
    for place, (match, word) in enumerate(zip(fits, words, strict=True)):
        if match and pattern.fullmatch(match["digits"]):
            plain = match["digits"].replace(thousands, "").replace(sign, ".")
            signs = match["sign"] + match["inner"]
            if len(signs) < 2:
                number = float(plain + match["exponent"])
                values[place] = -number if signs and signs in f"-{MINUS}" else number
                decimals.add(-1 if match["exponent"] else len(plain.partition(".")[2]))
        elif INFINITE.fullmatch(word):
            values[place] = float(word)
    fixed = decimals.pop() if len(decimals) == 1 else None
    return Numbers(
        values,
        CellFormat(
            prefix=usual[0],
            suffix=usual[1],
            # the format leaves out what no cell shows
            thousands=thousands if any(m and thousands in m["digits"] for m in fits) else "",
            decimal=sign,
            decimals=fixed if fixed and fixed > 0 else None,
        )
        if values.size
        else PLAIN,
        note,
    )


def _separators(
    digits: Sequence[str], counts: np.ndarray, decimal: str, likely: str
) -> tuple[str, str, str]:
    """Separators of thousands and decimals, and the alternative if the cells are ambiguous."""
    if not any(re.search(rf"[,'.{SPACES}]", text) for text in digits):
        return "", decimal or ".", ""
    choices = [pair for pair in SEPARATORS if pair[1] == decimal or not decimal]
    if likely == "," and any("," in text for text in digits):
        choices.sort(key=lambda pair: pair != ("", ","))
    scores = [
        sum(
            count
            for text, count in zip(digits, counts.tolist(), strict=True)
            if text and pattern.fullmatch(text)
        )
        for pattern in (_pattern(*pair) for pair in choices)
    ]
    best = int(np.argmax(scores))
    thousands, sign = choices[best]
    pairs, note = ((",", "."), ("", ",")), ""
    tied = all(pair in choices and scores[choices.index(pair)] == scores[best] for pair in pairs)
    if tied and (thousands, sign) in pairs:
        example = next(text for text in digits if "," in text)
        as_thousands, other = sign == ".", "," if sign == "." else "."
        note = (
            f"{example!r} is taken as {example.replace(',', '' if as_thousands else '.')}; "
            f"--decimal {other} takes the comma for the "
            f"{'decimal sign' if as_thousands else 'separator of thousands'}"
        )
    return thousands, sign, note


def _pattern(thousands: str, decimal: str) -> re.Pattern[str]:
    """The digits of a number with these separators."""
    sign = re.escape(decimal)
    whole = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+" if thousands else r"\d+"
    return re.compile(rf"(?:{whole})(?:{sign}\d*)?|{sign}\d+", re.ASCII)
