"""What runs a run's model, and what its record says of the model without Keras."""

from functools import partial
from typing import TYPE_CHECKING

from condvae.graph.engine import GraphEngine
from condvae.inference.engines import Engines, Facts
from condvae.likelihoods import likelihood_of

if TYPE_CHECKING:
    from condvae.models.inference import KerasEngine
    from condvae.runs.run import Run


def engines_of(run: "Run") -> Engines:
    """NumPy for what the run's graphs compute, and Keras behind it."""
    record, preprocessing, graphs = run.record, run.record.preprocessing, run.graphs
    shape, classes = preprocessing.image_shape, preprocessing.pixel_classes
    shapes = {
        name: {given.name: given.shape for given in graph.inputs} for name, graph in graphs.items()
    }
    table = preprocessing.table
    likelihood = likelihood_of(record.spec.model, None if table is None else table.kinds)
    (latent_dim,) = shapes.get("decoder", {}).get("z", (0,))
    (prior_noise_dim,) = shapes.get("prior", {}).get("noise", (latent_dim,))
    facts = Facts(
        image_shape=shape if classes is None else (*shape[:-1], preprocessing.x_max + 1),
        stored_shape=shape,
        condition_shape=record.condition.shape,
        x_max=preprocessing.x_max,
        x_range=likelihood.x_range,
        latent_dim=latent_dim,
        latent_groups=record.spec.model.latent_groups,
        prior_noise_dim=prior_noise_dim,
        binarise=record.spec.model.pixels == "dynamic",
        noise=likelihood.noise,
    )
    divides = preprocessing.in_unit_interval and classes is None
    graph_engine = GraphEngine(
        graphs,
        run.stored_weights(),
        preprocessing.x_max if divides else None,
        likelihood.drawn_by_numpy,
    )
    return Engines(facts, partial(_keras_of, run), graph_engine)


def _keras_of(run: "Run") -> "KerasEngine":
    """The engine of Keras, from the run's weights."""
    return run.by_keras.engines.keras
