"""Ctrl-C and SIGTERM in a script: an exception, after the checkpoint."""

import signal

import pytest
from short_run import quick, rows

from condvae.runs import Run

STEPS = 2


@pytest.mark.parametrize(
    ("number", "error", "status"),
    [
        (signal.SIGINT, KeyboardInterrupt, "interrupted"),
        (signal.SIGTERM, SystemExit, "terminated"),
    ],
)
def test_a_training_that_was_cut_short_does_not_return(
    small, tmp_path, signal_at, caplog, number, error, status
):
    path = tmp_path / "run"
    with signal_at(STEPS + 1, number), pytest.raises(error) as raised:
        quick(small, path, raise_signals=True)
    assert Run.open(path).record.status == status
    if number == signal.SIGTERM:
        assert raised.value.code == 143
        assert f"terminated: {path} keeps what was done; resume=True continues" in caplog.text
    else:
        assert str(raised.value) == f"{path} keeps what was done; resume=True continues"
    run = quick(small, path, resume=True)
    assert rows(run) == rows(quick(small, tmp_path / "whole"))
