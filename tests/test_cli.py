import gzip
import json
import shutil
import signal
import struct
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condvae.cli import main
from condvae.cli.training import Settings
from condvae.data import load_data
from condvae.data.idx_sets import IDX_SETS
from condvae.presets import PRESETS
from condvae.records import RunRecord
from condvae.spec import Spec, setting_names
from condvae.training import train
from condvae.training.feed import Feed


@pytest.fixture
def room(tmp_path, monkeypatch, trained_run):
    """A working folder with a finished run and good and bad inputs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONDVAE_DATA", str(tmp_path / "sets"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(trained_run.path, "run")
    Path("afile").write_text("not a folder")
    Path("notarun").mkdir()
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (30, 8, 8), dtype="uint8"), np.arange(30) % 3
    np.savez("good.npz", x=x, y=y)
    np.savez("flat.npz", x=x.reshape(30, 64), y=y)
    np.savez("complex.npz", x=x.astype(complex), y=y)
    np.savez("range.npz", x=x.astype("float32"), y=y)
    np.savez("nan.npz", x=np.where(np.arange(30)[:, None, None] == 7, np.nan, x / 255), y=y)
    np.savez("labels.npz", x=x, y=np.arange(31) % 3)
    np.savez("one.npz", x=x[:1], y=y[:1])
    np.savez("missing.npz", x=x)
    np.savez("pickled.npz", x=x, y=np.array([{}] * 30, dtype=object))
    Path("text.npz").write_text("no archive")
    idx = struct.pack(">HBBIII", 0, 8, 3, 30, 8, 8) + x.tobytes()
    labels = struct.pack(">HBBI", 0, 8, 1, 30) + y.astype("uint8").tobytes()
    for name, content in (("cut", idx[:-10]), ("odd", b"\1" + idx[1:])):
        Path(name).mkdir()
        Path(name, "train-images-idx3-ubyte").write_bytes(content)
        Path(name, "train-labels-idx1-ubyte").write_bytes(labels)
    Path("sets/mnist").mkdir(parents=True)
    for part in ("train", "t10k"):
        Path(f"sets/mnist/{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx))
        Path(f"sets/mnist/{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    for folder in ("broken", "oddsize", "emptyclass"):
        for label in ("ant", "bee"):
            Path(folder, label).mkdir(parents=True)
            for n in range(4):
                Image.fromarray(x[n]).save(Path(folder, label, f"{n}.png"))
    Path("broken/bee/2.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    Image.fromarray(x[0, :5]).save("oddsize/bee/2.png")
    Path("emptyclass/cat").mkdir()
    Image.fromarray(x[0]).save("eight.png")
    Image.fromarray(x[0, :5]).save("five.png")
    Image.fromarray(np.full((8, 8), 255, "uint8")).save("white.png")
    Image.fromarray(np.tile(np.arange(8) >= 4, (8, 1))).save("right.png")
    Image.fromarray(x[0].astype("uint16") * 200).save("deep.png")
    np.savez("half.npz", x=x, y=y, x_test=x)
    Path("list.json").write_text("[]")
    for name, changes in {
        "floats": {"preprocessing": {"in_unit_interval": False, "assumption": "-30 to 30"}},
        "nan": {"status": "failed"},
        "history": {},
        "away": {"data": {"name": "gone.npz"}},
    }.items():
        shutil.copytree("run", name)
        record = json.loads(Path(name, "run.json").read_text())
        del record["sha256"]
        for field, change in changes.items():
            record[field] = {**record[field], **change} if isinstance(change, dict) else change
        Path(name, "run.json").write_text(RunRecord.model_validate(record).to_json())
    Path("nan/weights.safetensors").unlink()
    history = Path("history/history.csv")
    history.write_text(history.read_text().replace("kl_loss", "lk_loss"))
    monkeypatch.setattr("condvae.data.download.BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr("condvae.evaluation.classifier.LEAST_STEPS", 50)
    monkeypatch.setitem(
        IDX_SETS, "kmnist", IDX_SETS["kmnist"]._replace(mirrors=("http://127.0.0.1:9",))
    )
    Path("typo.json").write_text('{"training": {"epoch": 3}}')
    Path("notjson.json").write_text("epochs: 3")
    return tmp_path


# command: what the sentence must say was expected, what came, what to do
MISTAKES = {
    "train flat.npz": ("x of flat.npz", "(30, 64)", "Reshape"),
    "train complex.npz": ("x of complex.npz", "complex128", "astype"),
    "train range.npz": ("[0, 1]", "in row 0", "Rescale"),
    "train nan.npz": ("finite", "row 7", "Remove or mend"),
    "train labels.npz": ("one label for each of the 30", "31 labels", "same order"),
    "train one.npz": ("at least 3 examples", "1 of class '0'", "Bring more"),
    "train missing.npz": ("arrays x and y", "x", "numpy.savez"),
    "train pickled.npz": ("'y' of pickled.npz", "never unpickled", "Write the file anew"),
    "train text.npz": ("numpy.savez", "no zip", "write it anew"),
    "train cut": ("cut/train-images-idx3-ubyte", "1,926 bytes", "download or copy it again"),
    "train odd": ("odd/train-images-idx3-ubyte", "0x01000803", "Pass the images file"),
    "train mnist": ("mnist/train-images-idx3-ubyte.gz", "md5", "remove it"),
    "train broken": ("readable", "broken/bee/2.png", "Mend or remove"),
    "train oddsize": ("same width × height", "8 × 5 (oddsize/bee/2.png)", "--resize HEIGHT,WIDTH"),
    "train emptyclass": ("must hold images", "'cat'", "Add images"),
    "train nowhere.npz": ("digits, mnist", "nowhere.npz", "Check the path"),
    "train minst": ("digits, mnist", "'minst'", "Did you mean 'mnist'?"),
    "train digits --preset plain": ("plane, small", "'plain'", "Did you mean 'plane'?"),
    "train digits --epochs 0": ("training.epochs", "0", "Correct it"),
    "train digits --epochs ten": ("--help", "ten", "Correct"),
    "train digits --epoch 3": ("--help", "--epoch", "Did you mean --epochs?"),
    "train digits --hidden-dims 8;8": ("--hidden-dims", "'8;8'", "Write"),
    "train digits --validation 1.5": ("data.validation", "1.5", "Correct it"),
    "train digits --config typo.json": ("epochs", "'epoch'", "Did you mean 'epochs'?"),
    "train digits --config notjson.json": ("JSON", "Invalid JSON", "Mend"),
    "train digits --config nothing.json": ("--config", "nothing.json", "Check the path"),
    "train digits --run run": ("new folder", "run, which exists", "Choose another name"),
    "train digits --run afile/run": ("folder", "afile, which is a file", "Choose another place"),
    "train digits --run run --resume --seed 9": ("the settings of run", "seed 9", "Leave them out"),
    "train good.npz --run run --resume": ("data must be those of run", "good.npz", "--data"),
    "train digits --run broken --resume": ("a run folder", "no run.json", "Choose another folder"),
    "train digits --run run --resume --epochs 1": ("--epochs must be", "1", "more epochs"),
    "train digits --run run --resume --from away": ("settings of run", "away instead of", "Leave"),
    "train digits --run typo.json --resume": ("a run folder", "which is a file", "train a new run"),
    "train digits --resume --dry-run": ("exclude each other", "both", "Leave one"),
    "export run --format archive --out a.zip": (".safetensors", "a.zip", "Change its name"),
    "export run --format onyx": ("--help", "onyx", 'Did you mean "onnx"?'),
    "export nan --format archive": ("weights.safetensors", "'failed'", "finished an epoch"),
    "generate typo.json --given 3 --out a.png": ("safetensors", "header", "complete run"),
    "train digits --from notarun --run new": ("run.json", "notarun", "condvae train"),
    "train": ("--help", "DATA", "Correct"),
    "trian digits": ("--help", "trian", 'Did you mean "train"?'),
    "evaluate": ("run folder", "none", "Write `condvae evaluate RUN`"),
    "evaluate notarun": ("run.json", "notarun", "condvae train"),
    "evaluate run --data good.npz": ("must be those of run", "good.npz", "--data"),
    "plot run predictions": ("given images", "a run on classes", "reconstruct"),
    "plot run scater": ("scatter", "'scater'", "Did you mean 'scatter'?"),
    "plot run manifold --given ten": ("0, 1, 2", "'ten'", "Take one of these"),
    "plot run --out afile/x": ("folder", "afile, which is a file", "Choose another place"),
    "generate run --given 3": ("--help", "--out", "Correct"),
    "generate run --out a.png": ("--given", "none", "Give one"),
    "generate run --given 11 --out a.png": ("0, 1, 2", "'11'", "Take one of these"),
    "generate run --given digits=3 --out a.png": ("'digit'", "'digits'", "Write --given"),
    "generate run --given 3 --out a.jpg": (".png", "a.jpg", "Change its name"),
    "generate run --given 3 --out eight.png": ("new path", "eight.png", "--overwrite"),
    "generate run --given 3 --z 1,2,3 --out a.png": ("(N, 2)", "(1, 3)", "Reshape"),
    "generate run --given 3 --z a,b --out a.png": ("--z", "'a,b'", "Write"),
    "generate run --given 3 -n 0 --out a.png": ("1 or more", "0", "Correct it"),
    "generate run --per-class 0 --out a": ("1 or more", "0", "Correct it"),
    "generate run --per-class 2 -n 3 --out a": ("stands alone", "-n", "Leave one out"),
    "generate run --given 3 --z 1,2 -n 3 --out a.png": ("one image", "-n 3", "leave -n out"),
    "generate run --given 3 --seed -1 --out a.png": ("0 or more", "-1", "Correct it"),
    "generate run --given 3 --out notarun --overwrite": ("new path", "is a folder", "another name"),
    "generate floats --given 3 --out a.png": ("[0, 1]", "-30 to 30", "Write an .npz"),
    "generate nan --given 3 --out a.png": ("weights.safetensors", "'failed'", "finished an epoch"),
    "transfer floats eight.png --from 5 --to 3 --out t.png": ("[0, 1]", "-30 to 30", "Python"),
    "transfer run deep.png --from 5 --to 3 --out t.png": ("8 bits", "deep.png", "Convert it"),
    "plot history": ("history.csv", "kl_loss", "Restore the file"),
    "data info digits --sheet s.abc": ("a .png", "s.abc", "Change its name"),
    "data info digits --sheet afile/s.png": ("folder", "afile, which is a file", "another place"),
    "train kmnist": ("kmnist needs the files", "no download", "--data-dir"),
    "train half.npz": ("both x_test and y_test", "x_test alone", "Add the other"),
    "train digits --config list.json": ("JSON object", "object", "Mend the file"),
    "train digits --likelihood normal --pixels dynamic": ("model", "bernoulli", "Correct it"),
    "train good.npz --from run --run new": ("condition", "digit", "the same classes"),
    "evaluate away": ("the data must be", "gone.npz", "--data names"),
    "generate run --given 3 --out afile/a.png": ("folder", "afile", "Choose another place"),
    "encode run good.npz --out z.txt": (".npz", "z.txt", "Change its name"),
    "encode run range.npz --out z.npz": ("[0, 1]", "in row 0", "Rescale"),
    "transfer run five.png --from 5 --to 3 --out t.png": ("8 × 8", "five.png with 8 × 5", "Crop"),
    "transfer run text.npz --from 5 --to 3 --out t.png": ("readable", "text.npz", "Mend"),
    "transfer run eight.png --from x --to 3 --out t.png": ("0, 1, 2", "'x'", "Take one"),
    "data info caf\udce9.npz": ("text that UTF-8 can hold", "caf?.npz", "Rename"),
    "complete run eight.png --mask five.png --given 3 --out c.png": ("8 × 8", "8 × 5", "Crop"),
    "complete run eight.png --mask white.png --given 3 --out c.png": ("mask", "no pixel", "white"),
    "complete run eight.png --mask right.png --out c.png": ("label", "no label", "--given LABEL"),
    "complete run eight.png --mask right.png --given 3 --out c": (".npz", "c", "Change its name"),
    "complete run eight.png --mask right.png --given x --out c.png": ("0, 1", "'x'", "Take one"),
    "train digits --task quadrants --observed 4": ("--help", "4", "Correct"),
    "train digits --alpha 1.5": ("objective.alpha", "1.5", "Correct it"),
    "train digits --task halves --baseline frozen": ("--from", "none", "deterministic"),
    "data info notarun": (".npz", "notarun", "Check the path"),
    "presets plain": ("plane, small", "'plain'", "Did you mean 'plane'?"),
}


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def listing(folder):
    """What is there, and when it was written; the lock names its last holder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.name != ".lock")
    return {path: path.stat().st_mtime_ns for path in paths}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_everything_as_it_was(command, room, capsys):
    before = listing(room)
    assert main(command.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    # progress notes may stand before; the mistake is the last line, and one line
    *_, sentence = output.err.strip().splitlines()
    assert sentence.startswith("condvae: ")
    expected, rest = sentence.split("; received ")
    for part, where in zip(MISTAKES[command], (expected, rest, rest), strict=True):
        assert part in where
    assert listing(room) == before


def test_generate_writes_what_the_readers_take(room, capsys):
    assert main("generate run --per-class 3 --out set --seed 1".split()) == 0
    assert main("generate run --per-class 3 --out set.npz --seed 1".split()) == 0
    folder, archive = load_data("set"), load_data("set.npz")
    assert folder.label_names == archive.label_names == tuple("0123456789")
    np.testing.assert_array_equal(np.bincount(folder.y), [3] * 10)
    np.testing.assert_array_equal(folder.x, archive.x)
    assert "30 images, expected pixels, seed 1" in capsys.readouterr().out


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


def test_evaluate_prints_the_bound_with_its_comparability(room, capsys):
    assert main("evaluate run run".split()) == 0
    text = capsys.readouterr().out
    assert main("evaluate run --json".split()) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert f"-ELBO {-row['elbo']:.2f}" in text
    assert row["comparability"] in text
    assert row["num_images"] == 359
    table = text.split("\n\n")[-1].splitlines()
    assert table[0].split() == ["run", "run"]
    elbo = next(line.split() for line in table if line.startswith("  elbo "))
    assert elbo == ["elbo", *2 * [f"{row['elbo']:.5g}"]]


def test_info_and_its_sheet(room, capsys):
    assert main("data info digits --sheet sheet.png".split()) == 0
    text = capsys.readouterr().out
    for part in ("1,797", "8 × 8", "uint8 from 0 to 255", "grey levels", "digit"):
        assert part in text
    with Image.open("sheet.png") as sheet:
        assert sheet.size == (10 * 10 - 2, 10 * 10 - 2)


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
    expected = Spec.parse(text).override(epochs=1, source="good.npz", likelihood="bernoulli")
    assert Spec.parse(record["spec"]) == expected


def test_a_dry_run_writes_nothing(room, capsys):
    before = listing(room)
    assert main("train good.npz --dry-run".split()) == 0
    assert "runs/good-small (not made" in capsys.readouterr().out
    assert listing(room) == before


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [("", "bernoulli: pixels are grey levels"), ("--likelihood normal", "normal: as named")],
)
def test_the_likelihood_is_explained(room, capsys, setting, sentence):
    assert main(f"train good.npz --dry-run {setting}".split()) == 0
    assert f"likelihood {sentence}" in capsys.readouterr().out
    assert main(f"train good.npz --epochs 1 --run told {setting}".split()) == 0
    assert f"likelihood {sentence}" in capsys.readouterr().err


def test_the_doctor_speaks_after_a_training(room, capsys):
    """Random pixels under labels in turn: nothing to learn from either."""
    assert main("train good.npz --epochs 1 --run told --beta 50".split()) == 0
    assert "doctor: the model tells less than the mean image" in capsys.readouterr().err


def test_the_demo_is_whole(room, monkeypatch, capsys):
    """The tour with a training cut short."""
    monkeypatch.setitem(PRESETS["small"][1]["training"], "epochs", 2)
    assert main("demo --run tour".split()) == 0
    assert "-ELBO" in capsys.readouterr().out
    figures = {path.name for path in Path("tour/figures").iterdir()}
    assert {"scatter.png", "manifold-3.png", "labels.gif", "history.png"} <= figures


def test_ctrl_c_exits_with_130_and_says_what_was_kept(room, monkeypatch, capsys):
    serve = Feed.__getitem__

    def interrupted(feed, index):
        if feed.seed is not None and index == 1:
            signal.raise_signal(signal.SIGINT)
        return serve(feed, index)

    monkeypatch.setattr(Feed, "__getitem__", interrupted)
    assert main("train digits --epochs 3 --run new".split()) == 130
    output = capsys.readouterr()
    assert "interrupted" in output.err
    assert "new" in output.err
    assert json.loads(Path("new/run.json").read_text())["status"] == "interrupted"


def test_sigterm_exits_with_143_and_resume_completes(room, monkeypatch, capsys):
    serve = Feed.__getitem__

    def terminated(feed, index):
        if feed.seed is not None and index == 1:
            signal.raise_signal(signal.SIGTERM)
        return serve(feed, index)

    command = "train digits --preset small --epochs 2 --run new --resume".split()
    with monkeypatch.context() as patch:
        patch.setattr(Feed, "__getitem__", terminated)
        assert main(command) == 143
    again = "`condvae train digits --run new --resume` goes on"
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


def test_a_second_ctrl_c_ends_at_once(room, monkeypatch, capsys):
    def impatient(feed, index):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Feed, "__getitem__", impatient)
    with pytest.raises(KeyboardInterrupt):
        train(load_data("digits"), run_dir="raised", progress=False)
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


def test_help_imports_neither_keras_nor_numpy():
    code = (
        "import sys; from condvae.cli import main\n"
        "for arguments in (['--help'], ['train', '--help'], ['presets'], ['--version']):\n"
        "    try: main(arguments)\n"
        "    except SystemExit: pass\n"
        "print(sorted({'keras', 'jax', 'numpy', 'pydantic', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
