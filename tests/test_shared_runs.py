"""The shared parts of a run: the record, the card, the files; no hub library is needed."""

import json
import shutil
import sys

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions.carried import Carried
from condvae.reports.metrics_file import Metrics, write_metrics
from condvae.reports.publication import write_model
from condvae.runs import Run, load
from condvae.runs.hub import Address
from condvae.runs.record import RunRecord, TrackRecord
from condvae.runs.samplers import SAMPLER_NAME
from condvae.runs.shared import FIELDS, check_sums, shared_record, what_is_told

FOLDER = "/srv/ward-seven"
NAME = f"{FOLDER}/patients.npz"


@pytest.fixture
def home_run(trained_run, tmp_path):
    """A run as on a machine whose folders tell something."""
    run = Run.open(shutil.copytree(trained_run.path, tmp_path / "run"))
    record = run.record
    line = record.figures.comparability.replace(record.data.name, NAME, 1)
    conditions = ((9, (0.0, 1.0)), (10, (1.0, 1.0)))
    run.update(
        spec=record.spec.model_copy(
            update={"data": record.spec.data.model_copy(update={"source": NAME})}
        ),
        data=record.data.model_copy(update={"name": NAME, "conditions": conditions}),
        figures=record.figures.model_copy(update={"comparability": line}),
        start_from=f"{FOLDER}/earlier",
        taken_over={"kept": (), "new": (), "dropped": ("a class of ward seven",)},
        sample_weight="sha of ward-seven",
        tracks=(TrackRecord(tracker="wandb", id="ward-seven-1"),),
    )
    return run


def test_a_shared_record_names_no_folder_and_no_condition_of_few_rows(home_run):
    shared = shared_record(home_run.record)
    assert RunRecord.parse(shared.to_json(), "the record") == shared
    assert "ward" in home_run.record.to_json()
    assert "ward" not in shared.to_json()
    assert shared.data.name == shared.spec.data.source == "patients.npz"
    assert shared.figures.comparability.startswith(
        f"patients.npz {shared.data.fingerprint[:8]}, validation split"
    )
    assert shared.start_from == "earlier"
    assert shared.data.conditions == ((10, (1.0, 1.0)),)
    assert "(9 rows)" in " ".join(what_is_told(home_run.record))
    for name in set(FIELDS) - {"spec", "data", "figures", "start_from"}:
        assert getattr(shared, name) == getattr(home_run.record, name)


def test_what_is_named_without_a_folder_stays(trained_run):
    record = trained_run.record
    assert shared_record(record) == record
    arrays = record.model_copy(update={"data": record.data.model_copy(update={"name": ""})})
    assert shared_record(arrays).data.name == ""


@pytest.mark.parametrize("write", [str.lower, str.upper])
def test_a_key_keeps_its_form_alone(write):
    keys = [write(f"{n:08d}-00ab-4000-8000-0000000000cd") for n in range(3)]
    column = Carried.of_column("key", np.array(keys))
    assert column.value in keys
    shared = column.without_key()
    assert not {shared.value} & {*keys}
    drawn = [c.rows(slice(0, 2), np.random.default_rng(0)) for c in (column, shared)]
    np.testing.assert_array_equal(*drawn)
    count = Carried.of_column("number", np.array(["a1", "a2"]))
    assert count.without_key() is count


def test_the_files_are_the_run_and_a_card(home_run, tmp_path):
    measures = {
        "Bound": {
            "elbo": -12.5,
            "comparability": f"{NAME} {home_run.record.data.fingerprint[:8]}, test split",
        },
        "Samples": {"frechet": 3.25, "closest_training_row": 41, "columns": {"ward": 1.0}},
    }
    metrics = Metrics(condvae="0.1.0", run="run", test_readings=2, measures=measures)
    write_metrics(home_run.path / "metrics.json", metrics)
    (home_run.path / SAMPLER_NAME).write_bytes(b"encodings of images of ward seven")
    before = {path: path.read_bytes() for path in home_run.path.rglob("*") if path.is_file()}
    folder = tmp_path / "files"
    folder.mkdir()
    write_model(home_run, folder, Address("me/digits"), "mit")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(files) == ["README.md", "model.safetensors"]
    for part in (b"ward", str(tmp_path).encode(), b"closest_training_row"):
        assert not [name for name, content in files.items() if part in content]
    archive = Run.open(folder / "model.safetensors")
    check_sums(archive)
    ours, theirs = load(home_run.path), load(archive.path)
    assert np.array_equal(*(m.generate(3, num_samples=4, seed=0) for m in (ours, theirs)))
    _, front, text = files["README.md"].decode().split("---\n")
    said = {k: json.loads(v) for k, v in (line.split(": ", 1) for line in front.splitlines())}
    assert said["library_name"] == "condvae"
    assert said["license"] == "mit"
    (index,) = said["model-index"]
    assert index["results"][0]["metrics"] == [{"type": "elbo", "value": -12.5}]
    for expected in ("elbo -12.5", "frechet 3.25", "patients.npz", 'load("hf://me/digits")'):
        assert expected in text
    assert {path: path.read_bytes() for path in before} == before


def test_a_card_without_measures_says_so(trained_run, tmp_path):
    archive = tmp_path / "whole.safetensors"
    trained_run.export(archive)
    write_model(Run.open(archive), tmp_path, Address("me/digits"))
    text = (tmp_path / "README.md").read_text()
    assert "None: the run was not evaluated." in text
    assert "nothing wrong" not in text
    assert "license" not in text.split("---\n")[1]


def test_without_the_library_nothing_is_sent_and_local_runs_load(
    trained_run, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.chdir(tmp_path)
    load(trained_run.path)
    run = str(trained_run.path)
    assert main(["push", run, "me/digits", "--space", "--dry-run"]) == 0
    said = capsys.readouterr().out
    for expected in ("would go to https://huggingface.co/spaces/me/digits", "index.html", "# digi"):
        assert expected in said
    for arguments in (
        ["push", run, "me/digits"],
        ["pull", "me/digits"],
        ["generate", "hf://a/b", "--out", "x.npz"],
    ):
        assert main(arguments) == 2
        assert "pip install 'condvae[hub]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_addresses():
    for text in ("me/my.model-2", "hf://me/my.model-2", "hf:/me/my.model-2"):
        assert Address.parse(text) == Address("me/my.model-2")
    at = Address.parse("hf://me/m@refs/pr/1")
    assert (at.name, at.revision, str(at)) == ("me/m", "refs/pr/1", "hf://me/m@refs/pr/1")
    assert Address.of_run("runs/m") is None
    for text in ("m", "hf://m", "../m", "me/m/n", "me/m@", "https://huggingface.co/me/m", ""):
        with pytest.raises(InputError, match="user/name"):
            Address.parse(text)


def test_data_go_into_the_page_of_a_space_alone(trained_run, capsys):
    run = str(trained_run.path)
    assert main(["push", run, "me/digits", "--with-data"]) == 2
    assert "received no --space" in capsys.readouterr().err
    assert main(["push", run, "me/digits", "--space", "--data", "digits"]) == 2
    assert "received no --with-data" in capsys.readouterr().err
