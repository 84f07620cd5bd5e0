"""How far commands say they are."""

import sys

import numpy as np
import pytest
from rich.console import Console

from condvae.cli import main
from condvae.cli.lines import shares_told
from condvae.evaluation import Trial, whole
from condvae.export.page import explore
from condvae.runs.rows import rows_of_run
from condvae.serving.bulk.audit import Audit
from condvae.serving.bulk.score import Score


def test_a_share_and_the_time_that_is_left_are_said():
    said, times = [], iter([100.0, 100.5, 130.0, 160.0, 4000.0, 20_000.0, 20_001.0])
    tell = shares_told(said.append, lambda: next(times))
    for share, part in ((0, ""), (0.25, ""), (0.5, "Style"), (0.75, ""), (0.9, ""), (1, "")):
        tell(share, part)
    assert said == [
        "╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 0%",
        "━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 25%, 1 min 30 s left",
        "━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌ 50%, 1 min 0 s left Style",
        "━━━━━━━━━━━━━━━╌╌╌╌╌ 75%, 21 min 40 s left",
        "━━━━━━━━━━━━━━━━━━╌╌ 90%, 36 min 51 s left",
        "━━━━━━━━━━━━━━━━━━━━ 100%",
    ]


def test_an_evaluation_tells_each_measure_before_it_begins(trained_run, digits, monkeypatch):
    trial = Trial.of(trained_run, digits)
    for full in (False, True):
        titles = [title for title, _ in whole._steps(trial, full, 0, None, {})]
        assert {*titles} <= {*whole.SECONDS}
    said = []
    steps = [("Bound", lambda: {"Bound": 1}), ("Samples", lambda: {"a": len(said), "b": 3})]
    monkeypatch.setattr(whole, "_steps", lambda *_: steps)
    found = whole.evaluate_whole(trial, tell=lambda *told: said.append(told))
    assert found == {"Bound": 1, "a": 2, "b": 3}
    of_bound = whole.SECONDS["Bound"] / (whole.SECONDS["Bound"] + whole.SECONDS["Samples"])
    assert said == [(0, "Bound"), (pytest.approx(of_bound), "Samples")]


@pytest.mark.parametrize("kind", [Score, Audit])
def test_scores_tell_how_many_rows_are_done(trained_run, digits, tmp_path, kind):
    np.savez(tmp_path / "x.npz", x=digits.x[:30], y=digits.y[:30])
    rows, said = rows_of_run(trained_run, tmp_path / "x.npz", bare=True), []
    kind(num_samples=2).write(trained_run, rows, tmp_path / "out.csv", said.append)
    assert said == sorted(said)
    assert said[-1] == rows.num_rows == 30


def test_exploring_tells_the_share_of_the_encodings(trained_run, digits):
    said = []
    explore(trained_run, digits, tell=lambda share, part: said.append(share))
    assert said == sorted(said)
    assert 0 < said[0] < said[-1] <= 1


def test_commands_show_it_on_a_terminal_alone(trained_run, tmp_path, monkeypatch, capsys):
    said = []

    class Status:
        __enter__ = __exit__ = lambda self, *_: self
        update = staticmethod(said.append)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Console, "status", lambda self, what: Status())
    command = f"explore {trained_run.path} --no-open --out {{}}.html"
    assert main(command.format("a").split()) == 0
    assert said == []
    assert "━" not in "".join(capsys.readouterr())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(command.format("b").split()) == 0
    assert said
    assert all(text.startswith("exploring ") and "%" in text for text in said)
