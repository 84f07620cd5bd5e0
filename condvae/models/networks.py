"""From a spec to its networks."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from condvae.likelihoods import Likelihood
from condvae.models.architectures import Architecture
from condvae.models.architectures.architecture import Initializers
from condvae.models.features import features_network
from condvae.models.flow import flow_prior
from condvae.models.initializers import spread_first
from condvae.models.ladder import ladder_prior
from condvae.models.layers import Dropout, LearnedScale
from condvae.models.vampprior import vampprior
from condvae.spec import ModelSpec, Signature, Spec
from condvae.spec.architectures import architecture_class


def architecture_of(model: ModelSpec) -> Architecture:
    """The architecture that a spec names."""
    return architecture_class(model.architecture).of_spec(model)


def network_names(spec: Spec) -> list[str]:
    """Names of the sub-models that the spec needs."""
    if spec.model.network == "deterministic":
        return ["baseline"]
    names = ["encoder", "decoder"]
    names += [] if spec.model.prior == "standard" else ["prior"]
    names += [] if spec.model.baseline == "absent" else ["baseline"]
    names += ["features"] if spec.objective.perceptual else []
    return names + ([] if spec.data.labelled is None else ["classifier"])


def x_shape(likelihood: Likelihood, signature: Signature) -> tuple[int, ...]:
    """Shape of one x in the networks: label maps have a channel for each class."""
    stored = tuple(signature.x_shape)
    return (*stored[:-1], signature.x_max + 1) if likelihood.of_classes else stored


def seeds_of(spec: Spec) -> dict[str, int]:
    """Seeds of each network and of the noise, below 2**31."""
    # one per network, so that omitting a network does not change the weights of others
    names = ("encoder", "decoder", "noise", "prior", "baseline", "classifier", "features")
    state = np.random.SeedSequence(spec.training.seed).generate_state(len(names)) >> 1
    return dict(zip(names, map(int, state), strict=True))


def build_networks(
    spec: Spec,
    signature: Signature,
    likelihood: Likelihood,
    initializers: Mapping[str, Initializers],
    output_bias: np.ndarray | None = None,
) -> dict[str, keras.Model]:
    """Build the sub-models that `initializers` has an entry for, by name; see `build_model`.

    Args:
        output_bias: initial values of the decoder's last bias, see `Architecture.decoder`.
    """
    model, seeds = spec.model, seeds_of(spec)
    architecture, shape = architecture_of(model), x_shape(likelihood, signature)
    architecture.check_x(shape)
    y, latent_dim = signature.condition_shape, model.latent_dim
    guess = None if model.baseline == "absent" else shape
    is_learned = isinstance(model.scale, str)
    # a `LearnedScale` appends the variances to the network's output
    written = shape if is_learned else likelihood.params_shape(shape)

    def scale() -> LearnedScale | None:
        return LearnedScale(model.scale == "per_dimension") if is_learned else None

    def dropout(name: str) -> Dropout:
        rate = model.classifier_dropout if name == "classifier" else model.dropout
        return Dropout(rate, seeds[name])

    def encoder(kernels: Initializers) -> keras.Model:
        sees = y if model.encoder_sees == "x_and_y" else None
        return architecture.encoder(shape, sees, latent_dim, kernels)

    def decoder(kernels: Initializers) -> keras.Model:
        sees = y if model.decoder_sees == "z_and_y" else None
        kernels = spread_first(kernels) if model.decoder_start == "spread" else kernels
        return architecture.decoder(written, sees, latent_dim, kernels, output_bias, scale())

    def conditional(kernels: Initializers) -> keras.Model:
        return architecture.prior(y, latent_dim, kernels, guess, dropout("prior"))

    def flow(kernels: Initializers) -> Any:
        return flow_prior(
            y if model.prior_sees == "y" else None,
            latent_dim,
            model.coupling_dims,
            model.activation,
            guess,
            kernels,
            model.couplings,
            architecture.embedded,
            dropout("prior"),
        )

    def ladder(kernels: Initializers) -> Any:
        return ladder_prior(
            y if model.prior_sees == "y" else None,
            model.latent_groups,
            model.coupling_dims,
            model.activation,
            guess,
            kernels,
            architecture.embedded,
            dropout("prior"),
        )

    def of_posteriors(kernels: Initializers) -> Any:
        sees_y, link = model.prior_sees == "y", likelihood.link
        return vampprior(shape, y, latent_dim, model.pseudo_inputs, sees_y, link, kernels)

    def baseline(kernels: Initializers) -> keras.Model:
        return architecture.baseline(written, y, kernels, scale(), dropout("baseline"))

    def classifier(kernels: Initializers) -> keras.Model:
        return architecture.classifier(shape, y[0], kernels, dropout("classifier"))

    priors = {
        "conditional": conditional,
        "flow": flow,
        "ladder": ladder,
        "vampprior": of_posteriors,
    }
    makers = {
        "encoder": encoder,
        "decoder": decoder,
        "prior": priors.get(model.prior),
        "baseline": baseline,
        "classifier": classifier,
        "features": lambda kernels: features_network(shape, kernels),
    }
    return {name: makers[name](kernels) for name, kernels in initializers.items()}
