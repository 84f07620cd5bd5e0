"""The library's messages on the command line: Python arguments become options."""

import re
import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from condvae.checks import UnseenConditionWarning

# `name`, or `name=value`: how the library writes an argument
ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`")
OPTIONS = {
    "start_from": "--start-from",
    "run": "--run",
    "out_dir": "--out",
    "resume": "--resume",
    "log": "--log",
    "devices": "--devices",
    "distributed": "--distributed",
    "space": "--space",
    "trials": "--trials",
    "hours": "--hours",
    "together": "--together",
    "overwrite": "--overwrite",
    "keep": "--keep",
    "port": "--port",
    "ray": "--ray",
    "workers": "--workers",
    "prior": "--prior",
    "texture": "--texture",
}


def as_options(text: str) -> str:
    """A sentence of the library, with an option in place of each argument that has one."""
    return ARGUMENT.sub(_as_option, text)


def _as_option(found: re.Match[str]) -> str:
    """`resume=True` is --resume, `channels='first'` is --channels first."""
    name, value = found.groups()
    if (option := OPTIONS.get(name) or _of_settings(name)) is None:
        return found[0]
    return option if value in (None, "True") else f"{option} {shlex.quote(value.strip(chr(39)))}"


def _of_settings(name: str) -> str | None:
    """The option for a setting of a spec."""
    from condvae.cli.settings import NAMES, WITHOUT_OPTION
    from condvae.spec import SECTIONS

    if name in WITHOUT_OPTION or not any(name in section.model_fields for section in SECTIONS):
        return None
    return NAMES.get(name) or f"--{name.replace('_', '-')}"


@contextmanager
def warnings_in_a_line() -> Iterator[None]:
    """Print each of the package's warnings on a line, without its place in the code."""
    with warnings.catch_warnings():
        show: Any = warnings.showwarning

        def in_a_line(message: Any, category: Any, *place: Any) -> None:
            if issubclass(category, UnseenConditionWarning):
                print(message, file=sys.stderr)
            else:
                show(message, category, *place)

        warnings.showwarning = in_a_line
        warnings.simplefilter("always", UnseenConditionWarning)
        yield
