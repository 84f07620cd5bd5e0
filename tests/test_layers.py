"""How many layers the package's imports make, those inside functions counted."""

import ast
from collections import defaultdict
from pathlib import Path

import condvae

PACKAGE = Path(condvae.__file__).parent
MOST_ENTRIES, MOST_LAYERS = 24, 10
# methods of convenience, whose imports upwards are worth a layer less (ARCHITECTURE.md)
UPWARD = {
    ("runs/run.py", "figures"),  # Run.plot
    ("inference/trained.py", "explorer"),  # TrainedModel.explore
}


def entries():
    """The packages and modules at the top, by name."""
    modules = {path.stem for path in PACKAGE.glob("[!_]*.py")}
    return modules | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def imported(tree):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def edges():
    """Which entries an entry imports."""
    known, found = entries(), defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        source = place.parts[0].removesuffix(".py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            root, _, rest = name.partition(".")
            target = rest.partition(".")[0] if root == "condvae" else None
            if target in known - {source} and (place.as_posix(), target) not in UPWARD:
                found[source].add(target)
    return found


def layer(entry, below, above=()):
    """The layer of an entry: 1 for what imports nothing of the package."""
    assert entry not in above, f"a circle: {' -> '.join((*above, entry))}"
    return 1 + max((layer(e, below, (*above, entry)) for e in below[entry]), default=0)


def test_the_package_is_flat_and_has_no_circle():
    known, below = entries(), edges()
    layers = {entry: layer(entry, below) for entry in known}
    print(f"{len(known)} packages and modules in {max(layers.values())} layers")
    for height in range(max(layers.values()), 0, -1):
        print(f"{height:2}", *sorted(entry for entry in known if layers[entry] == height))
    assert len(known) <= MOST_ENTRIES
    assert max(layers.values()) <= MOST_LAYERS
