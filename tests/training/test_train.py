import json
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from short_run import quick

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.data.mapped import MappedRows
from condvae.evaluation import bound_of
from condvae.figures import draw, save
from condvae.models import network_tensors
from condvae.runs import Run, load
from condvae.runs.history import COLUMNS
from condvae.spec import Spec
from condvae.training import estimate, train
from condvae.training.beginning import prepare_model
from condvae.training.feed import Feed
from condvae.training.folder import run_path


def test_a_run_folder_is_complete_and_loads_as_it_was_trained(small, tmp_path):
    run = quick(small, tmp_path / "run")
    assert {p.name for p in run.path.iterdir()} == {
        ".lock",
        "checkpoints",
        "run.json",
        "graph.json",
        "history.csv",
        "weights.safetensors",
    }
    again = Run.open(run.path)
    assert again.record == run.record
    assert again.record.status == "finished"
    assert again.record.condition.categories == ("ant", "bee", "cat")
    assert again.record.data.fingerprint == small.fingerprint
    assert tuple(again.history) == COLUMNS
    assert again.history["epoch"] == [1, 2, 3]
    x, y = small.test.x, small.test.y
    np.testing.assert_array_equal(load(run.path).elbo(x, y).elbo, run.model.elbo(x, y).elbo)


def test_the_same_seed_gives_the_same_history_to_the_last_digit(small, tmp_path):
    histories = [quick(small, tmp_path / str(n), seed=s).history for n, s in enumerate((4, 4, 5))]
    for history in histories:
        del history["seconds"]
    assert histories[0] == histories[1]
    assert histories[0]["val_loss"] != histories[2]["val_loss"]


def test_large_images_in_memory_train_alike(small, tmp_path, monkeypatch):
    """Their splits are rows of the data set's array, and memory is returned twice an epoch."""
    expected = quick(small, tmp_path / "copied", epochs=2).history
    monkeypatch.setattr("condvae.data.mapped.LARGE_IMAGE", 1)
    monkeypatch.setattr("condvae.data.mapped.LARGE_SET", 1)
    returned = []
    monkeypatch.setattr(
        "condvae.training.recorder.return_freed_memory", lambda: returned.append(None)
    )
    same = Dataset.from_arrays(small.x, small.y, name="animals")
    found = quick(same, tmp_path / "shared", epochs=2).history
    assert isinstance(same.train.x, MappedRows)
    assert {**found, "seconds": 0} == {**expected, "seconds": 0}
    assert len(returned) == 4


def test_the_weights_are_those_of_the_best_epoch(tmp_path):
    """Images of pure noise, in which learning after the first epochs does not generalise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (90, 4, 3), dtype="uint8")
    small = Dataset.from_arrays(noise, np.arange(90) % 3)
    settings = {
        "hidden_dims": (64,),
        "learning_rate": 0.02,
        "schedule": "constant",
        "decoder_start": "glorot",
    }
    run = quick(small, tmp_path / "run", epochs=20, batch_size=16, **settings)
    history, figures = run.history, run.record.figures
    best = int(np.argmin(history["val_loss"]))
    assert best < 15  # or this test shows nothing
    assert figures.best_epoch == best + 1
    assert figures.val_kl_loss == history["val_kl_loss"][best]
    # an independent evaluation of the kept weights, averaged over draws of z
    x, y = small.validation.x, small.validation.y
    losses = [-run.model.elbo(x, y, seed=seed).elbo.mean() for seed in range(30)]
    kept = history["val_reconstruction_loss"][best] + history["val_kl_loss"][best]
    assert np.mean(losses) == pytest.approx(kept, abs=float(5 * np.std(losses)))


def test_early_stopping_ends_after_patience(small, tmp_path):
    run = quick(
        small, tmp_path / "run", epochs=60, patience=2, learning_rate=0.3, schedule="constant"
    )
    history = run.history
    assert len(history["epoch"]) == run.record.figures.best_epoch + 2 < 60


def test_evaluation_equals_its_recomputation_in_numpy(digits, trained_run):
    """The reported figure from the outputs of encode and decode alone, at the same z."""
    result = bound_of(trained_run, digits)
    x, y = digits.test.x, digits.test.y
    model = trained_run.model
    mean, logvar = (a.astype("float64") for a in model.encode(x, y))
    noise = np.random.default_rng(0).standard_normal(mean.shape, dtype="float32")
    p = np.clip(
        model.decode(mean + np.exp(logvar / 2) * noise, y).astype("float64"), 1e-7, 1 - 1e-7
    )
    grey = x / 255
    reconstruction_loss = -(grey * np.log(p) + (1 - grey) * np.log1p(-p)).sum(axis=(1, 2, 3))
    kl_loss = 0.5 * (np.exp(logvar) + mean**2 - 1 - logvar).sum(axis=1)
    assert result.reconstruction_loss == pytest.approx(reconstruction_loss.mean(), abs=0.01)
    assert result.kl_loss == pytest.approx(kl_loss.mean(), abs=0.01)
    assert result.elbo == pytest.approx(-(reconstruction_loss + kl_loss).mean(), abs=0.01)
    for part in (
        "digits",
        "test split of 359",
        "grey pixels",
        "one draw of z",
        "validation images",
    ):
        assert part in result.comparability


def test_the_model_learns_digits(digits, trained_run):
    """Better than the best model that ignores x: each class's mean image."""
    x, y = digits.test.x / 255, digits.test.y
    train_x, train_y = digits.train.x / 255, digits.train.y
    p = np.clip(
        np.stack([train_x[train_y == c].mean(axis=0) for c in range(10)])[y], 1e-3, 1 - 1e-3
    )
    by_label = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3)).mean()
    assert -bound_of(trained_run, digits).elbo < by_label - 0.3


def test_the_test_images_as_validation_are_said_so(small, tmp_path):
    run = train(small, preset="notebook", run=tmp_path / "run", epochs=1, progress=False)
    assert "the test images chose the epoch" in run.record.figures.comparability
    assert "the test images chose the epoch" in bound_of(run, small).comparability
    splits = run.record.data.splits
    assert splits["validation"] == splits["test"]


def test_training_starts_from_another_run(small, tmp_path):
    first = quick(small, tmp_path / "first", epochs=5)
    start = network_tensors(prepare_model(small, first.spec.override(seed=9), first.path))
    kept = network_tensors(first.model.keras_model)
    assert all(np.array_equal(start[name], kept[name]) for name in kept)
    second = quick(small, tmp_path / "second", start_from=first.path)
    assert second.record.status == "finished"
    with pytest.raises(InputError, match="hidden_0"):
        quick(small, tmp_path / "third", start_from=first.path, hidden_dims=(9,))
    assert not (tmp_path / "third").exists()


def test_a_run_folder_that_exists_is_refused_and_a_default_name_counts_on(
    small, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="exists"):
        quick(small, tmp_path)
    paths = [quick(small, None, epochs=1).path.as_posix() for _ in range(3)]
    assert paths == ["runs/animals-plane", "runs/animals-plane-2", "runs/animals-plane-3"]
    assert quick(small, None, epochs=1, resume=True, preset="plane").path.name == "animals-plane-3"
    assert quick(small, None, epochs=1, preset=None).path.name == "animals-small"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("", "data-small"),
        ("sets/animals.npz", "animals-small"),
        ("cifar/train", "cifar-train-small"),
        ("train.csv", "train-small"),
        ("/photos/my set.tar.gz", "my set-small"),
    ],
)
def test_a_run_is_named_after_its_data(tmp_path, monkeypatch, source, name):
    monkeypatch.chdir(tmp_path)
    assert run_path(SimpleNamespace(name=source), "small", None).as_posix() == f"runs/{name}"


@pytest.mark.parametrize(
    ("at", "epochs"), [(1, 0), (4, 1), pytest.param(3, 1, marks=pytest.mark.slow)]
)
def test_ctrl_c_keeps_what_was_done(small, tmp_path, signal_at, at, epochs):
    """Two steps an epoch: the interrupted epoch has no row, nor where its last step was running."""
    before = signal.getsignal(signal.SIGINT)
    with signal_at(at):
        run = quick(small, tmp_path / "run", batch_size=100, epochs=9)
    assert signal.getsignal(signal.SIGINT) is before
    again = Run.open(run.path)
    assert again.record.status == "interrupted"
    assert len(again.history["epoch"]) == epochs
    assert (again.record.figures is None) == (epochs == 0)
    assert np.isfinite(again.model.generate("ant", 2)).all()


def test_other_data_are_refused(small, digits, tmp_path):
    run = quick(small, tmp_path / "run", epochs=1)
    with pytest.raises(InputError, match="must be those of"):
        bound_of(run, digits)


def test_floats_outside_the_unit_interval_need_the_normal_likelihood(small, tmp_path):
    shifted = Dataset.from_arrays(small.x / 10.0 - 3, small.y)
    with pytest.raises(InputError, match="bernoulli"):
        quick(shifted, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    run = quick(shifted, tmp_path / "run", likelihood="normal", scale=2.0)
    assert np.isfinite(run.record.figures.val_elbo)


def test_a_dry_run_tells_and_writes_nothing(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = estimate(small, preset="notebook", hidden_dims=(8,))
    for part in (
        "203 images",
        "label: one of ant, bee, cat",
        "notebook",
        "parameters",
        "epoch",
        "GB",
    ):
        assert part in text
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_warns_of_hours_and_memory(small, monkeypatch):
    module = sys.modules[estimate.__module__]
    monkeypatch.setattr(module, "LONG", 0)
    monkeypatch.setattr(module, "memory_bound", lambda: 1000)
    # with an average of the weights, whose buffers Keras shares with them
    told = estimate(small, preset="plane", epochs=1, ema=0.9)
    assert "hours: fewer --epochs" in told
    assert "GB are more than half of this machine's memory" in told


def test_a_dry_run_counts_start_steps_and_validation(small, monkeypatch):
    """By a clock of which a step takes a second, validation two, a start ten, compilation 100."""
    module, clock, compiled = sys.modules[estimate.__module__], [1000.0], set()
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(module.time, "process_time", lambda: 2 * clock[0])  # two threads

    def fit(model, feed, epochs=1, validation_data=None, **how):
        clock[0] += epochs * len(feed) + 2 * (validation_data is not None)
        clock[0] += 100 * (model not in compiled)
        compiled.add(model)

    def prepare(*arguments):
        clock[0] += 10
        return prepare_model(*arguments)

    prepare_model = module.prepare_model
    monkeypatch.setattr(module, "prepare_model", prepare)
    monkeypatch.setattr(module.CVAE, "fit", fit)
    monkeypatch.setattr(
        module.CVAE, "evaluate", lambda *_, **how: clock.__setitem__(0, clock[0] + 2)
    )
    # 146 rows in 30 steps, 29 of 5 and one of 1, of which 21 are timed
    told = estimate(small, preset="plane", epochs=4, batch_size=5, started=997.0)
    rows = len(small.train.x)
    assert rows > 105
    assert rows % 5
    seconds = 2 + -(-rows // 5)
    assert f"about {113 + 4 * seconds} s: 113 s to start" in told
    of_processor = f"({2 * seconds}.0 s of processor time)"
    assert f"{seconds}.0 s an epoch {of_processor}, 4 of them (21 steps timed)" in told
    assert "if it does not stop early" in estimate(small, preset="plane", patience=2)


def test_a_spec_and_a_preset_exclude_each_other(small, tmp_path):
    with pytest.raises(InputError, match="both"):
        train(small, preset="plane", spec=Spec(), run=tmp_path / "run")


def test_the_order_of_an_epoch_is_fixed_by_seed_and_epoch():
    x = np.arange(10)
    feed = Feed(x, x, 4, seed=3)
    orders = {}
    for epoch in (0, 1, 0):
        feed.start_epoch(epoch)
        order = np.concatenate([feed[n][0]["x"] for n in range(len(feed))])
        assert sorted(order) == list(x)
        np.testing.assert_array_equal(orders.setdefault(epoch, order), order)
    assert (orders[0] != orders[1]).any()
    assert len(feed) == 3


def test_a_damaged_record_names_the_field(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=1)
    file = run.path / "run.json"
    record = json.loads(file.read_text())
    record["spec"]["model"]["latent_dim"] = "many"
    file.write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"spec.model.latent_dim"):
        Run.open(run.path)
    record["spec"]["model"]["latent_dim"] = 3
    file.write_text(json.dumps(record))
    with pytest.raises(InputError, match="field 'spec' was changed"):
        Run.open(run.path)


def test_damaged_weights_are_refused(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=1)
    content = run.weights_path.read_bytes()
    run.weights_path.write_bytes(content[:-100])
    with pytest.raises(InputError, match="safetensors"):
        load(run.path)


@pytest.mark.parametrize(
    ("channels", "labels", "settings"),
    [
        (3, (1, 2, 3), {"latent_dim": 3, "pixels": "dynamic"}),
        pytest.param(3, ("ant", "bee"), {"latent_dim": 1}, marks=pytest.mark.slow),
        pytest.param(1, ("one",), {"likelihood": "normal", "scale": 0.3}, marks=pytest.mark.slow),
    ],
    ids=["rgb-labels-from-one-dynamic", "one-latent", "one-class-normal"],
)
def test_any_small_set_goes_all_the_way(channels, labels, settings, tmp_path):
    """Train, evaluate and draw every figure; labels are given as the data have them."""
    rng = np.random.default_rng(0)
    y = np.array(labels)[rng.integers(0, len(labels), 90)]
    x = rng.integers(0, 256, (90, 5, 4, channels), dtype="uint8")
    data = Dataset.from_arrays(x, y)
    run = quick(data, tmp_path / "run", epochs=2, **settings)
    assert np.isfinite(bound_of(run, data).elbo)
    mean, _ = run.model.encode(data.test.x, data.test.y)
    weights = np.eye(len(labels), dtype="float32")[data.test.given]
    np.testing.assert_array_equal(mean, run.model.encode(data.test.x, weights)[0])
    paths = save(draw(run.model, data, run.history), tmp_path / "figures")
    assert all(path.stat().st_size for path in paths)
