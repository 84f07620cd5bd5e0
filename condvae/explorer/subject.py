"""A model as a page runs it: its graphs, their weights, and the meaning of its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Condition
from condvae.explorer.narrow import narrow
from condvae.graph.graph import Graph, output_shapes

OUTPUTS = {"encoder": ("mean", "logvar"), "decoder": ("x_mean",), "prior": ("z", "mean", "logvar")}


@dataclass(frozen=True)
class Subject:
    """A model to explore.

    Attributes:
        name: title of the page.
        graphs: by name, see `graph.networks.model_graphs`.
        tensors: the weights that they read, by name; others are ignored.
        condition: the kind of y.
        in_unit_interval: whether x lies in [0, 1].
        pixel_classes: names of the classes if x is label maps.
        latent_groups: sizes of the groups of z, with a ladder prior.
        of_bits: whether pixels are probabilities of ones, so that the page can show the cost of
            an image in nats.
    """

    name: str
    graphs: Mapping[str, Graph]
    tensors: Mapping[str, np.ndarray]
    condition: Condition
    in_unit_interval: bool = True
    pixel_classes: tuple[str, ...] | None = None
    latent_groups: tuple[int, ...] = ()
    of_bits: bool = False

    def __post_init__(self):
        if "decoder" not in self.graphs:
            raise InputError(
                "a model to explore must have latents",
                f"one of {', '.join(self.graphs) or 'no graphs'}",
                "Use `condvae plot RUN predictions`.",
            )
        shape = self.image_shape
        channels = (1, 3) if self.pixel_classes is None else (len(self.pixel_classes),)
        if len(shape) != 3 or shape[-1] not in channels:
            raise InputError(
                "a model to explore must have images of one channel or three",
                f"x of shape {shape}",
                "Use `condvae generate` and `condvae plot`.",
            )

    @property
    def latent_dim(self) -> int:
        """Size of z."""
        (size,) = next(i.shape for i in self.graphs["decoder"].inputs if i.name == "z")
        return size

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of expected x; for label maps, one channel per class."""
        return output_shapes(self.graphs["decoder"], self.tensors)["x_mean"]

    @property
    def used_graphs(self) -> dict[str, Graph]:
        """The graphs and outputs that the page uses: no encoder if images or parts are given."""
        given = self.condition.is_image or self.condition.of_x
        return {
            name: self.graphs[name].only(*(o for o in used if o in self.graphs[name].outputs))
            for name, used in OUTPUTS.items()
            if name in self.graphs and not (given and name == "encoder")
        }

    def narrowed(self) -> "Subject":
        """The same model with these graphs alone, and without weights whose products are unused."""
        graphs, tensors = narrow(self.used_graphs, self.tensors)
        return replace(self, graphs=graphs, tensors=tensors)
