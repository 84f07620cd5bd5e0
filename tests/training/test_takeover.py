"""Starting from a run on other classes, or other conditions; networks that stay as they come."""

import numpy as np
import pytest
from short_run import quick, untrained

from condvae.checks import InputError
from condvae.conditions import Categorical, Image, Schema
from condvae.data import Dataset
from condvae.files.tensors import StoredTensors, write_tensors
from condvae.models import network_tensors
from condvae.models.takeover import take_over
from condvae.runs import Run
from condvae.spec import DataSpec

STILL = {"epochs": 1, "learning_rate": 1e-12}
ARCHITECTURES = {
    "mlp": {},
    "linear": {"architecture": "residual", "hidden_dims": (8, 8), "preset": "photo"},
    "everywhere": {"condition_at": "every_layer", "hidden_dims": (8, 6), "prior": "conditional"},
    "flow": {"prior": "flow", "coupling_dims": (6,), "couplings": 2},
    "ladder": {"prior": "ladder", "latent_groups": (1, 1), "coupling_dims": (6,)},
    "vampprior": {"prior": "vampprior", "pseudo_inputs": 3},
    "baseline": {"prior": "conditional", "baseline": "joint"},
    "convolutional": {"architecture": "convolutional", "hidden_dims": (4, 4)},
    "mixer": {"architecture": "mixer", "hidden_dims": (6,)},
}


def animals(names, shape=(8, 8)):
    """Grey images of some of the classes."""
    rng = np.random.default_rng(0)
    y = np.array(names)[np.arange(120) % len(names)]
    return Dataset.from_arrays(rng.integers(0, 256, (120, *shape), dtype="uint8"), y)


@pytest.mark.parametrize(
    "name",
    ["mlp", *(pytest.param(n, marks=pytest.mark.slow) for n in list(ARCHITECTURES)[1:])],
)
def test_classes_are_matched_by_name(tmp_path, name):
    settings = {"latent_dim": 2, **ARCHITECTURES[name]}
    old = untrained(animals(["bee", "cat", "dog", "eel"]), **settings)
    # "ant" comes before all others, so that every code is another one; "dog" is gone
    new = untrained(animals(["ant", "bee", "cat", "eel"]), seed=1, **settings)
    write_tensors(tmp_path / "w", network_tensors(old.keras_model))
    taken = new.condition.taken_over(old.condition)
    take_over(new.keras_model, StoredTensors(tmp_path / "w"), taken.rows)
    rng = np.random.default_rng(1)
    z, x = rng.normal(size=(6, 2)), rng.integers(0, 256, (6, 8, 8), dtype="uint8")
    for label in ("bee", "cat", "eel"):
        np.testing.assert_allclose(new.decode(z, label), old.decode(z, label), atol=1e-6)
        for now, then in zip(new.encode(x, label), old.encode(x, label), strict=True):
            np.testing.assert_allclose(now, then, atol=1e-5)
        drawn = [model.sample_prior(label, 5, seed=2) for model in (new, old)]
        np.testing.assert_allclose(*drawn, atol=1e-5)
    assert (new.decode(z, "ant") != new.decode(z, "bee")).any()


def test_the_record_says_what_came_from_where(tmp_path):
    before = quick(animals(["bee", "cat", "dog"]), tmp_path / "a", epochs=1)
    after = quick(animals(["ant", "bee"]), tmp_path / "b", start_from=before.path, epochs=1)
    record = Run.open(after.path).record
    assert record.start_from == str(before.path)
    expected = {"kept": ("bee",), "new": ("ant",), "dropped": ("cat", "dog")}
    assert record.taken_over == expected


@pytest.mark.slow
def test_a_new_class_starts_from_the_mean_of_the_others(tmp_path):
    before = quick(animals(["bee", "cat", "dog"]), tmp_path / "a", epochs=1)
    after = quick(
        animals(["ant", "bee", "cat", "dog"]), tmp_path / "b", start_from=before.path, **STILL
    )
    old, new = (network_tensors(run.by_keras.keras_model) for run in (before, after))
    rows = old["decoder/hidden_0/kernel"][2:]  # of the classes, behind z
    np.testing.assert_allclose(new["decoder/hidden_0/kernel"][2], rows.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(new["decoder/hidden_0/kernel"][3:], rows)


@pytest.mark.slow
def test_a_takeover_is_said(tmp_path, caplog):
    caplog.set_level("INFO")
    before = quick(animals(["bee", "cat", "dog"]), tmp_path / "a", epochs=1)
    quick(
        animals(["ant", "bee", "cat"]),
        tmp_path / "b",
        start_from=before.path,
        **STILL | {"progress": True},
    )
    assert f"from {before.path}: 2 kept; new, from the mean of these: ant; dropped: dog" in (
        caplog.text
    )


def test_of_named_conditions_classes_and_conditions_come_and_go():
    def schema(**conditions):
        return Schema(
            conditions=tuple(Categorical(name=n, categories=c) for n, c in conditions.items())
        )

    before = schema(size=("s", "m"), colour=("red", "blue"))
    after = schema(colour=("blue", "green", "red"), shape=("cube", "ball"))
    taken = after.taken_over(before)
    assert (taken.kept, taken.new, taken.dropped) == (
        ("colour",),
        ("colour=green", "shape"),
        ("size",),
    )
    # weights of the one encoding, by the rows of the other: what both know is read alike
    weights = np.random.default_rng(0).normal(size=(before.dim, 5))
    moved = taken.rows @ weights
    for colour in ("red", "blue"):
        y_before, y_after = (one.encode({"colour": colour}) for one in (before, after))
        np.testing.assert_allclose(y_after @ moved, y_before @ weights, rtol=1e-5)
    np.testing.assert_array_equal(after.encode({"shape": "ball"}) @ moved, 0)
    assert schema(shape=("cube", "ball")).taken_over(before) is None


@pytest.mark.slow
def test_conditions_of_a_run_come_and_go(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (120, 4, 3), dtype="uint8")
    columns = {"a": np.array(["u", "v"])[np.arange(120) % 2], "b": rng.normal(size=120)}
    columns["c"] = np.array(["p", "q"])[rng.integers(0, 2, 120)]
    both = Dataset.from_columns(columns, x, spec=DataSpec(conditions=("a", "b")))
    other = Dataset.from_columns(columns, x, spec=DataSpec(conditions=("a", "c")))
    before = quick(both, tmp_path / "a", epochs=1)
    after = quick(other, tmp_path / "b", start_from=before.path, **STILL)
    z = rng.normal(size=(4, 2))
    now, then = (run.by_keras.decode(z, {"a": "v"}) for run in (after, before))
    np.testing.assert_allclose(now, then, atol=1e-6)
    assert after.record.taken_over == {"kept": ("a",), "new": ("c",), "dropped": ("b",)}


def test_frozen_networks_stay_also_after_a_break(tmp_path):
    few, more = animals(["bee", "cat"]), animals(["ant", "bee", "cat"])
    before = quick(few, tmp_path / "a", epochs=1)
    settings = {"start_from": before.path, "freeze": ("decoder",), "learning_rate": 1e-2}
    run = quick(more, tmp_path / "b", epochs=1, **settings)
    run = quick(more, tmp_path / "b", epochs=3, resume=True)
    old, new = (network_tensors(each.by_keras.keras_model) for each in (before, run))
    np.testing.assert_array_equal(new["decoder/x_params/kernel"], old["decoder/x_params/kernel"])
    np.testing.assert_array_equal(
        new["decoder/hidden_0/kernel"][3:], old["decoder/hidden_0/kernel"][2:]
    )
    assert (new["encoder/mean/kernel"] != old["encoder/mean/kernel"]).any()
    assert run.spec.training.freeze == ("decoder",)


def test_what_cannot_be_taken_over_is_said(tmp_path):
    before = quick(animals(["bee", "cat"]), tmp_path / "a", epochs=1)
    for data, settings, sentence in (
        (animals(["ant", "dog"]), {}, "shares classes or conditions with"),
        (animals(["bee", "dog"]), {"latent_dim": 3}, "the same latent_dim"),
        (animals(["bee", "dog"]), {"freeze": ("prior",)}, "a network to freeze must be one of"),
    ):
        with pytest.raises(InputError, match=sentence):
            quick(data, tmp_path / "run", start_from=before.path, **settings)
    with pytest.raises(InputError, match=r"must come from another run.*received encoder"):
        quick(animals(["bee", "cat"]), tmp_path / "run", freeze=("encoder",))
    assert not (tmp_path / "run").exists()
    frozen = {"prior": "conditional", "baseline": "frozen"}
    with pytest.raises(InputError, match="frozen baseline must come from a run with the data's"):
        quick(animals(["cat", "bee", "dog"]), tmp_path / "e", start_from=before.path, **frozen)
    settings = {"prior": "vampprior", "prior_sees": "nothing", "pseudo_inputs": 3, "epochs": 1}
    blind = quick(animals(["bee", "cat"]), tmp_path / "c", **settings)
    with pytest.raises(InputError, match="the prior 'vampprior' that does not see y"):
        quick(animals(["bee", "dog"]), tmp_path / "d", start_from=blind.path, **settings)


def test_an_image_that_is_given_is_no_matrix():
    """A square of its pixels would have 9 GB."""
    large = Image(image_shape=(128, 128, 3), y_max=255)
    same = Schema(conditions=(Categorical(name="a", categories=("b", "c")), large))
    for condition in (large, same):
        assert condition.taken_over(condition.model_copy()).rows is None
    assert large.taken_over(Image(image_shape=(64, 64, 3), y_max=255)) is None
