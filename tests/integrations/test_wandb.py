"""A training's offline files for Weights & Biases, read with its own messages."""

import json
import struct

import pytest
from tracked_run import LINE, tracked

pytestmark = pytest.mark.integration

BLOCK, FULL, LAST = 2**15, 1, 4


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The run, its id, and the records of each of its files in order."""
    folder = tmp_path_factory.mktemp("wandb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.delenv("WANDB_DIR", raising=False)
        run, track_id = tracked(folder, "wandb")
    files = sorted(run.path.glob("wandb/offline-run-*/*.wandb"), key=lambda f: f.stat().st_mtime_ns)
    return run, track_id, [records(file) for file in files]


def records(file):
    """The records in a file, which the package writes and no longer reads: a log as LevelDB's.

    After seven bytes come pieces with a checksum, a length, and a mark of where in a record they
    are; none crosses a block of 32 KiB.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, read, parts = file.read_bytes(), 7, [], b""
    assert content.startswith(b":W&B")
    while place < len(content):
        left = BLOCK - place % BLOCK
        if left < 7:
            place += left
            continue
        _, size, mark = struct.unpack_from("<IHB", content, place)
        parts += content[place + 7 : place + 7 + size]
        place += 7 + size
        if mark in (FULL, LAST):
            read.append(Record.FromString(parts))
            parts = b""
    return read


def told(found, kind, field):
    """The items of all records of a kind, a dictionary a record."""
    parts = [
        getattr(getattr(record, kind), field)
        for file in found[2]
        for record in file
        if record.WhichOneof("record_type") == kind
    ]
    return [
        {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
        for items in parts
    ]


def test_it_is_one_run(found):
    _, track_id, files = found
    begun = [r.run for file in files for r in file if r.WhichOneof("record_type") == "run"]
    assert {one.run_id for one in begun} == {track_id}
    assert {one.project for one in begun} == {"condvae"}
    assert {one.display_name for one in begun} == {"run"}
    assert len(files) == 3  # begun, resumed, evaluated


def test_every_epoch_has_its_figures_once(found):
    run, _, _ = found
    figures = [row for row in told(found, "history", "item") if "loss" in row]
    for name, values in run.history.items():
        assert [row[name] for row in figures] == values
    assert all("images_per_second" in row for row in figures)


def test_pictures_settings_and_results_are_there(found):
    run, _, _ = found
    pictures = [row for row in told(found, "history", "item") if "samples" in json.dumps(list(row))]
    assert [row["epoch"] for row in pictures] == [1, 2, 3, 4, 5]
    assert list(run.path.glob("wandb/offline-run-*/files/media/images/samples_*.png"))
    configs = told(found, "config", "update")
    epochs = [config["training.epochs"] for config in configs if "training.epochs" in config]
    assert (epochs[0], epochs[-1]) == (3, 5)
    results = {}
    for items in told(found, "summary", "update"):
        results |= items
    assert results["run/val_elbo"] == run.record.figures.val_elbo
    assert results["test/Bound, of all/elbo"] == -3.5
    assert results["test/Bound, of all/comparability"] == LINE
