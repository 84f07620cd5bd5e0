import numpy as np
import pytest

from condvae.checks import InputError
from condvae.metrics.latent import active_units, by_activity, latent_activity


def test_activity_is_the_variance_over_the_data():
    mean = np.array([[1, 0.1, 5], [-1, -0.1, 5]], dtype="float32")
    np.testing.assert_allclose(latent_activity(mean), [1, 0.01, 0], atol=1e-7)


def test_a_dead_latent_is_not_active():
    rng = np.random.default_rng(0)
    mean = rng.normal(3, [1, 0.2, 0.05, 0], size=(5000, 4)).astype("float32")
    assert active_units(mean).tolist() == [True, True, False, False]
    assert active_units(mean, threshold=0.5).tolist() == [True, False, False, False]


@pytest.mark.parametrize("mean", [np.zeros(3), np.array([[0, np.nan]])])
def test_bad_means_are_refused(mean):
    with pytest.raises(InputError, match="mean"):
        latent_activity(mean)


def test_latents_as_active_as_one_another_stay_in_their_order():
    assert by_activity(np.array([0.97, 0.2, 1.04, 0.0, 0.96, 0.5])) == [0, 2, 4, 5, 1, 3]
