"""The conditional variational autoencoder as a Keras model."""

import math
from collections.abc import Iterator, Mapping, Set
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from condvae.checks import InputError, check_finite, check_range, check_shape
from condvae.distributions import Normal
from condvae.models.likelihood import BernoulliLikelihood, Likelihood
from condvae.objectives import Terms, coarse_loss, deterministic_terms, hybrid_terms

Tensor = Any

COARSE_FACTORS = (2, 4)
PARTS = ("encoder", "decoder", "prior", "baseline", "likelihood")


@keras.saving.register_keras_serializable("condvae")
class CVAE(keras.Model):
    """p(x | z, y) p(z | y), trained with q(z | x, y).

    Fit it on batches `{"x": x, "y": y}` alone: x is (batch, *image_shape) or, with one channel,
    (batch, height, width), integers from 0 to x_max (under a categorical likelihood the classes of
    the pixels, one channel; counts as they are) or floats taken as they are; y is (batch,)
    class codes, (batch, num_classes) weights, or (batch, *condition_shape) images like x. Scaling,
    binarisation and one-hot encoding happen inside. `compile` needs an optimizer only.
    `keras.models.load_model` knows the class once `condvae.CVAE` was imported.

    Args:
        encoder: {"x", "y"} -> {"mean", "logvar"}, see `mlp_encoder`. Without encoder and decoder
            the model is the baseline alone, and has no latents.
        decoder: {"z"[, "y"]} -> x_params, see `mlp_decoder`.
        prior: {"y"[, "guess"]} -> {"mean", "logvar"} of p(z | y), see `mlp_prior`; the guess comes
            as the expected x. None for the standard normal.
        baseline: {"y"} -> a guess that x_params are added to, see `mlp_baseline`; or None.
        likelihood: from x_params to p(x | z, y).
        x_max: the greatest integer in x, which stands for one: 255 for 8-bit pixels, 1 for binary
            ones; of classes of pixels the last one.
        y_max: the same of y, where y is an image; None: x_max.
        binarise: draw each pixel anew, with its grey level as probability, at every call.
        beta: weight of the KL, kept in a variable, so that a schedule needs no recompilation.
        alpha: share of the ELBO in the objective, see `hybrid_terms`.
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
        likelihood: Likelihood | None = None,
        x_max: int = 255,
        y_max: int | None = None,
        binarise: bool = False,
        beta: float = 1.0,
        alpha: float = 1.0,
        coarse_weight: float = 0.0,
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
        self.likelihood = likelihood or BernoulliLikelihood()
        self.x_max, self.y_max = x_max, x_max if y_max is None else y_max
        self.binarise, self.seed = binarise, seed
        self.alpha, self.coarse_weight, self.masked = alpha, coarse_weight, masked
        if encoder is not None and decoder is not None:
            _check_inputs(encoder, "encoder", {"x", "y"})
            _check_inputs(decoder, "decoder", {"z"}, {"y"})
            self.image_shape = tuple(encoder.input["x"].shape[1:])
            self.condition_shape = tuple(encoder.input["y"].shape[1:])
            self.latent_dim = int(decoder.input["z"].shape[1])
        elif baseline is not None and encoder is decoder:
            _check_inputs(baseline, "baseline", {"y"})
            self.image_shape = self.likelihood.x_shape(baseline.output.shape[1:])
            self.condition_shape = tuple(baseline.input["y"].shape[1:])
            self.latent_dim = 0
        else:
            raise InputError(
                "a CVAE must have an encoder and a decoder, or a baseline alone",
                "an encoder without a decoder" if encoder else "no encoder",
                "Pass both, or neither and a baseline.",
            )
        self._check_networks()
        self.noise = keras.random.SeedGenerator(seed)
        self.beta = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(beta), trainable=False, name="beta"
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
        x = self.likelihood.seen(x)
        return _float32_normal(self.encoder({"x": x, "y": y}, training=training))

    def prior_given(self, y: Tensor, guess: Tensor | None, training: bool = False) -> Normal:
        """p(z | y) for an encoded y and its guess, (batch, latent_dim)."""
        if self.prior is not None:
            # probabilities, not logits, which have no bounds
            mean = None if guess is None else self.likelihood.seen(self.likelihood(guess).mean)
            inputs = {"y": y, "guess": mean}
            inputs = {name: inputs[name] for name in self.prior.input}
            return _float32_normal(self.prior(inputs, training=training))
        zeros = ops.zeros((ops.shape(y)[0], self.latent_dim), dtype="float32")
        return Normal(zeros, zeros)

    def posterior(self, x: Tensor, y: Tensor, prior: Normal, training: bool = False) -> Normal:
        """q(z | x, y); for alpha = 0, where nothing trains the encoder, the prior itself."""
        return self.encode(x, y, training) if self.alpha else prior

    def decode(self, z: Tensor, y: Tensor, guess: Tensor | None, training: bool = False) -> Tensor:
        """x_params, float32, for an encoded y and its guess."""
        inputs = {"z": z, "y": y}
        inputs = {name: inputs[name] for name in self.decoder.input}
        x_params = self.decoder(inputs, training=training)
        x_params = ops.cast(x_params, "float32")
        return x_params if guess is None else x_params + guess

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """Everything the objective reads, by name; `x` is the target that was encoded.

        Args:
            training: handed on to the networks, which Keras's JAX trainer leaves to us.
        """
        _check_keys(inputs)
        x, y = self.preprocess(inputs["x"]), self.encode_condition(inputs["y"])
        guess = self.guess(y, training)
        outputs = {"x": x}
        if self.masked:
            outputs["pixel_weights"] = self.pixel_weights(y)
        if guess is not None:
            outputs["guess"] = guess
        if self.encoder is None:
            return outputs
        prior = self.prior_given(y, guess, training)
        posterior = self.posterior(x, y, prior, training)
        z = posterior.sample(self.noise)
        outputs |= {
            "mean": posterior.mean,
            "logvar": posterior.logvar,
            "prior_mean": prior.mean,
            "prior_logvar": prior.logvar,
            "z": z,
            "x_params": self.decode(z, y, guess, training),
        }
        if 0 < self.alpha < 1:  # at the ends one draw of z serves
            z = prior.sample(self.noise)
            outputs["x_params_from_prior"] = self.decode(z, y, guess, training)
        return outputs

    def terms(self, outputs: Mapping[str, Tensor]) -> Terms:
        """The objective and its parts, (batch,) nats each, from the outputs of `call`."""
        x, weights = outputs["x"], outputs.get("pixel_weights", 1.0)
        if self.encoder is None:
            terms = deterministic_terms(x, self.likelihood(outputs["guess"], weights))
        else:
            from_posterior = self.likelihood(outputs["x_params"], weights)
            from_prior = outputs.get("x_params_from_prior")
            terms = hybrid_terms(
                x,
                from_posterior,
                from_posterior if from_prior is None else self.likelihood(from_prior, weights),
                Normal(outputs["mean"], outputs["logvar"]),
                Normal(outputs["prior_mean"], outputs["prior_logvar"]),
                self.alpha,
                self.beta,
            )
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
        terms = self.terms(y_pred)
        # the vector, not its mean: the short last batch then weighs what it should
        self.reconstruction_tracker.update_state(terms.reconstruction_loss, sample_weight)
        self.kl_tracker.update_state(terms.kl_loss, sample_weight)
        weights = 1.0 if sample_weight is None else ops.cast(sample_weight, "float32")
        return sum(self.losses, start=ops.mean(terms.loss * weights))

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.fit on batches {"x": x, "y": y}; no separate target.

        Raises:
            InputError: a target, or arrays that do not fit the model; nothing was changed.
        """
        x = self._checked(x, y, **kwargs)
        if (validation := kwargs.get("validation_data")) is not None:
            parts = validation if isinstance(validation, tuple) else (validation,)
            validation_x = self._checked(*parts[:2])
            kwargs["validation_data"] = (validation_x, *parts[1:]) if parts[1:] else validation_x
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.evaluate on batches {"x": x, "y": y}; losses in nats per example."""
        return super().evaluate(self._checked(x, y, **kwargs), y, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.predict: the outputs of `call` by name."""
        return super().predict(self._checked(x), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.train_on_batch on {"x": x, "y": y}."""
        return super().train_on_batch(self._checked(x, y), y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """keras.Model.test_on_batch on {"x": x, "y": y}."""
        return super().test_on_batch(self._checked(x, y), y, *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """keras.Model.predict_on_batch on {"x": x, "y": y}."""
        return super().predict_on_batch(self._checked(x))

    def _checked(self, x: Any, y: Any = None, sample_weight: Any = None, **_: Any) -> Any:
        """The data, refused where they would fail inside the compiled step.

        There Keras's weights on JAX are handed over to the step, and an error loses them. Of
        data that come in batches the first one is looked at.
        """
        if y is not None:
            raise InputError(
                'a CVAE is fitted on {"x": x, "y": y} alone',
                "a second argument",
                'Call fit({"x": x, "y": y}): Keras\'s own y is a target, and here there is none.',
            )
        if sample_weight is not None:
            raise InputError(
                "weights of examples must come with the batches",
                "sample_weight, which Keras drops where there is no target",
                'Pass a keras.utils.PyDataset that yields ({"x": x, "y": y}, None, weights).',
            )
        if isinstance(x, Mapping) or hasattr(x, "shape") or isinstance(x, list | tuple):
            self._check_batch(x)
            return x
        first, x = _first_batch(x)
        first, target = (*first, None)[:2] if isinstance(first, tuple) else (first, None)
        self._checked(first, target)
        return x

    def _check_networks(self) -> None:
        """Raise unless the networks' inputs and outputs fit one another and the likelihood."""
        x, y, z = self.image_shape, self.condition_shape, (self.latent_dim,)
        latents = {"mean": z, "logvar": z}
        x_params = {"": self.likelihood.params_shape(x)}
        inputs, outputs = {"x": x, "y": y, "z": z, "guess": x}, {}
        if self.encoder is not None:
            outputs |= {"encoder": latents, "decoder": x_params}
        if self.prior is not None:
            _check_inputs(self.prior, "prior", {"y"}, {"guess"} if self.baseline else set())
            outputs["prior"] = latents
        if self.baseline is not None:
            _check_inputs(self.baseline, "baseline", {"y"})
            outputs["baseline"] = x_params
        for name, wanted in outputs.items():
            network = getattr(self, name)
            for part, tensor in network.input.items():
                _check_tensor(tensor, inputs[part], f"the {name}'s input {part!r}")
            output = network.output if "mean" in wanted else {"": network.output}
            for part, shape in wanted.items():
                tensor = output.get(part) if isinstance(output, Mapping) else None
                _check_tensor(tensor, shape, f"the {name}'s output {part!r}".removesuffix(" ''"))

    def _check_batch(self, batch: Any) -> None:
        """Shapes and values that the networks can take, the batch's size aside."""
        _check_keys(batch)
        x, y = batch["x"], batch["y"]
        is_integer = "int" in keras.backend.standardize_dtype(x.dtype)
        shape = self.stored_shape if is_integer else self.image_shape
        if shape[-1] == 1 and len(x.shape) == len(shape):
            shape = shape[:-1]
        check_shape(x, (None, *shape), "x")
        check_shape(y, (None,) if len(y.shape) == 1 else (None, *self.condition_shape), "y")
        if isinstance(x, np.ndarray):
            is_scaled = is_integer and not self.likelihood.as_stored
            check_range(x, *((0, self.x_max) if is_scaled else self.likelihood.x_range), "x")
        if isinstance(y, np.ndarray):
            if y.ndim == 1:
                check_range(y, 0, self.condition_shape[0] - 1, "y, as class codes,")
            elif y.ndim == 2:
                check_finite(y, "y")
            else:  # images: whole numbers up to y_max, or any floats
                is_integer = y.dtype.kind in "iu"
                check_range(y, *((0, self.y_max) if is_integer else (-math.inf, math.inf)), "y")

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation: the sub-models and the settings, not the weights."""
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS}
        names = ("x_max", "y_max", "binarise", "alpha", "coarse_weight", "masked", "seed")
        settings = {name: getattr(self, name) for name in names}
        return {"name": self.name, **parts, **settings, "beta": float(self.beta)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The inverse of `get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in PARTS
        }
        return cls(**{**config, **parts})


def _check_inputs(
    network: Any, name: str, needed: Set[str], optional: Set[str] = frozenset()
) -> None:
    """A network's inputs go by these names."""
    received = getattr(network, "input", None)
    names = set(received) if isinstance(received, Mapping) else None
    if names is None or not needed <= names <= needed | optional:
        wanted = ", ".join([*sorted(needed), *(f"[{part}]" for part in sorted(optional))])
        raise InputError(
            f"the {name} must be a keras.Model of a dictionary of inputs: {wanted}",
            "no such dictionary" if names is None else f"the inputs {', '.join(sorted(names))}",
            'Build it as keras.Model({"name": keras.Input(...), ...}, outputs).',
        )


def _check_tensor(tensor: Any, shape: tuple[int, ...], name: str) -> None:
    """An input or output of a network has the shape that the other networks ask for."""
    received = getattr(tensor, "shape", None)
    if received is None or tuple(received[1:]) != tuple(shape):
        raise InputError(
            f"{name} must have the shape (N, {', '.join(map(str, shape))})",
            "none of that name" if received is None else f"shape {tuple(received)}",
            "x and y are the encoder's, z is the decoder's, x_params are the likelihood's.",
        )


def _float32_normal(outputs: Mapping[str, Tensor]) -> Normal:
    """Likelihood terms are float32 also under mixed precision."""
    return Normal(ops.cast(outputs["mean"], "float32"), ops.cast(outputs["logvar"], "float32"))


def _first_batch(batches: Any) -> tuple[Any, Any]:
    """The first batch, and batches that still begin with it."""
    if isinstance(batches, keras.utils.PyDataset):
        return batches[0], batches
    if not isinstance(batches, Iterator):
        return next(iter(batches)), batches
    first = next(batches)

    def all_of_them() -> Iterator[Any]:
        yield first
        yield from batches

    return first, all_of_them()


def _check_keys(batch: Any) -> None:
    """A batch is {"x", "y"} and nothing else."""
    if not isinstance(batch, Mapping) or set(batch) != {"x", "y"}:
        received = (
            f"the keys {sorted(batch)}" if isinstance(batch, Mapping) else type(batch).__name__
        )
        raise InputError(
            'a batch must be {"x": x, "y": y}',
            received,
            "x is the data, y is what is given about them.",
        )
