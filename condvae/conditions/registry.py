"""Kinds of conditions by name, those of the user's own among them."""

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
    """Make a kind of condition known by its name; a decorator of its class.

    Whoever reads a run with such a condition has to register it before.

    Raises:
        InputError: a class without a name, or one whose name is another's.
    """
    name = kind.model_fields["kind"].default
    if not isinstance(name, str):
        raise InputError(
            f"{kind.__name__} must say what it is called as a kind of condition",
            "no default of the field kind",
            'Add kind: Literal["..."] = "...".',
        )
    known = _KINDS.get(name, kind)
    # the same class may be written anew, as in the cell of a notebook
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise InputError(
            f"a kind of condition must have a name of its own, not {name!r}",
            f"{kind.__name__} beside {known.__name__}",
            "Name it otherwise.",
        )
    _KINDS[name] = kind
    _reader.cache_clear()
    return kind


def kinds_in(place: str) -> dict[str, type[Condition]]:
    """The kinds that may stand in a place, by name."""
    return {name: kind for name, kind in _KINDS.items() if place in kind.places}


@cache
def _reader(place: str) -> TypeAdapter:
    """What makes conditions of plain data, and refuses kinds that do not belong there."""
    union: Any = reduce(or_, kinds_in(place).values())
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    return TypeAdapter(tagged)


def _read(place: str) -> WrapValidator:
    """Read a field as any kind that is known by then."""
    return WrapValidator(lambda value, _: _reader(place).validate_python(value))


AnyCondition = Annotated[SerializeAsAny[Condition], _read(ALONE)]
AnyPart = Annotated[SerializeAsAny[Part], _read(PART)]
