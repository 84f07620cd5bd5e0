"""Runs to the hub and back, by huggingface_hub, against a stand-in on this machine."""

import base64
import json
import os
import re
import subprocess
import sys
import uuid
import zlib
from pathlib import Path

import numpy as np
import pytest
from hub_stand_in import Repository, serving
from safetensors.numpy import load_file

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.runs import Run

pytestmark = [
    pytest.mark.integration,
    # huggingface_hub's own way with its HTTP library
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
]

NAMES = ("README.md", "model.safetensors")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants")
    with serving() as stand_in:
        monkeypatch.setenv("HF_ENDPOINT", stand_in.url)
        # as when the process began with it
        monkeypatch.setattr(constants, "ENDPOINT", stand_in.url)
        template = stand_in.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "absent"))
        # the stand-in speaks Git LFS, as hubs without Xet
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
        monkeypatch.setenv("HF_TOKEN", "hf_mine")
        monkeypatch.chdir(tmp_path)
        yield stand_in


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a table in a folder with a telling name, whose rows and keys can be recognised."""
    folder = tmp_path_factory.mktemp("station-seven")
    rng = np.random.default_rng(0)
    keys = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(200)]
    kinds = ["common"] * 120 + ["usual"] * 77 + ["hardly-ever"] * 3
    rows = [
        f"{key},{kind},{number:.6f},{rng.integers(9)}"
        for key, kind, number in zip(keys, kinds, rng.normal(50, 20, 200), strict=True)
    ]
    (folder / "patients.csv").write_text("\n".join(["key,kind,weight,visits", *rows]))
    data = condvae.load_data(folder / "patients.csv", conditions=("kind",))
    run = condvae.train(data, preset="small-table", run=folder / "run", epochs=1, progress=False)
    return run, folder, keys, rows


def content_of(page):
    """The header of an explorer page."""
    text = max(re.findall(r">([A-Za-z0-9+/=]{1000,})<", page.decode()), key=len)
    content = zlib.decompress(base64.b64decode(text))
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


def listing(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capsys, *arguments):
    """The one-sentence error of a command that exits with 2."""
    assert main([*arguments]) == 2
    said = capsys.readouterr().err
    (line,) = [line for line in said.splitlines() if line.startswith("condvae: ")]
    assert "Traceback" not in said
    return line


def test_a_run_comes_back_as_it_was(trained_run, hub, capsys):
    before = listing(trained_run.path)
    assert main(["push", str(trained_run.path), "me/digits", "--license", "mit"]) == 0
    said = capsys.readouterr().out
    assert sorted(hub.files("me/digits")) == [*NAMES]
    assert said.index(f"goes to {hub.url}/me/digits") < said.index("sent: ")
    assert all(name in said for name in NAMES)
    assert main(["pull", "me/digits"]) == 0
    assert listing(trained_run.path) == before
    pulled = Path("runs", "digits.safetensors")
    assert sorted(Path("runs").iterdir()) == [pulled]
    assert pulled.read_bytes() == hub.files("me/digits")["model.safetensors"]
    ours = load_file(trained_run.path / "weights.safetensors")
    theirs = load_file(pulled)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    models = [condvae.load(run) for run in (trained_run.path, pulled, "hf://me/digits")]
    expected, *others = [model.generate(3, num_samples=5, seed=1) for model in models]
    assert all(np.array_equal(expected, other) for other in others)
    assert Run.open(pulled).history == trained_run.history
    front = hub.files("me/digits")["README.md"].decode().split("---\n")[1]
    assert 'library_name: "condvae"' in front
    assert 'license: "mit"' in front


def test_commands_take_addresses(trained_run, hub):
    main(["push", str(trained_run.path), "me/digits"])
    assert main(["generate", "hf://me/digits", "--given", "3", "-n", "4", "--out", "new.npz"]) == 0
    local = ["generate", str(trained_run.path), "--given", "3", "-n", "4", "--out", "old.npz"]
    assert main(local) == 0
    with np.load("new.npz") as new, np.load("old.npz") as old:
        assert all(np.array_equal(new[name], old[name]) for name in old.files)
    assert main(["explore", "hf://me/digits", "--points", "0", "--no-open"]) == 0
    assert Path("digits.html").is_file()
    assert not Path("hf:").exists()


def test_an_earlier_revision_can_be_had(trained_run, hub, capsys):
    main(["push", str(trained_run.path), "me/digits"])
    (_, found) = next(iter(hub.repositories.items()))
    first = found.commit()
    line = refused(capsys, "push", str(trained_run.path), "me/digits")
    assert "README.md, model.safetensors there" in line
    assert "--overwrite" in line
    assert len(found.revisions) == 2
    arguments = ["push", str(trained_run.path), "me/digits", "--license", "mit", "--overwrite"]
    assert main(arguments) == 0
    assert len(found.revisions) == 3
    assert main(["pull", f"me/digits@{first}", "--out", "first.safetensors"]) == 0
    assert main(["pull", "me/digits", "--revision", first, "--out", "same.safetensors"]) == 0
    assert Path("first.safetensors").read_bytes() == Path("same.safetensors").read_bytes()
    assert "no such revision" in refused(capsys, "pull", "me/digits@gone")
    assert "newest revision" in refused(capsys, "push", str(trained_run.path), "me/digits@v2")


def test_no_row_and_no_folder_is_sent(table_run, hub, capsys):
    run, folder, keys, rows = table_run
    assert main(["push", str(run.path), "me/patients"]) == 0
    received = hub.received
    assert b"patients.csv" in received  # what is searched is there
    assert b"usual" in received
    for part in (folder, folder.name, folder.parent, Path.cwd(), Path.home()):
        assert str(part).encode() not in received
    assert not [key for key in keys if key.encode() in received]
    assert not [row for row in rows if row.encode() in received]
    assert not [row for row in rows if row.split(",", 1)[1].encode() in received]
    # three rows have this condition, which the record at home counts
    counts = [count for count, _ in run.record.data.conditions]
    assert min(counts) < 10
    assert "Conditions of fewer than 10 training rows" in capsys.readouterr().out
    main(["pull", "me/patients"])
    pulled = Run.open("runs/patients.safetensors")
    assert [c for c, _ in pulled.record.data.conditions] == [c for c in counts if c >= 10]
    command = ["generate", "hf://me/patients", "-n", "20", "--out", "rows.csv"]
    assert main(command) == 0
    assert len(Path("rows.csv").read_text().splitlines()) == 21


def test_no_image_is_sent_but_by_with_data(trained_run, digits, hub, capsys):
    assert main(["push", str(trained_run.path), "me/digits", "--space"]) == 0
    space = hub.repositories["spaces", "me/digits"]
    assert space.sdk == "static"
    files = hub.files("me/digits", "spaces")
    assert sorted(files) == ["README.md", "index.html"]
    assert b'sdk: "static"' in files["README.md"]
    header = content_of(files["index.html"])
    assert header["points"] is None
    assert header["examples"] is None
    assert not {"points", "codes", "examples", "examples_y"} & header["arrays"].keys()
    received = hub.received
    as_stored = digits.train.x
    for pixels in (as_stored, as_stored.astype("float32") / digits.x_max):
        assert not [image for image in pixels if image.tobytes() in received]
    with_data = ["push", str(trained_run.path), "me/shown", "--space", "--with-data"]
    assert main(with_data) == 0
    header = content_of(hub.files("me/shown", "spaces")["index.html"])
    assert header["arrays"]["points"]["shape"][0] == len(digits.train.x)
    assert header["arrays"]["examples"]["shape"][0] == 24
    assert "24 of the images themselves" in capsys.readouterr().out


def test_nothing_is_asked_that_was_not_asked_for(trained_run, hub):
    condvae.load(trained_run.path).generate(3, num_samples=1, seed=0)
    assert main(["push", str(trained_run.path), "me/digits", "--space", "--dry-run"]) == 0
    assert hub.asked == []
    assert main(["push", str(trained_run.path), "me/digits"]) == 0
    known = r"/api/(repos/create|validate-yaml|models/me/digits(/(preupload|commit)/main)?)"
    lfs = r"/me/digits\.git/info/lfs/objects/batch|/storage/\w+"
    assert not [path for _, path in hub.asked if not re.fullmatch(f"{known}|{lfs}", path)]
    hub.log.clear()
    main(["pull", "me/digits"])
    place = "/me/digits/resolve/main/model.safetensors"
    assert {*hub.asked} == {("HEAD", place), ("GET", place)}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/commit/", 500), ("PUT", "/storage/", 403), ("POST", "/preupload/", 413)],
)
def test_an_upload_that_fails_leaves_all_as_it_was(trained_run, hub, capsys, method, path, status):
    before = listing(trained_run.path)
    hub.faults = [(method, path, status)]
    line = refused(capsys, "push", str(trained_run.path), "me/digits")
    assert "must accept the files, all or none" in line
    assert str(status) in line or "without this permission" in line
    assert listing(trained_run.path) == before
    assert hub.files("me/digits") == {}
    hub.faults = []  # and again
    assert main(["push", str(trained_run.path), "me/digits"]) == 0
    assert sorted(hub.files("me/digits")) == [*NAMES]


def test_what_should_be_private_is_not_shown(trained_run, hub, capsys):
    run = str(trained_run.path)
    assert main(["push", run, "me/secret", "--space", "--private"]) == 0
    assert [found.private for found in hub.repositories.values()] == [True, True]
    hub.repositories["spaces", "me/open"] = Repository(private=False, sdk="static")
    hub.log.clear()
    # the Space is public, and the model, which would be new, does not go either
    line = refused(capsys, "push", run, "me/open", "--space", "--private")
    assert "must be private; received an existing public repository" in line
    assert {method for method, _ in hub.asked} == {"GET"}


def test_who_may_not_is_told_so(trained_run, hub, capsys, monkeypatch):
    run = str(trained_run.path)
    assert "a token without this permission" in refused(capsys, "push", run, "you/digits")
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    assert "a token that the hub does not know" in refused(capsys, "push", run, "me/digits")
    monkeypatch.delenv("HF_TOKEN")
    hub.log.clear()
    assert "received no token" in refused(capsys, "push", run, "me/digits")
    assert hub.asked == []
    assert hub.repositories == {}
    assert "no repository of this name that you may read" in refused(capsys, "pull", "you/absent")
    hub.repositories["models", "you/gated"] = Repository(private=False, gated=True)
    assert "with restricted access" in refused(capsys, "pull", "you/gated")
    hub.repositories["models", "you/secret"] = Repository(private=True)
    assert "no repository of this name that you may read" in refused(capsys, "pull", "you/secret")
    assert not Path("runs").exists()


def test_what_is_no_run_is_not_written(trained_run, hub, capsys):
    other = hub.repositories["models", "you/other"] = Repository(private=False)
    assert "without model.safetensors" in refused(capsys, "pull", "you/other")
    trained_run.export(Path("whole.safetensors"))
    whole = Path("whole.safetensors").read_bytes()
    changed = bytearray(whole)
    changed[-3] ^= 1
    for content, told in (
        (b"no archive", "safetensors"),
        (bytes(changed), "sha256"),
        (whole.replace(b"finished", b"finishes"), "run record"),
    ):
        other.revisions.append({"model.safetensors": content})
        assert told in refused(capsys, "pull", "you/other")
        with pytest.raises(InputError, match=told):
            condvae.load("hf://you/other")
    assert not Path("runs").exists()


def test_no_network_is_a_sentence(trained_run, hub, capsys, monkeypatch):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "no answer from the hub" in refused(capsys, "pull", "me/digits")
    assert "no answer from the hub" in refused(capsys, "push", str(trained_run.path), "me/digits")
    assert hub.asked == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    line = refused(capsys, "push", str(trained_run.path), "me/digits")
    assert "ConnectError" in line
    assert "Check the network" in line
    assert not Path("runs").exists()


def test_the_environment_says_which_hub(trained_run, hub, tmp_path):
    environment = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    for arguments in (("push", str(trained_run.path), "me/digits"), ("pull", "me/digits")):
        subprocess.run([sys.executable, "-m", "condvae", *arguments], env=environment, check=True)
    assert Path("runs", "digits.safetensors").is_file()
    assert not [path for _, path in hub.asked if "harness" in path or "telemetry" in path]
