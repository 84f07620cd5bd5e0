"""The interface of all conditions."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from condvae.conditions.takeover import Takeover, unchanged
from condvae.files.frozen import Frozen

if TYPE_CHECKING:
    from condvae.conditions.categorical import Categorical
    from condvae.conditions.schema import Schema

# Where a kind may be used: as y alone, or as one of several conditions by name.
ALONE, PART = "alone", "part"


class Condition(Frozen):
    """The condition y: how it is encoded, drawn, named and displayed.

    A kind is a subclass whose field `kind` holds its name, `Literal["..."] = "..."`, and which is
    registered with `register_condition`. Other code calls the methods of a condition and never
    checks its kind.

    Attributes:
        name: name on the command line.
        places: where it may be used.
        is_image: whether it is an image other than x.
        of_x: whether it is a part of x itself.
    """

    kind: str
    name: str

    places: ClassVar[tuple[str, ...]] = (ALONE,)
    is_image: ClassVar[bool] = False
    of_x: ClassVar[bool] = False

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of values in one y."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one y in the networks."""
        return (self.dim,)

    @property
    def white(self) -> int:
        """The integer that is scaled to one."""
        return 1

    @property
    def classes(self) -> "Categorical | None":
        """The condition itself if it is a class, which can be named, drawn or walked through."""
        return None

    @property
    def leading(self) -> "Categorical | None":
        """The class, or the first of several conditions that is a class."""
        return self.classes

    @property
    def by_name(self) -> "Schema | None":
        """The condition itself if it consists of several conditions by name."""
        return None

    @property
    def unconditional(self) -> np.ndarray | None:
        """(1, *shape) uninformative encoded y; None if there is none."""
        return None

    @abstractmethod
    def is_one(self, y: Any) -> bool:
        """Whether y is one condition rather than one per row."""

    @abstractmethod
    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y, (batch, *shape) float32.

        Raises:
            InputError: values that do not fit.
        """

    def labels(self, given: np.ndarray) -> np.ndarray:
        """y in the user's form, from y in the form for Keras; only class codes differ."""
        return given

    def outside(self, y: Any) -> list[str]:
        """A sentence for values outside the range seen in training."""
        return []

    def taken_over(self, before: "Condition") -> Takeover | None:
        """How weights that read `before` change when a model continues with this condition.

        None if they have nothing in common.
        """
        return unchanged(self.name) if self == before else None

    def random(self, num_rows: int, rng: np.random.Generator) -> np.ndarray:
        """(num_rows, *shape) float32 random values in a valid form."""
        return rng.random((num_rows, *self.shape), dtype="float32")

    def named_codes(self, y: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Names by which to colour rows, and the index of each row of an encoded y among them.

        They are the names of `leading`, or ("",) without one.
        """
        return ("",), np.zeros(len(y), dtype=int)

    def strata(self, given: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Classes for stratified splits, and the class of each row, for y in the form for Keras."""
        return ("images",), np.zeros(len(given), dtype="int32")

    def described(self) -> dict[str, Any]:
        """The entry for a manifest."""
        return {"says": str(self), **self.model_dump(mode="json")}

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}"

    @abstractmethod
    def for_page(self) -> dict[str, Any]:
        """The description for the explorer's page: the parts, or the shape of a given image."""
