"""The engines of a trained model: Keras, or NumPy if the model has graphs."""

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

    Noise is an input like any other, so engines do not draw random numbers.
    """

    def rows(self, name: str) -> int:
        """Number of rows of one job."""
        ...

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs of a function for all rows of the arrays.

        Args:
            numbers: (batch,) numbers of the rows, if the results of a row must not depend on other
                rows, down to the bit.
        """
        ...

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The result of work for each job, in order; only few jobs are generated ahead."""
        ...


class PartialEngine(Engine, Protocol):
    """An engine that supports some of the functions.

    Attributes:
        names: names of the supported functions.
    """

    @property
    def names(self) -> Collection[str]: ...  # noqa: D102

    def has_convolutions(self, name: str) -> bool:
        """Whether many rows of a function are better left to Keras."""
        ...


@dataclass(frozen=True)
class Facts:
    """Facts about a model that are known without building it.

    Attributes:
        image_shape: (height, width, channels) as the networks see x; (dim,) for a table.
        stored_shape: the same for integers, in which classes of pixels have one channel.
        condition_shape: shape of an encoded y.
        x_max: largest integer in x.
        x_range: range of floats in x.
        latent_dim: size of z; 0 for a network without latents.
        latent_groups: sizes of the groups of z, if it has groups.
        prior_noise_dim: number of values from which one draw from the prior is computed.
        binarise: whether x is binarised at each call.
        noise: "normal" or "uniform", the noise from which x is drawn.
        inverts: whether that noise can be computed from x.
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
    inverts: bool

    @classmethod
    def of(cls, model: "CVAE") -> Self:
        """The facts about a model that is built."""
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
            model.likelihood.inverts,
        )


class Engines:
    """The engines of one model, and the choice between them.

    Args:
        facts: facts about the model.
        load_keras: loads the engine that supports everything, when it is first needed; it is
            pickled with the copy, so it cannot be a lambda.
        graphs: the engine that needs no Keras; None if the model has no graphs.
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
        """The engines themselves; for a model, Keras alone."""
        if isinstance(model, Engines):
            return model
        from condvae.models.inference import KerasEngine

        return cls(Facts.of(model), partial(KerasEngine, model))

    def __getstate__(self) -> dict[str, Any]:
        """All but the Keras engine, whose compiled programs belong to one process."""
        return {name: value for name, value in vars(self).items() if name != "keras"}

    @cached_property
    def keras(self) -> "KerasEngine":
        """The engine that supports everything."""
        return self._load_keras()

    def choose(self, *names: str, rows: int | None = None) -> Engine:
        """NumPy if graphs compute all of these functions, so that Keras need not be loaded.

        The exception is many rows through an encoder's convolutions, for which NumPy takes half as
        long again.

        Args:
            names: functions of `models.inference`.
            rows: number of rows; None: unknown, as for data in blocks.
        """
        graphs = self._graphs
        if graphs is None or not set(names) <= set(graphs.names):
            return self.keras
        is_much = rows is None or rows > ROWS
        if is_much and "encode" in names and graphs.has_convolutions("encode"):
            return self.keras
        return graphs
