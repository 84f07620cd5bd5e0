"""Draws from priors, and posteriors that follow a prior, as operations."""

from collections.abc import Mapping
from itertools import accumulate, pairwise

from condvae.graph.layers import Trace
from condvae.graph.operations import Affine, Combination, Concatenate, Slice
from condvae.models.flow import MOST_LOG_SCALE, FlowPrior
from condvae.models.ladder import LadderPrior

Values = Mapping[str, str]


def drawn(trace: Trace, normal: Values, noise: str) -> str:
    """mean + exp(logvar / 2) * noise."""
    half = trace.add(Affine, "prior/half_logvar", normal["logvar"], factor=0.5)
    scale = trace.apply("exp", "prior/scale", half)
    offset = trace.add(Combination, "prior/offset", scale, noise, function="multiply")
    return trace.add(Combination, "prior/draw", normal["mean"], offset, function="add")


def flow_draw(trace: Trace, prior: FlowPrior, inputs: Values, noise: str) -> str:
    """z, see `condvae.models.flow.Flow`."""
    value, context = noise, {}
    if prior.embedding is not None:
        outputs = trace.network(prior.embedding, inputs, "prior/embedding")
        value, context = drawn(trace, outputs, noise), {"context": outputs["context"]}
    middle = prior.latent_dim // 2
    for depth, coupling in enumerate(prior.couplings):
        name = f"prior/{coupling.name}"
        halves = [
            trace.add(Slice, f"{name}/half", value, axis=1, start=start, stop=stop)
            for start, stop in ((0, middle), (middle, prior.latent_dim))
        ]
        # the couplings alternate, see `Flow`
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


def ladder_draw(trace: Trace, prior: LadderPrior, inputs: Values, noise: str) -> str:
    """z, see `condvae.models.ladder.LadderPrior`."""
    first, *noises = _groups(trace, prior, noise)
    value, context = first, {}
    if prior.embedding is not None:
        outputs = trace.network(prior.embedding, inputs, "prior/embedding")
        value, context = drawn(trace, outputs, first), {"context": outputs["context"]}
    for network, part in zip(prior.priors, noises, strict=True):
        name = f"prior/{network.name}"
        outputs = trace.network(network, {"above": value, **context}, name)
        value = trace.concatenate(name, [value, drawn(trace, outputs, part)])
    return value


def ladder_means(trace: Trace, prior: LadderPrior, encoded: Values) -> dict[str, str]:
    """The means of q(z | x, y) along the path of means, and the logvars, from encoder outputs."""
    whole = trace.concatenate("prior/encoded", [encoded["mean"], encoded["logvar"]])
    groups = {part: _groups(trace, prior, encoded[part]) for part in ("mean", "logvar")}
    for depth, network in enumerate(prior.posteriors, start=1):
        name, above = f"prior/{network.name}", trace.concatenate("above", groups["mean"][:depth])
        told = trace.network(network, {"above": above, "encoded": whole}, name)
        for part, values in groups.items():
            values[depth] = trace.combine("add", f"{name}/{part}", values[depth], told[part])
    return {part: trace.concatenate(f"prior/{part}", values) for part, values in groups.items()}


def _groups(trace: Trace, prior: LadderPrior, value: str) -> list[str]:
    """The groups of a value that has the size of z."""
    ends = pairwise([0, *accumulate(prior.groups)])
    return [trace.slice("prior/group", value, slice(*end)) for end in ends]
