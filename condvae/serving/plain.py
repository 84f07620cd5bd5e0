"""Plain requests: JSON or an array, with the answer in the requested form."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pydantic_core import from_json

from condvae.checks import InputError, reason_of
from condvae.serving.answers import as_json, as_npy, as_png
from condvae.serving.functions import Asked, Function
from condvae.serving.functions.function import Outputs
from condvae.serving.problems import Problem
from condvae.serving.served import Served

JSON, PNG, NPY = "application/json", "image/png", "application/x-npy"
FORMS: dict[str, Callable[[Asked, Outputs], bytes]] = {JSON: as_json, PNG: as_png, NPY: as_npy}
SIZES = {"b": (1,), "u": (1, 2, 4, 8), "i": (1, 2, 4, 8), "f": (2, 4, 8)}


def forms(served: Served, function: Function) -> list[str]:
    """The content types in which a function can answer."""
    if function.image is None:
        return [JSON]
    return [JSON, PNG, NPY] if served.can_be_shown else [JSON, NPY]


def chosen(accept: str, known: list[str]) -> str:
    """The first of the types in `Accept` that the server supports.

    Raises:
        Problem: none of them is supported (406).
    """
    asked = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in asked:
        major, _, minor = name.partition("/")
        for form in known:
            if name in ("", "*/*", form) or (minor == "*" and form.startswith(f"{major}/")):
                return form
    mistake = InputError(
        f"Accept must name one of {', '.join(known)}", repr(accept), "Omit it for JSON."
    )
    raise Problem(406, mistake)


def fields_of(content_type: str, query: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The fields of a request: from a JSON object; for an array x, the others from the query.

    Raises:
        Problem: not a JSON object or an array (400), or another content type (415).
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == NPY:
        return {**{name: _number(text) for name, text in query.items()}, "x": read_npy(body)}
    if kind != JSON:
        mistake = InputError(
            f"Content-Type must be {JSON} or {NPY}", repr(content_type), "Send one of these."
        )
        raise Problem(415, mistake)
    return json_object(body)


def json_object(body: bytes) -> dict[str, Any]:
    """A body that is a JSON object.

    Raises:
        Problem: it is not one (400).
    """
    try:
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        content, received = None, str(error)
    else:
        received = type(content).__name__
    if not isinstance(content, dict):
        raise Problem(400, InputError("a body must be a JSON object", received, "Correct it."))
    return content


def read_npy(body: bytes) -> np.ndarray:
    """An array of numbers in NumPy's format; memory is allocated only for data that have arrived.

    Raises:
        Problem: it is not one (400).
    """
    file = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        shape, by_columns, dtype = (
            read(file) if version == (1, 0) else np.lib.format.read_array_header_2_0(file)
        )
        if dtype.itemsize not in SIZES.get(dtype.kind, ()):
            raise ValueError(f"dtype {dtype}")
        array = np.frombuffer(body, dtype, offset=file.tell())
        return array.reshape(shape, order="F" if by_columns else "C")
    except Exception as error:  # NumPy may raise a tokenizer's errors, too
        said = reason_of(error)
        mistake = InputError("a body must be an array of numbers in .npy", said, "Correct it.")
        raise Problem(400, mistake) from None


def _number(text: str) -> Any:
    """A value in a query: a number, true, false, an object or a list as in JSON, or a string."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
