"""A table that memory cannot hold, at a glance: what memory would tell, from blocks of its rows."""

import numpy as np
import pytest

from condvae.checks import BeyondMemoryError, InputError
from condvae.cli import main
from condvae.data import table_parts, table_survey
from condvae.data.table_survey import survey_table
from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.spec import DataSpec

ROWS = 700


def columns():
    """Rows of every kind, of which the last hold what no others do."""
    rng = np.random.default_rng(0)
    number = np.round(rng.normal(size=ROWS), 2)
    number[::7] = np.nan
    colour = rng.choice(["red", "blue", ""], ROWS)
    late = np.full(ROWS, "same")
    late[-1] = "other"
    colour[-1] = "rare"
    return {
        "key": np.array([f"k{n:05}" for n in range(ROWS)]),
        "number": number,
        "two": rng.integers(0, 2, ROWS).astype(float),
        "colour": colour,
        "late": late,
        "one": np.ones(ROWS),
    }


@pytest.fixture(params=["csv", "parquet"])
def path(request, tmp_path, monkeypatch):
    monkeypatch.setattr(table_parts, "UNIT_ROWS", 64)
    write_table(tmp_path / f"rows.{request.param}", columns())
    return tmp_path / f"rows.{request.param}"


def test_a_table_is_read_as_in_memory(path):
    """With all rows in the sample, to the last note."""
    found, expected = survey_table(path, DataSpec()), read_table(path)
    assert found.readings == expected.readings
    assert found.notes[:-1] == expected.notes


def test_all_rows_count_though_few_are_in_the_sample(path, monkeypatch):
    held = []
    add = table_survey._Seen.add
    monkeypatch.setattr(
        table_survey._Seen, "add", lambda self, raw: (held.append(raw), add(self, raw))[1]
    )
    whole = {reading.name: reading for reading in read_table(path).readings}
    found = survey_table(path, DataSpec(sample_rows=60))
    assert found.notes[-1].startswith("60 rows show kinds")
    assert len(found.columns["number"]) == 60
    for reading in found.readings:
        expected = whole[reading.name]
        assert (reading.rows, reading.missing) == (ROWS, expected.missing)
        assert reading.taken_for == expected.taken_for
        if reading.taken_for == "class":
            assert reading.distinct == expected.distinct
    blocks = [len(raw.codes) if raw.numbers is None else len(raw.numbers) for raw in held]
    assert max(blocks) <= 64
    assert sum(blocks) == ROWS * len(whole)


def test_cells_that_no_sample_holds_are_counted(tmp_path):
    cells = [str(n % 90) for n in range(ROWS)]
    cells[-3] = "unknown"
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["number,kind", *(f"{cell},{cell}x" for cell in cells)]))
    (reading, *_) = survey_table(path, DataSpec(sample_rows=20)).readings
    assert (reading.taken_for, reading.missing) == ("number", 1)
    assert "in all rows, 1 cell(s) such as 'unknown' are taken as missing" in reading.notes


@pytest.mark.parametrize("mapped", [True, False])
def test_the_command_tells_of_a_table_beyond_memory(path, monkeypatch, capsys, mapped):
    if not mapped:
        monkeypatch.setattr(table_survey, "read_table", beyond)
    more = ["--sample-rows", "60", *(["--mapped"] if mapped else [])]
    assert main(["data", "info", str(path), *more]) == 0
    said = capsys.readouterr().out
    assert f"{ROWS} of 6 columns" in said
    assert "3 classes" in said
    assert "all rows are counted" in said


def beyond(*given):
    raise BeyondMemoryError("a table must fit into memory", "more", "Use fewer rows.")


def test_sheets_are_read_into_memory(tmp_path, monkeypatch):
    path, spec = tmp_path / "rows.xlsx", DataSpec(mapped=True)
    write_table(path, columns())
    found, is_whole = table_survey.read_or_survey(path, spec)
    assert is_whole
    assert found.readings[0].rows == ROWS
    monkeypatch.setattr(table_survey, "read_table", beyond)
    with pytest.raises(InputError, match="must fit into memory"):
        table_survey.read_or_survey(path, spec)


def test_a_file_larger_than_memory_is_read_in_blocks(path, monkeypatch):
    bound = path.stat().st_size
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: bound)
    if path.suffix == ".parquet":
        with pytest.raises(BeyondMemoryError):
            read_table(path)
    counts = table_parts.open_table([path], DataSpec(), []).counts()
    assert counts == [ROWS]


def test_a_constant_of_the_sample_may_vary(path):
    """Which the last row alone shows."""
    late = next(
        r for r in survey_table(path, DataSpec(sample_rows=60)).readings if r.name == "late"
    )
    assert (late.taken_for, late.distinct) == ("class", 2)
