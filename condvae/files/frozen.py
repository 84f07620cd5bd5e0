"""The base of all plain data that crosses files, and the numbers that it holds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Strict: "10" and true are typing errors, not numbers.
Count = Annotated[int, Field(strict=True, gt=0, le=1_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
Positive = Annotated[float, Field(strict=True, gt=0)]
Fraction = Annotated[float, Field(strict=True, gt=0, lt=1)]


class Frozen(BaseModel):
    """Immutable; an unknown field is an error, as is a number that is not finite."""

    # validators are built when one is first needed: `condvae train --help` needs none
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
