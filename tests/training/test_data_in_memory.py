import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.data import Dataset

QUICK = {"preset": "small", "hidden_dims": (5,), "progress": False}


def test_a_generator_is_no_source_to_resume_from(images, tmp_path, caplog):
    x, y = images
    with pytest.raises(InputError, match="requires data that can be read again") as raised:
        condvae.train(((x, y) for _ in range(1)), run=tmp_path / "run", resume=True, **QUICK)
    assert "Dataset" in raised.value.remedy
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_arrays_resume_to_the_bit_and_give_booleans(images, tmp_path, compiled_quickly, caplog):
    x, y = images
    truth = y > 0
    steady = {**QUICK, "schedule": "constant", "warmup": 0.0}
    whole = condvae.train((x, truth), run=tmp_path / "whole", epochs=2, **steady)
    once = (pair for pair in [(x, truth)])
    condvae.train(once, run=tmp_path / "parts", epochs=1, **steady)
    assert "cannot be resumed" in caplog.text
    data = Dataset.from_arrays(x, truth)
    parts = condvae.train(data, run=tmp_path / "parts", epochs=2, resume=True, progress=False)
    weights = [(run.path / "weights.safetensors").read_bytes() for run in (whole, parts)]
    assert weights[0] == weights[1]
    np.testing.assert_array_equal(
        parts.model.decode(np.zeros((2, 2)), [True, False]),
        parts.model.decode(np.zeros((2, 2)), ["True", "False"]),
    )


def test_one_image_and_flat_rows_are_encoded(untrained):
    x = np.random.default_rng(0).integers(0, 256, (3, 4, 3, 1), dtype="uint8")
    mean, _ = untrained.encode(x, "bee")
    for alone in (x[1], x[1, ..., 0], x[1:2], x[1:2, ..., 0], x[1:2].reshape(1, 12)):
        np.testing.assert_allclose(untrained.encode(alone, "bee")[0], mean[1:2], rtol=1e-6)
    np.testing.assert_array_equal(untrained.encode(x.reshape(3, 12), "bee")[0], mean)
    with pytest.raises(InputError, match="shape"):
        untrained.encode(x[:, :2], "bee")
