"""LaTeX as MathML, which browsers draw without a script."""

import re

from latex2mathml.converter import convert

DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$])\$(?!\s)([^$\n]+?(?:\n[^$\n]+?)?)(?<!\s)\$")
FENCE = re.compile(r"^```math\n(.+?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+).+?\1", re.DOTALL)


def in_fences(text: str) -> str:
    """Markdown whose blocks ```math are MathML."""
    return FENCE.sub(lambda match: displayed(match[1]), text)


def displayed(latex: str) -> str:
    """An equation on lines of its own."""
    math = convert(latex.strip(), display="block").replace("\n", " ")
    return f'<div class="equation" tabindex="0">{math}</div>'


def in_text(text: str) -> str:
    """Markdown whose $...$ and $$...$$ outside code are MathML."""
    kept: list[str] = []

    def hide(match: re.Match) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    text = CODE.sub(hide, text)
    text = DISPLAYED.sub(lambda match: f"\n\n{displayed(match[1])}\n\n", text)
    # in a span, since a line that begins with <math> would be a block
    text = INLINE.sub(lambda match: f"<span>{convert(match[1])}</span>", text)
    return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)
