"""Kinds of conditions by name, including user-defined kinds."""

from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, TypeVar

from pydantic import Field, SerializeAsAny, TypeAdapter, WrapValidator

from condvae.checks import InputError
from condvae.conditions.condition import ALONE, PART, Condition
from condvae.conditions.part import Part

Kind = TypeVar("Kind", bound=type[Condition])

_KINDS: dict[str, type[Condition]] = {}


def register_condition(kind: Kind) -> Kind:
    """Register a kind of condition under its name; a decorator for its class.

    It must be registered before a run with such a condition is loaded.

    Raises:
        InputError: a class without a name, or with the name of another class.
    """
    name = kind.model_fields["kind"].default
    if not isinstance(name, str):
        raise InputError(
            f"{kind.__name__} must have a name as a kind of condition",
            "no default of the field kind",
            'Add kind: Literal["..."] = "...".',
        )
    known = _KINDS.get(name, kind)
    # the same class may be defined again, as in a cell of a notebook
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise InputError(
            f"a kind of condition must have a unique name, unlike {name!r}",
            f"{kind.__name__} beside {known.__name__}",
            "Rename it.",
        )
    _KINDS[name] = kind
    _reader.cache_clear()
    return kind


def kinds_in(place: str) -> dict[str, type[Condition]]:
    """The kinds that may be used in a place, by name."""
    return {name: kind for name, kind in _KINDS.items() if place in kind.places}


@cache
def _reader(place: str) -> TypeAdapter:
    """The validator that creates conditions from plain data, and rejects kinds for other places."""
    union: Any = reduce(or_, kinds_in(place).values())
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    return TypeAdapter(tagged)


def _read(place: str) -> WrapValidator:
    """Validate a field as any kind that is registered at that time."""
    return WrapValidator(lambda value, _: _reader(place).validate_python(value))


AnyCondition = Annotated[SerializeAsAny[Condition], _read(ALONE)]
AnyPart = Annotated[SerializeAsAny[Part], _read(PART)]
