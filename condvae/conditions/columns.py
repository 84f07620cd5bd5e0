"""Numbers and yes/no attributes, as they are given and as the networks see them."""

from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from condvae.checks import InputError
from condvae.files.frozen import Frozen

NUM_KNOTS = 201
MOST_DECIMALS = 6
NO_ATTRIBUTE = "none"  # an empty text is a missing one


class Continuous(Frozen):
    """One number or several, standardised in the networks.

    Attributes:
        name: what it is called.
        mean: of the training rows, one number for each component.
        scale: their standard deviation.
        minimum: the least value seen.
        maximum: the greatest.
        decimals: at most so many were seen, and come out; 0 of whole numbers, None of others.
        knots: of a single number, (value, standard normal quantile) pairs, increasing: the networks
            see the quantile, linear between knots; None: (value - mean) / scale.
    """

    kind: Literal["continuous"] = "continuous"
    name: str
    mean: tuple[float, ...]
    scale: tuple[Annotated[float, Field(gt=0)], ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    knots: tuple[tuple[float, float], ...] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lengths = {len(p) for p in (self.mean, self.scale, self.minimum, self.maximum)}
        if len(lengths) != 1 or 0 in lengths or (self.knots is not None and lengths != {1}):
            raise ValueError("mean, scale, minimum and maximum must be equally long; knots need 1")
        if self.knots is not None and len(self.knots) < 2:
            raise ValueError("knots must be two pairs at least")
        return self

    @classmethod
    def fitted(cls, name: str, values: np.ndarray, scaling: str = "standard") -> Self:
        """The condition whose scale is that of values, (batch,) or (batch, dim), NaN left out.

        Args:
            scaling: "standard", or "quantile" for a single number whatever its distribution.

        Raises:
            InputError: the values are all the same.
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
                f"Leave it out with --ignore {name}.",
            )
        return cls(
            name=name,
            mean=tuple(seen.mean(axis=0).tolist()),
            scale=tuple(spread.tolist()),
            minimum=tuple(seen.min(axis=0).tolist()),
            maximum=tuple(seen.max(axis=0).tolist()),
            decimals=_decimals(seen),
            knots=_knots(seen[:, 0]) if scaling == "quantile" and seen.shape[1] == 1 else None,
        )

    @property
    def integer(self) -> bool:
        """Whether the numbers are whole."""
        return self.decimals == 0

    @property
    def dim(self) -> int:
        """Number of components."""
        return len(self.mean)

    def is_one(self, value: Any) -> bool:
        """Whether value is one condition, not one a row."""
        return np.ndim(value) == (0 if self.dim == 1 else 1)

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 of (batch,) or (batch, dim) numbers, none of them missing.

        Values outside the training range are taken as they are, but for quantiles, which end there.

        Raises:
            InputError: no numbers, infinite ones, or another number of components.
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
        if self.knots is None:
            return encoded
        seen, quantiles = np.transpose(self.knots)
        return np.interp(numbers, seen, quantiles).astype("float32")

    def outside(self, values: np.ndarray) -> str | None:
        """A sentence about the first of (batch, ...) values outside the training range, if any."""
        numbers = np.asarray(values, dtype="float64").reshape(len(values), self.dim)
        found = np.argwhere((numbers < self.minimum) | (numbers > self.maximum))
        if not len(found):
            return None
        row, place = found[0]
        return (
            f"{self.name!r}: {numbers[row, place]:g} lies outside the training range "
            f"{self.minimum[place]:g} to {self.maximum[place]:g}: the model extrapolates"
        )

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The inverse of `encode_rows`: (batch,) or (batch, dim) float64, rounded as they were.

        Quantiles come back inside the training range.
        """
        numbers = np.asarray(block, dtype="float64")
        if self.knots is None:
            numbers = numbers * self.scale + self.mean
        else:
            seen, quantiles = np.transpose(self.knots)
            numbers = np.interp(numbers, quantiles, seen)
        numbers = numbers if self.decimals is None else np.round(numbers, self.decimals)
        return numbers[:, 0] if self.dim == 1 else numbers

    def parse(self, text: str) -> Any:
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

    def __str__(self) -> str:
        ranges = [f"{a:g} to {b:g}" for a, b in zip(self.minimum, self.maximum, strict=True)]
        kind = "whole numbers" if self.integer else "numbers"
        return f"{self.name}: {kind} from {'; '.join(ranges[:4])}{'; …' * (len(ranges) > 4)}"


class MultiLabel(Frozen):
    """Attributes, each of which is there or not.

    Attributes:
        name: what they are called together.
        attributes: their names.
    """

    kind: Literal["multi_label"] = "multi_label"
    name: str
    attributes: tuple[str, ...]

    @field_validator("attributes")
    @classmethod
    def _different(cls, attributes: tuple[str, ...]) -> tuple[str, ...]:
        if not attributes or len(set(attributes)) < len(attributes):
            raise ValueError("attributes must be different names, one at least")
        return attributes

    @property
    def dim(self) -> int:
        """Number of attributes."""
        return len(self.attributes)

    def is_one(self, value: Any) -> bool:
        """Whether value is one condition, not one a row."""
        value = np.asarray(value)
        return value.ndim == 0 or (self.dim > 1 and value.ndim == 1 and value.dtype.kind in "biuf")

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 of (batch, dim) zeros and ones, or of texts such as "hat|scarf".

        Raises:
            InputError: an unknown attribute, or other numbers; the known ones are listed.
        """
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            rows = [self.parse(str(text)) for text in values]
            return np.asarray(rows, dtype="float32").reshape(-1, self.dim)
        values = values.reshape(len(values), -1)
        if values.shape[1] != self.dim or not np.isin(values, (0, 1)).all():
            raise InputError(
                f"{self.name!r} must be {self.dim} zeros and ones a row",
                f"shape {values.shape}, values from {values.min():g} to {values.max():g}",
                f"They stand for {', '.join(self.attributes[:12])}.",
            )
        return values.astype("float32")

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The attributes that are there, as texts such as "hat|scarf", or "none"."""
        names = np.asarray(self.attributes)
        return np.asarray(["|".join(names[row >= 0.5]) or NO_ATTRIBUTE for row in block])

    def parse(self, text: str) -> np.ndarray:
        """(dim,) zeros and ones of a text such as "hat|scarf" or "hat,scarf"; "none": no one."""
        names = attribute_names(text)
        if unknown := [name for name in names if name not in self.attributes]:
            raise InputError(
                f"{self.name!r} must name some of {', '.join(self.attributes[:12])}",
                repr(unknown[0]),
                "Take these, or none.",
            )
        return np.asarray([name in names for name in self.attributes], dtype="float32")

    def __str__(self) -> str:
        return f"{self.name}: any of {', '.join(self.attributes[:12])}"


def attribute_names(text: str) -> list[str]:
    """The attributes that a text such as "hat|scarf" or "hat,scarf" names; "none": no one."""
    names = [name for part in text.replace(",", "|").split("|") if (name := part.strip())]
    return [] if names == [NO_ATTRIBUTE] else names


def _decimals(values: np.ndarray) -> int | None:
    """The decimals that write all values, if few."""
    within = range(MOST_DECIMALS + 1)
    return next((d for d in within if np.allclose(values, np.round(values, d), 1e-12, 0)), None)


def _knots(values: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Values against standard normal quantiles; a value that stands for many has their mean."""
    count = min(NUM_KNOTS, len(values))
    places = (np.arange(count) + 0.5) / count
    seen = np.quantile(values, places)
    # the ends are the extremes themselves
    seen[0], seen[-1] = values.min(), values.max()
    quantiles = np.asarray([NormalDist().inv_cdf(place) for place in places])
    distinct, group = np.unique(seen, return_inverse=True)
    mean = np.bincount(group, quantiles) / np.bincount(group)
    return tuple(zip(distinct.tolist(), mean.tolist(), strict=True))
