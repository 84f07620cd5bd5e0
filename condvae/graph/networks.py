"""The graphs of a model, one for each network with its pre- and postprocessing."""

from typing import Any

import keras

from condvae.graph.graph import Graph
from condvae.graph.layers import Trace, refused
from condvae.graph.operations import Combination
from condvae.graph.priors import drawn, flow_draw, ladder_draw, ladder_means
from condvae.likelihoods import LIKELIHOODS
from condvae.models import CVAE, network_variables
from condvae.models.flow import FlowPrior
from condvae.models.ladder import LadderPrior
from condvae.models.prior import PriorLayer


def model_graphs(model: CVAE) -> dict[str, Graph]:
    """The graphs of a model, by name.

    Values are in the form that the networks see: x scaled, (batch, *image_shape), y encoded,
    (batch, *condition_shape), z (batch, latent_dim). "encoder": x, y and, for binarised pixels,
    pixel_noise -> mean, logvar; absent if it was not trained. "decoder": z, y -> x_params, x_mean,
    with the baseline's guess added. "prior": y, noise (batch, prior_noise_dim) -> z and, for a
    Normal, mean and logvar; absent for the standard normal. "baseline": y -> x_params, x_mean.
    "classifier": x -> probability, (batch, num_classes).

    Raises:
        InputError: a layer, prior or likelihood cannot be exported; the message names it.
    """
    graphs = {}
    if model.encoder is not None:
        if model.objective.trains_encoder:
            graphs["encoder"] = _encoder(model)
        graphs["decoder"] = _decoder(model)
    if model.prior is not None:
        graphs["prior"] = _prior(model)
    if model.baseline is not None:
        trace, y = _beginning(model)
        x_params = trace.network(model.baseline, {"y": y}, "baseline")
        graphs["baseline"] = _predicted(model, trace, x_params)
    if model.classifier is not None:
        trace = Trace(network_variables(model))
        x = model.likelihood.trace_seen(trace, trace.input("x", *model.image_shape))
        logits = trace.network(model.classifier, {"x": x}, "classifier")
        graphs["classifier"] = trace.graph({"probability": trace.apply("softmax", "y", logits)})
    return graphs


def _encoder(model: CVAE) -> Graph:
    """The graph of q(z | x, y)."""
    trace, y = _beginning(model)
    x = trace.input("x", *model.image_shape)
    if model.binarise:
        noise = trace.input("pixel_noise", *model.image_shape)
        x = trace.add(Combination, "binarised", noise, x, function="less")
    inputs = {"x": model.likelihood.trace_seen(trace, x), "y": y}
    outputs = trace.network(model.encoder, inputs, "encoder")
    if isinstance(model.prior, LadderPrior):
        outputs = ladder_means(trace, model.prior, outputs)
    return trace.graph(outputs)


def _decoder(model: CVAE) -> Graph:
    """The graph of p(x | z, y)."""
    trace, y = _beginning(model)
    inputs = {"z": trace.input("z", model.latent_dim), "y": y}
    x_params = trace.network(model.decoder, inputs, "decoder")
    if model.baseline is not None:
        guess = trace.network(model.baseline, {"y": y}, "baseline")
        x_params = trace.add(Combination, "sum", x_params, guess, function="add")
    return _predicted(model, trace, x_params)


def _prior(model: CVAE) -> Graph:
    """The graph of p(z | y)."""
    trace, y = _beginning(model)
    noise = trace.input("noise", model.prior_noise_dim)
    prior, inputs = model.prior, _given(model, trace, y)
    if isinstance(prior, FlowPrior):
        return trace.graph({"z": flow_draw(trace, prior, inputs, noise)})
    if isinstance(prior, LadderPrior):
        return trace.graph({"z": ladder_draw(trace, prior, inputs, noise)})
    if isinstance(prior, PriorLayer):
        raise refused(type(prior).__name__, "the prior", [FlowPrior, LadderPrior, keras.Model])
    outputs = trace.network(prior, inputs, "prior")
    return trace.graph({**outputs, "z": drawn(trace, outputs, noise)})


def _given(model: CVAE, trace: Trace, y: str) -> dict[str, str]:
    """The inputs of a prior."""
    if model.baseline is None:
        return {"y": y}
    guess = trace.network(model.baseline, {"y": y}, "baseline")
    # the prior sees the expected x in the form in which the encoder sees x
    return {"y": y, "guess": model.likelihood.trace_seen(trace, _mean(model, trace, guess))}


def _beginning(model: CVAE) -> tuple[Trace, str]:
    """A trace with y as an input, and the name of y."""
    trace = Trace(network_variables(model))
    return trace, trace.input("y", *model.condition_shape)


def _predicted(model: CVAE, trace: Trace, x_params: str) -> Graph:
    """The graph with the outputs x_params and x_mean."""
    return trace.graph({"x_params": x_params, "x_mean": _mean(model, trace, x_params)})


def _mean(model: CVAE, trace: Trace, x_params: str) -> str:
    """The expected x, as in the distributions."""
    likelihood: Any = model.likelihood
    kind = type(likelihood)
    if not _has_operations(kind):
        known = [kind for kind in LIKELIHOODS.values() if _has_operations(kind)]
        raise refused(kind.__name__, "the likelihood", known)
    return likelihood.trace_mean(trace, x_params)


def _has_operations(kind: type) -> bool:
    """Whether a likelihood itself defines the graph of its mean, since a subclass may differ."""
    return "trace_mean" in vars(kind)
