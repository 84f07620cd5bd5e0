"""A continuous condition: one number or several."""

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from condvae.checks import InputError
from condvae.conditions.part import Part

# computed numbers, too, are close to those of more than a few decimals
FEW_DECIMALS, MOST_DECIMALS = 6, 10


class Continuous(Part):
    """One number or several, standardised in the networks.

    Attributes:
        name: name of the condition.
        mean: means over the training rows, one for each component.
        scale: their standard deviations.
        minimum: smallest values seen.
        maximum: largest values seen.
        decimals: largest number of decimals seen, to which outputs are rounded; 0 for integers,
            None for unlimited.
    """

    of_dates: ClassVar[str] = "date"

    kind: Literal["continuous"] = "continuous"
    mean: tuple[float, ...]
    scale: tuple[Annotated[float, Field(gt=0)], ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lengths = {len(p) for p in (self.mean, self.scale, self.minimum, self.maximum)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError("mean, scale, minimum and maximum must be equally long")
        return self

    @classmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The numbers in a column, standardised with its training rows."""
        if values.dtype.kind == "U":
            raise InputError(
                f"the continuous condition {name!r} must hold numbers",
                f"text such as {values[values != ''][:1].tolist()}",
                f"Declare it as {name}:categorical.",
            )
        return cls.fitted(name, values[rows])

    @classmethod
    def fitted(cls, name: str, values: np.ndarray) -> Self:
        """The condition scaled by values, (batch,) or (batch, dim), ignoring NaN.

        Raises:
            InputError: the values are all equal.
        """
        values = np.asarray(values, dtype="float64").reshape(len(values), -1)
        seen = values[~np.isnan(values).any(axis=1)]
        with np.errstate(over="ignore", invalid="ignore"):
            spread = seen.std(axis=0) if len(seen) else np.zeros(values.shape[1])
        if not np.isfinite(spread).all():
            raise InputError(
                f"column {name!r} must hold numbers whose squares are finite",
                f"{seen.flat[np.abs(seen).argmax()]:g}",
                "Scale it down, or take its logarithm.",
            )
        if not (spread > 0).all():
            raise InputError(
                f"column {name!r} must vary",
                f"{seen[0][spread == 0][0]:g} in every row" if len(seen) else "no value",
                f"Omit it with `ignore={name}`.",
            )
        return cls(
            name=name,
            mean=tuple(seen.mean(axis=0).tolist()),
            scale=tuple(spread.tolist()),
            minimum=tuple(seen.min(axis=0).tolist()),
            maximum=tuple(seen.max(axis=0).tolist()),
            decimals=decimals_of(seen),
        )

    @property
    def integer(self) -> bool:
        """Whether the numbers are integers."""
        return self.decimals == 0

    @property
    def dim(self) -> int:
        """Number of components."""
        return len(self.mean)

    def is_one(self, value: Any) -> bool:
        """Whether value is one condition rather than one per row."""
        return np.ndim(value) == (0 if self.dim == 1 else 1)

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 from (batch,) or (batch, dim) numbers without missing values.

        Values outside the training range are not clipped.

        Raises:
            InputError: not numbers, infinite numbers, or another number of components.
        """
        try:
            numbers = np.asarray(values, dtype="float64").reshape(len(values), -1)
        except (TypeError, ValueError):
            numbers = None
        encoded = None
        if numbers is not None and numbers.shape[1] == self.dim:
            with np.errstate(over="ignore", invalid="ignore"):
                encoded = ((numbers - self.mean) / self.scale).astype("float32")
        if numbers is None or encoded is None or not np.isfinite(encoded).all():
            raise InputError(
                f"{self.name!r} must be {self.dim or ''} finite number{'s' * (self.dim > 1)}",
                repr(np.asarray(values).reshape(-1)[:3].tolist())[:80],
                "Correct it.",
            )
        return encoded

    def outside(self, y: Any) -> list[str]:
        """A sentence for the first of (batch, ...) values outside the training range, if any."""
        numbers = np.asarray(y, dtype="float64").reshape(len(y), self.dim)
        found = np.argwhere((numbers < self.minimum) | (numbers > self.maximum))
        if not len(found):
            return []
        row, place = found[0]
        return [
            f"{self.name!r}: {numbers[row, place]:g} is outside the training range "
            f"{self.minimum[place]:g} to {self.maximum[place]:g}: the model extrapolates"
        ]

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The inverse of `encode_rows`: (batch,) or (batch, dim) float64, rounded like the data."""
        numbers = np.asarray(block, dtype="float64") * self.scale + self.mean
        numbers = numbers if self.decimals is None else np.round(numbers, self.decimals)
        return numbers[:, 0] if self.dim == 1 else numbers

    def given(self, text: str) -> Any:
        """The value in a `--given NAME=text`: "0.3", or "0.3,1.2"."""
        try:
            parts = [float(part) for part in text.split(",")]
        except ValueError:
            parts = []
        if len(parts) != self.dim:
            raise InputError(
                f"--given {self.name} must be {self.dim} number{'s' * (self.dim > 1)}",
                repr(text),
                f"Write --given {self.name}={','.join(f'{m:g}' for m in self.mean)}.",
            )
        return parts[0] if self.dim == 1 else np.asarray(parts)

    def widget(self) -> dict[str, Any]:
        """A slider for each number."""
        scale = self.model_dump(mode="json", exclude={"kind", "name"})
        return {"widget": "sliders", "size": self.dim, **scale}

    def __str__(self) -> str:
        ranges = [f"{a:g} to {b:g}" for a, b in zip(self.minimum, self.maximum, strict=True)]
        kind = "whole numbers" if self.integer else "numbers"
        return f"{self.name}: {kind} from {'; '.join(ranges[:4])}{'; …' * (len(ranges) > 4)}"


def decimals_of(values: np.ndarray, share: float = 1) -> int | None:
    """The number of decimals that suffices for this share of the values, if it is small."""
    for decimals in range(MOST_DECIMALS + 1):
        tolerance = 1e-12 if decimals <= FEW_DECIMALS else 0
        if np.isclose(values, np.round(values, decimals), tolerance, 0).mean() >= share:
            return decimals
    return None
