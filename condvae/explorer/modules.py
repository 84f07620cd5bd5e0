"""Combine ES modules into one script, because a single-file page cannot import others."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "page"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?=(?:async )?(?:function\*?|const|let|class) ([A-Za-z_$][\w$]*))", re.M
)


def bundle(entry: str) -> str:
    """A module and all its imports as one classic script.

    Each module becomes a function that is called once, in the order of the imports, and returns
    its exports, so names of two modules cannot collide. It accepts `import { a, b as c } from
    "./name.js";` and `export` before function, const, let or class, which is all that ours use.

    Args:
        entry: name of the module, without its suffix.

    Raises:
        ValueError: a module that uses other syntax, or imports itself through others.
    """
    parts: dict[str, str] = {}
    _collect(entry, parts, ())
    return '"use strict";\n' + "".join(parts.values())


def _collect(name: str, parts: dict[str, str], importers: tuple[str, ...]) -> None:
    """Add a module after those that it imports."""
    # each module runs once, after its imports: a cycle has no first module
    if name in importers:
        raise ValueError(f"modules import each other: {' -> '.join([*importers, name])}")
    if name in parts:
        return
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    for match in IMPORT.finditer(text):
        _collect(match[2], parts, (*importers, name))
    exported = EXPORT.findall(text)
    body = EXPORT.sub("", IMPORT.sub(_as_constants, text))
    # </script would end the element, even inside a string
    if left := re.search(r"^(?:import|export)\b.*|</script", body, re.MULTILINE):
        raise ValueError(f"{name}.js cannot be put into a page: {left[0]!r}")
    names = ", ".join(exported)
    parts[name] = f"const ${name} = (() => {{\n{body}return {{ {names} }};\n}})();\n"


def _as_constants(match: re.Match[str]) -> str:
    """The constants that replace an import in the combined script."""
    names = re.sub(r"\b(\w+) as (\w+)", r"\1: \2", " ".join(match[1].split()))
    return f"const {{ {names} }} = ${match[2]};\n"
