"""condvae explore, and condvae.explore."""

import re
import shutil
import webbrowser
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from test_page import Parts, unpack

import condvae
from condvae.cli import arguments, main
from condvae.conditions import MaskedImage
from condvae.conditions.masks import observe, quadrants
from condvae.export.page import explore
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec

GOLDEN = Path(__file__).parent.parent / "golden" / "format-1"


def content_of(page):
    text = page.read_text() if isinstance(page, Path) else page.text
    return unpack(Parts(text).scripts[-1][1])


@pytest.fixture
def room(tmp_path, monkeypatch, trained_run):
    """A working folder with a run; no browser is opened, but noted."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_run.path, "run")
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    return opened


def test_a_run_becomes_a_page(room, trained_run, digits, capsys):
    assert main(["explore", "run"]) == 0
    path = Path("run/explorer.html")
    assert room == [path.resolve().as_uri()]
    said = capsys.readouterr().out
    assert said.startswith(f"{path}: {path.stat().st_size:,} bytes. Pixels within 0.")
    assert "With encodings of 1,294 rows of the data, and 1,000 of the images" in said
    header, arrays = content_of(path)
    assert header["name"] == "run"
    assert header["examples"]["background"] == 0
    # the points are those that Keras encodes, in another order
    train = trained_run.check_data(digits).train
    mean, _ = trained_run.model.encode(train.x, train.y)
    points = header["points"]
    found = np.array(points["low"]) + (arrays["points"] + 32767.0) / 65534 * points["span"]
    for some, others in ((found, mean), (mean, found)):
        assert cKDTree(some).query(others)[0].max() < 1e-3
    np.testing.assert_allclose(found.mean(axis=0), mean.mean(axis=0), atol=1e-4)
    counts = np.bincount(arrays["codes"]).tolist()
    assert counts == np.bincount(train.given).tolist()
    # a row is told by its number in the data set, its image is its own, and so is log p(x | y)
    np.testing.assert_array_equal(arrays["row_steps"].cumsum(), train.rows)
    places = arrays["picture_places"]
    levels = np.rint(255 / 255 * train.x[places]).reshape(arrays["pictures"].shape)
    np.testing.assert_array_equal(arrays["pictures"], levels)
    assert np.isfinite(arrays["log_prob"]).all()  # of a small model: of all rows
    some = np.r_[places[:20], np.setdiff1d(np.arange(1294), places)[:20]]
    expected = trained_run.model.log_prob(train.x[some], train.y[some], 500)
    assert abs(arrays["log_prob"][some] - expected).max() < 2
    assert points["estimator"] == "importance sampling, 50 draws of z"


def test_unusual_rows_come_from_scores(room, digits, trained_run, capsys):
    assert main("score run digits --out scores.csv --num-samples 5".split()) == 0
    command = "explore run --no-open --out a.html --images 0 --unusual scores.csv"
    assert main(command.split()) == 0
    header, arrays = content_of(Path("a.html"))
    train = trained_run.check_data(digits).train
    scores = np.genfromtxt("scores.csv", delimiter=",", names=True)
    ours = scores[np.isin(scores["row"], train.rows)]
    first = header["unusual"]["images"][0]
    least = ours[ours["log_prob_given_label"].argmin()]
    assert train.rows[first["place"]] == least["row"]
    assert first["log_prob"] == pytest.approx(least["log_prob_given_label"])
    assert header["unusual"]["num_rows"] == len(train.rows)
    shown = {one["place"] for strip in ("images", "labels") for one in header["unusual"][strip]}
    assert set(arrays["picture_places"].tolist()) == shown
    capsys.readouterr()
    Path("scores.csv").write_text("row,label\n1,2\n")
    assert main(f"{command} --overwrite".split()) == 2
    assert "scores.csv must have the columns" in capsys.readouterr().err


def test_how_far_it_is_is_said(room, monkeypatch, capsys):
    monkeypatch.setattr(arguments, "SECONDS", -1.0)
    assert main("explore run --no-open".split()) == 0
    said = capsys.readouterr().err
    lines = re.findall(r"^exploring: \S+ (\d+)%(?:, .* left)? (.*)$", said, re.MULTILINE)
    shares = [int(share) for share, _ in lines]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 30
    assert 95 < shares[-1] <= 100
    parts = ["encodings", "log p(x | y)"]
    parts += [f"the {name} with smaller weights" for name in ("decoder", "encoder")]
    assert list(dict.fromkeys(part for _, part in lines)) == parts


def test_the_doctor_s_findings_come_from_the_evaluation(room):
    Path("run/metrics.json").write_text('{"faults": ["samples are blurred"]}')
    header, _ = content_of(explore("run"))
    assert header["faults"] == ["samples are blurred"]


def test_what_may_be_left_out(room, capsys):
    command = "explore run --out a.html --no-open --points 7 --examples 0 --images 0"
    assert main(command.split()) == 0
    assert room == []
    assert "With encodings of 7 rows of the data, and 0 of the images" in capsys.readouterr().out
    header, arrays = content_of(Path("a.html"))
    assert header["examples"] is header["pictures"] is None
    assert not {"row_steps", "pictures", "log_prob"} & set(arrays)
    assert main(command.split()) == 2
    assert "which exists" in capsys.readouterr().err
    assert main(f"{command} --overwrite --points 0".replace("--points 7 ", "").split()) == 0
    assert "Without encodings of the data." in capsys.readouterr().out
    assert main("explore run --out a.png --no-open".split()) == 2
    assert "must be a .html" in capsys.readouterr().err


def test_an_archive_becomes_a_page_beside_it(room, capsys):
    assert main("export run --format archive".split()) == 0
    assert main("explore run.safetensors --no-open".split()) == 0
    header, _ = content_of(Path("run.safetensors").with_suffix(".html"))
    assert header["name"] == "run"
    assert main("explore run.safetensors --no-open".split()) == 2


def test_data_that_are_not_at_hand_are_left_out_and_said(tmp_path):
    # the golden run was trained on arrays, and has no graphs of its own
    page = condvae.explore(GOLDEN)
    assert "Without encodings of the data." in page.notes
    assert any(note.startswith("The data are not available: ") for note in page.notes)
    header, _ = content_of(page)
    assert header["condition"]["parts"][0]["categories"] == ["ant", "bee", "cat"]


def test_what_the_axes_move_comes_from_the_evaluation(room):
    Path("run/metrics.json").write_text(
        '{"measures": {"Style": {"axes": [{"latent": 0, "attribute": "width"}]}}}'
    )
    header, _ = content_of(explore("run"))
    assert header["latents"]["moves"] == {"0": "width"}


def test_other_data_are_refused(room, capsys):
    x = np.zeros((30, 8, 8), "uint8")
    np.savez("other.npz", x=x, y=np.arange(30) % 3)
    assert main("explore run --no-open --data other.npz".split()) == 2
    assert "the data must be those of run" in capsys.readouterr().err


def test_a_model_in_python_of_parts_of_images():
    spec = Spec().override(task="quadrants", prior="conditional", hidden_dims=(8,))
    condition = MaskedImage(image_shape=(8, 8, 1))
    model = TrainedModel(build_model(spec, Signature((8, 8, 1), condition.shape)), condition)
    x = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype="uint8")
    page = model.explore(x, observe(x, quadrants(8, 8, 1), 255), name="parts")
    header, arrays = content_of(page)
    assert header["name"] == "parts"
    assert set(header["graphs"]) == {"decoder", "prior"}  # nothing is encoded
    np.testing.assert_array_equal(arrays["mask"], quadrants(8, 8, 1))
    assert {bytes(image) for image in arrays["examples"]} == {bytes(image) for image in x}
    assert len(model.explore().notes) == 3


def test_two_runs_become_one_page(room, capsys):
    shutil.copytree("run", "again")
    assert main(["explore", "run", "again", "--examples", "5"]) == 0
    path = Path("run-and-again.html")
    assert room == [path.resolve().as_uri()]
    assert "10 labels in common. With 5 images of the data." in capsys.readouterr().out
    first, second = Parts(path.read_text()).scripts[-1][1].split("\n")
    assert unpack(first)[0]["name"] == "run"
    assert unpack(second)[0]["name"] == "again"
    assert main(["explore", "run", "again"]) == 2
    assert "which exists" in capsys.readouterr().err
    assert main(["explore", "run", "again", "--card", "--out", "b.html"]) == 2
    assert "--card and --url are for one run" in capsys.readouterr().err
    assert not Path("b.html").exists()


def test_a_card_stands_beside_the_page(room, capsys):
    assert main("explore run --no-open --card --points 20".split()) == 0
    assert Path("run/explorer.png").read_bytes().startswith(b"\x89PNG")
    assert '<meta property="og:image" content="explorer.png">' in Path(
        "run/explorer.html"
    ).read_text(encoding="utf-8")
    command = "explore run --no-open --points 0 --out a.html --url https://me.org/digits/"
    Path("a.png").write_text("mine")
    assert main(command.split()) == 2
    assert "which exists" in capsys.readouterr().err
    assert Path("a.png").read_text() == "mine"
    assert main([*command.split(), "--overwrite"]) == 0
    text = Path("a.html").read_text(encoding="utf-8")
    assert '<meta property="og:image" content="https://me.org/digits/a.png">' in text
    assert '<meta property="og:url" content="https://me.org/digits/">' in text


def test_a_table_becomes_a_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    kind = rng.choice(["ant", "bee"], 200)
    size = np.round(np.where(kind == "ant", 2, 5) + rng.normal(0, 0.5, 200), 2)
    rows = [f"{k},{s},{d % 28 + 1}.3.2024" for d, (k, s) in enumerate(zip(kind, size, strict=True))]
    Path("beasts.csv").write_text("\n".join(["kind,size,day", *rows]))
    train = "train beasts.csv --epochs 1 --batch-size 50 --run run"
    assert main(train.split()) == 0
    assert main("explore run --no-open --examples 9".split()) == 0
    said = capsys.readouterr().out
    assert "With how often each value is in 1" in said
    header, _ = content_of(Path("run/explorer.html"))
    assert header["table"]["order"] == ["kind", "size", "day"]
    assert header["real"]["kind"]["values"] in (["ant", "bee"], ["bee", "ant"])
    assert len(header["rows"]["size"]) == 9
    assert set(header["rows"]["kind"]) <= {"ant", "bee"}
    assert main("explore run --no-open --points 0 --out a.html".split()) == 0
    header, _ = content_of(Path("a.html"))
    assert header["real"] is header["rows"] is None
    Path("beasts.csv").unlink()
    assert main("explore run --no-open --out b.html".split()) == 0
    assert "The data are not available" in capsys.readouterr().out
    assert main("explore run run --no-open --out c.html".split()) == 2
    assert "must be models of images" in capsys.readouterr().err
