"""Runs on tables and on images with several conditions, from files to figures."""

import json
import re
import shutil
import signal
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError, UnseenConditionWarning
from condvae.cli import main
from condvae.conditions import Schema
from condvae.data import Dataset, load_data
from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.evaluation import bound_of, evaluate_table
from condvae.evaluation.trial import Trial
from condvae.figures import draw, draw_one
from condvae.figures.labels import under
from condvae.figures.walks import label_walk
from condvae.inference.completion import MOST_PROPOSALS, NUM_SAMPLES
from condvae.inference.imputation import impute
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.runs import Run, load
from condvae.spec import DataSpec, Signature, Spec
from condvae.training import train
from condvae.training.fit import make_feeds
from condvae.training.settings import open_data

pytestmark = pytest.mark.usefixtures("compiled_quickly", "small_forests")

N = 300
TINY = {"epochs": 2, "hidden_dims": (8,), "latent_dim": 2, "batch_size": 64, "progress": False}
TRAIN = (
    "train made.csv --condition c --condition h:continuous --condition grade --ignore id "
    "--epochs 2 --hidden-dims 8 --latent-dim 2 --run new"
)


def made_table():
    """Numbers with decimals, whole numbers, classes, and conditions with holes."""
    rng = np.random.default_rng(0)
    rows = np.arange(N)
    return {
        "id": rows.astype(float),
        "weight": np.round(rng.gamma(3, 10, N), 2),
        "c": np.where(rows % 9 == 0, "", np.array(["a", "b", "long name"])[rows % 3]),
        "count": rng.integers(0, 40, N).astype(float),
        "colour": np.array(["red", "green"])[(rng.random(N) < 0.3).astype(int)],
        "h": np.where(rows % 7 == 0, np.nan, np.round(rng.random(N), 3)),
        "grade": np.where(rows % 11 == 0, np.nan, rows % 4),
    }


@pytest.fixture(scope="module")
def folder(compiled_quickly, tmp_path_factory):
    """A table, images with conditions, and a run on each."""
    path = tmp_path_factory.mktemp("made")
    write_table(path / "made.csv", made_table(), {"id", "count", "grade"})
    rng = np.random.default_rng(0)
    digit, level = np.arange(N) % 3, rng.uniform(0.2, 1, N)
    x = (level[:, None, None] * rng.random((3, 8, 8))[digit] * 255).astype("uint8")
    np.savez(path / "images.npz", x=x, digit=digit, level=level)
    data = load_data(path / "made.csv", conditions=("c", "h:continuous", "grade"), ignore=("id",))
    train(data, run=path / "rows", preset="table", **TINY)
    images = load_data(path / "images.npz")
    train(images, run=path / "pictures", preset="small", **TINY)
    return path


@pytest.fixture
def room(folder, tmp_path, monkeypatch):
    """A working folder whose runs are the module's."""
    for name in ("made.csv", "images.npz"):
        (tmp_path / name).symlink_to(folder / name)
    for name in ("rows", "pictures"):
        shutil.copytree(folder / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def rows(folder):
    return Run.open(folder / "rows")


@pytest.fixture
def pictures(folder):
    return Run.open(folder / "pictures")


def assert_same_columns(first, second):
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_the_record_makes_the_round_trip(rows, pictures):
    for run in (rows, pictures):
        text = run.record.to_json()
        assert type(run.record).parse(text, "text") == run.record
        assert isinstance(run.record.condition, Schema)
    assert rows.spec.model.likelihood == "table"
    table = rows.record.preprocessing.table
    assert [column.name for column in table.own] == ["weight", "count", "colour"]
    assert table.conditions == ("c", "h", "grade")
    assert "nats per row" in rows.record.figures.comparability


def test_what_says_how_to_read_reaches_the_reader(folder):
    data = open_data(folder / "made.csv", {"kinds": ["count:class"], "missing": ["b"]})
    assert set(data.raw["count"]) <= set(map(str, range(40)))
    assert set(data.raw["c"]) == {"", "a", "long name"}
    assert open_data(data, {"kinds": ["count:class"]}) is data
    with pytest.raises(InputError, match="kinds must be given where the data are read"):
        open_data(data, {"kinds": ["grade:class"]})


def test_a_loaded_model_generates_the_same(rows, pictures, folder):
    given = {"c": "a", "h": 0.3}
    first = rows.model.generate(given, 5, seed=1)
    assert_same_columns(first, load(folder / "rows").generate(given, 5, seed=1))
    given = {"digit": 2}
    np.testing.assert_array_equal(
        pictures.by_keras.generate(given, 5), load(folder / "pictures").generate(given, 5)
    )


def test_generated_rows_look_like_the_tables(rows):
    drawn = rows.model.generate({"c": "b"}, 200)
    real = made_table()
    assert list(drawn) == ["weight", "c", "count", "colour", "h", "grade"]
    assert set(drawn["c"]) == {"b"}
    assert set(drawn["grade"]) > {0, 1}
    np.testing.assert_array_equal(drawn["count"], np.rint(drawn["count"]))
    np.testing.assert_array_equal(drawn["weight"], np.round(drawn["weight"], 2))
    assert set(drawn["colour"]) <= set(real["colour"])
    for name in ("weight", "count"):
        assert real[name].min() <= drawn[name].min()
        assert drawn[name].max() <= real[name].max()


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 4),
        ({"c": None}, 4),
        ({"c": "a", "h": [0.1, 0.2, None], "grade": 3}, 3),
        ({"c": ["a", ""]}, 2),
    ],
)
def test_any_conditions_may_be_given(rows, given, count):
    assert all(len(values) == count for values in rows.model.generate(given, 4).values())


def test_what_is_not_given_matters_not(rows):
    model = rows.model
    z = np.zeros((1, 2))
    nothing = model.encode_condition({})
    np.testing.assert_array_equal(nothing, model.encode_condition({"h": np.nan, "c": ""}))
    assert_same_columns(model.generate({}, z=z, seed=3), model.generate(nothing, z=z, seed=3))


@pytest.mark.filterwarnings("ignore::condvae.checks.UnseenConditionWarning")  # real rows
def test_the_tables_own_columns_go_in(rows):
    columns = read_table(rows.record.data.name).columns
    data = rows.check_data(rows.load_data())
    given = {name: columns[name] for name in ("c", "h", "grade")}
    mean, _ = rows.model.encode(columns, given)
    np.testing.assert_array_equal(mean, rows.model.encode(data.x, data.given)[0])
    made = rows.model.reconstruct(columns, given)
    assert made["c"].tolist()[1:3] == ["b", "long name"]
    assert list(made) == ["weight", "c", "count", "colour", "h", "grade"]
    assert np.isfinite(rows.model.log_prob(columns, given, 5)).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"d": 1}, "c, h, grade"),
        ({"c": "d"}, "a, b, long name"),
        ({"h": "tall"}, "'h' must be 1 finite number"),
        ({"h": float("inf")}, "finite"),
        ({"h": [1, 2], "c": ["a"] * 3}, "one value, or 3"),
        ("a", "Pass a dictionary"),
    ],
)
def test_conditions_that_do_not_fit_are_refused(rows, given, said):
    with pytest.raises(InputError) as caught:
        rows.model.generate(given)
    assert said in str(caught.value)


def test_outside_the_training_range_is_allowed_and_said_once(rows):
    said = "'h': 7 is outside the training range"
    with pytest.warns(UnseenConditionWarning, match=said) as warned:
        rows.model.generate({"h": [7.0, 8.0]})
    assert [warning.filename for warning in warned] == [__file__]  # the user's own line
    rows.model.generate({"h": 0.5, "c": "a"})  # warnings are errors


def test_an_empty_cell_is_not_told_to_the_encoder_and_is_filled_alone(rows):
    x = {"weight": [1.0, np.nan, np.nan], "count": [1, 2, 2], "colour": ["red", "red", ""]}
    mean, _ = rows.model.encode(x, {})
    assert np.isfinite(mean).all()
    result = impute(rows.model, x, {"c": "a"}, seed=3)
    (filled,) = result.tables
    assert result.filled == 3
    assert filled["weight"][0] == 1
    assert np.isfinite(filled["weight"]).all()
    assert filled["colour"].tolist()[:2] == ["red", "red"]
    assert filled["colour"][2] != ""
    most = MOST_PROPOSALS * NUM_SAMPLES + 0.01
    assert ((result.effective_samples >= 1) & (result.effective_samples <= most)).all()
    draws = impute(rows.model, x, {"c": "a"}, num_draws=3, seed=3).tables
    assert len(draws) == 3
    assert len({draw["weight"][1] for draw in draws}) > 1
    again = impute(rows.model, x, {"c": "a"}, num_draws=3, seed=3).tables[0]
    assert again["weight"].tolist() == draws[0]["weight"].tolist()


def test_any_column_may_be_given(rows, tmp_path):
    out = tmp_path / "given.csv"
    given = "--given colour=red --given c=b"
    assert main(f"generate {rows.path} {given} -n 50 --out {out}".split()) == 0
    columns = read_table(out).columns
    assert set(columns["colour"]) == {"red"}
    assert set(columns["c"]) == {"b"}
    assert len(set(columns["weight"])) > 10


@pytest.mark.slow
def test_evaluation_of_tables_and_of_images_with_conditions(rows, pictures):
    for run in (rows, pictures):
        assert np.isfinite(bound_of(run, run.load_data()).elbo)
    quality = evaluate_table(Trial.of(rows, rows.load_data()))
    assert next(iter(quality.prediction.transfers)) == "c"
    assert list(quality.parts) == ["Table", "Prediction", "Rules", "Privacy"]
    assert 0 <= quality.likeness.generated.marginal <= 1
    assert quality.likeness.num_rows == 1000


def test_a_run_reads_its_data_as_they_were_read(rows):
    """The same columns brought with another kind still fit the run."""
    data = load_data(
        rows.record.data.name, conditions=("c", "h", "grade:continuous"), ignore=["id"]
    )
    assert data.condition != rows.record.condition
    assert rows.check_data(data).condition == rows.record.condition


@pytest.mark.parametrize("name", ["rows", "pictures"])
@pytest.mark.slow
def test_condition_dropout_is_resumed_to_the_bit(folder, tmp_path, name, signal_at):
    """Ended by a signal in the middle of the second epoch."""
    whole = Run.open(folder / name)
    data = whole.check_data(whole.load_data())
    with signal_at(6, signal.SIGTERM):
        run = train(
            data, run=tmp_path / "run", preset=whole.record.preset, **TINY, raise_signals=False
        )
    assert run.record.status == "terminated"
    run = train(data, run=tmp_path / "run", resume=True, epochs=2, progress=False)
    assert run.record.status == "finished"
    for part in ("weights.safetensors", "checkpoints/epoch-0000002/tensors.safetensors"):
        assert (run.path / part).read_bytes() == (whole.path / part).read_bytes()


@pytest.mark.parametrize("name", ["rows", "pictures"])
@pytest.mark.slow
def test_conditions_encoded_where_they_are_read_train_the_same(folder, tmp_path, name, monkeypatch):
    whole = Run.open(folder / name)
    monkeypatch.setattr("condvae.data.columns.MOST_ENCODED", 0)
    data = whole.check_data(whole.load_data())
    run = train(data, run=tmp_path / "run", preset=whole.record.preset, **TINY)
    weights = [one.path / "weights.safetensors" for one in (run, whole)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_dropout_is_of_training_alone_and_fixed_by_seed_epoch_and_step(pictures):
    data = pictures.check_data(pictures.load_data())
    feed, validation = make_feeds(data, pictures.spec)
    again, _ = make_feeds(data, pictures.spec)
    (batch,), (same,) = feed[1], again[1]
    np.testing.assert_array_equal(batch["y"], same["y"])
    (rest,) = feed.from_step(1)[0]
    np.testing.assert_array_equal(batch["y"], rest["y"])
    feed.start_epoch(1)
    assert (feed[1][0]["y"] != batch["y"]).any()
    bits = [block.stop for _, block in data.condition.blocks]
    assert 0.05 < 1 - batch["y"][:, bits].all(axis=1).mean() < 0.5  # 0.3 * 3 / 4
    assert validation[0][0]["y"][:, bits].all()


def test_parts_of_images_are_given_whole(pictures):
    """Dropout of conditions leaves images alone."""
    data = pictures.load_data()
    spec = pictures.spec.override(task="quadrants")
    feed, _ = make_feeds(data.with_spec(spec.data), spec)
    y = feed[0][0]["y"]
    assert (y[..., -1].mean(axis=(1, 2)) == 255 / 4).all()


def test_figures_of_images_with_several_conditions(pictures):
    data = pictures.check_data(pictures.load_data())
    figures = draw(pictures.model, data, pictures.history)
    assert list(figures) == ["samples", "scatter", "generate", "reconstruct", "history"]
    assert "coloured by digit" in figures["scatter"].get_supxlabel().replace("\n", " ")
    assert "Not given: level" in figures["generate"].get_supxlabel().replace("\n", " ")
    assert list(draw(pictures.model, data, {}, ["bound"])) == ["bound"]


def test_the_first_class_of_several_conditions_is_walked(pictures):
    model = pictures.model
    frames = draw(model, pictures.load_data(), {}, ["labels"])["labels"]
    walk = label_walk(3, 12, 6)
    assert len(frames) == len(walk)
    weights = under(model, walk)
    for digit in range(3):
        there = weights[walk[:, digit] == 1]
        np.testing.assert_array_equal(there[0], model.encode_condition({"digit": digit})[0])
    middle = weights[walk[:, 0] == 0.5][0]
    np.testing.assert_array_equal(middle, model.encode_condition({"digit": [0, 1]}).mean(axis=0))


def test_figures_of_a_class_with_holes():
    rng = np.random.default_rng(0)
    x, word = rng.integers(0, 256, (60, 8, 8), dtype="uint8"), np.tile(["ant", "bee", ""], 20)
    for columns in ({"word": word}, {"level": rng.random(60)}):
        data = Dataset.from_columns(columns, x, name="holes")
        spec = Spec().override(hidden_dims=(4,))
        model = TrainedModel(
            build_model(spec, Signature((8, 8, 1), data.condition.shape)), data.condition
        )
        figures = draw(model, data, {})
        if "word" in columns:
            legend = figures["scatter"].axes[0].get_legend().get_texts()
            assert [text.get_text() for text in legend] == ["ant", "bee", "missing"]
        else:
            assert list(figures) == ["samples", "reconstruct"]
            with pytest.raises(InputError, match="Draw one of samples, reconstruct, bound"):
                draw_one("scatter", model, data, {})


def test_figures_of_a_table(rows):
    data = rows.check_data(rows.load_data())
    assert list(draw(rows.model, data, rows.history)) == ["history"]
    assert rows.plot("history") is not None
    with pytest.raises(InputError, match=r"a run on a table .* Draw one of history"):
        rows.plot("scatter")


def test_from_csv_to_run_to_csv(room, capsys):
    assert main(TRAIN.split()) == 0
    capsys.readouterr()
    record = Run.open("new").record
    assert [c.kind for c in record.condition.conditions] == [
        "categorical",
        "continuous",
        "categorical",
    ]
    for suffix in ("csv", "tsv", "parquet"):
        command = f"generate new --given c=a --given h=0.3 -n 4 --out out.{suffix}"
        assert main(command.split()) == 0
        rows = read_table(f"out.{suffix}").columns
        assert list(rows) == ["weight", "c", "count", "colour", "h", "grade"]
        assert rows["c"].tolist() == ["a"] * 4
        assert rows["h"].tolist() == [0.3] * 4
    assert "4 rows, drawn, seed 0" in capsys.readouterr().out
    header, first, *_ = Path("out.csv").read_text().splitlines()
    assert header.replace('"', "") == "weight,c,count,colour,h,grade"
    assert "." not in first.split(",")[2]


def test_with_nothing_given_the_conditions_are_drawn_and_no_rows_copied(room):
    assert main("generate rows -n 200 --out out.parquet --seed 2".split()) == 0
    drawn, real = read_table("out.parquet").columns, made_table()
    assert list(drawn) == ["weight", "c", "count", "colour", "h", "grade"]
    assert set(drawn["c"]) == set(real["c"])
    pairs = {(c, str(h)) for c, h in zip(real["c"], real["h"], strict=True)}
    made = {(c, str(h)) for c, h in zip(drawn["c"], drawn["h"], strict=True) if h == h}
    assert len(made - pairs) > 100
    assert np.isnan(drawn["h"]).any()
    assert set(drawn["grade"]) > {0, 1}


def test_classes_that_are_numbers_stay_integers(room):
    import pyarrow.parquet

    assert main("generate rows --given grade=2 --given c=b -n 3 --out out.parquet".split()) == 0
    written = pyarrow.parquet.read_table("out.parquet").schema
    kinds = {name: str(written.field(name).type) for name in written.names}
    assert kinds["count"] == kinds["grade"] == "int64"
    assert kinds["weight"] == "double"
    assert read_table("out.parquet").columns["grade"].tolist() == [2] * 3


def test_images_from_the_command_line(room, capsys):
    assert main("generate pictures --given digit=1 --given level=0.9 --out a.png".split()) == 0
    assert main("generate pictures -n 3 --out a.npz".split()) == 0
    assert main("plot pictures --out figures".split()) == 0
    names = {path.name for path in Path("figures").iterdir()}
    expected = {"samples", "scatter", "generate", "reconstruct", "history"}
    assert names == {f"{name}.png" for name in expected}
    assert main("encode pictures images.npz --out z.npz".split()) == 0
    with np.load("z.npz") as stored:
        assert stored["mean"].shape == (N, 2)


@pytest.mark.slow
def test_a_table_from_the_command_line(room, capsys):
    assert main("plot rows --out figures".split()) == 0
    assert [path.name for path in Path("figures").iterdir()] == ["history.png"]
    assert main("evaluate rows --json".split()) == 0
    *_, text = capsys.readouterr().out.partition("\n")
    (measured,) = json.loads(text)
    assert measured == json.loads(Path("rows/metrics.json").read_text())
    assert measured["run"] == "rows"
    assert measured["test_readings"] == 1
    assert measured["measures"]["Prediction"]["targets"][0] == "c"
    assert main("evaluate rows rows".split()) == 0
    table = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert table[0].split() == ["rows", "rows", "difference"]
    fit = next(line.split() for line in table if line.startswith("Fit "))
    assert json.loads(Path("rows/metrics.json").read_text())["test_readings"] == 3
    assert fit[3:9:3] == 2 * [f"{-measured['measures']['Bound']['elbo']:.2f}"]
    assert main("export rows --format archive --out rows.safetensors".split()) == 0
    for run, name in (("rows", "a"), ("rows.safetensors", "b")):
        assert main(f"generate {run} --given c=a -n 4 --out {name}.csv".split()) == 0
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


@pytest.mark.filterwarnings("ignore::condvae.checks.UnseenConditionWarning")  # real rows
def test_encode_takes_the_runs_scales(room, rows):
    """Other rows, whose own scales would be others, and without a condition's holes."""
    columns = {name: values[100:200] for name, values in made_table().items()}
    columns["c"] = np.where(columns["c"] == "", "a", columns["c"])
    write_table("part.csv", columns, {"id", "count"})
    assert main("encode rows part.csv --out z.npz".split()) == 0
    given = {name: columns[name] for name in ("c", "h", "grade")}
    with np.load("z.npz") as stored:
        np.testing.assert_allclose(stored["mean"], rows.model.encode(columns, given)[0], atol=1e-6)


def test_info_about_tables_and_conditions(room, capsys):
    command = "data info made.csv --condition c --condition h:continuous --ignore id --ignore grade"
    assert main(command.split()) == 0
    text = capsys.readouterr().out
    assert "made.csv\nrows         300 of 7 columns" in text
    for part in ("300 of 3 columns", "weight: numbers from", "c: one of a, b", "missing in 11.3%"):
        assert part in text
    assert main("data info made.csv".split()) == 0
    assert "conditions could be: --condition" in capsys.readouterr().out
    assert main("data info images.npz --sheet sheet.png".split()) == 0
    assert "level: numbers from" in capsys.readouterr().out
    with Image.open("sheet.png") as sheet:
        # 8 pixels of an image and 2 between them, all 14 times enlarged
        assert sheet.size == (14 * (10 * 10 - 2), 14 * (3 * 10 - 2))


MISTAKES = {
    "train made.csv --condition d": "id, weight, c",
    "train made.csv --condition c:word": "categorical, continuous",
    "train made.csv --condition c:continuous": "text such as",
    "train made.csv --condition c --condition c": "named once",
    "train made.csv --condition c --ignore coun": "Did you mean 'count'",
    "train made.csv --condition c --condition h --condition grade --task halves": "task",
    f"{TRAIN} --likelihood bernoulli": "'table'",
    f"{TRAIN} --architecture convolutional": "'mlp' or 'residual'",
    "generate rows --given c=d --out a.csv": "a, b, long name",
    "generate rows --given d=1 --out a.csv": "c, h, grade",
    "generate rows --given a --out a.csv": "--given c=VALUE",
    "generate rows --given h=tall --out a.csv": "must be 1 number",
    "generate rows --given h=nan --given c=a --given c=b --out a.csv": "once",
    "generate rows --given h=inf --out a.csv": "finite",
    "generate rows --given c=a --out a.png": ".csv",
    "generate rows --per-class 3 --out a.csv": "class",
    "generate pictures --given digit=7 --out a.png": "0, 1, 2",
    "generate pictures --given digit=1 --out a.csv": "a.csv",
    "plot rows scatter": "Draw one of history",
    "plot pictures manifold": "Draw one of samples, scatter, generate",
    "plot pictures scater": "Did you mean 'scatter'",
    "data info made.csv --condition c --condition h --condition grade --sheet s.png": "images",
    "evaluate rows --data images.npz": "c",
    "encode rows images.npz --out z.npz": "c",
    "transfer pictures a.png --from 1 --to 2 --out t.png": "class",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_sentence(command, room, capsys):
    before = sorted(room.rglob("*"))
    assert main(command.split()) == 2
    *_, sentence = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("condvae: ")
    assert "; received " in sentence
    assert MISTAKES[command] in sentence
    assert sorted(room.rglob("*")) == before


@pytest.mark.slow
def test_generated_rows_have_the_form_of_the_file(room, capsys):
    """Currencies, percentages, dates, booleans, codes, keys and constants are written as they came.

    What was made from a date agrees with it, and no key is one of the training rows'.
    """
    rng = np.random.default_rng(0)
    lines = ["key;uid;price;rate;day;weekday;month;age;ok;code;zip;seen;one;kind"]
    for row in range(N):
        price = f"{1000 + row * 7 % 500},{row % 10}0".replace("1", "1.", 1)
        day = date(2021, 3, 1) + timedelta(int(rng.integers(0, 80) // 5 * 7 + rng.integers(0, 5)))
        age = f"{20 + row * 7 % 61}{'.25' if row % 60 == 7 else ''}"
        seen = f"{day:%Y-%m-%d} {rng.integers(8, 18):02}:{rng.integers(60):02}"
        codes = f"{'TF'[row % 2]};{row % 7:03};{80 + row % 5 * 13}"
        made = f"{day:%d/%m/%Y};{day:%a};{day.month}"
        uid = uuid.UUID(int=row)
        lines.append(
            f"u-{row + 1:04};{uid};{price} €;{row % 90}%;{made};{age};{codes};{seen};same;"
            f"{'ab'[row % 2]}"
        )
    Path("forms.csv").write_text("\n".join(lines))
    small = "--epochs 1 --hidden-dims 8 --latent-dim 2 --kind zip:class"
    assert main(f"train forms.csv --condition kind {small} --run forms".split()) == 0
    assert main("generate forms --given kind=a -n 90 --out out.csv".split()) == 0
    header, *rows = Path("out.csv").read_text().splitlines()
    assert header == lines[0].replace(";", ",")
    form = (
        r"u-(\d{4}),([0-9a-f-]{36}),\"1\.\d{3},\d\d €\",\d+%,(\d\d/\d\d/2021),(\w+),(\d),"
        r"\d\d,[TF],00[0-6],(80|93|106|119|132),(2021-\d\d-\d\d \d\d):\d\d,same,a"
    )
    found = [re.fullmatch(form, row) for row in rows]
    assert [row for row, match in zip(rows, found, strict=True) if match is None] == []
    for row, match in enumerate(found, N + 1):
        key, uid, day, weekday, month, _, seen = match.groups()
        assert (int(key), uuid.UUID(uid).version) == (row, 4)
        day, seen = datetime.strptime(day, "%d/%m/%Y"), datetime.strptime(seen, "%Y-%m-%d %H")
        assert (f"{day:%a}", str(day.month)) == (weekday, month)
        assert day.weekday() < 5
        assert 8 <= seen.hour < 18
    given = "--given weekday=Mon --given month=4 --given zip=93 --given rate=20%"
    assert main(f"generate forms {given} -n 5 --out out.parquet".split()) == 0
    table = read_table("out.parquet", DataSpec(kinds=("zip:class",)))
    readings = {reading.name: reading.taken_for for reading in table.readings}
    assert readings["seen"] == "date"
    assert set(table.columns["weekday"]) == {"Mon"}
    assert set(table.columns["month"]) == {4}
    assert set(table.columns["rate"]) == {20}
    assert set(table.columns["zip"]) == {"93"}
    assert main("generate forms --given weekday=Fri -n 20 --out out.jsonl".split()) == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert {row["weekday"] for row in rows} == {"Fri"}
    capsys.readouterr()
    for wrong, said in {"day=2021-04-05": "Write it as 01/01/1970", "price=dear": "number"}.items():
        assert main(["generate", "forms", "--given", wrong, "--out", "no.csv"]) == 2
        assert said in capsys.readouterr().err


def test_a_condition_is_seen_in_y_or_in_x(rows):
    data = rows.check_data(rows.load_data())
    feed, validation = make_feeds(data, rows.spec.override(condition_dropout=0.8, cell_dropout=0))
    table, several = data.table, data.condition
    places = [table.names.index(name) for name in table.conditions]
    (batch,), rows_of_batch = feed[0], feed.rows(0)
    shown = ~table.hidden(batch["x"])[:, places]
    given = np.stack(list(several.is_given(batch["y"]).values()), axis=1)
    real = np.stack(list(several.is_given(data.train.given[rows_of_batch]).values()), axis=1)
    assert not (shown & given).any()
    # what was left out by chance is in x, empty or not; what is empty and was kept is in neither
    assert (shown | given)[real].all()
    assert 0.2 < shown[~real].mean() < 0.6
    np.testing.assert_array_equal(
        batch["x"][shown.all(axis=1)], data.train.x[rows_of_batch][shown.all(axis=1)]
    )
    assert table.hidden(validation[0][0]["x"])[:, places].all()
