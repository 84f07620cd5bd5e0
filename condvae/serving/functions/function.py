"""What every function that can be asked says of itself."""

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

# to JSON 1.0 is a whole number
_WHOLE = BeforeValidator(lambda n: int(n) if isinstance(n, float) and n.is_integer() else n)
Seed = Annotated[frozen.Seed, _WHOLE]
Count = Annotated[frozen.Count, _WHOLE]
MOST = 1e30  # of numbers in arrays: beyond it sums of float32 overflow


class Body(frozen.Frozen):
    """What a request holds, before it is compared with the model."""


@dataclass
class Asked:
    """A request that was checked.

    Attributes:
        rows: of its answer.
        kind: requests of one kind can be computed together.
        arrays: (rows, ...) by name.
        body: the settings.
        outside: a sentence for each condition that no training row had.
    """

    served: "Served"
    function: "Function"
    rows: int
    kind: Hashable
    arrays: dict[str, np.ndarray]
    body: Any
    outside: list[str] = field(default_factory=list)


class Function(ABC):
    """A function of a served run; without state.

    Attributes:
        name: in addresses.
        says: a line for people.
        body: the class of its requests.
        needs: functions of `models.inference` that it calls.
        arrays: which fields of the body are arrays of numbers.
        image: the output that can be shown; None: there is none.
    """

    name: ClassVar[str]
    says: ClassVar[str]
    body: ClassVar[type[Body]]
    needs: ClassVar[frozenset[str]]
    arrays: ClassVar[tuple[str, ...]]
    image: ClassVar[str | None] = None

    def fits(self, served: "Served") -> bool:
        """Whether the run can be asked it."""
        return served.table is None and self.needs <= set(served.engine.names)

    def asked(self, served: "Served", fields: Mapping[str, Any]) -> Asked:
        """A request of these fields, checked.

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
            # what NumPy says of values that make no array
            raise InputError(
                f"the fields of {self.name} must fit the run", reason_of(error), "Correct them."
            ) from None

    @abstractmethod
    def checked(self, served: "Served", body: Any) -> Asked:
        """The request, compared with the model; errors as of `asked`."""

    @abstractmethod
    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """The outputs for all rows of requests of one kind, one after the other."""

    @abstractmethod
    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """The shape of a row of each output, float32."""

    def fields(self, served: "Served") -> dict[str, Schema]:
        """JSON schemas of the request's fields, as exact as they can be said."""
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
        """The first of pydantic's complaints, in our three parts."""
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the body"
        names = ", ".join(self.body.model_fields)
        if first["type"] == "extra_forbidden":
            return InputError(f"{self.name} takes {names}", repr(place), "Leave it out.")
        if first["type"] == "missing":
            return InputError(f"{self.name} needs the field {place!r}", "none", "Add it.")
        received = f"{first['input']!r:.80} ({first['msg']})"
        return InputError(f"the field {place!r} must fit", received, "Correct it.")


def condition_schema(served: "Served") -> Schema:
    """JSON schema of y: one for all rows, or one a row."""
    classes = None if served.condition.by_name else served.condition.classes
    if classes is None:
        return {"description": f"{served.condition}: one for all rows, or one a row"}
    # numbers too: a category of digits, or the place of one that is none
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
    """An array of nested lists, integers as they are and others as float32.

    Raises:
        InputError: they are ragged, or hold something else.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # of lists that differ in length
        array = np.empty(0, object)
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{name} must be nested lists of numbers, alike in length",
            f"{value!r:.60}",
            "Correct it.",
        )
    if array.dtype.kind != "f":
        return array
    return check_range(array, -MOST, MOST, name).astype("float32")


def check_rows(served: "Served", rows: int) -> int:
    """Return rows if one answer may have so many."""
    if rows > served.most_rows:
        raise InputError(
            f"one answer of {served.name} may have {served.most_rows:,} rows",
            f"{rows:,}",
            "Ask several times.",
        )
    return rows


def pair(served: "Served", body: Any) -> tuple[dict[str, np.ndarray], int]:
    """Images, their conditions and what pixels are binarised by; and how many there are."""
    x, y = served.arguments.pair(numbers(body.x, "x"), body.y)
    arrays, facts = {"x": x, "y": y}, served.facts
    if x.dtype.kind in "iu":  # so that requests of both kinds have one
        arrays["x"] = x / np.float32(facts.x_max)
    if facts.binarise:
        arrays["pixel_noise"] = Chance(body.seed).pixels(len(x), *facts.image_shape)
    return arrays, check_rows(served, len(x))


def together(asked: Sequence[Asked], *names: str) -> dict[str, np.ndarray]:
    """Arrays of several requests, one after the other; all arrays without names."""
    names = names or tuple(asked[0].arrays)
    if len(asked) == 1:
        return {name: asked[0].arrays[name] for name in names}
    return {name: np.concatenate([one.arrays[name] for one in asked]) for name in names}
