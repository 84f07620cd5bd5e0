"""Code beside the words that explain it: functions taken from the package when the site is built.

A page names one in a comment, which the forge does not show:

    <!-- code: condvae/distributions/normal.py Normal.log_prob -->
"""

import ast
import re
import textwrap
from pathlib import Path

MARK = re.compile(r"^<!-- code: (\S+) (\S+) -->$", re.MULTILINE)


def with_code(text: str, root: Path) -> str:
    """The page with each mark replaced by the code that it names."""

    def block(match: re.Match) -> str:
        code, line = code_of(root / match[1], match[2])
        return f'```python title="{match[1]}, line {line}"\n{code}\n```'

    return MARK.sub(block, text)


def code_of(path: Path, name: str) -> tuple[str, int]:
    """The code of a function or class, without its docstring, and the number of its first line.

    Raises:
        LookupError: the file has nothing of that name.
    """
    source = path.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        inner = [one for one in ast.iter_child_nodes(node) if getattr(one, "name", None) == part]
        if not inner:
            raise LookupError(f"{path} has no {name}; correct the mark in the page")
        node = inner[-1]
    lines, dropped = source.splitlines(), set()
    for one in ast.walk(node):
        if isinstance(one, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(one):
            dropped |= set(range(one.body[0].lineno, one.body[0].end_lineno + 1))
            # the blank line below a class's docstring
            if lines[one.body[0].end_lineno : one.body[0].end_lineno + 1] != [""]:
                continue
            dropped.add(one.body[0].end_lineno + 1)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    kept = [lines[i - 1] for i in range(first, node.end_lineno + 1) if i not in dropped]
    return textwrap.dedent("\n".join(kept)), first
