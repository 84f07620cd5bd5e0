"""The interface of a function that can be requested."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, ValidationError

from condvae.checks import InputError, check_range, reason_of
from condvae.files import frozen
from condvae.inference.chance import Chance

if TYPE_CHECKING:
    from condvae.serving.served import Served

Outputs = dict[str, Any]
Schema = dict[str, Any]

# in JSON, 1.0 is an integer
_WHOLE = BeforeValidator(lambda n: int(n) if isinstance(n, float) and n.is_integer() else n)
Seed = Annotated[frozen.Seed, _WHOLE]
Count = Annotated[frozen.Count, _WHOLE]
MOST = 1e30  # largest number in arrays, beyond which sums in float32 overflow


class Body(frozen.Frozen):
    """The content of a request, before it is checked against the model."""


@dataclass
class Asked:
    """A checked request.

    Attributes:
        rows: number of rows of its answer.
        kind: requests of one kind can be computed together.
        arrays: (rows, ...) by name.
        body: the settings.
        outside: a sentence for each condition outside of the training rows.
    """

    served: "Served"
    function: "Function"
    rows: int
    kind: Hashable
    arrays: dict[str, np.ndarray]
    body: Any
    outside: list[str] = field(default_factory=list)


class Function(ABC):
    """A function of a served run, without state.

    Attributes:
        name: name in addresses.
        says: a description in one line.
        body: the class of its requests.
        needs: functions of `models.inference` that it calls.
        arrays: fields of the body that are arrays of numbers.
        image: the output that can be displayed; None: there is none.
    """

    name: ClassVar[str]
    says: ClassVar[str]
    body: ClassVar[type[Body]]
    needs: ClassVar[frozenset[str]]
    arrays: ClassVar[tuple[str, ...]]
    image: ClassVar[str | None] = None

    def fits(self, served: "Served") -> bool:
        """Whether the function is available for the run."""
        return served.table is None and self.needs <= set(served.engine.names)

    def asked(self, served: "Served", fields: Mapping[str, Any]) -> Asked:
        """A checked request with these fields.

        Raises:
            InputError: they do not fit the function or the model.
        """
        try:
            body = self.body.model_validate(dict(fields))
        except ValidationError as error:
            raise self._explained(error) from None
        try:
            return self.checked(served, body)
        except InputError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            # NumPy's errors for values that do not form an array
            raise InputError(
                f"the fields of {self.name} must fit the run", reason_of(error), "Correct them."
            ) from None

    @abstractmethod
    def checked(self, served: "Served", body: Any) -> Asked:
        """The request, checked against the model; errors as in `asked`."""

    @abstractmethod
    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """The outputs for all rows of requests of one kind, one after another."""

    @abstractmethod
    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """The shape of a row of each output, float32."""

    def fields(self, served: "Served") -> dict[str, Schema]:
        """JSON schemas of the request's fields, as precise as possible."""
        fields = self.body.model_json_schema()["properties"]
        for key in {"given", "y", "to"} & fields.keys():
            fields[key] = condition_schema(served)
        if "num_samples" in fields:
            fields["num_samples"] |= {"maximum": served.most_rows}
        for key in self.arrays:
            shape = {"x": served.facts.image_shape, "z": (served.facts.latent_dim,)}[key]
            rows = rows_schema(shape, served.most_rows)
            is_needed = key in self.required()
            fields[key] = rows if is_needed else {"anyOf": [rows, {"type": "null"}]}
        return fields

    def required(self) -> list[str]:
        """The fields that every request must have."""
        return self.body.model_json_schema().get("required", [])

    def _explained(self, error: ValidationError) -> InputError:
        """The first error of pydantic, as an InputError."""
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        names = ", ".join(self.body.model_fields)
        if first["type"] == "extra_forbidden":
            return InputError(f"{self.name} takes {names}", repr(place), "Omit it.")
        if first["type"] == "missing":
            return InputError(f"{self.name} requires the field {place!r}", "none", "Add it.")
        received = f"{first['input']!r:.80} ({first['msg']})"
        return InputError(f"the field {place!r} must fit", received, "Correct it.")


def condition_schema(served: "Served") -> Schema:
    """JSON schema of y: one for all rows, or one per row."""
    classes = None if served.condition.by_name else served.condition.classes
    if classes is None:
        return {"description": f"{served.condition}: one for all rows, or one per row"}
    # numbers too: a category of digits, or the index of another category
    one = {"enum": [*classes.categories, *range(classes.num_classes)]}
    if any(name.isdecimal() for name in classes.categories):
        numbered = [int(name) for name in classes.categories if str(int(name)) == name]
        one = {"enum": [*classes.categories, *numbered]}
    rows = {"type": "array", "items": one, "minItems": 1, "maxItems": 1}
    return {"description": str(served.condition), "anyOf": [one, rows]}


def rows_schema(shape: Sequence[int], most: int) -> Schema:
    """JSON schema of an array, (rows, *shape)."""
    schema: Schema = {"type": ["number", "boolean"], "minimum": -MOST, "maximum": MOST}
    for size in reversed(shape):
        schema = {"type": "array", "items": schema, "minItems": size, "maxItems": size}
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": most}


def numbers(value: Any, name: str) -> np.ndarray:
    """An array from nested lists, integers unchanged and others as float32.

    Raises:
        InputError: they are ragged, or contain something else.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{name} must be nested lists of numbers of equal length",
            f"{value!r:.60}",
            "Correct it.",
        )
    if array.dtype.kind != "f":
        return array
    return check_range(array, -MOST, MOST, name).astype("float32")


def check_rows(served: "Served", rows: int) -> int:
    """Return rows if an answer may have this number of rows."""
    if rows > served.most_rows:
        raise InputError(
            f"one answer of {served.name} may have {served.most_rows:,} rows",
            f"{rows:,}",
            "Split the request.",
        )
    return rows


def pair(served: "Served", body: Any) -> tuple[dict[str, np.ndarray], int]:
    """Images, their conditions, noise for binarisation, and the number of rows."""
    x, y = served.arguments.pair(numbers(body.x, "x"), body.y)
    arrays, facts = {"x": x, "y": y}, served.facts
    if x.dtype.kind in "iu":  # so that requests of both types have the same form
        arrays["x"] = x / np.float32(facts.x_max)
    if facts.binarise:
        arrays["pixel_noise"] = Chance(body.seed).pixels(len(x), *facts.image_shape)
    return arrays, check_rows(served, len(x))


def together(asked: Sequence[Asked], *names: str) -> dict[str, np.ndarray]:
    """Arrays of several requests, concatenated; all arrays if no names are given."""
    names = names or tuple(asked[0].arrays)
    if len(asked) == 1:
        return {name: asked[0].arrays[name] for name in names}
    return {name: np.concatenate([one.arrays[name] for one in asked]) for name in names}
