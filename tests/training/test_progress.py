"""The text of the progress bar, and why a training ended."""

import io
import signal
from types import SimpleNamespace

import pytest
from rich.console import Console

from condvae.training import progress
from condvae.training.fit import why_ended
from condvae.training.progress import ProgressBar

LOGS = dict.fromkeys(("loss", "reconstruction_loss", "kl_loss"), 2.0)
LOGS |= {f"val_{name}": 3.0 for name in LOGS}


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test sets."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: now.seconds))
    return now


@pytest.fixture
def bar(clock):
    """A bar for ten epochs of 20 steps with 1,000 images, written to a file."""
    bar = ProgressBar(10, 20, Console(file=io.StringIO()), (1000, "images"), lambda: "stopped")
    bar.set_model(SimpleNamespace(stop_evaluating=False, stop_training=False))
    bar.on_train_begin()
    return bar


def test_time_left_and_images_a_second(bar, clock):
    bar.on_epoch_begin(0)
    assert str(bar).splitlines() == [f"epoch 1/10 {'╌' * 30} 0 s", "starting"]
    clock.seconds += 4
    bar.on_batch(10)
    # half an epoch of 1,000 images in 4 seconds, nine and a half to go
    assert str(bar).splitlines()[0].endswith(" 4 s, 76 s left, 125 images/s")


def test_a_run_that_goes_on_counts_its_own_epochs(bar, clock):
    bar.on_epoch_begin(5)
    clock.seconds += 8
    bar.on_batch(20)
    assert str(bar).splitlines()[0].endswith(" 8 s, 32 s left, 125 images/s")
    bar.on_epoch_begin(6)
    clock.seconds += 8
    bar.on_batch(20)
    assert str(bar).splitlines()[0].endswith(" 16 s, 24 s left, 125 images/s")


def test_at_the_end_nothing_is_left(bar, clock):
    bar.on_epoch_begin(9)
    clock.seconds += 8
    bar.on_epoch_end(9, LOGS)
    assert str(bar).splitlines()[0] == f"epoch 10/10 {'━' * 30} 8 s"
    bar.on_train_end()
    assert "stopped" not in bar.console.file.getvalue()


def test_an_early_end_says_why(bar):
    bar.on_epoch_begin(3)
    bar.on_epoch_end(3, LOGS)
    bar.model.stop_training = True
    bar.on_train_end()
    assert "stopped (epoch 4 of 10)" in bar.console.file.getvalue()


@pytest.mark.parametrize(
    ("signum", "ended_by", "said"),
    [
        (signal.SIGINT, None, "stopped by Ctrl-C"),
        (signal.SIGTERM, "EarlyStopping", "stopped by SIGTERM"),
        (None, "EarlyStopping", "stopped by EarlyStopping"),
        (None, None, "stopped early: no better validation loss for 30 epochs"),
    ],
)
def test_why_a_training_ended(signum, ended_by, said):
    assert why_ended(signum, ended_by, 30) == said
