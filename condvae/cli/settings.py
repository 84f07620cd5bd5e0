"""Command options that are settings of a spec, generated from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from inspect import cleandoc
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from cyclopts import Parameter
from pydantic import BaseModel

from condvae.cli.arguments import numbers
from condvae.files.frozen import OneOf
from condvae.spec import SECTIONS, DataSpec

NAMES = {"conditions": "--condition", "kinds": "--kind", "rules": "--rule"}
WITHOUT_OPTION = ("source",)  # the argument DATA


def _kinds(annotation: Any) -> list[Any]:
    """The types that a setting may have, each without its bounds; None is left out."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [] if annotation is NoneType else [annotation]


def _option_type(kinds: list[Any]) -> Any:
    """The type of an option; text if `_read` has to convert it."""
    if len(kinds) > 1:
        return str
    if get_origin(kinds[0]) is tuple:
        element = get_args(kinds[0])[0]
        return kinds[0] if element is str or get_origin(element) is Literal else str
    return kinds[0]


def _of_floats(kinds: list[Any]) -> bool:
    """Whether a setting is several numbers that need not be integers."""
    return get_origin(kinds[0]) is tuple and get_args(kinds[0])[0] is float


def _read(name: str, value: Any) -> Any:
    """An option's value as the spec takes it: 512,256 becomes a tuple; 0.5 among words a number.

    Raises:
        InputError: text that is neither.
    """
    kinds, option = _KINDS[name], f"--{name.replace('_', '-')}"
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if _option_type(kinds) is not str or kinds == [str] or value in words:
        return value
    if get_origin(kinds[0]) is tuple:
        return numbers(value, option, float if _of_floats(kinds) else int)
    return numbers(value, option, float)[0]


def _choices(section: type[BaseModel], name: str) -> str:
    """The names that a setting takes, if from registries, formatted like Cyclopts's own."""
    found = (part for part in section.model_fields[name].metadata if isinstance(part, OneOf))
    return "".join(f" [choices: {', '.join(part.names())}]" for part in found)


def _default(section: type[BaseModel], name: str) -> str:
    """The default of a setting, which presets may replace; empty if it is not informative."""
    value = section.model_fields[name].default
    if value is None or value is False or value in ("", ()):
        return ""
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
    return f" [default: {shown}]"


def _descriptions(section: type) -> dict[str, str]:
    """The description of each attribute in the docstring of a section."""
    _, _, listed = cleandoc(section.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _option(name: str, help: str, group: str) -> tuple[str, Any, Any]:
    """A field of `Settings`; None keeps the value of the preset."""
    # numbers may be negative
    parameter = Parameter(
        help=help[0].upper() + help[1:],
        negative="",
        group=group,
        allow_leading_hyphen=_of_floats(_KINDS[name]),
    )
    if name in NAMES:
        parameter = Parameter.combine(parameter, Parameter(name=NAMES[name]))
    return name, Annotated[_option_type(_KINDS[name]) | None, parameter], field(default=None)


def _given(self: Any) -> dict[str, Any]:
    """The settings that were given."""
    values = {name: getattr(self, name) for name in _KINDS if hasattr(self, name)}
    return {name: _read(name, value) for name, value in values.items() if value is not None}


def _settings(name: str, sections: Sequence[type[BaseModel]]) -> Any:
    """A class whose fields are the settings of some sections."""
    fields = [
        _option(
            setting,
            text + _choices(section, setting) + _default(section, setting),
            f"{section.__name__.removesuffix('Spec')} settings",
        )
        for section in sections
        for setting, text in _descriptions(section).items()
        if setting not in WITHOUT_OPTION
    ]
    # Cyclopts skips members of a module of the standard library
    members = {"given": _given, "__module__": __name__, "__doc__": "See `SECTIONS`."}
    return Parameter(name="*")(make_dataclass(name, fields, namespace=members, frozen=True))


_KINDS = {
    name: _kinds(setting.annotation)
    for section in SECTIONS
    for name, setting in section.model_fields.items()
    if name not in WITHOUT_OPTION
}

if TYPE_CHECKING:

    @dataclass(frozen=True)
    class DataSettings:
        """The settings of the data and their splits: an attribute for each."""

        def given(self) -> dict[str, Any]:
            """The settings that were given."""
            ...

    @dataclass(frozen=True)
    class Settings(DataSettings):
        """Single settings that replace those of the preset: an attribute for each in a spec."""
else:
    DataSettings = _settings("DataSettings", [DataSpec])
    Settings = _settings("Settings", SECTIONS)
