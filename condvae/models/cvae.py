"""The conditional variational autoencoder as a Keras model."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import keras
from keras import ops

from condvae.distributions import Chain, Normal
from condvae.likelihoods import LIKELIHOODS, BernoulliLikelihood, Likelihood
from condvae.models.checked import CheckedModel
from condvae.models.contract import NETWORKS, check_keys, check_networks, shapes_of
from condvae.models.prior import PriorDistribution, PriorLayer
from condvae.objectives import ELBO, Objective, Terms

Tensor = Any

PARTS = (*NETWORKS, "likelihood", "objective")
SETTINGS = ("x_max", "y_max", "binarise", "masked", "seed")


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
        encoder: {"x"[, "y"]} -> {"mean", "logvar"}, see `Architecture.encoder`.
        decoder: {"z"[, "y"]} -> x_params, see `Architecture.decoder`.
        prior: {"y"[, "guess"]} -> {"mean", "logvar"} of p(z | y), see `Architecture.prior`, where
            the guess is an expected x; or a `PriorLayer`. None for the standard normal.
        baseline: {"y"} -> a guess to which x_params are added, see `Architecture.baseline`; or
            None.
        classifier: {"x"} -> logits of q(y | x), see `Architecture.classifier`; or None.
        features: {"x"} -> feature maps by name, not trainable, which `objectives.Perceptual`
            compares; or None.
        likelihood: the map from x_params to p(x | z, y); None for a Bernoulli likelihood.
        objective: the objective that training minimises; it determines which networks are needed.
            None for the `ELBO`. Its beta is stored in a variable, so that changing it needs no
            recompilation.
        x_max: largest integer in x, which is scaled to one: 255 for 8-bit pixels, 1 for binary
            pixels; for pixels that are classes, the last class.
        y_max: the same for y, if y is an image; None: x_max.
        binarise: whether to draw each pixel at every call, with its grey level as the probability
            of 1.
        masked: whether y's last channel is a mask, 1 where a pixel is given; densities are then
            those of the other pixels.
        seed: seed of the noise in training.

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
        features: keras.Model | None = None,
        likelihood: Likelihood | None = None,
        objective: Objective | None = None,
        x_max: int = 255,
        y_max: int | None = None,
        binarise: bool = False,
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
        self.features: Any = features
        self.likelihood: Likelihood = likelihood or BernoulliLikelihood()
        self.objective: Objective = objective or ELBO()
        self.x_max, self.y_max = x_max, x_max if y_max is None else y_max
        self.binarise, self.masked, self.seed = binarise, masked, seed
        self.image_shape, self.condition_shape, self.latent_dim = shapes_of(self)
        check_networks(self)
        self.noise = keras.random.SeedGenerator(seed)
        beta = keras.initializers.Constant(self.objective.beta.value)
        self.beta = self.add_weight(shape=(), initializer=beta, trainable=False, name="beta")
        # for training with a warm-up: the optimizer's own count is not visible in a JAX step
        self.step: Any = None
        if self.objective.counts_steps:
            self.step = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False, name="step"
            )
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_loss")
        self.added_trackers = [keras.metrics.Mean(name=name) for name in self.objective.added]
        self.built = True  # the sub-models are built

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of one x in integers, in which classes of pixels have a single channel."""
        return (*self.image_shape[:-1], 1) if self.likelihood.of_classes else self.image_shape

    def scale(self, x: Tensor) -> Tensor:
        """(batch, *image_shape) float32 from pixels as stored; classes become one-hot vectors."""
        is_integer = "int" in keras.backend.standardize_dtype(x.dtype)
        if is_integer and self.likelihood.of_classes:
            classes = ops.reshape(ops.cast(x, "int32"), (-1, *self.image_shape[:-1]))
            return ops.one_hot(classes, self.image_shape[-1], dtype="float32")
        x = ops.reshape(ops.cast(x, "float32"), (-1, *self.image_shape))
        return x / self.x_max if is_integer and not self.likelihood.as_stored else x

    def preprocess(self, x: Tensor) -> Tensor:
        """The target: scaled pixels, which are binarised at each call if the model does that."""
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
        """1 for each pixel whose density counts: the missing ones, or all; y is encoded."""
        # the last channel of y is the mask, 1 where a pixel is given
        return 1.0 - y[..., -1:] if self.masked else 1.0

    def guess(self, y: Tensor, training: bool = False) -> Tensor | None:
        """The baseline's x_params, float32, for an encoded y."""
        if self.baseline is None:
            return None
        return ops.cast(self.baseline({"y": y}, training=training), "float32")

    def encode(self, x: Tensor, y: Tensor, training: bool = False) -> Normal:
        """The encoder's output for preprocessed x and y; `posterior` turns it into q(z | x, y)."""
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
        """p(z | y) for an encoded y and the baseline's guess, (batch, latent_dim)."""
        if self.prior is not None:
            # probabilities, not logits, which have no bounds
            mean = None if guess is None else self.likelihood.seen(self.likelihood(guess).mean)
            inputs = {"y": y, "guess": mean}
            if isinstance(self.prior, PriorLayer):
                encode = partial(self.encode, training=training)
                return self.prior.given(inputs, encode, training)
            inputs = {name: inputs[name] for name in self.prior.input}
            return _float32_normal(self.prior(inputs, training=training))
        # N(0, 1) for each row: logvar 0 is variance 1
        zeros = ops.zeros((ops.shape(y)[0], self.latent_dim), dtype="float32")
        return Normal(zeros, zeros)

    @property
    def prior_noise_dim(self) -> int:
        """Number of standard normal values from which z is drawn from the prior."""
        return self.prior.noise_dim if isinstance(self.prior, PriorLayer) else self.latent_dim

    @property
    def latent_groups(self) -> tuple[int, ...]:
        """Sizes of the groups of z, the coarsest first, for a prior that has groups."""
        return self.prior.groups if isinstance(self.prior, PriorLayer) else ()

    def posterior(self, x: Tensor, y: Tensor, prior: Any, training: bool = False) -> Normal | Chain:
        """q(z | x, y); the Normal prior if the objective does not train the encoder."""
        trained = self.objective.trains_encoder
        return self.posterior_of(self.encode(x, y, training)) if trained else prior

    def posterior_of(self, encoded: Normal) -> Normal | Chain:
        """q(z | x, y) from the output of `encode`."""
        return self.prior.posterior(encoded) if isinstance(self.prior, PriorLayer) else encoded

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

        # draws become further rows: networks have one axis for rows
        styles = ops.reshape(z, (-1, self.latent_dim))
        x_params = self.decode(styles, repeated(y), repeated(guess), training)
        likelihood = self.likelihood(x_params, repeated(self.pixel_weights(y)))
        return ops.reshape(likelihood.log_prob(repeated(x)), (-1, num_samples))

    @property
    def last_beta(self) -> Tensor:
        """Weight of the KL divergence in the previous training step."""
        step = 0 if self.step is None else ops.maximum(self.step - 1, 0)
        return self.objective.beta.at(self.beta, step)

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """All tensors that the objective reads, by name; `x` is the target that was encoded.

        Args:
            training: passed on to the networks, which Keras's JAX trainer does not do.
        """
        check_keys(inputs)
        x, y = self.preprocess(inputs["x"]), self.encode_condition(inputs["y"])
        guess = self.guess(y, training)
        outputs = {"x": x}
        if self.masked:
            outputs["pixel_weights"] = self.pixel_weights(y)
        if guess is not None:
            outputs["guess"] = guess
        return outputs | self.objective.outputs(self, x, y, guess, training)

    def terms(self, outputs: Mapping[str, Tensor], training: bool = False) -> Terms:
        """The objective and its terms, (batch,) nats each, from the outputs of `call`."""
        return self.objective.terms(self, outputs, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The mean objective of the batch plus the regularisers of the layers."""
        terms = self.terms(y_pred, training)
        if training and self.step is not None:
            self.step.assign_add(1)
        # the vector, not its mean, so that the shorter last batch has the right weight
        self.reconstruction_tracker.update_state(terms.reconstruction_loss, sample_weight)
        self.kl_tracker.update_state(terms.kl_loss, sample_weight)
        for tracker in self.added_trackers:
            tracker.update_state(y_pred[tracker.name], sample_weight)
        weights = 1.0 if sample_weight is None else ops.cast(sample_weight, "float32")
        return sum(self.losses, start=ops.mean(terms.loss * weights))

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation: the sub-models and the settings, not the weights."""
        _register_likelihoods()
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS}
        settings = {name: getattr(self, name) for name in SETTINGS}
        return {"name": self.name, **parts, **settings}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The inverse of `get_config`."""
        _register_likelihoods()
        parts = {
            name: keras.saving.deserialize_keras_object(config.get(name), custom_objects)
            for name in PARTS
        }
        return cls(**{**config, **parts})


def _float32_normal(outputs: Mapping[str, Tensor]) -> Normal:
    """The encoder's or prior's Normal in float32, which likelihoods need under mixed precision."""
    return Normal(ops.cast(outputs["mean"], "float32"), ops.cast(outputs["logvar"], "float32"))


def _register_likelihoods() -> None:
    """Register all likelihoods with Keras; their own package does not import it."""
    for kind in LIKELIHOODS.values():
        keras.saving.register_keras_serializable("condvae")(kind)
