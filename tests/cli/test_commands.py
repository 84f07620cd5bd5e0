import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rooms import listing

from condvae.cli import main
from condvae.cli.settings import DataSettings, Settings
from condvae.data import load_data
from condvae.data.enlarged import as_drawn
from condvae.data.sources import NAMED_SETS
from condvae.explorer import read_faults
from condvae.spec import DataSpec, Spec, setting_names
from condvae.spec.presets import PRESETS
from condvae.training import train
from condvae.training.pace import Pace


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(as_drawn(image))


def test_help_names_every_data_set(capsys):
    assert main(["--help"]) in (0, None)
    text = capsys.readouterr().out
    assert [name for name in NAMED_SETS if name not in text] == []


@pytest.mark.parametrize(
    ("command", "errors"),
    [
        ("presets", subprocess.PIPE),
        ("--help", subprocess.PIPE),
        ("presets unknown", subprocess.STDOUT),
        pytest.param("data info digits", subprocess.PIPE, marks=pytest.mark.slow),
        pytest.param("train --help", subprocess.PIPE, marks=pytest.mark.slow),
        pytest.param("train digits --dry-run", subprocess.PIPE, marks=pytest.mark.slow),
        pytest.param("train digits --epochs 1", subprocess.STDOUT, marks=pytest.mark.slow),
    ],
)
def test_a_reader_that_has_seen_enough_is_no_mistake(command, errors, tmp_path):
    """Like `condvae presets | head -1`: the pipe is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "condvae", *command.split()],
        stdout=writing,
        stderr=errors,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr or "") == (141, "")


def test_generate_writes_what_the_readers_take(room, capsys):
    assert main("generate run --per-class 3 --out set --seed 1".split()) == 0
    assert main("generate run --per-class 3 --out set.npz --seed 1".split()) == 0
    folder, archive = load_data("set"), load_data("set.npz")
    assert folder.label_names == archive.label_names == tuple("0123456789")
    np.testing.assert_array_equal(np.bincount(folder.y), [3] * 10)
    np.testing.assert_array_equal(folder.x, archive.x)
    assert "30 images, expected pixels, seed 1" in capsys.readouterr().out


@pytest.mark.slow
def test_generate_keeps_the_coarse_groups_of_a_ladder(room, capsys):
    groups = "--prior ladder --latent-groups 1,1 --epochs 1"
    assert main(f"train good.npz --run ladder {groups}".split()) == 0
    for name, style in (("one", "--z=0.5,1"), ("other", "--z=0.5,-2"), ("drawn", "")):
        command = f"generate ladder --given 1 --keep 1 -n 3 {style} --out {name}-z.npz"
        assert main(command.split()) == 0
    one, other, drawn = (np.load(f"{name}-z.npz")["x"] for name in ("one", "other", "drawn"))
    # what is not kept of z does not matter
    np.testing.assert_array_equal(one, other)
    assert len(drawn) == 3
    assert (drawn[0] != drawn[1]).any()
    assert main("generate ladder --given 1 --keep 2 --out a.png".split()) == 2
    assert "2 of 2 groups" in capsys.readouterr().err


def test_generate_draws_pixels_when_asked(room, trained_run):
    assert main("generate run --given digit=3 -n 4 --sample --out s.npz".split()) == 0
    with np.load("s.npz") as stored:
        assert set(np.unique(stored["x"])) == {0, 255}
        assert stored["y"].tolist() == ["3"] * 4
    assert main("generate run --given 3 --z=0,0 -n 2 --sample --out two.png".split()) == 0
    assert main("generate run --given 3 --z=-0.5,1.2 --out one.png".split()) == 0
    expected = trained_run.model.decode([[-0.5, 1.2]], 3)[0, ..., 0]
    np.testing.assert_array_equal(pixels("one.png"), np.rint(expected * 255))


def test_encode_keeps_the_datas_order(room, trained_run, digits):
    assert main("encode run digits --out z.npz".split()) == 0
    with np.load("z.npz") as stored:
        mean, _ = trained_run.model.encode(digits.x, digits.y)
        np.testing.assert_allclose(stored["mean"], mean, atol=1e-5)
        assert stored["y"].tolist() == [str(label) for label in digits.y]


def test_pictures_are_enlarged_and_read_as_they_were_drawn(room, capsys):
    for name, more in (("large", ""), ("raw", " --scale 1"), ("twice", " --scale 2")):
        assert main(f"generate run --given 3 --z=0.5,1 --out {name}.png{more}".split()) == 0
        with Image.open(f"{name}.png") as image:
            assert image.size == ({"large": 112, "raw": 8, "twice": 16}[name],) * 2
        transfer = f"transfer run {name}.png --from 3 --to 5 --out t-{name}.png --scale 1"
        assert main(transfer.split()) == 0
        complete = f"complete run {name}.png --mask right.png --given 3 --out c-{name}.npz -n 2"
        assert main(complete.split()) == 0
    for name in ("large", "twice"):
        np.testing.assert_array_equal(pixels(f"{name}.png"), pixels("raw.png"))
        assert Path(f"t-{name}.png").read_bytes() == Path("t-raw.png").read_bytes()
        with np.load(f"c-{name}.npz") as found, np.load("c-raw.npz") as expected:
            np.testing.assert_array_equal(found["x"], expected["x"])
    assert main("generate run --per-class 1 --out digits10 --scale 3".split()) == 0
    with Image.open("digits10/3/03.png") as image:
        assert image.size == (24, 24)
    for wrong in ("a.png --scale 0", "a.png --scale 113", "a.npz --scale 2"):
        assert main(f"generate run --given 3 --out {wrong}".split()) == 2
        assert "--scale must" in capsys.readouterr().err
        assert not Path(wrong.split()[0]).exists()


def test_transfer_is_the_models(room, trained_run):
    assert main("transfer run eight.png --from 5 --to 3 --out t.png".split()) == 0
    x = pixels("eight.png")[None]
    expected = np.rint(trained_run.model.transfer(x, 5, to=3)[0, ..., 0] * 255)
    np.testing.assert_allclose(pixels("t.png"), expected, atol=1)


def test_complete_keeps_what_is_given(room, trained_run):
    command = "complete run eight.png --mask right.png --given 3 -n 5 --out c"
    assert main(f"{command}.npz".split()) == 0
    with np.load("c.npz") as stored:
        assert stored["x"].shape == (5, 8, 8, 1)
        np.testing.assert_array_equal(stored["x"][:, :, :4, 0], [pixels("eight.png")[:, :4]] * 5)
    assert main(f"{command}.png".split()) == 0
    assert pixels("c.png").shape == (18, 28)


def test_plot_draws_the_figures_asked_for(room, capsys):
    command = "plot run generate manifold history labels --given 3 --given 5 --out figures"
    assert main(command.split()) == 0
    names = {"generate.png", "manifold-3.png", "manifold-5.png", "history.png", "labels.gif"}
    assert {path.name for path in Path("figures").iterdir()} == names
    assert set(capsys.readouterr().out.split()) == {f"figures/{name}" for name in names}


def test_info_and_its_sheet(room, capsys):
    assert main("data info digits --sheet sheet.png".split()) == 0
    text = capsys.readouterr().out
    for part in ("1,797", "8 × 8", "uint8 from 0 to 255", "grey levels", "digit"):
        assert part in text
    with Image.open("sheet.png") as sheet:
        assert sheet.size == (14 * (10 * 10 - 2), 14 * (10 * 10 - 2))  # 8 pixels become 112


def test_info_takes_the_settings_of_train_and_shows_ten_images(room, capsys):
    command = "data info good.npz --out ten.png --validation 0.3 --test 0.3 --drop-small-classes 2"
    assert main(command.split()) == 0
    assert main("data info good.npz --x-range -1,255".split()) == 0
    text = capsys.readouterr().out
    assert "float32 from 0.0039" in text
    assert "0.3 of all" in text
    assert len([line for line in text.splitlines() if line.startswith("image ")]) == 20
    with Image.open("ten.png") as figure:
        assert figure.width > 500
    shared = {name for name in DataSpec.model_fields if name != "source"}
    assert {field.name for field in fields(DataSettings)} == shared
    assert shared <= {field.name for field in fields(Settings)}


def test_a_preset_is_the_json_that_config_takes(room, capsys):
    assert main(["presets"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in PRESETS)
    assert main("presets notebook".split()) == 0
    text = capsys.readouterr().out
    Path("mine.json").write_text(text)
    assert main("train good.npz --config mine.json --epochs 1 --run new".split()) == 0
    record = json.loads(Path("new/run.json").read_text())
    assert record["preset"] is None
    settled = {"source": "good.npz", "likelihood": "bernoulli", "order": "rows"}
    expected = Spec.parse(text).override(epochs=1, **settled)
    assert Spec.parse(record["spec"]) == expected


def test_a_dry_run_writes_nothing(room, capsys):
    before = listing(room)
    assert main("train good.npz --dry-run".split()) == 0
    assert "runs/good-small (not created" in capsys.readouterr().out
    assert listing(room) == before


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [("", "bernoulli: pixels are grey levels"), ("--likelihood normal", "normal: as named")],
)
def test_the_likelihood_is_explained(room, capsys, setting, sentence):
    assert main(f"train good.npz --dry-run {setting}".split()) == 0
    assert f"likelihood {sentence}" in capsys.readouterr().out


def test_a_training_explains_its_likelihood(room, capsys):
    assert main("train good.npz --epochs 1 --run told".split()) == 0
    assert "likelihood bernoulli: pixels are grey levels" in capsys.readouterr().err


def test_the_doctor_speaks_after_a_training(room, capsys):
    """Random pixels under labels in turn: nothing to learn from either."""
    assert main("train good.npz --epochs 1 --run told --beta 50".split()) == 0
    assert "doctor: the model is worse than the mean of all" in capsys.readouterr().err
    (fault,) = read_faults(Path("told"))  # for the run's page
    assert fault.startswith("the model is worse than the mean of all")


@pytest.mark.slow
def test_the_demo_is_whole(room, monkeypatch, capsys):
    """The tour with a training cut short."""
    monkeypatch.setitem(PRESETS["small"][1]["training"], "epochs", 2)
    assert main("demo --run tour".split()) == 0
    bound = json.loads(Path("tour/metrics.json").read_text())["measures"]["Bound"]
    assert bound["num_images"] == 359
    text = capsys.readouterr().out
    fit = next(line for line in text.splitlines() if line.startswith("Fit "))
    assert fit.split()[1] == f"{-bound['elbo']:.2f}"
    said = " ".join(text.split())
    assert all(part in said for part in bound["comparability"].split("; "))
    figures = {path.name for path in Path("tour/figures").iterdir()}
    assert {"scatter.png", "manifold-0.png", "labels.gif", "history.png"} <= figures


def test_ctrl_c_exits_with_130_and_says_what_was_kept(room, signal_at, capsys):
    with signal_at(2):
        assert main("train digits --epochs 3 --run new".split()) == 130
    output = capsys.readouterr()
    assert "interrupted" in output.err
    assert "new" in output.err
    assert json.loads(Path("new/run.json").read_text())["status"] == "interrupted"


def test_sigterm_exits_with_143_and_resume_completes(room, signal_at, capsys):
    command = "train digits --preset small --epochs 2 --run new --resume".split()
    with signal_at(2, signal.SIGTERM):
        assert main(command) == 143
    again = "`condvae train digits --run new --resume` continues it"
    assert f"terminated: new keeps what was done; {again}" in capsys.readouterr().err
    assert main(command) == 0
    assert main(command) == 0  # nothing is left to do
    assert len(json.loads(Path("new/run.json").read_text())["resumed"]) == 2
    assert main("train digits --epochs 3 --run new --resume".split()) == 0
    assert len(Path("new/history.csv").read_text().splitlines()) == 4


def test_an_archive_serves_in_place_of_the_folder(room, trained_run, capsys):
    assert main("export run --format archive".split()) == 0
    shutil.rmtree("run")
    assert main("generate run.safetensors --given 3 --z=0.5,1 --out three.png".split()) == 0
    expected = trained_run.model.decode([[0.5, 1]], 3)[0, ..., 0]
    np.testing.assert_array_equal(pixels("three.png"), np.rint(expected * 255))
    assert main("plot run.safetensors history scatter".split()) == 0
    assert {p.name for p in Path("run-figures").iterdir()} == {"history.png", "scatter.png"}


def test_an_archive_is_named_after_the_whole_name_of_its_folder(room):
    shutil.move("run", "digits-v1.5")
    assert main("export digits-v1.5 --format archive".split()) == 0
    assert main("export digits-v1.5.safetensors --format archive --overwrite".split()) == 0
    assert [path.name for path in Path().glob("*.safetensors")] == ["digits-v1.5.safetensors"]


@pytest.mark.parametrize("steps", [0, 1])
def test_the_first_ctrl_c_before_a_step_and_the_second_in_one_end_at_once(
    room, monkeypatch, capsys, steps
):
    began = Pace.began

    def impatient(pace, *arguments):
        if steps:
            began(pace, *arguments)
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Pace, "began", impatient)
    with pytest.raises(KeyboardInterrupt):
        train(load_data("digits"), run="raised", progress=False)
    assert main("train digits --epochs 3 --run new".split()) == 130
    assert "interrupted" in capsys.readouterr().err
    assert json.loads(Path("new/run.json").read_text())["status"] == "interrupted"


def test_a_loss_that_diverges_is_said_and_the_best_weights_stay(room, capsys):
    command = "train digits --run wild --learning-rate 1e30 --schedule constant --warmup 0"
    assert main(command.split()) == 2
    error = capsys.readouterr().err
    for part in ("must stay finite", "nan in epoch 1", "Lower the learning rate"):
        assert part in error.splitlines()[-1]
    assert json.loads(Path("wild/run.json").read_text())["status"] == "failed"
    assert main("generate wild --given 3 --out a.png".split()) == 2


def test_the_settings_of_the_command_line_are_those_of_the_spec():
    assert {field.name for field in fields(Settings)} == set(setting_names()) - {"source"}


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [("--help", []), ("presets", []), ("--version", []), ("train --help", ["pydantic"])],
)
def test_help_imports_little(arguments, imported):
    code = (
        "import sys; from condvae.cli import main\n"
        f"try: main({arguments.split()})\n"
        "except SystemExit: pass\n"
        "print(sorted({'keras', 'jax', 'numpy', 'pydantic', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(imported)
