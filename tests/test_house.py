"""Knowledge of a kind stays with it: outside its package nobody asks which one it has."""

import ast
from pathlib import Path

import pytest

import condvae

PACKAGE = Path(condvae.__file__).parent

# Where kinds are at home, what it registers, and the attributes that name one.
HOMES = {
    "conditions": (
        {"Categorical", "Continuous", "MultiLabel", "Image", "MaskedImage", "Schema", "Part"},
        {"kind"},
    ),
}


def asks(tree: ast.AST, kinds: set[str], names: set[str]) -> list[int]:
    """The lines that ask for a class of the kinds, or compare the name of one."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            asked = {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)}
            asked |= {p.attr for p in ast.walk(node.args[1]) if isinstance(p, ast.Attribute)}
            if asked & kinds:
                found.append(node.lineno)
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        sides += [node.subject] if isinstance(node, ast.Match) else []
        for side in sides:
            of_type = isinstance(side, ast.Call) and ast.unparse(side.func) == "type"
            of_array = ast.unparse(side).endswith(("dtype.kind", "operation.kind", "o.kind"))
            if isinstance(side, ast.Attribute) and side.attr in names and not of_array:
                found.append(node.lineno)
            if of_type and any(isinstance(s, ast.Name) and s.id in kinds for s in sides):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("home", HOMES)
def test_only_their_own_package_asks_for_kinds(home):
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] != home
        for line in asks(ast.parse(path.read_text(encoding="utf-8")), *HOMES[home])
    }
    assert not found


def test_pages_ask_for_no_kind():
    scripts = list((PACKAGE / "explorer" / "page").glob("*.js"))
    assert scripts
    assert not [
        p.name for p in scripts if ".kind ===" in p.read_text() or ".kind !==" in p.read_text()
    ]


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(y, Image)",
        "isinstance(y, (int, conditions.Schema))",
        "isinstance(y, Categorical | MaskedImage)",
        "type(y) is Image",
        "y.kind == 'schema'",
        "'schema' != y.kind",
        "y.kind in ('image', 'schema')",
    ],
)
def test_asking_is_found(line):
    assert asks(ast.parse(line), *HOMES["conditions"])
    assert not asks(
        ast.parse("isinstance(y, Mapping) or x.dtype.kind == 'f'"), *HOMES["conditions"]
    )
