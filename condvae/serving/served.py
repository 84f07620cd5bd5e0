"""A run that is served: its NumPy engine, and the available functions."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from condvae.checks import InputError
from condvae.graph.passes import EqualPasses
from condvae.inference.arguments import Arguments
from condvae.inference.computation import Computation
from condvae.inference.engines import Engines, PartialEngine
from condvae.inference.trained import TrainedModel
from condvae.runs import Run
from condvae.runs.engines import facts_of, graph_engine_of

if TYPE_CHECKING:
    from condvae.serving.functions import Function

MOST_ROWS, MOST_BYTES = 1024, 2**25  # per answer
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Served:
    """A run with its graphs.

    Args:
        run: a run with graphs, and latents.
        engine: an engine that replaces NumPy.

    Attributes:
        name: name of the run's folder, or of its archive without the suffix.
        facts: shapes and ranges of the model.
        arguments: the checks of arguments.
        engine: computes functions of `models.inference`.
        model: serves one caller at a time.

    Raises:
        InputError: a name that cannot be used in an address, or a run without graphs or latents.
    """

    def __init__(self, run: Run, engine: PartialEngine | None = None):
        path = run.path.resolve()
        self.name, self.run = path.stem if run.is_archive else path.name, run
        if not NAME.fullmatch(self.name):
            raise InputError(
                "the name of a served run must consist of letters, digits, '_', '-' and '.'",
                repr(self.name),
                "Rename its folder.",
            )
        if "decoder" not in run.graphs:
            raise run.refusal or InputError(
                f"{run.path} must have graphs to be served, since the server has no Keras",
                "a run that was trained without latents, or by a version without graphs",
                "Train it again.",
            )
        self.facts, record = facts_of(run), run.record
        self.engine = engine or EqualPasses(graph_engine_of(run))
        engines = Engines(self.facts, _no_keras, self.engine)
        self.condition, self.table = record.condition, record.preprocessing.table
        self.arguments = Arguments(self.facts, self.condition, self.table)
        self.compute = Computation(engines)
        self.model = TrainedModel(engines, self.condition, self.table)

    @cached_property
    def functions(self) -> "dict[str, Function]":
        """The available functions, by name."""
        from condvae.serving.functions import FUNCTIONS

        return {function.name: function for function in FUNCTIONS if function.fits(self)}

    @property
    def most_rows(self) -> int:
        """Number of rows per answer, which must fit into memory several times."""
        return max(1, min(MOST_ROWS, MOST_BYTES // (4 * int(np.prod(self.facts.image_shape)))))

    @property
    def can_be_shown(self) -> bool:
        """Whether its images are grey or colour pictures."""
        preprocessing = self.run.record.preprocessing
        is_picture = preprocessing.in_unit_interval and preprocessing.pixel_classes is None
        return self.table is None and is_picture and self.facts.image_shape[-1] in (1, 3)

    def warm(self) -> None:
        """Read the weights and compute a row with each function.

        Raises:
            InputError: the weights are damaged.
        """
        for name in set(self.engine.names) - {"draw_pixels"}:
            self.engine.run(name, self._example(name))

    def _example(self, name: str) -> dict[str, np.ndarray]:
        """A row for a function of `models.inference`."""
        y = self.condition.random(1, np.random.default_rng(0))
        sizes: dict[str, tuple[str, tuple[int, ...]]] = {
            "encode": ("x", self.facts.image_shape),
            "decode": ("z", (self.facts.latent_dim,)),
            "draw_prior": ("noise", (self.facts.prior_noise_dim,)),
        }
        key, shape = sizes[name]
        row = {key: np.zeros((1, *shape), "float32"), "y": y}
        if name == "encode" and self.facts.binarise:
            row["pixel_noise"] = np.zeros((1, *shape), "float32")
        return row


def _no_keras() -> NoReturn:
    """Raise InputError, since a server uses graphs only."""
    raise InputError(
        "the request must be one that the run's graphs can compute",
        "one that needs Keras",
        "Use condvae.load(RUN) in Python.",
    )


def opened(runs: Sequence[Any]) -> dict[str, Served]:
    """Runs by name, with their weights loaded.

    Raises:
        InputError: one cannot be served, or two have the same name.
    """
    served: dict[str, Served] = {}
    for path in runs:
        one = Served(Run.open(path))
        if one.name in served:
            raise InputError(
                "the runs' names must differ", f"{one.name!r} twice", "Rename a folder."
            )
        one.warm()
        served[one.name] = one
    return served
