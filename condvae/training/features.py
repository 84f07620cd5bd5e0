"""Training of the features that a perceptual loss compares, before the model's own training."""

import keras
import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.models import CVAE
from condvae.models.initializers import glorot_uniform
from condvae.training.augment import augmented

BATCH_SIZE, EPOCHS = 125, 10
LEAST_STEPS, MOST_STEPS = 200, 2_000
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 3e-3, 0.05, 0.2
STREAM = 4  # of the seed, beside those of `Feed`


def learn_features(model: CVAE, dataset: Dataset, seed: int) -> None:
    """Train the model's features to tell the classes of the training images, some of them flipped.

    The same data and seed give the same weights. No judge of samples shares them: see
    `evaluation.classifier`, of another architecture.

    Raises:
        InputError: the data are not images of two classes or more.
    """
    classes, train = dataset.condition.classes, dataset.train
    if len(model.image_shape) != 3 or classes is None or classes.num_classes < 2:
        raise InputError(
            "a perceptual loss requires images of two classes or more",
            f"{dataset.name or 'data'}, {dataset.assumption}, given {dataset.condition}",
            "Omit `perceptual`.",
        )
    steps = int(np.clip(EPOCHS * len(train.x) // BATCH_SIZE, LEAST_STEPS, MOST_STEPS))
    rng, features = np.random.default_rng([seed, STREAM]), model.features
    pooled = keras.layers.GlobalAveragePooling2D()(features.output["level_2"])
    pooled = keras.layers.Dropout(DROPOUT, seed=seed)(pooled)
    kernels = glorot_uniform(seed)
    logits = keras.layers.Dense(classes.num_classes, kernel_initializer=next(kernels))(pooled)
    classifier = keras.Model(features.input, logits)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    features.trainable = True
    classifier.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), loss)

    def batches() -> object:
        for _ in range(steps):
            rows = np.sort(rng.integers(0, len(train.x), BATCH_SIZE))
            x = augmented(np.asarray(train.x[rows]), rng, ("flips",))
            yield {"x": np.asarray(model.scale(x))}, train.given[rows]

    classifier.fit(batches(), steps_per_epoch=steps, shuffle=False, verbose=0)
    features.trainable = False
