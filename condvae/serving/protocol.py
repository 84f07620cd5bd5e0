"""The Open Inference Protocol, version 2: one model for each run and function, `RUN.generate`.

Fields of a request are tensors. `given`, `y` and `to` are BYTES, with one element per label, or a
JSON object of conditions by name; if y is an image they are numbers. Settings such as `seed` have
one element. The protocol cannot represent rows of tables.

Source: the specification of KServe and Triton, "Predict Protocol - Version 2", HTTP/REST.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError
from pydantic_core import from_json, to_json

from condvae.checks import InputError, check_choice
from condvae.files.frozen import Frozen
from condvae.serving.functions import Asked, Function
from condvae.serving.functions.function import Outputs, numbers
from condvae.serving.problems import Problem
from condvae.serving.served import Served

TEXT, NUMBERS = "BYTES", {"BOOL": "?", "FP16": "f2", "FP32": "f4", "FP64": "f8"}
NUMBERS |= {f"INT{8 * size}": f"i{size}" for size in (1, 2, 4, 8)}
NUMBERS |= {f"UINT{8 * size}": f"u{size}" for size in (1, 2, 4, 8)}
Datatype = Literal[
    "BYTES", "BOOL", "FP16", "FP32", "FP64",
    "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
]  # fmt: skip
# datatypes of settings
DATATYPES: dict[Any, str] = {int: "INT64", float: "FP64", bool: "BOOL"}
Parameters = dict[str, Any] | None


class Tensor(Frozen):
    """An input; `data` may be nested or flat."""

    name: str
    shape: Annotated[list[Annotated[int, Field(strict=True, ge=0)]], Field(max_length=8)]
    datatype: Datatype
    data: list[Any]
    parameters: Parameters = None


class Requested(Frozen):
    """A requested output."""

    name: str
    parameters: Parameters = None


class InferRequest(Frozen):
    """The body of a request."""

    id: str | None = None
    parameters: Parameters = None
    inputs: list[Tensor]
    outputs: list[Requested] | None = None


def models(served: Mapping[str, Served]) -> dict[str, tuple[Served, Function]]:
    """All models by name."""
    return {
        f"{run}.{name}": (one, function)
        for run, one in served.items()
        if one.table is None
        for name, function in one.functions.items()
    }


def metadata(name: str, served: Served, function: Function) -> dict[str, Any]:
    """The protocol's metadata of a model."""
    shapes = {"x": served.facts.image_shape, "z": (served.facts.latent_dim,)}
    inputs = []
    for field, info in function.body.model_fields.items():
        shape: list[int] = [-1, *shapes.get(field, ())]
        datatype = "FP32"
        if info.annotation in DATATYPES:
            datatype, shape = DATATYPES[info.annotation], [1]
        elif field not in shapes:
            is_image = served.condition.is_image
            datatype = datatype if is_image else TEXT
            shape = [-1, *served.condition.shape] if is_image else [-1]
        inputs.append({"name": field, "datatype": datatype, "shape": shape})
    outputs = [
        {"name": key, "datatype": "FP32", "shape": [-1, *shape]}
        for key, shape in function.outputs(served).items()
    ]
    return {
        "name": name,
        "versions": ["1"],
        "platform": "condvae",
        "inputs": inputs,
        "outputs": outputs,
    }


def parsed(content: Mapping[str, Any]) -> InferRequest:
    """A body in the protocol's form.

    Raises:
        Problem: it does not have this form (400).
    """
    try:
        return InferRequest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        said = f"{first['input']!r:.80} ({first['msg']})"
        mistake = InputError(f"{place} must follow the protocol", said, "Correct it.")
        raise Problem(400, mistake) from None


def fields_of(request: InferRequest, function: Function, served: Served) -> dict[str, Any]:
    """The fields of the function's body.

    Raises:
        InputError: an invalid or repeated tensor; an output that the function does not have.
    """
    for output in request.outputs or ():
        check_choice(output.name, function.outputs(served), "an output")
    fields: dict[str, Any] = {}
    for tensor in request.inputs:
        if tensor.name in fields:
            raise InputError("inputs must have different names", tensor.name, "Omit one of them.")
        info = function.body.model_fields.get(tensor.name)
        value = _texts(tensor) if tensor.datatype == TEXT else _numbers(tensor)
        if info is not None and info.annotation in DATATYPES:
            value = _one(tensor, value)
        fields[tensor.name] = value
    return fields


class Written:
    """Writes the answer to a request."""

    def __init__(self, name: str, request: InferRequest):
        self._name, self._id = name, request.id
        self._wanted = [output.name for output in request.outputs or ()]

    def __call__(self, asked: Asked, outputs: Outputs) -> bytes:
        """JSON, with flat numbers, row by row."""
        tensors = [
            {
                "name": name,
                "datatype": "FP32",
                "shape": outputs[name].shape,
                "data": outputs[name].ravel().tolist(),
            }
            for name in dict.fromkeys(self._wanted or outputs)
        ]
        content: dict[str, Any] = {"model_name": self._name, "model_version": "1"}
        content |= {} if self._id is None else {"id": self._id}
        content |= {"parameters": {"outside": asked.outside}} if asked.outside else {}
        return to_json(content | {"outputs": tensors})


def _numbers(tensor: Tensor) -> np.ndarray:
    """The array of a tensor, in its shape."""
    array = numbers(tensor.data, tensor.name)
    _check_size(tensor, array.size)
    dtype = NUMBERS[tensor.datatype]
    if dtype[0] != "f" and array.size and (array.dtype.kind == "f" or not _fits(array, dtype)):
        raise InputError(
            f"{tensor.name} must hold {tensor.datatype}", "other numbers", "Use another datatype."
        )
    return array.astype(dtype).reshape(tensor.shape)


def _fits(array: np.ndarray, dtype: str) -> bool:
    """Whether integers, or booleans, can be represented in a type."""
    if "b" in (array.dtype.kind, np.dtype(dtype).kind):
        return array.dtype == np.dtype(dtype)
    limits = np.iinfo(dtype)
    return int(array.min()) >= limits.min and int(array.max()) <= limits.max


def _texts(tensor: Tensor) -> Any:
    """Labels; or conditions by name, as columns if there are several rows."""
    _check_size(tensor, len(tensor.data))
    if not all(isinstance(text, str) for text in tensor.data):
        raise InputError(f"{tensor.name} must hold strings", "other values", "Send strings.")
    if not tensor.data or not tensor.data[0].startswith("{"):
        return tensor.data
    try:
        rows = [from_json(text, allow_inf_nan=False) for text in tensor.data]
    except ValueError as error:
        raise InputError(f"{tensor.name} must hold JSON", str(error), "Correct it.") from None
    if len(rows) == 1:
        return rows[0]
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{tensor.name} must hold JSON objects", "another value", "Correct it.")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _one(tensor: Tensor, value: Any) -> Any:
    """The single element of a setting."""
    if len(tensor.data) != 1 or tensor.datatype == TEXT:
        raise InputError(
            f"{tensor.name} must be one number", f"{tensor.datatype} {tensor.shape}", "Send one."
        )
    return value.ravel().tolist()[0]


def _check_size(tensor: Tensor, size: int) -> None:
    """Raise InputError if the number of elements differs from the shape."""
    if size != math.prod(tensor.shape):
        raise InputError(
            f"{tensor.name} must hold the numbers of its shape {tensor.shape}", f"{size}", "Fix it."
        )
