"""Training on a packed table is training on the table in memory, to the bit."""

import numpy as np
import pytest
from short_run import quick, rows

import condvae
from condvae.checks import InputError
from condvae.data import table_pack, table_parts
from condvae.evaluation.tables.rows import rows_of_run
from condvae.evaluation.trial import Trial
from condvae.spec import DataSpec
from condvae.training import order

SETTINGS = {"preset": "small-table", "batch_size": 20, "order": "windows", "epochs": 2}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A file of 200 rows, and its pack in blocks of 64."""
    monkeypatch.setattr(table_pack, "UNIT_ROWS", 64)
    monkeypatch.setattr(table_parts, "UNIT_ROWS", 64)
    monkeypatch.setattr(table_pack, "BLOCK_BYTES", 64)
    monkeypatch.setattr(order, "CHUNK_ROWS", 6)
    monkeypatch.setattr(order, "WINDOW_CHUNKS", 4)
    rng = np.random.default_rng(0)
    source, out = tmp_path / "table.csv", tmp_path / "packed"
    lines = [
        f"{rng.normal():.3f},{rng.choice([0, rng.gamma(2)]):.2f},{rng.choice(['a', 'b', ''])},"
        f"2021-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d},{rng.choice(['no', 'yes'])}"
        for _ in range(200)
    ]
    source.write_text("\n".join(["number,spike,word,day,target", *lines]))
    spec = DataSpec(conditions=("target",))
    [*table_pack.pack_table({source: ""}, str(source), out, spec)]
    return condvae.load_data(source, conditions=("target",)), condvae.load_data(out)


@pytest.mark.slow
def test_packed_tables_train_as_in_memory_to_the_bit_also_resumed(
    table, tmp_path, signal_at, monkeypatch
):
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    whole, packed = table
    run = quick(whole, tmp_path / "memory", **SETTINGS)
    with signal_at(11):  # in the middle of an epoch and of a window
        broken = quick(packed, tmp_path / "packed-run", **SETTINGS)
    assert broken.record.status == "interrupted"
    assert broken.record.data.model_copy(update={"name": ""}) == run.record.data.model_copy(
        update={"name": ""}
    )
    assert_same(quick(packed, broken.path, resume=True, epochs=2), run)


@pytest.mark.slow
def test_a_run_goes_on_wherever_its_table_lies(table, tmp_path, signal_at):
    whole, packed = table
    run = quick(whole, tmp_path / "memory", **SETTINGS)
    assert_same(quick(packed, tmp_path / "disk", **SETTINGS), run)
    with signal_at(11):
        moved = quick(packed, tmp_path / "moved", **SETTINGS)
    assert_same(quick(whole, moved.path, resume=True, epochs=2), run)


@pytest.mark.slow
def test_what_was_trained_on_a_packed_table_is_evaluated(table, tmp_path):
    whole, packed = table
    run = quick(packed, tmp_path / "run", **SETTINGS)
    found = [condvae.evaluate(run, data) for data in (packed, whole)]
    assert str(found[0]) == str(found[1])
    assert len(run.load_data().test.x) == len(packed.test.x)


@pytest.mark.slow
def test_a_run_by_a_sample_says_which_and_is_judged_by_it(table, tmp_path):
    source, out = tmp_path / "table.csv", tmp_path / "sampled"
    spec = DataSpec(conditions=("target",), sample_rows=60)
    [*table_pack.pack_table({source: ""}, str(source), out, spec)]
    data = condvae.load_data(out)
    settings = {**SETTINGS, "class_weight": "balanced", "sample_weight": "spike"}
    run = quick(data, tmp_path / "run", **settings)
    assert run.record.status == "finished"
    assert run.record.data.splits["sample"]["size"] == 60
    assert run.spec.data.sample_rows == 60
    compared = rows_of_run(Trial.of(run, data))
    assert len(compared.train["number"]) == 60
    drawn = np.random.default_rng([0, 2]).choice(data.train.rows, 60, replace=False)
    np.testing.assert_array_equal(
        compared.train["number"], np.asarray(data.raw["number"])[np.sort(drawn)]
    )
    assert len(compared.test["number"]) == len(data.test.rows)
    with pytest.raises(InputError, match="the data must be those of"):
        run.check_data(table[1])


def assert_same(run, whole):
    """The same to the last bit."""
    assert run.record.status == "finished"
    assert rows(run) == rows(whole)
    name = "weights.safetensors"
    assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()
