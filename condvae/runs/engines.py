"""The engines that run a run's model, and the facts that its record has without Keras."""

from functools import partial
from typing import TYPE_CHECKING, Any

from condvae.checks import InputError
from condvae.graph.engine import GraphEngine
from condvae.graph.passes import EqualPasses
from condvae.inference.engines import Engines, Facts
from condvae.likelihoods import Likelihood, likelihood_of

if TYPE_CHECKING:
    from condvae.inference.trained import TrainedModel
    from condvae.models import Networks
    from condvae.models.inference import KerasEngine
    from condvae.runs.run import Run

PASS_ROWS = 128  # for bulk processing: as fast per row as larger passes


def engines_of(run: "Run") -> Engines:
    """NumPy for what the run's graphs compute, and Keras for everything else."""
    return Engines(facts_of(run), partial(_keras_of, run), graph_engine_of(run))


def model_in_passes(run: "Run", spread: bool) -> "TrainedModel":
    """The model with passes of equal size, of its graphs or of Keras where these do not serve.

    The bits of a row then depend neither on other rows nor on the part to which it belongs.

    Args:
        spread: whether to use all cores, rather than only the calling thread.
    """
    from condvae.inference.trained import TrainedModel

    passes = EqualPasses(graph_engine_of(run), PASS_ROWS, spread)
    engines = Engines(facts_of(run), partial(_keras_in_passes, run), passes)
    return TrainedModel(engines, run.record.condition, run.record.preprocessing.table)


def facts_of(run: "Run") -> Facts:
    """The facts about the model in the record and the graphs."""
    record, preprocessing, graphs = run.record, run.record.preprocessing, run.graphs
    shape, classes = preprocessing.image_shape, preprocessing.pixel_classes
    shapes = {
        name: {given.name: given.shape for given in graph.inputs} for name, graph in graphs.items()
    }
    likelihood = _likelihood_of(run)
    (latent_dim,) = shapes.get("decoder", {}).get("z", (0,))
    (prior_noise_dim,) = shapes.get("prior", {}).get("noise", (latent_dim,))
    return Facts(
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
        inverts=likelihood.inverts,
    )


def graph_engine_of(run: "Run") -> GraphEngine:
    """NumPy for what the run's graphs compute; the weights are read on first use."""
    preprocessing = run.record.preprocessing
    divides = preprocessing.in_unit_interval and preprocessing.pixel_classes is None
    return GraphEngine(
        run.graphs,
        run.stored_weights(),
        preprocessing.x_max if divides else None,
        _likelihood_of(run).drawn_by_numpy,
    )


def _likelihood_of(run: "Run") -> Likelihood:
    """The likelihood that the record names."""
    table = run.record.preprocessing.table
    return likelihood_of(run.record.spec.model, None if table is None else table.kinds)


def trained_by_keras(run: "Run", networks: "Networks" = None) -> "TrainedModel":
    """See `Run.load_model`."""
    from condvae.inference.trained import TrainedModel
    from condvae.models import class_named, load_model, load_weights
    from condvae.models.configuration import model_of

    record = run.record
    if record.keras_config is not None and not networks:
        model = model_of(record.keras_config)
        load_weights(model, run.stored_weights())
    # checked before anything is built, since the spec's networks would be used instead
    elif set(networks or {}) != set(record.networks):
        raise InputError(
            f"{run.path} must be loaded with its own networks, "
            f"{', '.join(record.networks) or 'none'}",
            ", ".join(networks or {}) or "none",
            "Call condvae.load(RUN, networks={name: keras.Model}) from Python.",
        )
    else:
        own = networks, class_named(record.model_class)
        model = load_model(run.stored_weights(), record.spec, record.signature, *own)
    return TrainedModel(model, record.condition, record.preprocessing.table)


def _keras_in_passes(run: "Run") -> Any:
    """The Keras engine, in passes: a compiled product of one row rounds differently."""
    return EqualPasses(_keras_of(run), PASS_ROWS)


def _keras_of(run: "Run") -> "KerasEngine":
    """The Keras engine with the run's weights."""
    return run.by_keras.engines.keras
