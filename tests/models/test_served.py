"""Batches of every form through Keras's entry points: served as they should be, and looked at."""

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.models import build_model
from condvae.spec import Signature, Spec

pytestmark = pytest.mark.usefixtures("compiled_quickly")

ROWS, BATCH = 48, 16


def pairs(y_max=2):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (ROWS, 4, 3, 1), dtype="uint8")
    y = rng.integers(0, 3, ROWS)
    y[-1] = y_max
    return [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, ROWS, BATCH)]


class Loader:
    """An iterable that has a length and can be repeated, like a DataLoader."""

    def __init__(self, batches):
        self.batches, self.passes = batches, 0

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        self.passes += 1
        return iter(self.batches)


class Numbered(keras.utils.PyDataset):
    def __init__(self, batches, **settings):
        super().__init__(**settings)
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        x, y = self.batches[index]
        return {"x": x, "y": y}


FORMS = {
    "lists": lambda batches: Loader([[x, y] for x, y in batches]),
    "dictionaries": lambda batches: Loader([{"x": x, "y": y} for x, y in batches]),
    "channels first": lambda batches: Loader([(np.moveaxis(x, -1, 1), y) for x, y in batches]),
    "tensors": lambda batches: Loader(
        [tuple(map(keras.ops.convert_to_tensor, pair)) for pair in batches]
    ),
    "PyDataset": Numbered,
    "PyDataset of workers": lambda batches: Numbered(batches, workers=2),
    "generator": lambda batches: (pair for pair in batches),
}


@pytest.fixture(scope="module")
def model():
    spec = Spec().override(latent_dim=2, hidden_dims=(7,))
    model = build_model(spec, Signature((4, 3, 1), (3,)))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    return model


def steps_of(batches):
    return {} if hasattr(batches, "__len__") else {"steps_per_epoch": len(pairs())}


def test_each_form_is_fitted_to_the_same_weights(model):
    first, noise = model.get_weights(), model.noise.state.numpy()
    found = {}
    for name, form in FORMS.items():
        model.set_weights(first)
        model.noise.state.assign(noise)
        model.compile(optimizer=keras.optimizers.SGD(1e-3))
        batches = form(pairs())
        settings = {"epochs": 1, "verbose": 0, **steps_of(batches)}
        # PyDatasets are shuffled unless asked otherwise
        model.fit(batches, shuffle=False, **settings)
        found[name] = model.get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(first, found["lists"], strict=True))
    for weights in found.values():
        for ours, theirs in zip(weights, found["lists"], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_loader_is_gone_through_once_an_epoch(model):
    model.fit(Loader(pairs()), epochs=1, verbose=0)  # after which Keras builds nothing
    loader = Loader(pairs())
    history = model.fit(loader, epochs=3, verbose=0, validation_data=Loader(pairs())).history
    assert len(history["loss"]) == len(history["val_loss"]) == 3
    assert loader.passes == 1 + 3  # a look at the first batch, and the epochs
    assert model.predict(loader, verbose=0)["x"].shape == (ROWS, 4, 3, 1)


@pytest.mark.parametrize("form", FORMS)
def test_a_class_beyond_the_range_is_an_error_in_any_batch(form, model):
    batches = FORMS[form](pairs(y_max=3))
    with pytest.raises(InputError, match=r"class codes, must lie in \[0, 2\]; received 3"):
        model.fit(batches, epochs=1, verbose=0, **steps_of(batches))
    # the weights were handed over to no step, or have come back from it
    result = model.evaluate(FORMS["lists"](pairs()), verbose=0, return_dict=True)
    assert np.isfinite(result["loss"])
    model.fit(FORMS["lists"](pairs()), epochs=1, verbose=0)


def test_an_error_in_the_first_step_leaves_a_fresh_model_whole():
    spec = Spec().override(latent_dim=2, hidden_dims=(7,))
    model = build_model(spec, Signature((4, 3, 1), (3,)))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    before = model.get_weights()
    good, bad = pairs()[0], pairs(y_max=3)[-1]
    with pytest.raises(InputError, match="class codes"):
        model.fit(Loader([good, bad]), epochs=1, verbose=0)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        assert ours.shape == theirs.shape
    model.fit(Loader([good]), epochs=1, verbose=0)


def test_pixels_and_classes_are_checked_on_every_other_way(model):
    x, y = map(np.concatenate, zip(*pairs(y_max=3), strict=True))
    tensors = {"x": keras.ops.convert_to_tensor(x), "y": keras.ops.convert_to_tensor(y)}
    for batch in ({"x": x, "y": y}, tensors):
        for call in (model, model.fit, model.evaluate, model.predict, model.train_on_batch):
            with pytest.raises(InputError, match="class codes"):
                call(batch)
    bright = {"x": keras.ops.convert_to_tensor(x * 1.5), "y": keras.ops.convert_to_tensor(y * 0)}
    for call in (model, model.fit):
        with pytest.raises(InputError, match="x must lie in"):
            call(bright)


def test_data_without_batches_are_refused(model):
    with pytest.raises(InputError, match="already consumed"):
        model.fit(iter([]), verbose=0)
    with pytest.raises(InputError, match="a batch must be"):
        model.fit(Loader([]), verbose=0)
