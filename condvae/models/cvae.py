"""The conditional variational autoencoder as a Keras model."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import keras
from keras import ops

from condvae.checks import InputError, check_choice
from condvae.distributions import Normal
from condvae.models.checked import CheckedModel
from condvae.models.contract import (
    check_inputs,
    check_keys,
    check_networks,
    seen_condition,
)
from condvae.models.every_class import under_every_class
from condvae.models.likelihood import BernoulliLikelihood, Likelihood
from condvae.models.prior import PriorDistribution, PriorLayer
from condvae.objectives import (
    Terms,
    coarse_loss,
    deterministic_terms,
    doubly_reparameterised,
    free_bits_kl,
    hybrid_terms,
    importance_terms,
    kl_parts,
    rising_share,
    semi_supervised_terms,
)

Tensor = Any

COARSE_FACTORS = (2, 4)
GRADIENTS = ("standard", "dreg")
PARTS = ("encoder", "decoder", "prior", "baseline", "classifier", "likelihood")
SETTINGS = (
    "x_max",
    "y_max",
    "binarise",
    "alpha",
    "num_samples",
    "gradient",
    "free_bits",
    "beta_warmup",
    "beta_period",
    "coarse_weight",
    "classifier_weight",
    "classifier_warmup",
    "masked",
    "seed",
)


@keras.saving.register_keras_serializable("condvae")
class CVAE(CheckedModel):
    """p(x | z, y) p(z | y), trained with q(z | x, y).

    Fit it on batches `{"x": x, "y": y}` alone: x is (batch, *image_shape) or, with one channel,
    (batch, height, width), integers from 0 to x_max (under a categorical likelihood the classes of
    the pixels, one channel; counts as they are) or floats taken as they are; y is (batch,)
    class codes, (batch, num_classes) weights (with a classifier, zeros where the label is
    missing), or (batch, *condition_shape) images like x. Scaling, binarisation and one-hot
    encoding happen inside. `compile` needs an optimizer only.
    `keras.models.load_model` knows the class once `condvae.CVAE` was imported.

    Args:
        encoder: {"x"[, "y"]} -> {"mean", "logvar"}, see `mlp_encoder`. Without encoder and decoder
            the model is the baseline alone, and has no latents.
        decoder: {"z"[, "y"]} -> x_params, see `mlp_decoder`.
        prior: {"y"[, "guess"]} -> {"mean", "logvar"} of p(z | y), see `mlp_prior`; the guess comes
            as the expected x; or a `PriorLayer`. None for the standard normal.
        baseline: {"y"} -> a guess that x_params are added to, see `mlp_baseline`; or None.
        classifier: {"x"} -> logits of q(y | x), see `mlp_classifier`: the loss is then
            `semi_supervised_terms`; or None.
        likelihood: from x_params to p(x | z, y).
        x_max: the greatest integer in x, which stands for one: 255 for 8-bit pixels, 1 for binary
            ones; of classes of pixels the last one.
        y_max: the same of y, where y is an image; None: x_max.
        binarise: draw each pixel anew, with its grey level as probability, at every call.
        beta: weight of the KL, kept in a variable, so that another needs no recompilation.
        alpha: share of the ELBO in the objective, see `hybrid_terms`.
        num_samples: draws of z for each row; of more than one the loss is `importance_terms`.
        gradient: of that loss, "standard" or "dreg", see `doubly_reparameterised`.
        free_bits: nats for each latent, see `free_bits_kl`; in training, as is beta's warm-up:
            validation's loss has neither.
        beta_warmup: training steps in which the weight rises to beta, see `rising_share`.
        beta_period: steps after which it begins again at 0; None: never.
        classifier_weight: of -log q(y | x) where there is a label.
        classifier_warmup: training steps in which the pull of the other rows on the classifier
            rises from 0.
        coarse_weight: of the guess's `coarse_loss` at factors 2 and 4.
        masked: y's last channel is 1 where a pixel is given; densities are those of the others.
        seed: of the noise in training.

    Source: Kingma et al. 2014 (y a class); Sohn, Lee & Yan 2015 (y an image, their x; baseline,
    conditional prior, hybrid objective).
    """

    def __init__(
        self,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        prior: keras.Model | None = None,
        baseline: keras.Model | None = None,
        classifier: keras.Model | None = None,
        likelihood: Likelihood | None = None,
        x_max: int = 255,
        y_max: int | None = None,
        binarise: bool = False,
        beta: float = 1.0,
        alpha: float = 1.0,
        num_samples: int = 1,
        gradient: str = "standard",
        free_bits: float = 0.0,
        beta_warmup: int = 0,
        beta_period: int | None = None,
        coarse_weight: float = 0.0,
        classifier_weight: float = 1.0,
        classifier_warmup: int = 0,
        masked: bool = False,
        seed: int = 0,
        name: str = "cvae",
        **kwargs: Any,
    ):
        # x is the target too: it must not be rounded to the compute dtype
        super().__init__(name=name, autocast=False, **kwargs)
        self.encoder: Any = encoder
        self.decoder: Any = decoder
        self.prior: Any = prior
        self.baseline: Any = baseline
        self.classifier: Any = classifier
        self.likelihood = likelihood or BernoulliLikelihood()
        self.x_max, self.y_max = x_max, x_max if y_max is None else y_max
        self.binarise, self.seed = binarise, seed
        self.alpha, self.coarse_weight, self.masked = alpha, coarse_weight, masked
        self.num_samples, self.free_bits = num_samples, free_bits
        self.gradient = check_choice(gradient, GRADIENTS, "gradient")
        self.beta_warmup, self.beta_period = beta_warmup, beta_period
        self.classifier_weight, self.classifier_warmup = classifier_weight, classifier_warmup
        if encoder is not None and decoder is not None:
            check_inputs(encoder, "encoder", {"x"}, {"y"})
            check_inputs(decoder, "decoder", {"z"}, {"y"})
            self.image_shape = tuple(encoder.input["x"].shape[1:])
            self.condition_shape = seen_condition(encoder, decoder, classifier)
            self.latent_dim = int(decoder.input["z"].shape[1])
        elif baseline is not None and encoder is decoder:
            check_inputs(baseline, "baseline", {"y"})
            self.image_shape = self.likelihood.x_shape(baseline.output.shape[1:])
            self.condition_shape = tuple(baseline.input["y"].shape[1:])
            self.latent_dim = 0
        else:
            raise InputError(
                "a CVAE must have an encoder and a decoder, or a baseline alone",
                "an encoder without a decoder" if encoder else "no encoder",
                "Pass both, or neither and a baseline.",
            )
        check_networks(self)
        self.noise = keras.random.SeedGenerator(seed)
        self.beta = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(beta), trainable=False, name="beta"
        )
        # of a training with a warm-up: the optimizer's own count is out of sight in a JAX step
        self.step: Any = None
        if beta_warmup or classifier_warmup:
            self.step = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False, name="step"
            )
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_loss")
        self.built = True  # the sub-models are

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Of one x in integers: classes of pixels are one channel, and image_shape has them all."""
        return (*self.image_shape[:-1], 1) if self.likelihood.of_classes else self.image_shape

    def scale(self, x: Tensor) -> Tensor:
        """(batch, *image_shape) float32 from pixels as they are stored; classes become one-hot."""
        is_integer = "int" in keras.backend.standardize_dtype(x.dtype)
        if is_integer and self.likelihood.of_classes:
            classes = ops.reshape(ops.cast(x, "int32"), (-1, *self.image_shape[:-1]))
            return ops.one_hot(classes, self.image_shape[-1], dtype="float32")
        x = ops.reshape(ops.cast(x, "float32"), (-1, *self.image_shape))
        return x / self.x_max if is_integer and not self.likelihood.as_stored else x

    def preprocess(self, x: Tensor) -> Tensor:
        """The target: scaled pixels, binarised anew where the model does that."""
        x = self.scale(x)
        if self.binarise:
            noise = keras.random.uniform(ops.shape(x), seed=self.noise, dtype="float32")
            x = ops.cast(noise < x, "float32")
        return x

    def encode_condition(self, y: Tensor) -> Tensor:
        """(batch, *condition_shape) float32: codes become one-hot, integer images are scaled."""
        if len(y.shape) == 1:
            return ops.one_hot(ops.cast(y, "int32"), self.condition_shape[0], dtype="float32")
        is_image = len(self.condition_shape) > 1
        is_integer = "int" in keras.backend.standardize_dtype(y.dtype)
        y = ops.cast(y, "float32")
        return y / self.y_max if is_image and is_integer else y

    def pixel_weights(self, y: Tensor) -> Tensor | float:
        """1 for each pixel whose density counts: the missing ones, or all; for an encoded y."""
        return 1.0 - y[..., -1:] if self.masked else 1.0

    def guess(self, y: Tensor, training: bool = False) -> Tensor | None:
        """The baseline's x_params, float32, for an encoded y."""
        if self.baseline is None:
            return None
        return ops.cast(self.baseline({"y": y}, training=training), "float32")

    def encode(self, x: Tensor, y: Tensor, training: bool = False) -> Normal:
        """q(z | x, y) for preprocessed x and y."""
        inputs = {"x": self.likelihood.seen(x), "y": y}
        inputs = {name: inputs[name] for name in self.encoder.input}
        return _float32_normal(self.encoder(inputs, training=training))

    def classify(self, x: Tensor, training: bool = False) -> Tensor:
        """log q(y | x), (batch, num_classes) float32, for preprocessed x."""
        logits = self.classifier({"x": self.likelihood.seen(x)}, training=training)
        return ops.log_softmax(ops.cast(logits, "float32"), axis=-1)

    def prior_given(
        self, y: Tensor, guess: Tensor | None, training: bool = False
    ) -> PriorDistribution:
        """p(z | y) for an encoded y and its guess, (batch, latent_dim)."""
        if self.prior is not None:
            # probabilities, not logits, which have no bounds
            mean = None if guess is None else self.likelihood.seen(self.likelihood(guess).mean)
            inputs = {"y": y, "guess": mean}
            if isinstance(self.prior, PriorLayer):
                encode = partial(self.encode, training=training)
                return self.prior.given(inputs, encode, training)
            inputs = {name: inputs[name] for name in self.prior.input}
            return _float32_normal(self.prior(inputs, training=training))
        zeros = ops.zeros((ops.shape(y)[0], self.latent_dim), dtype="float32")
        return Normal(zeros, zeros)

    @property
    def prior_noise_dim(self) -> int:
        """Standard normal numbers that a draw of z from the prior is made from."""
        return self.prior.noise_dim if isinstance(self.prior, PriorLayer) else self.latent_dim

    def posterior(self, x: Tensor, y: Tensor, prior: Any, training: bool = False) -> Normal:
        """q(z | x, y); for alpha = 0, where nothing trains the encoder, the Normal prior."""
        return self.encode(x, y, training) if self.alpha else prior

    def decode(self, z: Tensor, y: Tensor, guess: Tensor | None, training: bool = False) -> Tensor:
        """x_params, float32, for an encoded y and its guess."""
        inputs = {"z": z, "y": y}
        inputs = {name: inputs[name] for name in self.decoder.input}
        x_params = self.decoder(inputs, training=training)
        x_params = ops.cast(x_params, "float32")
        return x_params if guess is None else x_params + guess

    def log_likelihoods(
        self, x: Tensor, y: Tensor, guess: Tensor | None, z: Tensor, training: bool = False
    ) -> Tensor:
        """log p(x | z, y), (batch, num_samples), for z (batch, num_samples, latent_dim)."""
        num_samples = ops.shape(z)[1]

        def repeated(tensor: Tensor) -> Tensor:
            return ops.repeat(tensor, num_samples, axis=0) if hasattr(tensor, "shape") else tensor

        styles = ops.reshape(z, (-1, self.latent_dim))
        x_params = self.decode(styles, repeated(y), repeated(guess), training)
        likelihood = self.likelihood(x_params, repeated(self.pixel_weights(y)))
        return ops.reshape(likelihood.log_prob(repeated(x)), (-1, num_samples))

    def beta_at(self, step: Tensor) -> Tensor:
        """Weight of the KL in a training step, counted from 0."""
        if not self.beta_warmup:
            return self.beta
        return self.beta * rising_share(step, self.beta_warmup, self.beta_period)

    @property
    def last_beta(self) -> Tensor:
        """Weight of the KL in the training step before."""
        return self.beta_at(0 if self.step is None else ops.maximum(self.step - 1, 0))

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """Everything the objective reads, by name; `x` is the target that was encoded.

        Args:
            training: handed on to the networks, which Keras's JAX trainer leaves to us.
        """
        check_keys(inputs)
        x, y = self.preprocess(inputs["x"]), self.encode_condition(inputs["y"])
        guess = self.guess(y, training)
        outputs = {"x": x}
        if self.masked:
            outputs["pixel_weights"] = self.pixel_weights(y)
        if guess is not None:
            outputs["guess"] = guess
        if self.encoder is None:
            return outputs
        if self.classifier is not None:
            return outputs | {"y": y} | under_every_class(self, x, y, training)
        prior = self.prior_given(y, guess, training)
        posterior = self.posterior(x, y, prior, training)
        outputs |= {"mean": posterior.mean, "logvar": posterior.logvar, "prior_mean": prior.mean}
        if self.num_samples > 1:
            draws = self._weighted_draws(x, y, guess, posterior, prior, training)
            return outputs | draws | {"kl": kl_parts(posterior, prior, draws["z"][:, 0])}
        z = posterior.sample(self.noise)
        outputs |= {
            "z": z,
            "x_params": self.decode(z, y, guess, training),
            "kl": kl_parts(posterior, prior, z),
        }
        if 0 < self.alpha < 1:  # at the ends one draw of z serves
            z = prior.sample(self.noise)
            outputs["x_params_from_prior"] = self.decode(z, y, guess, training)
        return outputs

    def _weighted_draws(
        self, x: Tensor, y: Tensor, guess: Any, posterior: Normal, prior: Any, training: bool
    ) -> dict[str, Tensor]:
        """num_samples draws of z for each row, and what `importance_terms` reads of them."""
        posterior, prior = posterior.per_sample(), prior.per_sample()
        shape = (ops.shape(x)[0], self.num_samples, self.latent_dim)
        z = posterior.transform(keras.random.normal(shape, seed=self.noise, dtype="float32"))

        def parts(z: Tensor) -> tuple[Tensor, Tensor]:
            log_ratio = prior.log_prob(z) - posterior.log_prob(z)
            return self.log_likelihoods(x, y, guess, z, training), log_ratio

        if self.gradient == "dreg" and training:
            beta = self._beta(training)
            posterior = Normal(
                ops.stop_gradient(posterior.mean), ops.stop_gradient(posterior.logvar)
            )
            log_likelihood, log_ratio = parts(ops.stop_gradient(z))
            z = doubly_reparameterised(z, log_likelihood + beta * log_ratio, beta)
        log_likelihood, log_ratio = parts(z)
        return {"z": z, "log_likelihood": log_likelihood, "log_ratio": log_ratio}

    def _beta(self, training: bool) -> Tensor:
        """Weight of the KL: whole in validation, so that epochs compare."""
        return self.beta_at(self.step) if training else self.beta

    def terms(self, outputs: Mapping[str, Tensor], training: bool = False) -> Terms:
        """The objective and its parts, (batch,) nats each, from the outputs of `call`."""
        x, weights = outputs["x"], outputs.get("pixel_weights", 1.0)
        if self.classifier is not None:
            is_rising = training and self.classifier_warmup
            terms = semi_supervised_terms(
                outputs["reconstruction_losses"],
                outputs["kl_losses"],
                outputs["log_q"],
                outputs["y"],
                self._beta(training),
                self.classifier_weight,
                rising_share(self.step, self.classifier_warmup) if is_rising else 1.0,
            )
        elif self.encoder is None:
            terms = deterministic_terms(x, self.likelihood(outputs["guess"], weights))
        elif self.num_samples > 1:
            terms = importance_terms(
                outputs["log_likelihood"],
                outputs["log_ratio"],
                outputs["kl"],
                self._beta(training),
            )
        else:
            from_posterior = self.likelihood(outputs["x_params"], weights)
            from_prior = outputs.get("x_params_from_prior")
            terms = hybrid_terms(
                x,
                from_posterior,
                from_posterior if from_prior is None else self.likelihood(from_prior, weights),
                outputs["kl"],
                self.alpha,
                self._beta(training),
            )
            if self.free_bits and training:
                free = free_bits_kl(outputs["kl"], self.latent_dim, self.free_bits)
                weight = self.alpha * self._beta(training)
                terms = terms._replace(loss=terms.loss + weight * (free - terms.kl_loss))
        if not self.coarse_weight:
            return terms
        coarse = coarse_loss(x, outputs["guess"], weights, COARSE_FACTORS)
        return terms._replace(loss=terms.loss + self.coarse_weight * coarse)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The batch's mean objective plus the layers' regularisers."""
        terms = self.terms(y_pred, training)
        if training and self.step is not None:
            self.step.assign_add(1)
        # the vector, not its mean: the short last batch then weighs what it should
        self.reconstruction_tracker.update_state(terms.reconstruction_loss, sample_weight)
        self.kl_tracker.update_state(terms.kl_loss, sample_weight)
        weights = 1.0 if sample_weight is None else ops.cast(sample_weight, "float32")
        return sum(self.losses, start=ops.mean(terms.loss * weights))

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation: the sub-models and the settings, not the weights."""
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS}
        settings = {name: getattr(self, name) for name in SETTINGS}
        return {"name": self.name, **parts, **settings, "beta": float(self.beta)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The inverse of `get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config.get(name), custom_objects)
            for name in PARTS
        }
        return cls(**{**config, **parts})


def _float32_normal(outputs: Mapping[str, Tensor]) -> Normal:
    """Likelihood terms are float32 also under mixed precision."""
    return Normal(ops.cast(outputs["mean"], "float32"), ops.cast(outputs["logvar"], "float32"))
