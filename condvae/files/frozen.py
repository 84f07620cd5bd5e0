"""The base of all plain data in files, and the types of their numbers."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, core_schema

# Strict: "10" and true are mistakes, not numbers.
Count = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
Positive = Annotated[float, Field(strict=True, gt=0)]
Fraction = Annotated[float, Field(strict=True, gt=0, lt=1)]


@dataclass(frozen=True)
class OneOf:
    """For a string: it must be one of the names available when it is checked, like a Literal.

    Attributes:
        names: function that returns the names.
    """

    names: Callable[[], Iterable[str]]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: Any) -> str:
        """Return the value if it is one of the names."""
        names = list(self.names())
        if isinstance(value, str) and value in names:
            return value
        near = difflib.get_close_matches(str(value), names, n=1)
        *others, last = map(repr, names)
        raise PydanticCustomError(
            "literal_error",
            "Input should be {names}{hint}",
            {
                "names": f"{', '.join(others)} or {last}",
                "hint": f"; did you mean {near[0]!r}?" if near else "",
            },
        )


class Frozen(BaseModel):
    """Immutable data; unknown fields and numbers that are not finite are errors."""

    # validators are built on first use: `condvae train --help` needs none
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
