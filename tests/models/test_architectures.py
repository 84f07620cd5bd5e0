"""The list of architectures: what each one takes, and one of the user's own."""

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.models import build_model
from condvae.models.architectures import Architecture
from condvae.models.layers import flat_concatenated
from condvae.spec import Signature, Spec, register_architecture
from condvae.spec.architectures import ARCHITECTURES

SHAPE = (4, 3, 1)


class Linear(Architecture):
    """No hidden layers at all."""

    def vector(self, network, inputs, kernels, dropout=None):
        return flat_concatenated(inputs)

    def written(self, network, inputs, shape, name, kernels, dropout=None):
        output = keras.layers.Dense(12, name=name, kernel_initializer=next(kernels))
        return keras.layers.Reshape(shape)(output(flat_concatenated(inputs))), output


def test_an_architecture_of_the_users_own_goes_by_its_name(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "linear", None)  # which takes it from the list again
    register_architecture("linear", Linear, takes=["no hidden_dims"])
    settings = {"baseline": "joint", "prior": "conditional", "output_bias": "data"}
    spec = Spec().override(architecture="linear", hidden_dims=(), latent_dim=2, **settings)
    assert Spec.parse(spec.model_dump_json()) == spec
    model = build_model(spec, Signature(SHAPE, (3,)), np.full(SHAPE, 0.3))
    assert model.encoder.count_params() == 2 * (15 + 1) * 2
    model.compile(optimizer="adam")
    data = {"x": np.zeros((5, *SHAPE), "uint8"), "y": np.arange(5) % 3}
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    with pytest.raises(InputError, match="dropout needs 'mlp' or 'residual' networks"):
        spec.override(dropout=0.1)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"architecture": "convolutoinal"}, "'residual' or 'convolutional'; did you mean 'conv"),
        ({"architecture": "zebra"}, "Input should be 'mlp', 'residual'"),
        (
            {"architecture": "residual", "activity_regularizer": "l2"},
            "activity_regularizer needs the architecture 'mlp'",
        ),
        (
            {"architecture": "convolutional", "classifier_dropout": 0.1},
            "dropout needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "condition_at": "every_layer"},
            "condition_at 'every_layer' needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "likelihood": "table"},
            "the likelihood 'table' needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "hidden_dims": ()},
            "the architecture 'convolutional' needs hidden_dims",
        ),
    ],
)
def test_what_an_architecture_does_not_take_is_said(settings, part):
    with pytest.raises(InputError) as caught:
        Spec().override(**settings)
    assert part in str(caught.value)
