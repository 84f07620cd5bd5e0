"""A subclass of CVAE with a loss of its own, through a run and back."""

import keras
import numpy as np
import pytest
from short_run import quick, rows

import condvae
from condvae.checks import InputError
from condvae.models import CVAE


@keras.saving.register_keras_serializable("tests")
class Halved(CVAE):
    """Trains by half of the loss."""

    def compute_loss(self, *args, **kwargs):
        return super().compute_loss(*args, **kwargs) / 2


class Unregistered(CVAE):
    """Nobody finds it again."""


@pytest.mark.slow
def test_it_is_trained_and_comes_back_by_name(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=2, model_class=Halved)
    plain = quick(small, tmp_path / "plain", epochs=2)
    parts = zip(run.history["reconstruction_loss"], run.history["kl_loss"], strict=True)
    assert run.history["loss"] == pytest.approx([sum(both) / 2 for both in parts], rel=1e-5)
    assert rows(run) != rows(plain)
    assert run.record.model_class == "tests>Halved"
    model = condvae.load(tmp_path / "run")
    assert type(model.keras_model) is Halved
    np.testing.assert_array_equal(model.generate("cat", seed=0), run.model.generate("cat", seed=0))
    more = quick(small, tmp_path / "run", epochs=3, resume=True)
    assert type(more.by_keras.keras_model) is Halved


def test_what_keras_cannot_find_again_is_refused(small, tmp_path, monkeypatch):
    for wrong, sentence in ((Unregistered, "registered with Keras"), (dict, "subclass of CVAE")):
        with pytest.raises(InputError, match=sentence):
            quick(small, tmp_path / "run", model_class=wrong)
    assert not (tmp_path / "run").exists()
    quick(small, tmp_path / "run", epochs=1, model_class=Halved)
    monkeypatch.setattr(keras.saving, "get_registered_object", lambda name: None)
    with pytest.raises(InputError, match=r"'tests>Halved'.*Import the module that defines it"):
        condvae.load(tmp_path / "run").keras_model  # noqa: B018
