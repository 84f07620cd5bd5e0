"""A column of numbers."""

from statistics import NormalDist
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from condvae.checks import InputError
from condvae.conditions.cells import HIDDEN, Column
from condvae.conditions.continuous import MOST_DECIMALS, decimals_of
from condvae.conditions.missing import is_missing

NUM_KNOTS = 201
# If a column has few values, each of which is repeated, every value is a state.
MOST_VALUES = 256
LEAST_ROWS_A_VALUE = 20
# Otherwise a value is a spike, with its own state, if it has at least this share of the rows, and
# is this much more frequent than neighbouring values.
SPIKE_SHARE, SPIKE_ROWS, SPIKE_HEIGHT, NEIGHBOURS = 0.02, 20, 4, 5

# Where rounding would give values between them, few values are states too, if repeated as often.
FEW_VALUES, LEAST_ROWS_A_FEW, LEAST_ROWS_EACH = 12, 5, 2

# n values are multiples of a step by accident with a probability of step^-(n - 1).
MOST_ACCIDENTAL = 1 / 500
USUAL = 0.95  # share of the values that need no more decimals than outputs have

Knots = Annotated[tuple[tuple[float, float], ...], Field(min_length=2)]


class NumberColumn(Column):
    """Numbers: some values are states, and all others share one state with a number beside it.

    The density of a distribution cannot reproduce the share of a value that a fifth of the rows
    have, such as no gain or 40 hours per week; a state can. The other numbers are transformed to
    their quantiles, so that the networks see an approximately standard normal distribution.

    Attributes:
        points: values that are states, increasing.
        knots: (value, number) pairs, increasing, between which the scale is linear; None if all
            values are states.
        decimals: number of decimals that suffices for all but a few values other than the points,
            and to which outputs are rounded; 0 for integers, None for unlimited.
        step: step of which all numbers other than the points are multiples, counted from the
            lowest, such as 25 g, and to which outputs are rounded; None if it is one unit of the
            last decimal.
    """

    of_numbers: ClassVar = True

    kind: Literal["number"] = "number"
    points: tuple[float, ...] = ()
    knots: Knots | None = None
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    step: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not self.points and self.knots is None:
            raise ValueError("a column of numbers must have points or knots")
        return self

    @classmethod
    def fitted(cls, name: str, values: np.ndarray, rows: np.ndarray, scaling: str) -> Self:
        """The column with (N,) float64 values, NaN where empty.

        Args:
            rows: the training rows, from which states and scale are computed.
            scaling: "quantile", or "standard": by mean and standard deviation.

        Raises:
            InputError: there are no values, or their squares are infinite.
        """
        seen = values[rows]
        missing = is_missing(seen)
        seen = seen[~missing]
        with np.errstate(over="ignore", invalid="ignore"):
            spread = seen.std() if len(seen) else 0.0
        if not np.isfinite(spread):
            raise InputError(
                f"column {name!r} must hold numbers whose squares are finite",
                f"{seen[np.abs(seen).argmax()]:g}",
                "Scale it down, or take its logarithm.",
            )
        if not len(seen):
            raise InputError(
                f"column {name!r} must hold a value in a training row",
                "none",
                f"Omit it with `ignore={name}`.",
            )
        # a constant in the training rows is a single state, so nothing needs to be learned
        points = _points(seen) if spread else seen[:1]
        rest = seen[~np.isin(seen, points)]
        decimals = decimals_of(rest, USUAL) if len(rest) else decimals_of(seen)
        step = _step(rest, decimals)
        if _are_few(rest, step, decimals):
            points, rest, step = np.unique(seen), rest[:0], None
        return cls(
            name=name,
            may_miss=bool(missing.any()),
            points=tuple(points.tolist()),
            knots=_knots(rest, scaling) if len(rest) else None,
            decimals=decimals,
            step=step,
        )

    @property
    def num_values(self) -> int:
        """Number of values that are states."""
        return len(self.points)

    @property
    def has_number_state(self) -> bool:
        """Whether there are other values."""
        return self.knots is not None

    @property
    def integer(self) -> bool:
        """Whether the numbers are integers."""
        return self.decimals == 0 and all(point.is_integer() for point in self.points)

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """For values that are not states, their positions on the scale, clipped to its ends."""
        if self.knots is None:
            return super().numbers(values)
        seen, places = np.transpose(self.knots)
        numbers = np.interp(values, seen, places)
        return np.where(np.isnan(values) | np.isin(values, self.points), 0, numbers).astype(
            "float32"
        )

    def log_slopes(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Log slope of the scale at each number; beyond its ends, of the last segment."""
        if self.knots is None:
            return super().log_slopes(codes, numbers)
        seen, places = np.transpose(self.knots)
        stretch = np.clip(np.searchsorted(places, numbers, "right"), 1, len(places) - 1)
        slopes = np.log(np.diff(places) / np.diff(seen))[stretch - 1]
        return np.where(codes == self.num_values, slopes, 0.0)

    def given(self, text: str) -> float:
        """A number, rounded like the column."""
        try:
            value = float(text)
            return value if self.decimals is None else round(value, self.decimals)
        except ValueError:
            raise InputError(
                f"--given {self.name} must be a number", repr(text), f"Write --given {self.name}=1."
            ) from None

    def for_page(self) -> dict[str, Any]:
        """Its values and its scale, and a slider over them."""
        seen = np.asarray([*self.points, *(value for value, _ in self.knots or ())])
        if self.knots is None:
            middle = self.points[len(self.points) // 2]
        else:
            middle = float(self.rounded(np.interp(0.0, *reversed(np.transpose(self.knots)))))
        scale = {"points": self.points, "knots": self.knots, "step": self.step}
        ends = {"mean": [middle], "minimum": [float(seen.min())], "maximum": [float(seen.max())]}
        decimals = 0 if self.integer else self.decimals
        shown = {"widget": "sliders", "size": 1, "decimals": decimals, **ends}
        return {**super().for_page(), **scale, **shown}

    def cells(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) float64, NaN where empty; rounded like the values."""
        values = np.asarray([*self.points, np.nan, np.nan, np.nan])[codes]
        if self.knots is not None:
            seen, places = np.transpose(self.knots)
            others = np.interp(numbers.astype("float64"), places, seen)
            values = np.where(codes == self.num_values, self.rounded(others), values)
        return np.where(codes == HIDDEN, np.nan, values)

    def centre(self, draws: np.ndarray) -> np.ndarray:
        """(batch,) the mean of (num_draws, batch) numbers, or the value that is nearest to it."""
        mean = self.rounded(draws.mean(axis=0))
        return mean if self.knots is not None else np.asarray(self.points)[self._codes(mean)]

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Values rounded to the decimals of the column, and to its steps."""
        if self.step is not None and self.knots is not None:
            (low, _), *_ = self.knots
            values = low + np.rint((values - low) / self.step) * self.step
        return values if self.decimals is None else np.round(values, self.decimals)

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """Indices of the points, or the state of other values.

        If there is no such state, the nearest point is used.
        """
        try:
            numbers = np.asarray(values, dtype="float64")
        except (TypeError, ValueError):
            numbers = np.asarray([np.inf])
        if not np.isfinite(numbers).all():
            raise InputError(
                f"column {self.name!r} must hold finite numbers",
                repr(np.asarray(values).reshape(-1)[:3].tolist())[:80],
                "Correct them, or leave the cells empty.",
            )
        if not self.points:
            return np.zeros(len(numbers), int)
        points = np.asarray(self.points)
        above = np.clip(np.searchsorted(points, numbers), 1, max(1, len(points) - 1))
        above = np.minimum(above, len(points) - 1)
        below = np.maximum(above - 1, 0)
        nearer = numbers - points[below] <= points[above] - numbers
        nearest = np.where(nearer, below, above)
        if self.knots is None:
            return nearest
        return np.where(points[nearest] == numbers, nearest, self.num_values)

    def __str__(self) -> str:
        values = [*self.points, *(value for value, _ in self.knots or ())]
        kind = "whole numbers" if self.integer else "numbers"
        text = f"{self.name}: {kind} from {min(values):g} to {max(values):g}"
        if self.knots is None:
            text += f", {len(self.points)} values"
        elif self.points:
            shown = ", ".join(f"{point:g}" for point in self.points[:4])
            more = ", …" if len(self.points) > 4 else ""
            text += f", often {shown}{more}"
        return text + (", or empty" if self.may_miss else "")


def _step(values: np.ndarray, decimals: int | None) -> float | None:
    """The step of which all differences of values are multiples, if not a unit: 25, or 0.25."""
    if decimals is None or not len(values):
        return None
    units = np.unique(np.rint((values - values.min()) * 10.0**decimals))
    if units[-1] > 2**53:  # large floats are not exact integers
        return None
    step = np.gcd.reduce(units.astype("int64"))
    if step <= 1 or float(step) ** (1 - len(units)) > MOST_ACCIDENTAL:
        return None
    exact = np.isclose(values, np.round(values, decimals), rtol=1e-12, atol=0).all()
    return float(step / 10.0**decimals) if exact else None


def _are_few(values: np.ndarray, step: float | None, decimals: int | None) -> bool:
    """Whether values are few and repeated, and rounding would give others between them."""
    few, counts = np.unique(values, return_counts=True)
    repeated = len(few) and counts.min() >= LEAST_ROWS_EACH
    if not repeated or not LEAST_ROWS_A_FEW * len(few) <= len(values) or len(few) > FEW_VALUES:
        return False
    unit = step or (0.0 if decimals is None else 10.0**-decimals)
    return np.ptp(few) > (len(few) - 0.5) * unit


def _points(seen: np.ndarray) -> np.ndarray:
    """The values that are states: all values if they are few, otherwise the spikes; increasing."""
    values, counts = np.unique(seen, return_counts=True)
    if len(values) <= MOST_VALUES and len(seen) >= LEAST_ROWS_A_VALUE * len(values):
        return values
    enough = max(SPIKE_ROWS, SPIKE_SHARE * len(seen))
    padded = np.pad(counts.astype(float), NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)
    around = np.nanmedian(np.delete(windows, NEIGHBOURS, axis=1), axis=1)
    return values[(counts >= enough) & (counts >= SPIKE_HEIGHT * around)]


def _knots(values: np.ndarray, scaling: str) -> Knots:
    """Values against standard normal quantiles, or against standardised values."""
    if scaling == "standard" or len(np.unique(values)) < 3:
        ends = np.asarray([values.min(), values.max()])
        if ends[0] == ends[1]:  # one value that is not a spike: no other value is generated
            least, most = np.nextafter(ends, (-np.inf, np.inf)).tolist()
            return (least, -1.0), (most, 1.0)
        places = (ends - values.mean()) / (values.std() or 1.0)
        return tuple(zip(ends.tolist(), places.tolist(), strict=True))
    count = min(NUM_KNOTS, len(values))
    places = (np.arange(count) + 0.5) / count
    seen = np.quantile(values, places)
    # the ends are the extremes themselves
    seen[0], seen[-1] = values.min(), values.max()
    quantiles = np.asarray([NormalDist().inv_cdf(place) for place in places])
    # a value with several quantiles gets their mean
    distinct, group = np.unique(seen, return_inverse=True)
    mean = np.bincount(group, quantiles) / np.bincount(group)
    return tuple(zip(distinct.tolist(), mean.tolist(), strict=True))
