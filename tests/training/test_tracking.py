"""The reports of a training to trackers, recorded by a test tracker."""

import signal
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.cli import main
from condvae.data.writers import to_uint8
from condvae.reports.metrics_file import Metrics
from condvae.reports.tracked import tell_metrics
from condvae.runs import Run
from condvae.tracking import TRACKERS, Track


class Diary(Track):
    """Records the reports of all runs of a test."""

    library = "json"
    heard: ClassVar[list] = []
    opened: ClassVar[list] = []

    @classmethod
    def open(cls, name, folder, settings, track_id, epoch):
        cls.opened.append((name, folder, settings, track_id, epoch))
        track = cls()
        track.id = track_id or f"track-{len(cls.opened)}"
        return track

    def figures(self, figures, epoch):
        self.heard.append(("figures", epoch, figures))

    def picture(self, name, image, epoch):
        self.heard.append((name, epoch, image))

    def results(self, results, epoch):
        self.heard.append(("results", epoch, results))

    def close(self, finished):
        self.heard.append(("close", finished, None))


class Faulty(Diary):
    """Fails in the second epoch."""

    def figures(self, figures, epoch):
        if epoch == 2:
            raise OSError("the server is away")
        super().figures(figures, epoch)


class Absent(Diary):
    """Needs a package that does not exist."""

    library = "nonesuch_library"


class Unreachable(Diary):
    """Cannot be opened."""

    @classmethod
    def open(cls, *arguments):
        raise ConnectionError("no route")


@pytest.fixture(autouse=True)
def trackers(monkeypatch):
    """The trackers of these tests, whose diaries are empty."""
    for kind in (Diary, Faulty, Absent, Unreachable):
        monkeypatch.setitem(TRACKERS, kind.__name__.lower(), f"{__name__}:{kind.__name__}")
    monkeypatch.setattr(Diary, "heard", [])
    monkeypatch.setattr(Diary, "opened", [])


def told(what):
    """When it was reported: epochs, or whether it was finished."""
    return [when for name, when, _ in Diary.heard if name == what]


def test_a_run_is_told_from_its_settings_to_its_figures(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=5, log="diary")
    ((name, folder, settings, track_id, epoch),) = Diary.opened
    assert (name, folder, track_id, epoch) == ("run", tmp_path / "run", None, 0)
    assert settings["model.hidden_dims"] == "8"
    assert settings["training.epochs"] == 5
    order = [(name, when) for name, when, _ in Diary.heard]
    assert order == [
        *(("figures", 1), ("samples", 1), ("figures", 2), ("samples", 2), ("figures", 3)),
        *(("figures", 4), ("samples", 4), ("figures", 5), ("samples", 5)),
        *(("curves", 5), ("results", 5), ("close", True)),
    ]
    history = run.history
    for name, epoch, figures in Diary.heard:
        if name == "figures":
            assert figures.pop("images_per_second") == pytest.approx(
                len(small.with_spec(run.spec.data).train.x) / figures["seconds"]
            )
            assert figures == {n: v[epoch - 1] for n, v in history.items() if n != "epoch"}
    samples = [image for name, _, image in Diary.heard if name == "samples"]
    # three labels, eight draws of 4 × 3 pixels each, and gaps
    assert {(image.shape, image.dtype.name) for image in samples} == {((14, 31), "uint8")}
    assert len({image.tobytes() for image in samples}) == 4
    results = next(found for name, _, found in Diary.heard if name == "results")
    assert results["run/val_elbo"] == run.record.figures.val_elbo
    assert "validation split" in results["run/comparability"]


@pytest.mark.slow
def test_a_tracker_changes_no_bit_of_the_run(small, tmp_path):
    # the average of the weights is what is validated, and drawn from
    runs = [
        quick(small, tmp_path / name, epochs=2, ema=0.5, log=log)
        for name, log in (("with", ["diary"]), ("without", []))
    ]
    assert rows(runs[0]) == rows(runs[1])
    first, second = (run.weights_path.read_bytes() for run in runs)
    assert first == second
    assert runs[1].record.tracks == ()
    best = runs[1].record.figures.best_epoch  # the first or the second, and both are drawn
    (picture,) = (image for name, epoch, image in Diary.heard if (name, epoch) == ("samples", best))
    drawn = runs[1].model.generate(np.repeat(["ant", "bee", "cat"], 8), seed=0)
    for number, image in enumerate(drawn):
        row, column = divmod(number, 8)
        cell = picture[row * 5 : row * 5 + 4, column * 4 : column * 4 + 3]
        assert np.array_equal(cell, to_uint8(image[..., 0]))


def test_a_resumed_run_goes_on_in_its_track(small, tmp_path, signal_at):
    with signal_at(3, signal.SIGINT):  # in the second epoch
        cut = quick(small, tmp_path / "run", log="diary")
    (track,) = Run.open(cut.path).record.tracks
    assert (track.tracker, track.id) == ("diary", "track-1")
    assert told("close") == [False]
    again = quick(small, cut.path, resume=True)
    assert [(opened[3], opened[4]) for opened in Diary.opened] == [(None, 0), ("track-1", 1)]
    assert told("figures") == [1, 2, 3]
    assert told("close") == [False, True]
    assert Run.open(again.path).record.tracks == cut.record.tracks


def test_an_error_of_a_tracker_ends_its_track_alone(small, tmp_path, caplog, monkeypatch):
    def no_samples(*_):
        raise MemoryError("no room")

    monkeypatch.setattr("condvae.training.tracked.TrackedTraining._samples", no_samples)
    run = quick(small, tmp_path / "run", log=["faulty", "unreachable", "diary"])
    assert run.record.status == "finished"
    assert told("figures") == [1, 1, 2, 3]
    assert told("close") == [True]
    said = [text for text in caplog.messages if "no further updates" in text]
    assert said == [
        "unreachable gets no further updates of this run: ConnectionError: no route",
        "faulty gets no further updates of this run: OSError: the server is away",
    ]
    assert "trackers do not get the samples: MemoryError: no room" in caplog.messages
    assert (told("samples"), told("curves")) == ([], [3])
    # what has begun can go on when it is there again
    assert {track.tracker for track in Run.open(run.path).record.tracks} == {"faulty", "diary"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["diary", "dairy"], "Did you mean 'diary'"),
        (["absent"], r"nonesuch_library.*pip install 'condvae\[absent\]'"),
    ],
)
def test_what_cannot_track_is_refused_before_anything_is_written(small, tmp_path, names, said):
    with pytest.raises(InputError, match=said):
        quick(small, tmp_path / "run", log=names)
    assert not list(tmp_path.iterdir())
    assert not Diary.opened


def test_the_command_line_refuses_it_in_one_sentence(capsys):
    assert main(["train", "nowhere.npz", "--log", "diary", "--log", "tensorbord"]) == 2
    said = capsys.readouterr().err
    assert "--log must be one of" in said
    assert "Did you mean 'tensorboard'" in said


@contextmanager
def forgotten():
    """The reports within this block."""
    Diary.heard.clear()
    yield Diary.heard


def test_an_evaluation_is_told_to_the_tracks(small, tmp_path):
    quick(small, tmp_path / "run", epochs=1)
    # a track that begins late is told of the epochs before
    run = quick(small, tmp_path / "run", epochs=2, resume=True, log=["diary"])
    assert told("figures") == [1, 2]
    metrics = Metrics(
        condvae="0",
        run="run",
        test_readings=1,
        measures={
            "Bound": {"elbo": -3.5, "none": None, "comparability": "test split", "word": "no"},
            "Labels": {"by class": {"ant": 0.5}, "list": [1.0]},
        },
    )
    with forgotten() as heard:
        tell_metrics(run, metrics)
    assert heard == [
        (
            "results",
            2,
            {
                "test/Bound/elbo": -3.5,
                "test/Bound/comparability": "test split",
                "test/Labels/by class/ant": 0.5,
            },
        ),
        ("close", True, None),
    ]
    assert Diary.opened[-1][3:] == ("track-1", 2)
    archive = tmp_path / "run.safetensors"
    run.export(archive)
    with forgotten() as heard:
        tell_metrics(Run.open(archive), metrics)
    assert not heard
