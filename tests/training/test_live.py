"""The page of a training that is watched."""

import base64
import io
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from condvae.cli import main
from condvae.data import load_data
from condvae.runs import Run
from condvae.training import live, train

SLOW = pytest.mark.slow
SMALL = {"hidden_dims": (16,), "batch_size": 64, "epochs": 3, "progress": False}


def page_of(run):
    return (run.path / live.LIVE_NAME).read_text(encoding="utf-8")


def rows_of(text):
    """The epochs of a page, the last one first, and how many images each has."""
    rows = re.findall(r'<tr><th scope="row">(\d+)</th>(.*)</tr>', text)
    return [(int(epoch), cells.count("<img ")) for epoch, cells in rows]


def weights_of(run):
    return (run.path / "weights.safetensors").read_bytes(), run.history["val_loss"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"pixels": "dynamic", "ema": 0.9, "augment": ("flips",)}, marks=SLOW),
        pytest.param({"fused": True}, marks=SLOW),
        pytest.param({"latent_dim": 3, "prior": "flow"}, marks=SLOW),
    ],
)
def test_watching_changes_no_bit(small, tmp_path, settings):
    runs = [
        train(small, run=tmp_path / str(watch), watch=watch, **SMALL, **settings)
        for watch in (False, True)
    ]
    assert weights_of(runs[0]) == weights_of(runs[1])
    assert not (runs[0].path / live.LIVE_NAME).exists()
    text = page_of(runs[1])
    assert rows_of(text) == [(3, 2), (2, 2), (1, 2)]
    assert "Epoch 3 of 3, finished" in text
    assert 'http-equiv="refresh"' not in text
    assert "<script" not in text
    assert not re.search(r"https?:", text)


def test_the_page_shows_what_the_model_makes(small, tmp_path):
    run = train(small, run=tmp_path / "run", watch=True, **SMALL, patience=None)
    text = page_of(run)
    assert "samples of fixed z under every label" in text
    first = re.search(r'<tr><th scope="row">3</th>.*?base64,([^"]*)"', text)[1]
    with Image.open(io.BytesIO(base64.b64decode(first))) as picture:
        shown = np.asarray(picture)
    best = int(np.argmin(run.history["val_loss"])) + 1
    assert best == 3  # so that the weights that are kept are those that were shown
    for column, label in enumerate(("ant", "bee", "cat")):
        images = run.by_keras.generate(label, live.DRAWS, seed=0)[..., 0]
        for row, image in enumerate(images):
            cell = shown[5 * row : 5 * row + 4, 4 * column : 4 * column + 3]
            np.testing.assert_allclose(cell, 255 * image, atol=0.51)
    for name in ("loss", "val_loss"):
        assert f"<td>{run.history[name][-1]:.2f}</td>" in text


@SLOW
def test_a_run_that_goes_on_keeps_the_rows_of_before(small, tmp_path):
    settings = {**SMALL, "run": tmp_path / "run"}
    run = train(small, **settings, watch=True)
    before = rows_of(page_of(run))
    earlier = re.findall(r"<!--shown-->(.*)<!--end-->", page_of(run))
    run = train(small, **{**settings, "epochs": 5}, resume=True, watch=True)
    assert rows_of(page_of(run)) == [(5, 2), (4, 2), *before]
    assert re.findall(r"<!--shown-->(.*)<!--end-->", page_of(run))[2:] == earlier
    # without the page of before, or with one that is damaged, the figures are there still
    (run.path / live.LIVE_NAME).write_bytes(b"\xff\xfe")
    run = train(small, **{**settings, "epochs": 6}, resume=True, watch=True)
    assert rows_of(page_of(run)) == [(6, 2), *((epoch, 0) for epoch in range(5, 0, -1))]


@SLOW
def test_of_many_epochs_some_keep_their_images(small, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "MOST_SHOWN", 3)
    run = train(small, run=tmp_path / "run", watch=True, **{**SMALL, "epochs": 9})
    shown = [epoch for epoch, images in rows_of(page_of(run)) if images]
    assert shown == [9, 8, 4, 1]
    assert len(rows_of(page_of(run))) == 9


@SLOW
@pytest.mark.parametrize(
    ("settings", "images"),
    [
        ({"network": "deterministic", "baseline": "joint"}, 1),
        ({"prior": "conditional", "baseline": "joint"}, 2),
    ],
)
def test_parts_of_images_are_predicted(small, tmp_path, caplog, settings, images):
    run = train(small, run=tmp_path / "run", watch=True, task="halves", **SMALL, **settings)
    assert rows_of(page_of(run)) == [(epoch, images) for epoch in (3, 2, 1)]
    assert "not kept whole" not in caplog.text


@SLOW
def test_a_table_shows_a_few_rows(tmp_path):
    data = load_data("wine")
    settings = {**SMALL, "run": tmp_path / "run"}
    run = train(data, **settings, watch=True)
    other = train(data, **{**settings, "run": tmp_path / "other"})
    assert weights_of(run) == weights_of(other)
    tables = re.findall(r"<!--shown--><td><table>(.*?)</table></td><!--end-->", page_of(run))
    assert len(tables) == 3
    names = re.findall("<th>(.*?)</th>", tables[0])
    assert names == list(run.record.preprocessing.table.order[: live.TABLE_COLUMNS])
    assert tables[0].count("<tr>") == 1 + live.TABLE_ROWS


def test_what_fails_ends_no_training(small, tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("no picture")

    monkeypatch.setattr(live.LivePage, "_image_cells", fail)
    run = train(small, run=tmp_path / "run", watch=True, **SMALL)
    assert run.record.status == "finished"
    assert caplog.text.count("no picture") == 1
    assert rows_of(page_of(run)) == [(3, 0), (2, 0), (1, 0)]


def test_a_page_of_a_running_training_loads_itself_again(small, tmp_path, monkeypatch):
    texts = []
    monkeypatch.setattr(live, "write_text", lambda path, text: texts.append(text))
    train(small, run=tmp_path / "run", watch=True, **SMALL)
    again = [re.search(r'http-equiv="refresh" content="(\d+)"', text) for text in texts]
    assert len(texts) == 5
    assert [found is not None for found in again] == [True] * 4 + [False]
    assert all(2 <= int(found[1]) <= 30 for found in again[:4])


@SLOW
def test_a_notebook_shows_the_page_by_itself(small, tmp_path, monkeypatch):
    shown = []
    display = SimpleNamespace(update=lambda content, raw: shown.append(content))
    ipython = SimpleNamespace(
        display=lambda content, raw, display_id: shown.append(content) or display
    )
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=ipython))
    monkeypatch.setitem(sys.modules, "IPython.display", ipython)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    run = train(small, run=tmp_path / "quiet", **SMALL)
    assert not (run.path / live.LIVE_NAME).exists()
    train(small, run=tmp_path / "run", **{**SMALL, "progress": True})
    frames = [content["text/html"] for content in shown if "text/html" in content]
    assert len(frames) == 5
    assert all("srcdoc=" in frame and "refresh" not in frame for frame in frames)
    assert "Epoch 3 of 3" in frames[-1]
    assert {"text/plain": "run/live.html shows the epochs of this training."} in shown


@SLOW
def test_the_command_says_where_to_look(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = "train digits --epochs 1 --hidden-dims 8 --run run --watch"
    assert main(command.split()) == 0
    assert f"watch {(tmp_path / 'run/live.html').as_uri()}" in capsys.readouterr().err
    assert rows_of(page_of(Run.open("run"))) == [(1, 2)]
