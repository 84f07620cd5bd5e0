"""Knowledge of a kind stays in its package: no other code checks the kind."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condvae
from condvae.likelihoods import LIKELIHOODS

PACKAGE = Path(condvae.__file__).parent

# names of likelihoods that are names of nothing else; presets choose by them
TELLING = set(LIKELIHOODS) - {"normal", "categorical", "table"}
CHOOSING = Path("spec", "presets.py")

# Where kinds are at home, what it registers, and the attributes that name one.
HOMES = {
    "conditions": (
        {"Categorical", "Continuous", "MultiLabel", "Image", "MaskedImage", "Schema", "Part"},
        {"kind"},
    ),
}


def asks(tree: ast.AST, kinds: set[str], names: set[str]) -> list[int]:
    """The lines that check for a class of the kinds, or compare the name of one."""
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


def strings(node: ast.AST) -> set:
    """The texts in a comparison's sides, or the keys of a dictionary."""
    return {leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)}


def faults(tree: ast.AST) -> Iterator[str]:
    """Text about likelihoods in a file that belongs into their own package."""
    classes = {kind.__name__ for kind in LIKELIHOODS.values()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            of_field = any(
                "likelihood" in (getattr(s, "attr", ""), getattr(s, "id", "")) for s in sides
            )
            if found := strings(node) & (set(LIKELIHOODS) if of_field else TELLING):
                yield f"compares with {found}"
        elif isinstance(node, ast.Dict):
            keys = set().union(*(strings(key) for key in node.keys if key is not None))
            if found := keys & TELLING:
                yield f"a dictionary of {found}"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "isinstance",
            "issubclass",
        ):
            called = {getattr(leaf, "id", "") for leaf in ast.walk(node)}
            if found := called & classes:
                yield f"asks isinstance of {found}"


def test_likelihoods_are_told_apart_in_their_own_package_alone():
    found = []
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in ("likelihoods", "distributions") or place == CHOOSING:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [f"{place}: {fault}" for fault in faults(tree)]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        'if spec.model.likelihood == "normal": pass',
        'if likelihood in ("auto", "categorical"): pass',
        'if name != "poisson": pass',
        '{"bernoulli": 1}[name]',
        "isinstance(model.likelihood, TableLikelihood)",
    ],
)
def test_telling_likelihoods_apart_is_found(source):
    assert list(faults(ast.parse(source)))
