"""How many rows Keras computes in one call."""

from types import SimpleNamespace

import numpy as np
import pytest

from condvae.models.inference import KerasEngine


@pytest.mark.parametrize(
    ("shape", "rows", "with_draws"),
    [((28, 28, 1), 1024, 40), ((128, 128, 9), 56, 2), ((512, 512, 9), 16, 1), ((12,), 1024, 40)],
)
def test_large_images_are_computed_a_few_at_a_time(shape, rows, with_draws):
    network = SimpleNamespace(output=np.empty((0, *shape)))
    for parts in ({"decoder": network, "baseline": None}, {"decoder": None, "baseline": network}):
        engine = KerasEngine(SimpleNamespace(**parts))
        assert (engine.rows("elbo"), engine.rows("prior_log_weights")) == (rows, with_draws)
