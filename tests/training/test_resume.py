import errno
import itertools
import json
import shutil
import signal
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.files import atomic
from condvae.files.lock import locked
from condvae.runs import Run
from condvae.runs.record import installed_versions
from condvae.spec import Spec
from condvae.training import beginning, train
from condvae.training.feed import Feed
from condvae.training.journal import Journal

# four steps per epoch, with binarised pixels: each step draws from every random stream
SETTINGS = {"epochs": 4, "batch_size": 40, "pixels": "dynamic"}


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """The run that was never interrupted."""
    return quick(small, tmp_path_factory.mktemp("whole") / "run", **SETTINGS)


@pytest.fixture
def broken(small, tmp_path, signal_at, monkeypatch):
    """The same run, ended by Ctrl-C in its third epoch, with a checkpoint of every epoch."""
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    with signal_at(10):
        return quick(small, tmp_path / "run", **SETTINGS)


@pytest.fixture
def killed_at(monkeypatch):
    """A context that ends, as near to a kill as one process can, with the call of a function."""

    def kill(*arguments):
        raise SystemExit

    @contextmanager
    def context(owner, name):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, kill)
            with pytest.raises(SystemExit):
                yield

    return context


def resume(small, run, **settings):
    return quick(small, run.path, resume=True, **{"epochs": 4, **settings})


def assert_same(run, whole):
    """The same to the last bit: history, best weights, and the whole training state."""
    assert run.record.status == "finished"
    assert rows(run) == rows(whole)
    newest = "epoch-{:07d}/tensors.safetensors".format(len(rows(whole)["epoch"]))
    for path in ("weights.safetensors", f"checkpoints/{newest}"):
        assert (run.path / path).read_bytes() == (whole.path / path).read_bytes()


def checkpoints(run):
    return sorted(path.name for path in run.checkpoints_path.iterdir())


LONG = pytest.mark.slow


@pytest.mark.parametrize("at", [1, 6, *(pytest.param(n, marks=LONG) for n in (2, 3, 4, 15, 16))])
def test_an_interrupted_run_ends_as_if_it_had_not_been(small, whole, tmp_path, signal_at, at):
    """In the first step, in the middle and at the end of epochs, in the last step."""
    number = signal.SIGTERM if at % 2 else signal.SIGINT
    with signal_at(at, number):
        run = quick(small, tmp_path / "run", **SETTINGS)
    expected = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}[number]
    assert run.record.status == expected
    assert_same(resume(small, run), whole)


@pytest.mark.parametrize("settings", [{}, pytest.param({"ema": 0.9}, marks=LONG)], ids=str)
def test_a_validation_that_was_interrupted_is_made_up_for(
    small, whole, tmp_path, signal_at, settings
):
    if settings:
        whole = quick(small, tmp_path / "whole", **SETTINGS, **settings)
    with signal_at(2, validation=True):
        run = quick(small, tmp_path / "run", **SETTINGS, **settings)
    assert len(rows(run)["epoch"]) == 1
    resumed = resume(small, run)
    assert resumed.record.resumed[0].place.startswith("epoch 1 and ")
    assert_same(resumed, whole)


@pytest.mark.slow
def test_a_run_may_be_interrupted_again_and_again(small, whole, tmp_path, signal_at):
    """A step or two at a time, as a scheduler that preempts would have it."""
    path, breaks = tmp_path / "run", 0
    while not path.exists() or Run.open(path).record.status != "finished":
        with signal_at(3, signal.SIGTERM):
            run = quick(small, path, resume=True, preset="plane", **SETTINGS)
        breaks += 1
    assert breaks > 5
    assert len(run.record.resumed) == breaks - 1
    assert_same(run, whole)


def test_early_stopping_remembers_what_it_has_seen(small, tmp_path, signal_at):
    settings = {"epochs": 60, "patience": 2, "learning_rate": 0.3, "schedule": "constant"}
    whole = quick(small, tmp_path / "whole", **settings)
    epochs = len(rows(whole)["epoch"])
    with signal_at(2 * epochs - 2):  # two steps an epoch
        run = quick(small, tmp_path / "run", **settings)
    assert run.record.status == "interrupted"
    assert_same(resume(small, run, epochs=60), whole)
    more = resume(small, run, epochs=90)  # an uninterrupted run of 90 had stopped there too
    assert rows(more) == rows(whole)


def test_a_finished_run_is_extended(small, tmp_path, caplog):
    constant = {"schedule": "constant", "warmup": 0.0}
    whole = quick(small, tmp_path / "whole", epochs=4, **constant)
    run = quick(small, tmp_path / "run", epochs=2, **constant)
    weights = run.weights_path.read_bytes()
    assert resume(small, run, epochs=2).weights_path.read_bytes() == weights
    assert "schedule" not in caplog.text
    assert_same(resume(small, run, epochs=4), whole)
    assert Run.open(run.path).spec.training.epochs == 4


def test_extending_a_scheduled_run_says_what_it_means(small, tmp_path, caplog):
    run = quick(small, tmp_path / "run", epochs=2)
    assert len(resume(small, run, epochs=3).history["epoch"]) == 3
    assert "would have ended elsewhere" in caplog.text
    with pytest.raises(InputError, match="`epochs` must be at least 3"):
        resume(small, run, epochs=1)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 3, "latent_dim": 5}, "model.latent_dim 5 instead of 2, training.seed 3"),
        ({"split_seed": 1}, "data.split_seed"),
        ({"preset": "wide"}, "training.batch_size 128 instead of 40"),
    ],
)
def test_other_settings_are_refused(small, broken, settings, named):
    before = (broken.path / "run.json").read_text()
    with pytest.raises(InputError) as error:
        resume(small, broken, **settings)
    assert named in error.value.received
    assert (broken.path / "run.json").read_text() == before


def test_other_data_are_refused(small, broken):
    changed = small.x.copy()
    changed[0] ^= 1
    with pytest.raises(InputError, match="must be those of"):
        resume(Dataset.from_arrays(changed, small.y, name="animals"), broken)


def test_other_versions_are_said(small, broken, monkeypatch, caplog):
    versions = {**installed_versions(), "keras": "3.99"}
    monkeypatch.setattr("condvae.training.resume.installed_versions", lambda: versions)
    run = resume(small, broken)
    assert "keras 3.99 instead of" in caplog.text
    assert "results may differ" in caplog.text
    assert run.record.resumed[0].versions["keras"] == "3.99"


def damaged(name, damage):
    def harm(checkpoint):
        path = checkpoint / name
        damage(path) if path.exists() else pytest.fail(str(path))

    return harm


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def damages():
    """Every damage to every file; `make test` takes each of them once."""
    kinds = {"cut": truncate, "flipped": flip, "gone": lambda path: path.unlink()}
    names = ["tensors.safetensors", "state.json", "manifest.json"]
    for (m, kind), (n, name) in itertools.product(enumerate(kinds), enumerate(names)):
        marks = () if m == n else LONG
        yield pytest.param(name, kinds[kind], marks=marks, id=f"{name}-{kind}")


@pytest.mark.parametrize(("name", "damage"), [*damages()])
def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    small, whole, broken, caplog, name, damage
):
    newest = broken.checkpoints_path / checkpoints(broken)[-1]
    damage(newest / name)
    run = resume(small, broken)
    assert f"skipped: checkpoint {newest} must be undamaged" in caplog.text
    assert name in caplog.text or name == "manifest.json"
    assert_same(run, whole)


def test_with_all_checkpoints_damaged_or_missing_nothing_is_restarted(small, broken):
    weights = broken.weights_path.read_bytes()
    for name in checkpoints(broken):
        flip(broken.checkpoints_path / name / "tensors.safetensors")
    with pytest.raises(InputError, match="all damaged"):
        resume(small, broken)
    shutil.rmtree(broken.checkpoints_path)
    with pytest.raises(InputError, match="must hold a checkpoint"):
        resume(small, broken)
    assert broken.weights_path.read_bytes() == weights


def test_before_the_first_checkpoint_it_starts_over(small, whole, tmp_path):
    """A kill may come before the record is there, and before the first checkpoint."""
    path = tmp_path / "run"
    path.mkdir()
    (path / ".run.json.abc.tmp").mkdir()
    run = quick(small, path, resume=True, preset="plane", **SETTINGS)
    assert_same(run, whole)
    assert not list(path.glob(".*.tmp"))
    shutil.rmtree(run.checkpoints_path)
    header = run.history_path.read_text().splitlines(keepends=True)[0]
    run.history_path.write_text(header)
    run.update(status="running", figures=None)
    assert_same(resume(small, run), whole)


def test_a_copy_of_record_and_weights_alone_is_not_restarted(small, whole, tmp_path):
    run = Run.open(shutil.copytree(whole.path, tmp_path / "run"))
    shutil.rmtree(run.checkpoints_path)
    run.history_path.unlink()
    weights = run.weights_path.read_bytes()
    with pytest.raises(InputError, match="none, in a finished run of 4 epochs"):
        resume(small, run)
    assert run.weights_path.read_bytes() == weights


def test_a_run_whose_record_is_lost_is_not_restarted(small, broken):
    for name in ("run.json", "history.csv", "weights.safetensors"):
        (broken.path / name).unlink()
    before = checkpoints(broken)
    with pytest.raises(InputError, match="other files but no run"):
        resume(small, broken)
    assert checkpoints(broken) == before


def test_first_weights_of_a_killed_beginning_are_forgotten(small, whole, tmp_path, killed_at):
    """Killed before the record is there; begun with others, and killed before a checkpoint."""
    path = tmp_path / "run"
    with killed_at(Run, "update"):
        quick(small, path, start_from=whole.path, **SETTINGS)
    assert [entry.name for entry in (path / "checkpoints").iterdir()] == ["epoch-0000000"]
    with killed_at(Feed, "start_epoch"):
        quick(small, path, resume=True, preset="plane", **SETTINGS)
    assert_same(resume(small, Run.open(path)), whole)


def test_other_first_weights_are_refused(small, whole, broken):
    with pytest.raises(InputError, match=r"`start_from` .+ instead of none"):
        resume(small, broken, start_from=whole.path)


def test_a_checkpoint_of_another_optimizer_leaves_the_record_as_it_was(small, broken, monkeypatch):
    before = (broken.path / "run.json").read_text()
    monkeypatch.setattr(beginning, "build_optimizer", lambda spec, steps: keras.optimizers.SGD())
    with pytest.raises(InputError, match="must fit the model and its optimizer"):
        resume(small, broken, epochs=9)
    assert (broken.path / "run.json").read_text() == before


def test_while_a_run_goes_on_no_figures_are_claimed(small, broken, killed_at):
    """After a kill the weights may be better ones than those that the figures are of."""
    assert broken.record.figures.epochs == 2
    with killed_at(Journal, "figures"):
        resume(small, broken)
    assert Run.open(broken.path).record.figures is None
    assert resume(small, broken).record.figures.epochs == 4


def test_a_run_that_another_process_began_meanwhile_is_kept(small, tmp_path, monkeypatch):
    prepare = beginning.prepare_model

    def slowly(*arguments):
        monkeypatch.setattr(beginning, "prepare_model", prepare)
        quick(small, tmp_path / "run", epochs=2)
        return prepare(*arguments)

    monkeypatch.setattr(beginning, "prepare_model", slowly)
    with pytest.raises(InputError, match="another process started there meanwhile"):
        quick(small, tmp_path / "run", epochs=1, resume=True, preset="plane")
    assert len(rows(Run.open(tmp_path / "run"))["epoch"]) == 2


def test_a_signal_that_is_ignored_stays_so(small, whole, tmp_path, signal_at):
    """As in a background job of a script, or under nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signal_at(3):
            run = quick(small, tmp_path / "run", **SETTINGS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert_same(run, whole)


def test_a_row_that_the_disk_cut_short_is_mended(small, tmp_path, monkeypatch):
    def cut(path, row):
        with open(path, "a") as file:
            file.write("1,2")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("condvae.training.journal.append_history", cut)
    with pytest.raises(InputError, match="room for a checkpoint"):
        quick(small, tmp_path / "run", epochs=1)
    assert Run.open(tmp_path / "run").history["epoch"] == [1]


def test_a_folder_with_other_things_is_no_run_to_resume(small, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="requires a run folder"):
        quick(small, tmp_path, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_weights_of_another_run_are_kept_from_the_beginning(small, whole, tmp_path, signal_at):
    from_whole = {**SETTINGS, "start_from": whole.path}
    straight = quick(small, tmp_path / "straight", **from_whole)
    with signal_at(3):
        run = quick(small, tmp_path / "run", **from_whole)
    shutil.rmtree(run.checkpoints_path / checkpoints(run)[-1])  # as if killed before it
    assert checkpoints(run) == ["epoch-0000000"]
    assert_same(resume(small, run), straight)
    assert rows(straight) != rows(whole)
    shutil.rmtree(run.checkpoints_path)
    run.history_path.unlink()
    with pytest.raises(InputError, match="must hold a checkpoint"):
        resume(small, run)


def test_a_second_writer_is_refused_and_the_first_named(small, broken):
    with locked(broken.path), pytest.raises(InputError, match=r"process \d+ on .+ since 20"):
        resume(small, broken)
    assert resume(small, broken).record.status == "finished"


def test_the_newest_two_and_the_best_checkpoint_are_kept(tmp_path, monkeypatch):
    """Images of pure noise, in which learning after the first epochs does not generalise."""
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    noise = np.random.default_rng(0).integers(0, 256, (90, 4, 3), dtype="uint8")
    settings = {
        "hidden_dims": (64,),
        "learning_rate": 0.02,
        "schedule": "constant",
        "decoder_start": "glorot",
    }
    data = Dataset.from_arrays(noise, np.arange(90) % 3)
    run = quick(data, tmp_path / "run", epochs=20, batch_size=16, **settings)
    best = run.record.figures.best_epoch
    assert best < 19  # or this test shows nothing
    assert checkpoints(run) == [f"epoch-{epoch:07d}" for epoch in (best, 19, 20)]


@pytest.mark.parametrize("full_at", [10, *(pytest.param(n, marks=LONG) for n in (4, 16))])
def test_a_full_disk_leaves_the_last_checkpoint_and_says_how_much_is_needed(
    small, whole, tmp_path, monkeypatch, full_at
):
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    flush, flushed = atomic._flush, []

    def full(path):
        flushed.append(path)
        if len(flushed) > full_at:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        flush(path)

    monkeypatch.setattr(atomic, "_flush", full)
    with pytest.raises(InputError, match=r"room for a checkpoint, [\d,]+ bytes") as error:
        quick(small, tmp_path / "run", **SETTINGS)
    assert "bytes free" in error.value.received
    monkeypatch.setattr(atomic, "_flush", flush)
    run = Run.open(tmp_path / "run")
    assert not list(run.path.rglob("*.tmp"))
    assert_same(resume(small, run), whole)


def test_history_and_record_say_what_the_checkpoint_says(small, broken):
    """The state is JSON that a reader can follow: the place, and the rows of history.csv."""
    newest = broken.checkpoints_path / checkpoints(broken)[-1]
    state = json.loads((newest / "state.json").read_text())
    assert state["step"] == 2
    assert [row["epoch"] for row in state["rows"]] == broken.history["epoch"] == [1, 2]
    assert np.isfinite(broken.model.generate("ant", 2)).all()


def test_a_run_is_resumed_by_the_spec_that_it_was_begun_with(small, tmp_path):
    spec = Spec().override(epochs=2, hidden_dims=(8,))
    assert spec.model.likelihood == "auto"
    first = train(small, spec=spec, run=tmp_path / "run", progress=False)
    again = train(small, spec=spec, run=tmp_path / "run", resume=True, progress=False)
    assert rows(again) == rows(first)


def test_a_warm_up_of_less_than_a_step_does_not_bar_more_epochs(small, tmp_path):
    quick(small, tmp_path / "run", epochs=1, batch_size=100, beta_warmup=0.1)
    run = quick(small, tmp_path / "run", epochs=3, resume=True)
    assert len(run.history["epoch"]) == 3
