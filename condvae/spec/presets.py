"""Named settings: what each preset changes from the defaults of `spec`."""

from typing import TYPE_CHECKING, Any

from condvae.checks import check_choice

if TYPE_CHECKING:
    from condvae.spec import Spec

# name: (what it is for, section by section what differs from the defaults).
# Plain dictionaries, so that `condvae presets` need not import pydantic.
PRESETS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "plane": (
        "two latents, six epochs, validation held out: the default for images",
        {
            "model": {"output_bias": "data", "decoder_start": "spread"},
            "training": {
                "epochs": 6,
                "learning_rate": 1.2e-2,
                "schedule": "cosine",
                "warmup": 0.1,
            },
        },
    ),
    "small": (
        "plane for a few thousand images: more passes, smaller steps, early stopping",
        {
            "model": {"output_bias": "data"},
            "training": {
                "epochs": 150,
                "batch_size": 64,
                "learning_rate": 2e-3,
                "schedule": "cosine",
                "warmup": 0.1,
                "patience": 30,
            },
        },
    ),
    "photo": (
        "photographs of any size: 8-bit levels, networks that start from principal components",
        {
            "model": {
                "latent_dim": 256,
                "architecture": "residual",
                "hidden_dims": (256, 512),
                "activation": "silu",
                "likelihood": "discretised_logistic",
                "output_bias": "data",
                "decoder_start": "factors",
                "prior": "flow",
            },
            "training": {
                "epochs": 30,
                "batch_size": 125,
                "learning_rate": 5e-4,
                "schedule": "cosine",
                "warmup": 0.05,
                "weight_decay": 0.1,
                "ema": 0.99,
                "patience": 8,
            },
        },
    ),
    "photo-large": (
        "the same for a GPU: convolutional networks, more passes; not measured yet",
        {
            "model": {
                "latent_dim": 256,
                "architecture": "convolutional",
                "hidden_dims": (64, 128, 256),
                "activation": "silu",
                "likelihood": "discretised_logistic",
                "output_bias": "data",
            },
            "training": {
                "epochs": 200,
                "batch_size": 125,
                "learning_rate": 1e-3,
                "schedule": "cosine",
                "warmup": 0.05,
                "weight_decay": 0.1,
                "ema": 0.999,
                "patience": 50,
            },
        },
    ),
    "notebook": (
        "the recipe of the Keras notebook, the test images choosing the epoch as there",
        {
            "data": {"validation": "test"},
            "model": {"activity_regularizer": "l2"},
            "training": {
                "epochs": 100,
                "batch_size": 250,
                "learning_rate": 5e-4,
                "patience": 5,
            },
        },
    ),
    "wide": (
        "64 latents and two hidden layers of 512, ten epochs: the published comparison",
        {
            "model": {"latent_dim": 64, "hidden_dims": (512, 512), "output_bias": "data"},
            "training": {
                "batch_size": 128,
                "learning_rate": 3e-3,
                "schedule": "cosine",
                "warmup": 0.1,
            },
        },
    ),
    "likelihood": (
        "the best density of binarised images: residual networks, flow prior, two draws of z",
        {
            "data": {"validation": 0.05},
            "model": {
                "latent_dim": 40,
                "architecture": "residual",
                "hidden_dims": (512, 512),
                "activation": "silu",
                "output_bias": "data",
                "prior": "flow",
                "pixels": "dynamic",
            },
            "objective": {"num_samples": 2, "gradient": "dreg", "beta_warmup": 0.1},
            "training": {
                "epochs": 44,
                "batch_size": 250,
                "learning_rate": 2e-3,
                "schedule": "cosine",
                "warmup": 0.05,
                "weight_decay": 0.1,
            },
        },
    ),
    "likelihood-large": (
        "the same for a GPU: convolutional, more latents, a longer flow",
        {
            "model": {
                "latent_dim": 64,
                "architecture": "convolutional",
                "hidden_dims": (64, 128, 256),
                "activation": "silu",
                "output_bias": "data",
                "prior": "flow",
                "couplings": 10,
                "coupling_dims": (256, 256),
                "pixels": "dynamic",
            },
            "objective": {"beta_warmup": 0.1},
            "training": {
                "epochs": 200,
                "batch_size": 250,
                "learning_rate": 1e-3,
                "schedule": "cosine",
                "warmup": 0.05,
                "weight_decay": 0.1,
            },
        },
    ),
    "structured": (
        "predict the missing part of an image: one quadrant given, baseline, conditional prior",
        {
            "data": {"task": "quadrants", "observed": 1},
            "model": {
                "latent_dim": 50,
                "architecture": "residual",
                "hidden_dims": (500, 500),
                "activation": "silu",
                "prior": "conditional",
                "baseline": "joint",
                "decoder_sees": "z",
                "dropout": 0.3,
            },
            "training": {
                "epochs": 30,
                "learning_rate": 1e-3,
                "schedule": "cosine",
                "weight_decay": 0.2,
            },
        },
    ),
    "segmentation": (
        "label maps from images, several for one: convolutional, baseline, conditional prior",
        {
            "data": {"task": "image"},
            "model": {
                "latent_dim": 4,
                "architecture": "convolutional",
                "hidden_dims": (24, 48),
                "activation": "silu",
                "likelihood": "categorical",
                "output_bias": "data",
                "prior": "conditional",
                "baseline": "joint",
            },
            "training": {
                "epochs": 30,
                "batch_size": 32,
                "learning_rate": 4e-3,
                "clip_norm": 10.0,
                "schedule": "cosine",
                "warmup": 0.1,
            },
        },
    ),
    "conditions": (
        "images given several conditions by name, any of them missing: flow prior, beta 2",
        {
            "model": {
                "latent_dim": 16,
                "hidden_dims": (512, 512),
                "activation": "silu",
                "output_bias": "data",
                "prior": "flow",
                "condition_at": "every_layer",
            },
            "objective": {"beta": 2.0},
            "training": {
                "epochs": 30,
                "batch_size": 250,
                "learning_rate": 2e-3,
                "schedule": "cosine",
                "warmup": 0.1,
                "condition_dropout": 0.8,
            },
        },
    ),
    "semi_supervised": (
        "images of which --labelled N have a label: a classifier, a flow given the class",
        {
            "model": {
                "latent_dim": 30,
                "hidden_dims": (500,),
                "activation": "silu",
                "pixels": "dynamic",
                "output_bias": "data",
                "prior": "flow",
                "couplings": 4,
                "coupling_dims": (64,),
                "encoder_sees": "x",
                "decoder_sees": "z",
                "classifier_dropout": 0.3,
            },
            "objective": {"classifier_weight": 5.0, "classifier_warmup": 0.25},
            "training": {
                "epochs": 20,
                "batch_size": 200,
                "learning_rate": 3e-3,
                "schedule": "cosine",
                "warmup": 0.05,
            },
        },
    ),
    "table": (
        "ten thousand rows of a table or more: residual networks, a flow as prior",
        {
            "model": {
                "latent_dim": 24,
                "architecture": "residual",
                "hidden_dims": (256, 256),
                "activation": "silu",
                "output_bias": "data",
                "prior": "flow",
            },
            "objective": {"beta_warmup": 0.3},
            "training": {
                "epochs": 100,
                "batch_size": 256,
                "learning_rate": 2e-3,
                "schedule": "cosine",
                "warmup": 0.1,
                "weight_decay": 0.1,
                "patience": 50,
                "cell_dropout": 0.25,
            },
        },
    ),
    "small-table": (
        "fewer rows of a table: smaller networks, more and smaller steps, early stopping",
        {
            "model": {
                "latent_dim": 16,
                "architecture": "residual",
                "hidden_dims": (128, 128),
                "activation": "silu",
                "output_bias": "data",
                "decoder_start": "factors",
            },
            "training": {
                "epochs": 200,
                "batch_size": 64,
                "learning_rate": 1e-3,
                "schedule": "cosine",
                "warmup": 0.1,
                "weight_decay": 0.1,
                "patience": 50,
                "cell_dropout": 0.25,
            },
        },
    ),
}

# A preset's epochs are for the fewest rows that it is for. Of more rows fewer epochs are as many
# steps: so many at most, where nothing else is asked for.
MOST_STEPS = {"table": 40_000, "photo": 12_000}

# Pixels in a batch, channels counted, that a preset takes by itself; but never fewer images.
MOST_NUMBERS, LEAST_BATCH = 2**21, 16

# fields of DataSpec that say how data are read, and so belong to the data set
READING = (
    *("conditions", "ignore", "kinds", "missing", "delimiter", "encoding", "decimal"),
    *("scaling", "image_shape", "channels", "x_range", "drop_small_classes", "resize"),
    *("skip_broken", "sample_rows", "mapped"),
)

# Below this many training images ten epochs are too few steps.
SMALL_DATA = 10_000


def preset(name: str) -> "Spec":
    """The Spec of that name.

    Raises:
        InputError: no preset of that name; the known ones are listed.
    """
    from condvae.spec import Spec

    check_choice(name, PRESETS, "preset")
    return Spec.parse(PRESETS[name][1])


def epochs_for(name: str, num_rows: int) -> int:
    """The epochs of a preset for so many rows to train on."""
    training, most = preset(name).training, MOST_STEPS.get(name)
    if most is None:
        return training.epochs
    return max(1, min(training.epochs, most * training.batch_size // max(1, num_rows)))


def fitting_batch(batch_size: int, numbers: int) -> int:
    """The batch size, or a smaller one for x of so many numbers: large images."""
    return min(batch_size, max(LEAST_BATCH, MOST_NUMBERS // numbers))


def batch_for(name: str, numbers: int) -> int:
    """The batch size of a preset for x of so many numbers."""
    return fitting_batch(preset(name).training.batch_size, numbers)


def default_preset(
    num_train: int,
    label_maps: bool = False,
    table: bool = False,
    by_name: bool = False,
    few_labels: bool = False,
    photographs: bool = False,
) -> str:
    """The preset taken when none is named, by the number of images and what they are.

    Args:
        by_name: several conditions are given by name.
        few_labels: not every row's label is used.
        photographs: 8-bit images in colour, or of many levels and 32 pixels a side or more.
    """
    if few_labels:
        return "semi_supervised"
    if label_maps:
        return "segmentation"
    if table:
        return "table" if num_train >= SMALL_DATA else "small-table"
    if photographs:
        return "photo"
    if by_name and num_train >= SMALL_DATA:
        return "conditions"
    return "plane" if num_train >= SMALL_DATA else "small"
