"""What computes a trained model: Keras, or NumPy where the model has graphs."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from condvae.blocks import ROWS

if TYPE_CHECKING:
    from condvae.models import CVAE
    from condvae.models.inference import KerasEngine


class Engine(Protocol):
    """Computes functions of `models.inference`: arrays by name in, arrays by name out.

    Noise is an array among the others, so that no engine draws any.
    """

    def rows(self, name: str) -> int:
        """How many rows one job has."""
        ...

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs of a function for all rows of the arrays.

        Args:
            numbers: (batch,) of the rows, where bits may depend on nothing else beside the row.
        """
        ...

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """What each job's work returns, in the order of the jobs, of which few are drawn ahead."""
        ...


class PartialEngine(Engine, Protocol):
    """An engine of some functions.

    Attributes:
        names: of these.
    """

    @property
    def names(self) -> Collection[str]: ...  # noqa: D102

    def has_convolutions(self, name: str) -> bool:
        """Whether many rows of a function are better left to Keras."""
        ...


@dataclass(frozen=True)
class Facts:
    """What can be said of a model without building it.

    Attributes:
        image_shape: (height, width, channels) as the networks see x; (dim,) of a table.
        stored_shape: the same of integers, where classes of pixels are one channel.
        condition_shape: of y, encoded.
        x_max: the greatest integer in x.
        x_range: of numbers in x that are no integers.
        latent_dim: size of z; 0 of a network without latents.
        latent_groups: sizes of the groups of z, where it has some.
        prior_noise_dim: numbers that one draw from the prior is made from.
        binarise: whether x is binarised anew at each call.
        noise: "normal" or "uniform": what a draw of x is made from.
    """

    image_shape: tuple[int, ...]
    stored_shape: tuple[int, ...]
    condition_shape: tuple[int, ...]
    x_max: int
    x_range: tuple[float, float]
    latent_dim: int
    latent_groups: tuple[int, ...]
    prior_noise_dim: int
    binarise: bool
    noise: str

    @classmethod
    def of(cls, model: "CVAE") -> Self:
        """The facts of a model that is built."""
        return cls(
            model.image_shape,
            model.stored_shape,
            model.condition_shape,
            model.x_max,
            model.likelihood.x_range,
            model.latent_dim,
            model.latent_groups,
            model.prior_noise_dim,
            model.binarise,
            model.likelihood.noise,
        )


class Engines:
    """The engines of one model, and which of them answers.

    Args:
        facts: of the model.
        load_keras: makes the engine that can do everything, when it is first needed; copied along,
            so no lambda.
        graphs: the one that needs no Keras; None where the model has no graphs.
    """

    def __init__(
        self,
        facts: Facts,
        load_keras: "Callable[[], KerasEngine]",
        graphs: PartialEngine | None = None,
    ):
        self.facts, self._load_keras, self._graphs = facts, load_keras, graphs

    @classmethod
    def of(cls, model: "CVAE | Engines") -> "Engines":
        """The engines themselves; of a model, Keras alone."""
        if isinstance(model, Engines):
            return model
        from condvae.models.inference import KerasEngine

        return cls(Facts.of(model), partial(KerasEngine, model))

    def __getstate__(self) -> dict[str, Any]:
        """All but the engine of Keras, whose compiled programs live in one process only."""
        return {name: value for name, value in vars(self).items() if name != "keras"}

    @cached_property
    def keras(self) -> "KerasEngine":
        """The engine that can do everything."""
        return self._load_keras()

    def choose(self, *names: str, rows: int | None = None) -> Engine:
        """NumPy where graphs compute all that is asked for, so that Keras need not be loaded.

        But not for many rows through an encoder's convolutions, which take NumPy half as long
        again.

        Args:
            names: functions of `models.inference`.
            rows: how many there are; None: nobody knows, as of blocks.
        """
        graphs = self._graphs
        if graphs is None or not set(names) <= set(graphs.names):
            return self.keras
        is_much = rows is None or rows > ROWS
        if is_much and "encode" in names and graphs.has_convolutions("encode"):
            return self.keras
        return graphs
