"""Models without Keras, and data for them."""

from dataclasses import replace

import numpy as np

from condvae.conditions import Categorical, Continuous, Image, MaskedImage, MultiLabel, Schema
from condvae.explorer import Pictures, Shown, Subject
from condvae.graph.graph import Graph, Input, run_graph
from condvae.graph.operations import (
    Affine,
    Combination,
    Concatenate,
    Dense,
    Function,
    Reshape,
    Slice,
)

DIGITS = Categorical(name="digit", categories=tuple("0123456789"))
SIZE = Continuous(name="size", mean=(0.5,), scale=(0.2,), minimum=(0.1,), maximum=(0.9,))
SCHEMA = Schema(
    conditions=(
        Categorical(name="shape", categories=("disc", "bar", "cross")),
        SIZE,
        MultiLabel(name="with", attributes=("hat", "scarf", "boots")),
        Categorical(name="colour", categories=("red", "blue")),
    )
)


def flat(name, shape):
    """An input as one row of numbers."""
    return Reshape(inputs=(name,), output=f"{name}/flat", shape=(int(np.prod(shape)),))


def make_subject(
    condition=DIGITS,
    shape=(8, 8, 1),
    latent_dim=2,
    prior=False,
    pixel_classes=None,
    name="tiny",
    **settings,
):
    """A model of dense layers with random weights, whose images show what z and y are."""
    rng = np.random.default_rng(0)
    num_pixels, num_given = int(np.prod(shape)), int(np.prod(condition.shape))
    y, z = Input(name="y", shape=condition.shape), Input(name="z", shape=(latent_dim,))
    x, noise = Input(name="x", shape=shape), Input(name="noise", shape=(latent_dim,))
    end = "softmax" if pixel_classes else "sigmoid"
    decoder = Graph(
        inputs=(z, y),
        operations=(
            flat("y", condition.shape),
            Concatenate(inputs=("z", "y/flat"), output="both", axis=1),
            Dense(inputs=("both",), output="h", kernel="d1", bias="b1"),
            Function(inputs=("h",), output="r", function="relu"),
            Dense(inputs=("r",), output="o", kernel="d2", bias="b2"),
            Reshape(inputs=("o",), output="image", shape=shape),
            Function(inputs=("image",), output="x_mean", function=end),
        ),
        outputs={"x_mean": "x_mean"},
    )
    encoder = Graph(
        inputs=(x, y),
        operations=(
            flat("x", shape),
            Dense(inputs=("x/flat",), output="both", kernel="e1"),
            Slice(inputs=("both",), output="mean", axis=1, start=0, stop=latent_dim),
            Slice(inputs=("both",), output="lv", axis=1, start=latent_dim, stop=2 * latent_dim),
        ),
        outputs={"mean": "mean", "logvar": "lv"},
    )
    graphs = {"encoder": encoder, "decoder": decoder}
    if prior:
        operations = (
            flat("y", condition.shape),
            Dense(inputs=("y/flat",), output="m", kernel="p1"),
            Affine(inputs=("m",), output="lv", factor=0.0, offset=-1.0),
            Affine(inputs=("noise",), output="scaled", factor=float(np.exp(-0.5))),
            Combination(inputs=("m", "scaled"), output="z", function="add"),
        )
        graphs["prior"] = Graph(
            inputs=(y, noise),
            operations=operations,
            outputs={"mean": "m", "logvar": "lv", "z": "z"},
        )
    sizes = {
        "d1": (latent_dim + num_given, 24),
        "b1": (24,),
        "d2": (24, num_pixels),
        "b2": (num_pixels,),
        "e1": (num_pixels, 2 * latent_dim),
        "p1": (num_given, latent_dim),
    }
    tensors = {
        name: (rng.standard_normal(size) / np.sqrt(size[0])).astype("float32")
        for name, size in sizes.items()
    }
    tensors |= {name: 3 * tensors[name] for name in ("d1", "d2")}
    return Subject(name, graphs, tensors, condition, pixel_classes=pixel_classes, **settings)


def make_shown(subject, rows=200, examples=4, num_images=0):
    """Random data for such a model; so many points carry their images, every third one."""
    rng = np.random.default_rng(1)
    condition = subject.condition
    mean = rng.standard_normal((rows, subject.latent_dim)).astype("float32")
    mean *= np.linspace(1.2, 0.6, subject.latent_dim)
    codes = rng.integers(0, 3, rows)
    names, y = ("a", "b", "c"), rng.random((examples, *condition.shape), dtype="float32")
    if isinstance(condition, Categorical):
        names, y = condition.categories, np.eye(condition.dim, dtype="float32")[codes[:examples]]
    if isinstance(condition, Schema):
        values = {"shape": np.array(["disc", "bar", "cross"])[codes[:examples]], "size": 0.3}
        names, y = ("disc", "bar", "cross", "missing"), condition.encode(values)
    if isinstance(condition, MaskedImage):
        y[..., -1] = np.arange(condition.image_shape[1]) < condition.image_shape[1] // 2
    shape = condition.image_shape if isinstance(condition, Image) else subject.image_shape
    images = rng.random((examples, *shape), dtype="float32")
    shown = Shown(mean, codes, names, images, y)
    return shown if not num_images else replace(shown, **_pictures(subject, shown, num_images))


def _pictures(subject, shown, count):
    """The first of every third rows with images, and all rows with numbers: odd ones."""
    rng, condition = np.random.default_rng(2), subject.condition
    places = 3 * np.arange(count)
    x = rng.integers(0, 256, (count, *subject.image_shape), dtype="uint8")
    if isinstance(condition, Categorical):
        y = condition.encode(np.asarray(shown.names)[shown.codes[places]])
    else:
        values = {"shape": np.asarray(shown.names)[shown.codes[places]], "size": 0.3}
        y = condition.encode(values)
    log_prob = -100.0 - rng.permutation(len(shown.mean))
    log_prob[places[-1]] = np.nan
    return {
        "rows": 1 + 2 * np.arange(len(shown.mean)),
        "pictures": Pictures(places, x, y),
        "log_prob": log_prob,
        "estimator": "importance sampling, 50 draws of z",
    }


def expected_levels(subject, z, y):
    """What the float32 graph says, in levels."""
    inputs = {"z": np.asarray([z], "float32"), "y": np.asarray([y], "float32")}
    return 255 * run_graph(subject.graphs["decoder"], subject.tensors, inputs)["x_mean"][0]
