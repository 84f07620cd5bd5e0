from functools import cache

import numpy as np
import pytest

from condvae.conditions import Categorical, MaskedImage
from condvae.conditions.masks import observe, squares
from condvae.data import Dataset
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec


class RecordingModel(TrainedModel):
    """Remembers how many rows each decode had."""

    def __init__(self, *args):
        super().__init__(*args)
        self.decoded = []

    def _decode(self, engine, z, y):
        images = super()._decode(engine, z, y)  # what `decode` and `transfer` both call
        self.decoded.append(len(images))
        return images


@cache
def _model(latent_dim, num_classes, channels, likelihood):
    spec = Spec().override(latent_dim=latent_dim, hidden_dims=(16,), likelihood=likelihood)
    categories = tuple(str(code) for code in range(num_classes))
    condition = Categorical(name="digit", categories=categories)
    return RecordingModel(build_model(spec, Signature((8, 8, channels), (num_classes,))), condition)


@pytest.fixture
def make_model():
    """An untrained model of 8 × 8 images."""

    def make(latent_dim=2, num_classes=3, channels=1, likelihood="bernoulli"):
        model = _model(latent_dim, num_classes, channels, likelihood)
        model.decoded.clear()
        return model

    return make


@cache
def _model_of_parts(channels, network, alpha):
    spec = Spec().override(
        task="blocks",
        prior="conditional",
        baseline="joint",
        hidden_dims=(16,),
        network=network,
        alpha=alpha,
    )
    condition = MaskedImage(image_shape=(8, 8, channels))
    return TrainedModel(build_model(spec, Signature((8, 8, channels), condition.shape)), condition)


@pytest.fixture
def make_model_of_parts():
    """An untrained model of parts of 8 × 8 images."""

    def make(channels=1, network="cvae", alpha=1.0):
        return _model_of_parts(channels, network, alpha)

    return make


@pytest.fixture
def make_parts():
    """Random 8 × 8 images, all but a square of each given."""

    def make(channels=1):
        rng = np.random.default_rng(0)
        x = rng.integers(0, 256, (7, 8, 8, channels), dtype="uint8")
        return x, observe(x, ~squares(7, 8, 8, 0.7, rng), 255)

    return make


@pytest.fixture
def parts(make_parts):
    return make_parts()


@pytest.fixture(scope="session")
def make_dataset():
    """Random 8 × 8 images, 20 of each class."""

    def make(num_classes=3, **spec):
        y = np.repeat(np.arange(num_classes), 20)
        x = np.random.default_rng(0).integers(0, 256, (len(y), 8, 8, 1), dtype="uint8")
        dataset = Dataset.from_arrays(x, y, condition_name="digit", name="noise")
        return dataset.with_spec(dataset.spec.model_copy(update=spec))

    return make


@pytest.fixture(scope="session")
def curves():
    """A history of 20 epochs whose first is huge and whose twelfth is best."""
    epoch = np.arange(1, 21)
    loss = 100 + 0.1 * (epoch - 12.0) ** 2
    loss[0] = 1e6
    rows = {"epoch": epoch, "learning_rate": 1e-3, "beta": 1.0, "seconds": 2.0}
    for kind in ("", "val_"):
        rows |= {f"{kind}loss": loss, f"{kind}reconstruction_loss": loss - 5, f"{kind}kl_loss": 5.0}
    return {name: np.broadcast_to(values, 20).tolist() for name, values in rows.items()}
