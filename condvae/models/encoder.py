"""Encoders: q(z | x, y)."""

from collections.abc import Sequence

import keras

from condvae.models.layers import dense_stack, seed_stream


def mlp_encoder(
    image_shape: Sequence[int],
    condition_dim: int,
    latent_dim: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    activity_regularizer: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """A fully connected encoder.

    Returns:
        A functional model {"x": (batch, *image_shape), "y": (batch, condition_dim)} ->
        {"mean": (batch, latent_dim), "logvar": (batch, latent_dim)}; an encoder of the user's
        own has these inputs and outputs too.
    """
    seeds = seed_stream(seed)
    x = keras.Input(tuple(image_shape), name="x")
    y = keras.Input((condition_dim,), name="y")
    hidden = keras.layers.Concatenate(name="x_and_y")([keras.layers.Flatten(name="flat_x")(x), y])
    hidden = dense_stack(hidden, hidden_dims, activation, seeds, activity_regularizer)
    outputs = {
        name: keras.layers.Dense(
            latent_dim, name=name, kernel_initializer=keras.initializers.GlorotUniform(next(seeds))
        )(hidden)
        for name in ("mean", "logvar")
    }
    return keras.Model({"x": x, "y": y}, outputs, name="encoder")
