"""Rows that keep the rules which a user has stated: generated, completed, imputed, judged."""

import json
import logging
import re

import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import table_of
from condvae.data import Dataset
from condvae.data.tables import read_table
from condvae.evaluation.tables.rows import rows_of_run
from condvae.evaluation.tables.rules import compare_rules
from condvae.evaluation.trial import Trial
from condvae.inference.obedience import Obedience
from condvae.runs import Run

pytestmark = pytest.mark.usefixtures("compiled_quickly", "small_forests")

N, nan = 300, np.nan
PAIRS = [("fr", "eur"), ("it", "eur"), ("uk", "gbp"), ("uk", "eur")]
RULES = (
    "`start` <= `end`",
    "`net` + `vat` == `total in €`",
    "18 <= `age` <= 99",
    "fixed `country`, `currency`",
    "unique `net`, `start`",
    "`owner` != `country`",
    "`start` >= '2020-01-01'",
)


def made_table():
    """Rows that keep the rules; totals have holes."""
    rng = np.random.default_rng(0)
    country, currency = np.array(PAIRS)[rng.integers(len(PAIRS), size=N)].T
    start = np.datetime64("2020-01-01") + rng.permutation(N)
    net, vat = rng.permutation(N) + 0.25, rng.integers(1, 40, N) / 10
    total = np.char.mod("%.2f", net + vat)
    return {
        "owner": np.array(["no", "yes"])[rng.integers(2, size=N)],
        "country": country,
        "currency": currency,
        "start": start.astype(str),
        "end": (start + rng.integers(0, 30, N)).astype(str),
        "net": np.char.mod("%.2f", net),
        "vat": np.char.mod("%.1f", vat),
        "total in €": np.where(rng.random(N) < 0.2, "", total),
        "age": rng.integers(18, 100, N).astype(str),
    }


def write(path, columns):
    lines = [",".join(row) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(compiled_quickly, tmp_path_factory):
    """A table and a run on it, hardly trained."""
    path = tmp_path_factory.mktemp("rules")
    write(path / "made.csv", made_table())
    command = f"train {path}/made.csv --run {path}/run --epochs 1 --condition owner"
    stated = [word for rule in RULES for word in ("--rule", rule)]
    assert main([*f"{command} --hidden-dims 4 --latent-dim 2".split(), *stated]) == 0
    return path


@pytest.fixture
def room(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("made.csv", "run"):
        (tmp_path / name).symlink_to(folder / name)
    return tmp_path


def assert_kept(columns):
    """By other means than the rules themselves."""
    cents = {name: np.rint(100 * columns[name]) for name in ("net", "vat", "total in €")}
    assert (columns["start"] <= columns["end"]).all()
    assert (columns["start"] >= 18_262).all()
    total = cents["total in €"]
    assert (np.isnan(total) | (cents["net"] + cents["vat"] == total)).all()
    assert ((columns["age"] >= 18) & (columns["age"] <= 99)).all()
    pairs = set(zip(columns["country"], columns["currency"], strict=True))
    assert pairs <= set(PAIRS)
    keys = list(zip(columns["net"], columns["start"], strict=True))
    assert len(set(keys)) == len(keys)


def test_generated_rows_keep_the_rules_and_the_rate_is_told(room, caplog):
    assert_kept(read_table("made.csv").columns)
    with caplog.at_level(logging.WARNING):
        assert main("generate run -n 400 --out new.csv".split()) == 0
    columns = read_table("new.csv").columns
    assert_kept(columns)
    assert len(columns["net"]) == 400
    assert 20 < np.isnan(columns["total in €"]).sum() < 380
    assert "of 400 rows (" in caplog.text
    assert "they broke a rule, most often" in caplog.text
    assert main(["generate", "run", "--given", "total in €=50", *"-n 20 --out t.csv".split()]) == 0
    columns = read_table("t.csv").columns
    assert_kept(columns)
    assert set(columns["total in €"]) == {50}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            ["age=100"],
            "the given values must satisfy the rule '18 <= `age` <= 99'; received age = 100",
        ),
        (["net=9", "start=2020-02-08"], "'unique `net`, `start`'; received net = 9.00, start = 20"),
        (["start=2079-07-08"], "start must be a date whose week, weekday training rows have"),
        (["country=fr", "currency=gbp"], "the given values must satisfy the rule 'fixed"),
        (["net=3", "net=4"], "--given must determine each cell once"),
    ],
)
def test_what_makes_a_rule_impossible_is_a_sentence(room, capsys, given, sentence):
    options = [word for text in given for word in ("--given", text)]
    assert main(["generate", "run", *options, *"-n 3 --out no.csv".split()]) == 2
    assert sentence in capsys.readouterr().err
    assert not (room / "no.csv").exists()


@pytest.mark.slow
def test_holes_are_filled_by_the_rules_or_stay(room, caplog):
    columns = made_table()
    write(room / "whole.csv", columns)
    for row, name in enumerate(("start", "end", "vat", "net", "country", "age")):
        columns[name][row] = ""
    columns["start"][:2], columns["end"][:2] = ["", "2019-01-01"], ["2019-01-01", ""]
    columns["age"][9] = "3"
    write(room / "holes.csv", columns)
    with caplog.at_level(logging.WARNING):
        assert main("impute run holes.csv --out filled.csv".split()) == 0
        assert main("impute run holes.csv --out drawn.csv -n 2".split()) == 0
    was = read_table("whole.csv").columns
    for name in ("filled", "drawn-1", "drawn-2"):
        filled = read_table(f"{name}.csv").columns
        assert np.isnan(filled["start"][0])  # nothing begins before 2020
        filled["start"][:2] = filled["end"][:2] = 18_300
        filled["age"][9] = 18
        assert_kept(filled)
        known = ~np.isnan(was["total in €"][2:4])
        assert (filled["vat"][2] == was["vat"][2]) | ~known[0]
        assert (filled["net"][3] == was["net"][3]) | ~known[1]
        assert not np.isnan(filled["total in €"]).any()
    assert "1 row(s) have known cells that break '18 <= `age` <= 99'" in caplog.text
    assert "1 row(s) have known cells that break \"`start` >= '2020-01-01'\"" in caplog.text
    assert "cell(s) stay empty" in caplog.text


def test_violations_are_reported_by_rule(folder):
    run = Run.open(folder / "run")
    rows = rows_of_run(Trial.of(run, run.load_data()))
    stated = compare_rules(rows).stated
    assert set(stated.rules) == set(RULES)
    assert (stated.generated, stated.real) == (0, 0)
    rows.generated["age"][:100] = 3
    judged = compare_rules(rows)
    share = 100 / len(rows.generated["age"])
    assert judged.figures()["broken_stated"] == pytest.approx(share)
    assert f"7 stated rule(s), broken by {share:.2%} of the generated" in str(judged)
    assert f"most: 18 <= `age` <= 99 {share:.2%} (0.00%)" in str(judged)


def test_the_spec_has_the_rules_and_a_run_knows_them(folder):
    record = json.loads((folder / "run" / "run.json").read_text())
    assert record["spec"]["data"]["rules"] == list(RULES)
    model = condvae.load(folder / "run")
    assert_kept({**model.generate({"owner": "yes"}, 50)})
    assert [rule.text for rule in model.table.rules.stated] == list(RULES)


def test_from_python_rules_are_checked_before_anything_is_written(tmp_path):
    data = Dataset.from_columns({"a": np.arange(40.0), "b": np.arange(40.0) % 7})
    for rule, sentence in (("a < b", "training rows break it"), ("a << b", "a rule must be")):
        with pytest.raises(InputError, match=sentence):
            condvae.train(data, rules=[rule], run=tmp_path / "run", progress=False)
    images = Dataset.from_arrays(np.zeros((40, 4, 4), "uint8"), np.arange(40) % 2)
    with pytest.raises(InputError, match="rules must be stated for a table"):
        condvae.train(images, rules=["a < 3"], run=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def dice(rules, sides=6, rows=2_000):
    """A table of two dice that keep rules, and what draws them without."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(sides, size=(2, 100 * rows))
    kept = (a <= b) if any("<=" in rule for rule in rules) else np.full(len(a), True)
    columns = {"a": a[kept][:rows].astype(float), "b": b[kept][:rows].astype(float)}
    table = table_of(columns, [], "quantile", np.arange(rows)).model_copy(update={"never": ()})
    if "unique `a`" in rules:
        columns = {name: np.arange(6.0) for name in columns}
    table = table.stating(rules, columns, np.arange(len(columns["a"])))

    def draw(rows, chance):
        drawn = np.floor(sides * chance.pixels(len(rows), 2)).astype(float)
        return table.encode(dict(zip(("a", "b"), drawn.T, strict=True)))

    return table, draw


def rolled(rules, *blocks, known=None):
    """Cells of rows, drawn in blocks of these numbers."""
    table, draw = dice(rules)
    known = known or (lambda rows: {})
    found = list(Obedience(table, draw, known, 1).blocks([np.arange(size) for size in blocks]))
    return {name: np.concatenate([cells[name] for cells in found]) for name in found[0]}


def test_what_is_drawn_again_has_the_distribution_given_the_rule():
    cells = rolled(["`a` <= `b`"], 20_000)
    assert (cells["a"] <= cells["b"]).all()
    counts = np.bincount((6 * cells["a"] + cells["b"]).astype(int), minlength=36)
    assert (counts > 0).sum() == 21
    # 21 pairs, each as likely as any other: a deviation of 5 standard errors has a chance of 1e-5
    expected = 20_000 / 21
    assert abs(counts[counts > 0] - expected).max() < 5 * np.sqrt(expected)


def test_blocks_change_nothing_and_the_rate_is_told_once(caplog):
    whole, parts = rolled(["`a` <= `b`"], 500), rolled(["`a` <= `b`"], 100, 400)
    for name, cells in whole.items():
        np.testing.assert_array_equal(cells, parts[name])
    (told,) = set(caplog.messages)
    assert re.match(r"2\d\d of 500 rows \(4\d\.\d%\) were redrawn: they broke a rule", told)


def test_as_many_unique_rows_as_there_can_be():
    assert sorted(rolled(["unique `a`"], 6)["a"]) == [0, 1, 2, 3, 4, 5]
    assert sorted(rolled(["unique `a`"], 2, 4)["a"]) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(InputError, match=r"unique `a`.*ask for fewer rows"):
        rolled(["unique `a`"], 4, 3)
    cells = rolled(["unique `a`"], 4, known=lambda rows: {"a": np.array([nan, 3, nan, 5])[rows]})
    assert cells["a"][[1, 3]].tolist() == [3, 5]
    assert len(set(cells["a"])) == 4
    with pytest.raises(InputError, match="the given values must satisfy the rule 'unique `a`'"):
        rolled(["unique `a`"], 2, known=lambda rows: {"a": np.full(len(rows), 3.0)})
