"""tf.data through `load_data` and `CVAE.fit`, under JAX; where TensorFlow is at hand."""

import numpy as np
import pytest
import tensorflow
from sklearn.datasets import load_digits

from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.models import build_model
from condvae.spec import Signature, Spec

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return x.reshape(-1, 8, 8, 1)[:300].astype("uint8"), y[:300].astype("int32")


def slices(*parts):
    return tensorflow.data.Dataset.from_tensor_slices(parts[0] if len(parts) == 1 else parts)


def test_batches_and_rows_are_read(digits):
    x, y = digits
    oracle = Dataset.from_arrays(x, y)
    for data in (slices(x, y), slices(x, y).batch(64), slices({"image": x, "label": y}).batch(64)):
        assert load_data(data).fingerprint == oracle.fingerprint


def test_pairs_and_dictionaries_fit_and_classes_are_checked(digits):
    x, y = digits
    wrong = y.copy()
    wrong[-1] = 12
    for make in (lambda y: slices(x, y), lambda y: slices({"x": x, "y": y})):
        model = build_model(
            Spec().override(latent_dim=2, hidden_dims=(7,)), Signature((8, 8, 1), (10,))
        )
        model.compile("adam")
        history = model.fit(make(y).batch(64), epochs=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert len(history["loss"]) == 2
        with pytest.raises(InputError, match="class codes"):
            model.fit(make(wrong).batch(64), epochs=1, verbose=0)
        assert np.isfinite(model.evaluate(make(y).batch(64), verbose=0, return_dict=True)["loss"])
