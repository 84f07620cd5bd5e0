"""What runs a run's model, and what its record says of the model without Keras."""

import math
from typing import TYPE_CHECKING

from condvae.graph.engine import GraphEngine
from condvae.inference.engines import Engines, Facts

if TYPE_CHECKING:
    from condvae.runs.run import Run

# of x that are no integers, by likelihood; of all others 0 to 1
_X_RANGES = {
    "normal": (-math.inf, math.inf),
    "table": (-math.inf, math.inf),
    "poisson": (0.0, math.inf),
}


def engines_of(run: "Run") -> Engines:
    """NumPy for what the run's graphs compute, and Keras behind it."""
    record, preprocessing, graphs = run.record, run.record.preprocessing, run.graphs
    shape, classes = preprocessing.image_shape, preprocessing.pixel_classes
    shapes = {
        name: {given.name: given.shape for given in graph.inputs} for name, graph in graphs.items()
    }
    (latent_dim,) = shapes.get("decoder", {}).get("z", (0,))
    (prior_noise_dim,) = shapes.get("prior", {}).get("noise", (latent_dim,))
    facts = Facts(
        image_shape=shape if classes is None else (*shape[:-1], preprocessing.x_max + 1),
        stored_shape=shape,
        condition_shape=record.condition.shape,
        x_max=preprocessing.x_max,
        x_range=_X_RANGES.get(record.spec.model.likelihood, (0.0, 1.0)),
        latent_dim=latent_dim,
        prior_noise_dim=prior_noise_dim,
        binarise=record.spec.model.pixels == "dynamic",
    )
    divides = preprocessing.in_unit_interval and classes is None
    graph_engine = GraphEngine(
        graphs, run.stored_weights(), preprocessing.x_max if divides else None
    )
    return Engines(facts, lambda: run.by_keras.engines.keras, graph_engine)
