"""The graphs of a model, one for each of its networks, with what belongs to it."""

from collections.abc import Callable
from typing import Any

import keras

from condvae.distributions import MOST_LOG_RATE
from condvae.graph.graph import Graph
from condvae.graph.layers import Trace, refused
from condvae.graph.operations import Affine, Combination, Concatenate, Slice
from condvae.models import (
    CVAE,
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    NormalLikelihood,
    PoissonLikelihood,
    TableLikelihood,
    network_variables,
)
from condvae.models.flow import MOST_LOG_SCALE, FlowPrior
from condvae.models.likelihood import COLUMN_PARAMS
from condvae.models.prior import PriorLayer


def model_graphs(model: CVAE) -> dict[str, Graph]:
    """The graphs of a model by name, of those that it has.

    Values are as the networks see them: x scaled, (batch, *image_shape), y encoded, (batch,
    *condition_shape), z (batch, latent_dim). "encoder": x, y and, for binarised pixels,
    pixel_noise -> mean, logvar; absent where nothing trained it. "decoder": z, y -> x_params,
    x_mean, the baseline's guess added. "prior": y, noise (batch, prior_noise_dim) -> z and, of a
    Normal, mean and logvar; absent for the standard normal. "baseline": y -> x_params, x_mean.
    "classifier": x -> probability, (batch, num_classes).

    Raises:
        InputError: a layer, prior or likelihood that cannot be exported; it is named.
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
        x = _seen(model, trace, trace.input("x", *model.image_shape))
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
    inputs = {"x": _seen(model, trace, x), "y": y}
    return trace.graph(trace.network(model.encoder, inputs, "encoder"))


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
    prior, inputs = model.prior, {"y": y}
    if model.baseline is not None:
        guess = trace.network(model.baseline, {"y": y}, "baseline")
        # the prior sees the expected x, as the encoder sees x
        inputs["guess"] = _seen(model, trace, _mean(model, trace, guess))
    if isinstance(prior, FlowPrior):
        return trace.graph({"z": _flow(trace, prior, inputs, noise)})
    if isinstance(prior, PriorLayer):
        raise refused(type(prior).__name__, "the prior", [FlowPrior, keras.Model])
    outputs = trace.network(prior, inputs, "prior")
    return trace.graph({**outputs, "z": _drawn(trace, outputs, noise)})


def _flow(trace: Trace, prior: FlowPrior, inputs: dict[str, str], noise: str) -> str:
    """z, see `condvae.models.flow.Flow`."""
    value, context = noise, {}
    if prior.embedding is not None:
        outputs = trace.network(prior.embedding, inputs, "prior/embedding")
        value, context = _drawn(trace, outputs, noise), {"context": outputs["context"]}
    middle = prior.latent_dim // 2
    for depth, coupling in enumerate(prior.couplings):
        name = f"prior/{coupling.name}"
        halves = [
            trace.add(Slice, f"{name}/half", value, axis=1, start=start, stop=stop)
            for start, stop in ((0, middle), (middle, prior.latent_dim))
        ]
        # the couplings take turns, see `Flow`
        kept, moved = halves[::-1] if depth % 2 else halves
        outputs = trace.network(coupling, {"kept": kept, **context}, name)
        ratio = trace.add(Affine, name, outputs["log_scale"], factor=1 / MOST_LOG_SCALE)
        bounded = trace.apply("tanh", name, ratio)
        log_scale = trace.add(Affine, name, bounded, factor=MOST_LOG_SCALE)
        scale = trace.apply("exp", name, log_scale)
        stretched = trace.add(Combination, name, moved, scale, function="multiply")
        moved = trace.add(Combination, name, stretched, outputs["shift"], function="add")
        parts = [moved, kept] if depth % 2 else [kept, moved]
        value = trace.add(Concatenate, name, *parts, axis=1)
    return value


def _beginning(model: CVAE) -> tuple[Trace, str]:
    """A trace that knows y."""
    trace = Trace(network_variables(model))
    return trace, trace.input("y", *model.condition_shape)


def _drawn(trace: Trace, normal: dict[str, str], noise: str) -> str:
    """mean + exp(logvar / 2) * noise."""
    half = trace.add(Affine, "prior/half_logvar", normal["logvar"], factor=0.5)
    scale = trace.apply("exp", "prior/scale", half)
    offset = trace.add(Combination, "prior/offset", scale, noise, function="multiply")
    return trace.add(Combination, "prior/draw", normal["mean"], offset, function="add")


def _seen(model: CVAE, trace: Trace, x: str) -> str:
    """x, or expected x, as encoder and prior see it: of counts the logarithm."""
    if isinstance(model.likelihood, PoissonLikelihood):
        return trace.apply("log1p", "x_seen", x)
    return x


def _predicted(model: CVAE, trace: Trace, x_params: str) -> Graph:
    """The graph that ends in x."""
    return trace.graph({"x_params": x_params, "x_mean": _mean(model, trace, x_params)})


def _mean(model: CVAE, trace: Trace, x_params: str) -> str:
    """The expected x, as the distributions have it."""
    likelihood = model.likelihood
    if type(likelihood) not in MEANS:
        raise refused(type(likelihood).__name__, "the likelihood", MEANS)
    return MEANS[type(likelihood)](trace, likelihood, x_params)


def _first_half(trace: Trace, x_params: str) -> str:
    """Means, without the logarithms of variances behind them."""
    *_, size = shape = trace.shape(x_params)
    return trace.add(Slice, "x_mean", x_params, axis=len(shape), start=0, stop=size // 2)


def _langevin(trace: Trace, x_params: str) -> str:
    """1/2 + (coth h - 1 / h) / 2, h = logits / 2."""
    half = trace.add(Affine, "x_mean/half", x_params, factor=0.5)
    langevin = trace.apply("langevin", "x_mean", half)
    return trace.add(Affine, "x_mean", langevin, factor=0.5, offset=0.5)


def _rate(trace: Trace, x_params: str) -> str:
    """exp of the log rate, kept softly below its bound b: b - softplus(b - log rate)."""
    below = trace.add(Affine, "x_mean/below", x_params, factor=-1.0, offset=MOST_LOG_RATE)
    soft = trace.apply("softplus", "x_mean", below)
    log_rate = trace.add(Affine, "x_mean/log_rate", soft, factor=-1.0, offset=MOST_LOG_RATE)
    return trace.apply("exp", "x_mean", log_rate)


def _of_columns(trace: Trace, likelihood: TableLikelihood, x_params: str) -> str:
    """The means of the columns, side by side."""
    parts, first, axis = [], 0, len(trace.shape(x_params))
    for kind, size in likelihood.columns:
        last = first + COLUMN_PARAMS[kind] * size  # a normal column has two numbers a value
        part = trace.add(Slice, "column", x_params, axis=axis, start=first, stop=last)
        parts.append(COLUMN_MEANS[kind](trace, part))
        first = last
    return trace.add(Concatenate, "x_mean", *parts, axis=axis)


COLUMN_MEANS: dict[str, Callable[[Trace, str], str]] = {
    "normal": _first_half,
    "categorical": lambda trace, logits: trace.apply("softmax", "x_mean", logits),
    "poisson": _rate,
}
MEANS: dict[type, Callable[[Trace, Any, str], str]] = {
    BernoulliLikelihood: lambda trace, _, logits: trace.apply("sigmoid", "x_mean", logits),
    ContinuousBernoulliLikelihood: lambda trace, _, logits: _langevin(trace, logits),
    CategoricalLikelihood: lambda trace, _, logits: COLUMN_MEANS["categorical"](trace, logits),
    PoissonLikelihood: lambda trace, _, logits: _rate(trace, logits),
    NormalLikelihood: lambda trace, likelihood, params: (
        _first_half(trace, params) if isinstance(likelihood.scale, str) else params
    ),
    TableLikelihood: _of_columns,
}
