"""Pages of reference, made from what the package itself knows."""

import importlib
import inspect
import json
import re
from typing import Any, Literal, get_args, get_origin

# Title of a page: the public names on it; a package stands for all that its `__all__` lists.
API: dict[str, tuple[str, ...]] = {
    "Data": ("condvae.load_data", "condvae.Dataset"),
    "Training": (
        *("condvae.train", "condvae.sweep", "condvae.Sweep"),
        *("condvae.tune", "condvae.Tuning"),
    ),
    "Runs": ("condvae.load", "condvae.Run", "condvae.explore"),
    "Trained models": ("condvae.TrainedModel", "condvae.impute"),
    "Evaluation": ("condvae.evaluate", "condvae.evaluation.*"),
    "Specs and presets": ("condvae.Spec", "condvae.preset"),
    "The Keras model": ("condvae.CVAE",),
    "Objectives": ("condvae.objectives.*",),
    "Distributions": ("condvae.distributions.*",),
    "Likelihoods": ("condvae.likelihoods.*",),
    "Conditions": ("condvae.conditions.*",),
    "scikit-learn": ("condvae.sklearn.*",),
    "Errors and warnings": ("condvae.InputError", "condvae.UnseenConditionWarning"),
}


def pages() -> dict[str, str]:
    """Name of each page -> its Markdown."""
    api = {f"reference/{slug(title)}.md": api_page(title, API[title]) for title in API}
    return api | {
        "reference/command-line.md": command_line(),
        "reference/preset-settings.md": presets(),
        "reference/settings.md": settings(),
        "reference/names.md": kinds(),
    }


def slug(title: str) -> str:
    """A title as the name of a file."""
    return title.lower().replace(" ", "-")


def api_page(title: str, names: tuple[str, ...]) -> str:
    """A page whose body mkdocstrings writes from the docstrings."""
    parts = [f"# {title}"]
    for name in names:
        module, _, last = name.rpartition(".")
        listed = importlib.import_module(module).__all__ if last == "*" else [last]
        for one in listed:
            found = getattr(importlib.import_module(module), one)
            if not (inspect.isclass(found) or inspect.isfunction(found)):
                continue
            parts.append(
                f"::: {found.__module__}.{found.__qualname__}\n"
                f"    options:\n      heading: {module}.{one}\n      toc_label: {one}"
            )
    return "\n\n".join(parts) + "\n"


def command_line() -> str:
    """Every command with its options, from their help."""
    from condvae.cli import app

    text = re.sub(r"## Table of Contents\n.*?\n\n(?=\*\*)", "", app.generate_docs(), flags=re.S)
    intro = "What `condvae COMMAND --help` says, on one page."
    return text.replace("# condvae\n", f"# Command line\n\n{intro}\n", 1)


def presets() -> str:
    """The presets, each with what it changes."""
    from condvae.spec.presets import PRESETS

    parts = [
        "# Presets",
        "`condvae train DATA --preset NAME`. Each preset changes the settings below; all others "
        "keep their [defaults](settings.md). `condvae presets NAME` prints the whole spec.",
    ]
    for name, (purpose, sections) in PRESETS.items():
        rows = [
            f"| `{section}.{setting}` | `{shown(value)}` |"
            for section, changed in sections.items()
            for setting, value in changed.items()
        ]
        table = ["| setting | value |", "|---|---|", *rows] if rows else ["The defaults."]
        parts += [f"## {name}", f"{purpose[0].upper()}{purpose[1:]}.", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def settings() -> str:
    """The settings of a spec, section by section."""
    from condvae.cli.settings import _descriptions
    from condvae.spec import SECTIONS

    parts = [
        "# Settings",
        "A spec has four sections. On the command line each setting is an option "
        "(`--latent-dim 16`), in Python an argument (`condvae.train(data, latent_dim=16)`), in the "
        "JSON that `--config` takes a field of its section.",
    ]
    for section in SECTIONS:
        name = section.__name__.removesuffix("Spec").lower()
        said = _descriptions(section)
        parts += [f"## {name}", (section.__doc__ or "").splitlines()[0]]
        for setting, field in section.model_fields.items():
            default = f"Default: `{shown(field.default)}`." if field.default != "" else ""
            values = f" One of {choices(field.annotation)}." if choices(field.annotation) else ""
            words = said[setting][0].upper() + said[setting][1:]
            parts += [f"### {setting}", f"{words}{values} {default}"]
    return "\n\n".join(parts) + "\n"


def kinds() -> str:
    """What the registries list: the names that settings take."""
    from condvae.conditions.registry import _KINDS
    from condvae.figures.gallery import _DRAWINGS, FIGURES
    from condvae.likelihoods import LIKELIHOODS
    from condvae.spec.architectures import ARCHITECTURES, architecture_class
    from condvae.tracking.registry import TRACKERS, tracker

    lists: dict[str, dict[str, Any]] = {
        "Likelihoods": LIKELIHOODS,
        "Conditions": _KINDS,
        "Architectures": {name: architecture_class(name) for name in ARCHITECTURES},
        "Figures": {name: _DRAWINGS[name][0] for name in FIGURES},
        "Trackers": {name: tracker(name) for name in TRACKERS},
    }
    parts = ["# Names", "What settings and options take by name, from the registries."]
    for title, registry in lists.items():
        rows = [f"| `{name}` | {first_line(kind)} |" for name, kind in registry.items()]
        parts += [f"## {title}", "\n".join(["| name | what it is |", "|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


def first_line(kind: Any) -> str:
    """The first line of a docstring, of the thing itself or of what its entry names."""
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def choices(annotation: Any) -> str:
    """The names that a setting takes, where it takes a few."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{shown(one)}`" for one in get_args(annotation))
    return ""


def shown(value: Any) -> str:
    """A value as JSON has it."""
    return json.dumps(value, ensure_ascii=False, default=str)
