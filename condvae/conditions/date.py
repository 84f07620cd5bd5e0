"""A condition that is a date: its position in the data's range, and its phases."""

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.calendar import DAY, places
from condvae.conditions.continuous import Continuous
from condvae.conditions.part import Part

# parts of a date that come again, of which those that vary are phases
PHASES = ("month of the year", "day of the month", "weekday", "hour")
UNITS = {"days": DAY, "seconds": 1}


class Date(Part):
    """A date or a time: a standardised number, and a one-hot code of each phase that varies.

    Weekends, hours and seasons differ, which a number of days alone hardly shows. Columns of dates
    in x are split in the same way, see `DateColumn`.

    Attributes:
        name: name of the condition.
        unit: what values count since 1970: days or seconds.
        position: the values as numbers.
        phases: for each phase the values in the training rows, increasing.
        step: what all values are multiples of, a minute if times have no seconds: the position of
            a time within years, a float32, tells a second or two.
    """

    of_dates: ClassVar[str] = "date"

    kind: Literal["date"] = "date"
    unit: Literal["days", "seconds"]
    position: Continuous
    phases: dict[str, Annotated[tuple[float, ...], Field(min_length=2)]]
    step: Literal[1, 60] = 1

    @classmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The condition in a column of numbers, days if the settings do not say "seconds"."""
        position = Continuous.of_column(name, values, rows)
        seen = np.asarray(values, "float64")[rows]
        unit: Any = settings or "days"
        seen = seen[~np.isnan(seen)]
        at = places(seen * UNITS[unit])
        found = {phase: tuple(np.unique(at[phase]).tolist()) for phase in PHASES}
        phases = {phase: numbers for phase, numbers in found.items() if len(numbers) > 1}
        step = 60 if unit == "seconds" and not (seen % 60).any() else 1
        return cls(name=name, unit=unit, position=position, phases=phases, step=step)

    @classmethod
    def takes_settings(cls, text: str) -> bool:
        """The unit of the numbers."""
        return text in UNITS

    @property
    def settings(self) -> str:
        """The unit of the numbers."""
        return self.unit

    @property
    def integer(self) -> bool:
        """Whether the numbers are integers."""
        return self.position.integer

    @property
    def dim(self) -> int:
        """Size of the networks' input: the position, and the values of the phases."""
        return 1 + sum(map(len, self.phases.values()))

    def is_one(self, value: Any) -> bool:
        """Whether value is one date rather than one per row."""
        return self.position.is_one(value)

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 from (batch,) numbers; a phase without training rows is all zeros.

        Raises:
            InputError: not finite numbers.
        """
        position = self.position.encode_rows(values)
        try:
            at = places(np.asarray(values, "float64").reshape(-1) * UNITS[self.unit])
        except ValueError:
            raise InputError(
                f"{self.name!r} must be {self.unit} since 1970",
                repr(np.asarray(values).reshape(-1)[:3].tolist())[:80],
                "Write the date as in the data.",
            ) from None
        codes = [at[phase][:, None] == numbers for phase, numbers in self.phases.items()]
        return np.concatenate([position, *codes], axis=1).astype("float32")

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """(batch,) numbers, from the positions."""
        numbers = self.position.decode_rows(block[:, :1])
        return numbers if self.step == 1 else np.rint(numbers / self.step) * self.step

    def given(self, text: str) -> Any:
        """The number in a `--given NAME=text`."""
        return self.position.given(text)

    def outside(self, y: Any) -> list[str]:
        """A sentence for dates outside the training range."""
        return self.position.outside(y)

    def widget(self) -> dict[str, Any]:
        """A field for a date."""
        (first,), (last,) = self.position.minimum, self.position.maximum
        shown = self.position.widget() | {"widget": "date", "phases": self.phases}
        return {**shown, "days": self.unit == "days", "first": first, "last": last}

    def __str__(self) -> str:
        phases = f", with {', '.join(self.phases)}" if self.phases else ""
        return f"{self.name}: dates{phases}"
