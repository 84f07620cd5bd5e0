"""What every condition says of itself."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from condvae.conditions.takeover import Takeover, unchanged
from condvae.files.frozen import Frozen

if TYPE_CHECKING:
    from condvae.conditions.categorical import Categorical
    from condvae.conditions.schema import Schema

# Where a kind may stand: as y alone, as one of several by name.
ALONE, PART = "alone", "part"


class Condition(Frozen):
    """What is given, y: how it is encoded, drawn, named and shown.

    A kind is a subclass whose field `kind` has its name, `Literal["..."] = "..."`, and which
    `register_condition` knows. Whoever holds a condition asks it; nobody asks of which kind it is.

    Attributes:
        name: what it is called on the command line.
        places: where it may stand.
        is_image: whether it is an image of its own, beside x.
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
        """How many numbers there are in one y."""

    @property
    def shape(self) -> tuple[int, ...]:
        """What the networks see for one y."""
        return (self.dim,)

    @property
    def white(self) -> int:
        """The integer that stands for one."""
        return 1

    @property
    def classes(self) -> "Categorical | None":
        """The same condition, where it is one of several classes to name, draw or walk."""
        return None

    @property
    def leading(self) -> "Categorical | None":
        """The class, or the first of several conditions that is one."""
        return self.classes

    @property
    def by_name(self) -> "Schema | None":
        """The same condition, where it is several by name."""
        return None

    @property
    def unconditional(self) -> np.ndarray | None:
        """(1, *shape) encoded y that tells nothing; None: there is no such y."""
        return None

    @abstractmethod
    def is_one(self, y: Any) -> bool:
        """Whether y is one condition, not one a row."""

    @abstractmethod
    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y, (batch, *shape) float32.

        Raises:
            InputError: values that do not fit.
        """

    def labels(self, given: np.ndarray) -> np.ndarray:
        """y as people write it, of y as the Keras model takes it; alike but for class codes."""
        return given

    def outside(self, y: Any) -> list[str]:
        """A sentence for what lies outside the training range."""
        return []

    def taken_over(self, before: "Condition") -> Takeover | None:
        """What becomes of weights that read `before`, where a model goes on with this one.

        None where they have nothing in common.
        """
        return unchanged(self.name) if self == before else None

    def random(self, num_rows: int, rng: np.random.Generator) -> np.ndarray:
        """(num_rows, *shape) float32 of no meaning but the right form."""
        return rng.random((num_rows, *self.shape), dtype="float32")

    def named_codes(self, y: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Names to colour rows by, and the place of each row of encoded y in them.

        They are those of `leading`, and ("",) without one.
        """
        return ("",), np.zeros(len(y), dtype=int)

    def strata(self, given: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Classes that splits draw from in proportion, and each row's, of y as Keras takes it."""
        return ("images",), np.zeros(len(given), dtype="int32")

    def described(self) -> dict[str, Any]:
        """What a manifest says of it."""
        return {"says": str(self), **self.model_dump(mode="json")}

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}"

    @abstractmethod
    def for_page(self) -> dict[str, Any]:
        """What the page knows of y: its parts, or the shape of the image that is given."""
