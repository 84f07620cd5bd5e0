"""Trackio's own tables after a training."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# in a process of its own, since Trackio reads its folder's place when it is imported
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tracked_run import LINE, tracked

run, track_id = tracked(Path(sys.argv[2]), "trackio")
import trackio

(found,) = trackio.Api().runs("condvae")
assert found.name == track_id, (found.name, track_id)
from trackio.sqlite_storage import SQLiteStorage

rows = SQLiteStorage.get_logs("condvae", track_id)
figures = [row for row in rows if "loss" in row]
assert [row["step"] for row in figures] == [1, 2, 3, 4, 5], figures
for name, values in run.history.items():
    if name != "epoch":
        assert [row[name] for row in figures] == values, name
assert [row["step"] for row in rows if "samples" in row] == [1, 2, 3, 4, 5]
assert [row["step"] for row in rows if "curves" in row] == [3, 5]
results = {name: value for row in rows for name, value in row.items()}
assert results["run/val_elbo"] == run.record.figures.val_elbo
assert results["test/Bound, of all/elbo"] == -3.5
assert results["test/Bound, of all/comparability"] == LINE
print("all there")
"""


def test_its_tables_hold_what_was_told(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "store"))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "all there"
