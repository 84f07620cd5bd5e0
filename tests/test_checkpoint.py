import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from condvae.runs.checkpoint import Checkpoint, TrainingState, newest_checkpoint, save_checkpoint

PACKAGE = Path(__file__).parents[1] / "condvae"


def test_a_write_killed_at_any_place_leaves_a_whole_checkpoint(tmp_path):
    program = Path(__file__).with_name("stopped_writer.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # threads and forks do not go together
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""  # no checkpoint was found damaged
    outcomes = [line.split(": ") for line in done.stdout.splitlines()]
    places = [place for place, _ in outcomes]
    for part in ("nothing of", "the header of", "half of", "all of"):
        for file in ("tensors.safetensors", "state.json", "manifest.json"):
            assert f"{part} {file}" in places
    assert "before a flush" in places
    renamed = places.index("after the rename of epoch-0000004")
    assert places[renamed - 1] == "before the rename of epoch-0000004"
    assert places[-2:] == ["after the removal of epoch-0000002", "the end"]
    for number, (place, outcome) in enumerate(outcomes):
        assert outcome == f"[{4 if number >= renamed else 3}] True", place


def test_nothing_in_the_package_can_unpickle_or_run_text():
    forbidden = re.compile(
        r"\bc?[Pp]ickle\b|joblib|dill|marshal|shelve|allow_pickle=True|\beval\(|\bexec\("
        r"|\bcompile\(['\"]|torch\.load|(saving|models)\.load_model\("
        # 'wasm-unsafe-eval' lets the explorer's page compile the module that it holds, and no text
        r"|(?<!'wasm-)unsafe"
    )
    for path in PACKAGE.rglob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            assert not forbidden.search(line), f"{path}:{number}: {line}"


def test_a_full_state_makes_the_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {
        "weights/a": rng.standard_normal((3, 4)).astype("float32"),
        "other/0/state": np.array([2**32 - 1, 7], "uint32"),
        "optimizer/0/iteration": np.int32(12),
        "metrics/0/total": np.float32(np.nan),
    }
    tensors = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    # in Fortran's order, in steps, backwards
    best = {"a": tensors["weights/a"].T, "b": np.arange(9)[::2], "c": np.arange(4)[::-1]}
    save_checkpoint(tmp_path, Checkpoint(TrainingState(step=3, seconds=0.1), tensors, best))
    found = newest_checkpoint(tmp_path)
    assert found.state == TrainingState(step=3, seconds=0.1)
    for group, expected in ((found.tensors, tensors), (found.best_weights, best)):
        assert group.keys() == expected.keys()
        for name, tensor in expected.items():
            assert group[name].dtype == tensor.dtype
            np.testing.assert_array_equal(group[name], tensor)


def test_no_checkpoint_is_none(tmp_path):
    (tmp_path / "epoch-none").mkdir()
    (tmp_path / ".epoch-0000001.x.tmp").mkdir()
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "absent") is None


@pytest.mark.parametrize("state", ['{"rows": [{"epoch": 1}]}', '{"step": -1}', '{"more": 1}', "["])
def test_a_state_of_another_form_is_damaged(tmp_path, state):
    """Even with a manifest that fits."""
    path = save_checkpoint(tmp_path, Checkpoint(TrainingState(), {}, {}))
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["state.json"] = {
        "bytes": len(state),
        "sha256": hashlib.sha256(state.encode()).hexdigest(),
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "state.json").write_text(state)
    with pytest.raises(ValueError, match="all damaged"):
        newest_checkpoint(tmp_path)
