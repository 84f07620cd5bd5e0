"""Parts are what one file is, bit by bit, made once each, and by the run and settings alone."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from bulk_parts import CUTS, here, rows_in
from PIL import Image
from threadpoolctl import threadpool_limits

from condvae.checks import InputError
from condvae.cli import main
from condvae.data.writing import write_table
from condvae.evaluation.scores import score_rows
from condvae.graph.passes import EqualPasses, steady_rows
from condvae.inference.chance import Chance, NumberedChance
from condvae.serving.bulk.encode import Encode
from condvae.serving.bulk.generate import Generate
from condvae.serving.bulk.parts import find_parts
from condvae.serving.bulk.run_parts import run_parts
from condvae.serving.bulk.score import Score
from condvae.training import train

VERBS = [
    (Encode(), "npz"),
    (Generate(seed=3), "csv"),
    (Generate(sample=True, seed=3), "csv"),
    (Generate(guidance=1.5, temperature=0.8), "csv"),
    (Score(num_samples=12), "npz"),
]


@pytest.mark.parametrize(("verb", "suffix"), VERBS, ids=lambda value: str(value))
def test_parts_are_what_one_file_is(room, verb, suffix):
    for folder in ("whole", "parts"):
        report = run_parts("run", f"{folder}/*.{suffix}", f"{folder}-out", verb, pool=here)
        assert report.rows == CUTS[-1]
    whole, parts = rows_in("whole-out"), rows_in("parts-out")
    assert whole.keys() == parts.keys()
    for name in whole.keys() - {"row"}:  # which is counted in each file
        assert whole[name].dtype == parts[name].dtype
        np.testing.assert_array_equal(whole[name], parts[name])


def test_a_file_alone_is_what_parts_are(room):
    with threadpool_limits(1):
        assert main("encode run whole/p0.npz --out z.npz".split()) == 0
        assert main("generate run whole/p0.csv --out g.npz --seed 3".split()) == 0
    for name, verb, suffix in (("z", Encode(), "npz"), ("g", Generate(seed=3), "csv")):
        run_parts("run", f"parts/*.{suffix}", name, verb, pool=here)
        for key, values in np.load(f"{name}.npz").items():
            np.testing.assert_array_equal(rows_in(name)[key], values)


def test_generated_parts_are_of_their_labels(room, trained_run):
    """By the decoder of the run, at the z of the rows' own numbers."""
    run_parts("run", "parts/*.csv", "out", Generate(seed=3), pool=here)
    found, y = rows_in("out"), np.load("whole/p0.npz")["y"]
    assert found["y"].tolist() == y.astype(str).tolist()
    z = NumberedChance(3).latents(len(y), 2)
    expected = trained_run.by_keras.decode(z, y) * 255
    assert abs(found["x"] - expected).max() <= 0.5 + 1e-3


@pytest.mark.slow
def test_scores_are_those_of_bayes_rule(room, trained_run):
    """By another noise: as near as its spread allows; and of a row whatever is beside it."""
    run_parts("run", "whole/*.npz", "out", Score(num_samples=200), pool=here)
    stored, found = np.load("whole/p0.npz"), rows_in("out")
    expected = score_rows(trained_run.by_keras, stored["x"], stored["y"], 200, seed=5).columns()
    for name in ("log_prob", "log_prob_given_label"):
        differ = found[name] - expected[name]
        assert abs(np.median(differ)) < 0.05
        assert np.median(abs(differ)) < 0.3
    assert (found["best_label"] == expected["best_label"]).mean() > 0.97
    order = np.random.default_rng(0).permutation(len(stored["x"]))
    Path("mixed").mkdir()
    np.savez("mixed/p.npz", x=stored["x"][order])  # without labels
    run_parts("run", "mixed/*.npz", "mixed-out", Score(num_samples=200), pool=here)
    np.testing.assert_array_equal(rows_in("mixed-out")["log_prob"], found["log_prob"][order])


def test_what_is_there_is_not_made_again(room):
    made = run_parts("run", "parts/*.npz", "out", Encode(), pool=here)
    assert (made.made, made.before) == (4, 0)
    before = {file: file.stat().st_mtime_ns for file in Path("out").glob("*.npz")}
    Path("out/p2.npz").unlink()
    (Path("out") / ".p2.npz.killed.tmp").mkdir()
    again = run_parts("run", "parts/*.npz", "out", Encode(), pool=here)
    assert (again.made, again.before, again.rows) == (1, 3, 1)
    same = [file for file in before if file.stat().st_mtime_ns == before[file]]
    assert [file.name for file in sorted(same)] == ["p0.npz", "p1.npz", "p3.npz"]
    assert not list(Path("out").glob(".*.tmp"))
    shutil.copy("parts/p3.npz", "parts/p4.npz")  # more parts go on behind those that there are
    assert run_parts("run", "parts/*.npz", "out", Encode(), pool=here).made == 1


def test_another_run_or_setting_is_refused(room, monkeypatch):
    run_parts("run", "parts/*.csv", "out", Generate(seed=1), pool=here)
    begun = {file: file.read_bytes() for file in Path("out").glob("[!.]*")}
    Path("some").mkdir()
    (Path("some") / "thing.txt").write_text("of a user")
    shutil.copytree("parts", "moved")
    Path("moved/p1.csv").write_text("digit\n1")
    for command, sentence in {
        ("run", "parts", "out", Generate(seed=2)): "by the settings of this call",
        ("run", "parts", "out", Encode()): "by of this call",
        ("run", "parts", "some", Generate(seed=1)): "which holds thing.txt",
        ("run", "moved", "out", Generate(seed=1)): "part p1 must be unchanged",
        ("run", "none", "new", Generate(seed=1)): "must match files",
    }.items():
        run, folder, out, verb = command
        with pytest.raises(InputError, match=sentence):
            run_parts(run, f"{folder}/*.csv", out, verb, pool=here)
    assert {file: file.read_bytes() for file in Path("out").glob("[!.]*")} == begun
    assert not Path("new").exists()
    monkeypatch.setattr("condvae.serving.bulk.run_parts.sum_of", lambda run: "of other weights")
    with pytest.raises(InputError, match="of the run of this call"):
        run_parts("run", "parts/*.csv", "out", Generate(seed=1), pool=here)


def test_a_mistake_ends_its_part_alone(room):
    Path("parts/p1.csv").write_text("digit\n3\n11\n")
    Path("parts/p2.csv").write_text("size\n3\n")
    with pytest.raises(
        InputError, match=r"part p1: y must hold labels .*'11' in row 1 \(in 2 of 4 parts"
    ):
        run_parts("run", "parts/*.csv", "out", Generate(), pool=here)
    assert sorted(file.name for file in Path("out").glob("*.npz")) == ["p0.npz", "p3.npz"]
    Path("parts/p1.csv").write_text("digit\n3\n")
    with pytest.raises(InputError, match=r"part p2: the columns of .* must be conditions"):
        run_parts("run", "parts/p[12].csv", "other", Generate(), pool=here)
    x = np.load("parts/p0.npz")["x"]
    np.savez("parts/p0.npz", x=x > 9, y=[0])  # binary pixels beside grey ones
    with pytest.raises(InputError, match=r"part p0: .* must hold grey levels"):
        run_parts("run", "parts/*.npz", "z", Encode(), pool=here)
    assert sorted(file.name for file in Path("z").glob("*.npz")) == ["p1.npz", "p2.npz", "p3.npz"]


def test_names_of_parts(room):
    Path("deep/a").mkdir(parents=True)
    Path("deep/b").mkdir()
    for name in ("deep/a/x-0.npy", "deep/a/y-0.npy", "deep/b/x-0.npy", "deep/b/rows.csv.gz"):
        Path(name).write_bytes(b"0")
    assert [part.name for part in find_parts("deep/**/*.*")] == ["a/x-0", "b/rows", "b/x-0"]
    Path("deep/b/rows.parquet").write_bytes(b"0")
    with pytest.raises(InputError, match="different names"):
        find_parts("deep/**/*.*")


def test_pairs_of_npy_are_parts(room, digits):
    Path("pairs").mkdir()
    for place in range(2):
        stored = np.load(f"parts/p{place}.npz")
        np.save(f"pairs/x-{place}.npy", stored["x"])
        np.save(f"pairs/y-{place}.npy", stored["y"])
    run_parts("run", "pairs/*.npy", "out", Encode(), pool=here)
    run_parts("run", "parts/p[01].npz", "other", Encode(), pool=here)
    for name, values in rows_in("other").items():
        np.testing.assert_array_equal(rows_in("out")[name], values)


def test_tables_of_pixels_and_of_pictures_are_parts(room):
    """Also of one row, or of one class, which as a data set would have nothing to learn."""
    for folder in ("pixels", "pictures", "images"):
        Path(folder).mkdir()
    for place in range(3):
        stored = np.load(f"parts/p{place}.npz")
        x, y = stored["x"][..., 0] if stored["x"].ndim == 4 else stored["x"], stored["y"]
        pixels = {f"pixel{n}": values.astype(float) for n, values in enumerate(x.reshape(-1, 64).T)}
        write_table(f"pixels/p{place}.csv", {"digit": y.astype(float), **pixels}, {"digit"})
        pictures = []
        for image in x:
            file = io.BytesIO()
            Image.fromarray(image).save(file, "png")
            pictures.append({"bytes": file.getvalue()})
        table = pyarrow.table({"image": pictures, "digit": y})
        pyarrow.parquet.write_table(table, f"pictures/p{place}.parquet")
        np.savez(f"images/p{place}.npz", x=x, y=y)
    run_parts("run", "images/*.npz", "expected", Encode(), pool=here)
    for folder in ("pixels", "pictures"):
        run_parts("run", f"{folder}/*.*", f"{folder}-out", Encode(), pool=here)
        for name, values in rows_in("expected").items():
            np.testing.assert_array_equal(rows_in(f"{folder}-out")[name], values)


@pytest.mark.parametrize("shared", [0, 1])
def test_numbers_of_rows_do_not_depend_on_where_they_begin(shared):
    whole = NumberedChance(5, 0.7, shared)
    latents, keys = whole.latents(3000, 4), whole.bytes(3000 * 16)
    pixels = whole.pixels(3000, 3, kind="normal")
    assert abs(latents[:, 1:].std() - 0.7) < 0.02
    assert len(np.unique(latents[:, 1:])) > 8900
    for first in (0, 1, 1023, 1024, 2047):
        part = NumberedChance(5, 0.7, shared, first)
        for rows in (1, 900):  # by several calls
            place = part.numbered(rows)["number"]
            np.testing.assert_array_equal(place, np.arange(place[0], place[0] + rows))
            np.testing.assert_array_equal(part.latents(rows, 4), latents[place])
            found = part.pixels(rows, 3, kind="normal")
            np.testing.assert_array_equal(found, pixels[place])
            assert part.bytes(rows * 16) == keys[place[0] * 16 : (place[0] + rows) * 16]


@pytest.mark.parametrize("count", [0, 1, 7, 64])
def test_pixels_that_are_skipped(count):
    chance, whole = Chance(3), Chance(3).pixels(100)
    chance.skip_pixels(count)
    np.testing.assert_array_equal(chance.pixels(36), whole[count : count + 36])


def test_a_row_stands_where_its_number_says():
    class Recorded:
        names = frozenset({"encode"})

        def pass_rows(self, name):
            return 8

        def run(self, name, arrays):
            assert len(arrays["x"]) == 8
            return {"place": np.arange(8), "x": arrays["x"]}

        each = None

    numbers = np.array([3, 11, 12, 4, 3, 30, 7])
    found = EqualPasses(Recorded()).run("encode", {"x": numbers}, numbers)
    assert found["place"].tolist() == (numbers % 8).tolist()
    assert found["x"].tolist() == numbers.tolist()


@pytest.mark.parametrize("shape", [(784, 512), (30, 64)], ids=str)
def test_a_row_of_a_steady_pass_has_its_bits_anywhere(shape):
    rng = np.random.default_rng(1)
    size = steady_rows()
    x, weights = rng.random((size, shape[0]), "float32"), rng.standard_normal(shape, "float32")
    for shift in range(size):
        found = np.roll(np.roll(x, shift, axis=0) @ weights, -shift, axis=0)
        np.testing.assert_array_equal(found, x @ weights)


def test_encode_and_generate_need_no_keras(room):
    script = (
        "import sys; sys.modules['keras'] = None; sys.modules['jax'] = None\n"
        "from condvae.serving.bulk.run_parts import run_parts\n"
        "from condvae.serving.bulk.encode import Encode\n"
        "from condvae.serving.bulk.generate import Generate\n"
        "here = lambda work, jobs: map(work, jobs)\n"
        "run_parts('run', 'parts/*.npz', 'z', Encode(), pool=here)\n"
        "run_parts('run', 'parts/*.csv', 'g', Generate(), pool=here)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert len(rows_in("z")["mean"]) == len(rows_in("g")["x"]) == CUTS[-1]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            "encode run whole/p0.npz --out z.npz --workers 2",
            "--workers and --ray must come with parts",
        ),
        ("encode run parts/*.npz --out z --workers 0", "`workers` must"),
        ("encode run parts/*.npz --out z --overwrite", "--overwrite must come with one output"),
        ("encode run parts/*.npz --out run/run.json", "must be a folder"),
        ("generate run parts/*.csv --out z --given 3", "must be used alone"),
        ("generate run --workers 2 --out z", "--workers and --ray must come with parts"),
        ("score run parts/*.npz --out z --num-samples 0", "--num-samples"),
        ("encode run s3://bucket/*.npz --out z", "requires the extra 'remote'"),
        ("encode run parts/*.npz --out z --ray local", "requires the extra 'cluster'"),
        ("audit run parts/*.npz --out z --by size", "label, image"),
    ],
)
def test_mistakes_are_one_sentence(room, monkeypatch, capsys, command, sentence):
    for library in ("fsspec", "ray"):
        monkeypatch.setitem(sys.modules, library, None)
    before = sorted(room.rglob("*"))
    assert main(command.split()) == 2
    sentence = sentence.replace("`workers`", "--workers")
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert sorted(room.rglob("*")) == before


@pytest.mark.slow
def test_processes_make_what_one_does(room, capsys):
    for command in ("encode run parts/*.npz --out z", "score run parts/*.npz --out s"):
        assert main([*command.split(), "--workers", "2"]) == 0
    assert "4 parts made, 260 rows" in capsys.readouterr().out
    run_parts("run", "parts/*.npz", "z1", Encode(), pool=here)
    for name, values in rows_in("z1").items():
        np.testing.assert_array_equal(rows_in("z")[name], values)
    assert len(rows_in("s")["log_prob"]) == CUTS[-1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_was_killed_goes_on(room, number):
    """Wherever the kill falls: what was there stays, what was not is made, all as without it."""
    Path("many").mkdir()
    labels = "\n".join(["digit", *map(str, np.arange(20_000) % 10)])
    for place in range(12):
        Path(f"many/p{place:02}.csv").write_text(labels)
    command = [sys.executable, "-m", "condvae", "generate", "run", "many/*.csv", "--out", "out"]
    process = subprocess.Popen([*command, "--workers", "2"], start_new_session=True)
    end = time.monotonic() + 900
    while len(list(Path("out").glob("*.npz"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(number)
    process.wait(300)
    while alive(process.pid):  # its workers end with it
        assert time.monotonic() < end
        time.sleep(0.05)
    there = {file: file.stat().st_mtime_ns for file in Path("out").glob("*.npz")}
    assert 2 <= len(there) < 12
    subprocess.run([*command, "--workers", "2"], check=True, timeout=900)
    assert {file: file.stat().st_mtime_ns for file in there} == there
    assert not list(Path("out").glob(".*.tmp"))
    run_parts("run", "many/*.csv", "once", Generate(), pool=here)
    for file in sorted(Path("once").glob("*.npz")):
        for name, values in np.load(file).items():
            np.testing.assert_array_equal(np.load(f"out/{file.name}")[name], values)


def alive(session):
    """Whether a process of a session lives; a zombie does not."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if os.getsid(int(entry.name)) == session:
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        return True
            except (ProcessLookupError, FileNotFoundError):
                continue
    return False


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a table whose rows are drawn again often."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 900)
    low = rng.normal(kind, 1.0)
    columns = {
        "kind": np.array(["ant", "bee", "cat"])[kind],
        "low": np.round(low, 2),
        "high": np.round(low + rng.exponential(0.3, 900), 2),
        "legs": rng.integers(1, 4, 900).astype(float),
        "key": np.array([f"{n:032x}"[:8] for n in range(900)]),
    }
    path = tmp_path_factory.mktemp("table")
    write_table(path / "table.csv", columns)
    return train(
        str(path / "table.csv"),
        run=path / "run",
        epochs=3,
        progress=False,
        conditions=("kind",),
        rules=("low <= high",),
    )


@pytest.mark.slow
def test_parts_of_a_table_are_what_one_file_is(table_run, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    kinds = np.array(["ant", "bee", "cat", ""])[np.arange(700) % 4]
    for folder, cuts in (("whole", (0, 700)), ("parts", (0, 1, 130, 700))):
        Path(folder).mkdir()
        for place, (a, b) in enumerate(pairwise(cuts)):
            Path(f"{folder}/p{place}.csv").write_text(
                "\n".join(['"kind"', *map(repr, kinds[a:b].tolist())]).replace("'", '"')
            )
        run_parts(str(table_run.path), f"{folder}/*.csv", f"{folder}-out", Generate(), pool=here)
    assert "redrawn" in caplog.text
    whole, parts = rows_in("whole-out"), rows_in("parts-out")
    for name, values in whole.items():
        np.testing.assert_array_equal(values, parts[name])
    assert (whole["low"] <= whole["high"]).all()
    given = kinds != ""
    assert whole["kind"][given].tolist() == kinds[given].tolist()
    # rows of tables are encoded by the run's columns, not by those of a part
    for folder in ("whole-out", "parts-out"):
        run_parts(str(table_run.path), f"{folder}/*.parquet", f"{folder}-z", Encode(), pool=here)
    for name, values in rows_in("whole-out-z").items():
        np.testing.assert_array_equal(values, rows_in("parts-out-z")[name])
