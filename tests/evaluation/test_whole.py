"""How many images a quick evaluation takes."""

from types import SimpleNamespace

import numpy as np
import pytest

from condvae.evaluation import whole


def trial(images, numbers, latent_dim=2):
    """What `affordable_images` reads of a trial."""
    decoder = SimpleNamespace(output=np.empty((0, *numbers)))
    model = SimpleNamespace(latent_dim=latent_dim, keras_model=SimpleNamespace(decoder=decoder))
    return SimpleNamespace(model=model, data=SimpleNamespace(test=SimpleNamespace(x=range(images))))


@pytest.mark.parametrize(
    ("images", "numbers", "decodings", "expected"),
    [
        (10_000, (28, 28, 1), 100, None),  # MNIST: all test images
        (2_000, (32, 32, 9), 100, 868),  # photographs of 8-bit levels
        (2_000, (32, 32, 9), 1_000, 200),  # under each of ten labels
        (150, (256, 256, 9), 1_000, None),  # fewer than the least number
    ],
)
def test_expensive_decoders_are_asked_for_fewer_images(images, numbers, decodings, expected):
    assert whole.affordable_images(trial(images, numbers), decodings) == expected


def test_a_network_without_latents_is_exact_for_all_images():
    assert whole.affordable_images(trial(10**6, (99, 99, 9), latent_dim=0), 100) is None


def test_bayes_rule_takes_at_most_a_thousand_images():
    """10,000 images of 28 × 28 pixels: the estimate under ten labels has 1,000 at most anyway."""
    found = whole.affordable_images(trial(10_000, (28, 28, 1)), 1_000)
    assert found == 1_020
    assert min(found, whole.MOST_FOR_LABELS) == 1_000
