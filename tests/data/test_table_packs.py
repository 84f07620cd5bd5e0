"""A packed table is the table in memory, whatever its format and however it was cut in parts."""

import csv
import json
from itertools import islice

import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset, stored_columns, table_pack, table_parts
from condvae.data.mapped import MappedRows
from condvae.spec import DataSpec

CONDITIONS = ("target", "age:continuous")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Packs of many blocks, read a few rows at a time."""
    monkeypatch.setattr(table_pack, "UNIT_ROWS", 16)
    monkeypatch.setattr(table_parts, "UNIT_ROWS", 16)
    monkeypatch.setattr(table_pack, "BLOCK_BYTES", 5000)
    monkeypatch.setattr(stored_columns, "BLOCK_ROWS", 50)


def cells(num_rows, seed=0):
    """{name: cells as they are written} of columns of all kinds."""
    rng = np.random.default_rng(seed)
    level = rng.integers(0, 4, num_rows)
    city = rng.choice(["Rome", "Oslo", "Paris", "", "NA"], num_rows)
    day = np.datetime64("2021-03-01") + rng.integers(0, 700, num_rows)
    return {
        "id": [f"K{row:05d}" for row in range(num_rows)],
        "number": [str(row + 1) for row in range(num_rows)],
        "age": [str(a) if a > 20 else "" for a in rng.integers(18, 90, num_rows)],
        "gain": [f"{g:.2f}" if g > 50 else "0" for g in rng.gamma(1, 50, num_rows)],
        "price": [f"${p:,.2f}" for p in rng.gamma(2, 900, num_rows)],
        "day": [d.item().strftime("%d.%m.%Y") for d in day],
        "city": city.tolist(),
        "zip": [f"{z:03d}" for z in rng.integers(0, 40, num_rows)],
        "level": [["low", "mid", "high", "top"][k] for k in level],
        "points": [str(10 * k) for k in level],
        "always": ["yes"] * num_rows,
        "flag": [["false", "true"][k] for k in rng.integers(0, 2, num_rows)],
        "ignored": [str(k) for k in rng.integers(0, 9, num_rows)],
        "target": rng.choice(["a", "b", "c"], num_rows, p=[0.6, 0.3, 0.1]).tolist(),
    }


def as_csv(path, columns):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def as_lines(path, columns):
    rows = zip(*columns.values(), strict=True)
    lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
    path.write_text("\n".join(lines))


def as_parquet(path, columns):
    """With types where the cells have some."""
    typed = {}
    for name, values in columns.items():
        if name in ("number", "age", "gain", "points", "ignored"):
            typed[name] = [float(v) if v else None for v in values]
        elif name == "price":
            typed[name] = [float(v[1:].replace(",", "")) for v in values]
        elif name == "day":
            typed[name] = [np.datetime64("-".join(reversed(v.split(".")))).item() for v in values]
        elif name == "flag":
            typed[name] = [v == "true" for v in values]
        else:
            typed[name] = [v or None for v in values]
    pq.write_table(pa.table(typed), path, row_group_size=37)


WRITERS = {"csv": as_csv, "jsonl": as_lines, "parquet": as_parquet}


def write(path, columns, suffix, ends=()):
    """A file, or a folder of parts that end there."""
    if not ends:
        WRITERS[suffix](path, columns)
        return path
    path.mkdir()
    starts = [0, *ends]
    for number, (start, stop) in enumerate(zip(starts, [*ends, None], strict=True)):
        part = {name: values[start:stop] for name, values in columns.items()}
        WRITERS[suffix](path / f"part-{number:02d}.{suffix}", part)
    return path


def packed(source, out, **settings):
    spec = DataSpec(**settings)
    [*table_pack.pack_table(table_parts.table_parts(source), str(source), out, spec)]
    return condvae.load_data(out)


def assert_alike(mapped, whole):
    assert isinstance(mapped.x, MappedRows)
    assert not isinstance(whole.x, MappedRows)
    assert mapped.fingerprint == whole.fingerprint
    assert mapped.split_record() == whole.split_record()
    assert mapped.condition.model_dump() == whole.condition.model_dump()
    assert mapped.table.model_dump() == whole.table.model_dump()
    specs = [
        data.spec.model_copy(update={"source": "", "mapped": False}) for data in (mapped, whole)
    ]
    assert specs[0] == specs[1]
    assert list(mapped.raw) == list(whole.raw)
    for name, values in whole.raw.items():
        np.testing.assert_array_equal(mapped.raw[name], values)
        assert mapped.raw[name].dtype == values.dtype
    for name in ("train", "validation", "test"):
        split, other = getattr(mapped, name), getattr(whole, name)
        np.testing.assert_array_equal(split.x, np.asarray(other.x))
        np.testing.assert_array_equal(split.given, other.given)
        means = [data.x.mean(axis=0, dtype="float64") for data in (split, other)]
        np.testing.assert_array_equal(*means)


@pytest.mark.parametrize("ends", [(), (40, 41, 203)])
@pytest.mark.parametrize("suffix", WRITERS)
def test_a_packed_table_is_the_table(tmp_path, suffix, ends):
    name = "parts" if ends else f"table.{suffix}"
    source = write(tmp_path / name, cells(300), suffix, ends)
    settings = {"conditions": CONDITIONS, "ignore": ("ignored",), "missing": ("age:33",)}
    whole = condvae.load_data(source, **settings)
    assert whole.raw.keys() == cells(1).keys() - {"id", "number", "always", "ignored"}
    assert [(one.name, one.first) for one in whole.table.carried if one.how == "count"] == [
        ("id", 300),
        ("number", 301),
    ]
    assert_alike(packed(source, tmp_path / "packed", **settings), whole)
    other = {"validation": 0.3, "split_seed": 5, "scaling": "quantile"}
    again = condvae.load_data(tmp_path / "packed", **other)
    assert_alike(again, condvae.load_data(source, **settings, **other))


def test_dates_in_digits_are_packed_as_dates(tmp_path):
    days = [cell.replace(".", "") for cell in cells(300)["day"]]
    columns = {"day": [d[4:] + d[2:4] + d[:2] for d in days], "target": cells(300)["target"]}
    source = write(tmp_path / "table.csv", columns, "csv")
    whole = condvae.load_data(source)
    assert whole.table.formats["day"].date == "%Y%m%d"
    assert_alike(packed(source, tmp_path / "packed"), whole)


def test_the_command_packs_parts_of_a_pattern_and_trains_on_them(tmp_path, capsys):
    parts = write(tmp_path / "parts", cells(300), "csv", (100,))
    (parts / "notes.md").write_text("no part")
    out = tmp_path / "packed"
    asked = ["data", "pack", f"{parts}/*.csv", str(out), "--condition", "target"]
    assert main(asked) == 0
    assert f"{out}: 300 rows in 5 blocks\n" in capsys.readouterr().out
    assert main(asked) == 0
    assert "5 blocks, 5 of them already complete\n" in capsys.readouterr().out
    assert_alike(
        condvae.load_data(out), condvae.load_data(f"{parts}/*.csv", conditions=("target",))
    )
    assert main(["data", "info", str(out)]) == 0
    assert "300 of 9 columns" in capsys.readouterr().out


def test_parts_may_be_splits(tmp_path):
    columns = cells(300)
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, rows in (("train", slice(0, 200)), ("test", slice(200, 300))):
        as_csv(folder / f"{name}-0.csv", {n: values[rows] for n, values in columns.items()})
    whole = condvae.load_data(folder)
    np.testing.assert_array_equal(whole.test.rows, np.arange(200, 300))
    assert_alike(packed(folder, tmp_path / "packed"), whole)


def test_small_classes_are_left_out(tmp_path):
    source = write(tmp_path / "table.csv", cells(300), "csv")
    settings = {"conditions": ("target",), "drop_small_classes": 60}
    whole = condvae.load_data(source, **settings)
    assert whole.condition["target"].categories == ("a", "b")
    mapped = packed(source, tmp_path / "packed", **settings)
    # of all rows' words, also where those that hold one alone are left out
    assert mapped.split_record() == whole.split_record()
    np.testing.assert_array_equal(mapped.train.x, np.asarray(whole.train.x))


def rare(num_rows=2000):
    """Columns of which a sample of few rows lacks something."""
    rng = np.random.default_rng(1)
    columns = {
        "x": rng.normal(size=num_rows).round(3),
        "few": rng.integers(0, 5, num_rows).astype(float),
        "word": rng.choice(["a", "b"], num_rows),
        "same": np.full(num_rows, "one", "<U9"),
        "target": rng.choice(["no", "yes"], num_rows),
    }
    columns["code"] = np.where(columns["word"] == "a", 1.0, 2.0)
    return columns


def of_sample(tmp_path, columns, rows=150, **settings):
    texts = {n: [str(v) for v in values.tolist()] for n, values in columns.items()}
    source = write(tmp_path / "table.csv", texts, "csv")
    settings = {"conditions": ("target",), **settings}
    return (
        packed(source, tmp_path / "packed", sample_rows=rows, **settings),
        condvae.load_data(source, **settings),
    )


def test_what_a_sample_lacks_is_known_all_the_same(tmp_path):
    columns = rare()
    varying = {name: values for name, values in columns.items() if name != "same"}
    train = Dataset.from_columns(varying, spec=DataSpec(conditions=("target",))).train.rows
    sample = np.sort(np.random.default_rng([0, 2]).choice(train, 150, replace=False))
    unseen = iter(np.setdiff1d(train, sample))
    columns["x"][next(unseen)] = 50.0
    columns["x"][next(unseen)] = np.nan
    columns["few"][next(unseen)] = 77.0
    columns["word"][next(unseen)] = "rare"
    columns["same"][next(unseen)] = "other"
    columns["target"][[next(unseen) for _ in range(5)]] = "maybe"
    columns["code"][next(unseen)] = 9.0  # so that no word determines it
    mapped, whole = of_sample(tmp_path, columns)
    assert mapped.split_record()["sample"]["size"] == 150
    assert mapped.split_record()["train"] == whole.split_record()["train"]
    assert mapped.condition.model_dump() == whole.condition.model_dump()
    of, theirs = ({c.name: c for c in data.table.columns} for data in (mapped, whole))
    assert of.keys() == theirs.keys()
    assert "code" in of
    assert "same" in of
    for name in ("word", "same", "target"):
        assert of[name] == theirs[name]
    assert of["few"].points == theirs["few"].points
    assert of["x"].may_miss
    ends = [[column["x"].knots[place][0] for place in (0, -1)] for column in (of, theirs)]
    assert ends[0] == ends[1]
    # and so all cells of training rows come back but for rounding
    rows = mapped.train.rows
    cells = mapped.table.rows(
        np.asarray(mapped.train.x), np.asarray(mapped.train.given), mapped.condition
    )
    for name, values in whole.raw.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(cells[name], values[rows], atol=1e-3)
        else:
            np.testing.assert_array_equal(cells[name], values[rows])


def test_a_function_that_the_whole_table_keeps_is_found(tmp_path):
    mapped, whole = of_sample(tmp_path, rare())
    assert [d.model_dump() for d in mapped.table.derived] == [
        d.model_dump() for d in whole.table.derived
    ]
    assert mapped.table.derived


def test_rules_are_checked_in_all_rows(tmp_path):
    columns = rare()
    columns["more"] = columns["x"] + 1
    mapped, _ = of_sample(tmp_path, columns)
    assert mapped.with_spec(
        mapped.spec.model_copy(update={"rules": ("`x` <= `more`",)})
    ).table.rules
    columns["more"][1234] = -100
    (tmp_path / "other").mkdir()
    mapped, whole = of_sample(tmp_path / "other", columns)
    assert 1234 in whole.train.rows
    with pytest.raises(InputError, match=r"more = -100 in row 1,234 \(counted from 0\)"):
        mapped.with_spec(mapped.spec.model_copy(update={"rules": ("`x` <= `more`",)}))


def test_the_sample_is_that_of_the_record(tmp_path):
    mapped, _ = of_sample(tmp_path, rare())
    again = condvae.load_data(tmp_path / "packed")
    assert mapped.fingerprint == again.fingerprint
    assert mapped.table.model_dump() == again.table.model_dump()
    other = condvae.load_data(tmp_path / "packed", split_seed=1)
    assert other.table.model_dump() != again.table.model_dump()
    with pytest.raises(InputError, match="sample_rows must be set when the data are packed"):
        condvae.load_data(tmp_path / "packed", sample_rows=40)


def test_cells_that_no_sample_led_to_expect(tmp_path, caplog):
    columns = {name: [str(v) for v in values] for name, values in rare().items()}
    columns["x"][7] = "unknown"
    source = write(tmp_path / "table.csv", columns, "csv")
    mapped = packed(source, tmp_path / "packed", conditions=("target",), sample_rows=30)
    assert "1 cell(s) of 'x', such as 'unknown', are no numbers" in caplog.text
    assert np.isnan(np.asarray(mapped.raw["x"])[7])
    columns["x"][1000:] = ["unknown"] * 1000
    sample = np.sort(np.random.default_rng([0, 2]).choice(2000, 30, replace=False))
    for row in sample:
        columns["x"][row] = f"{row / 7:.3f}"
    as_csv(source, columns)
    with pytest.raises(InputError, match=r"'x' of .* must hold numbers, as 30 rows .*'unknown'"):
        packed(source, tmp_path / "other", conditions=("target",), sample_rows=30)
    columns["x"][1000:] = ["inf"] * 1000
    as_csv(source, columns)
    with pytest.raises(InputError, match="must hold finite numbers; received inf in row"):
        packed(source, tmp_path / "third", conditions=("target",), sample_rows=30)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_pack_goes_on_where_it_was_stopped(tmp_path, suffix):
    source, out = write(tmp_path / f"table.{suffix}", cells(300), suffix), tmp_path / "packed"
    spec, parts = DataSpec(conditions=("target",)), table_parts.table_parts(source)
    for _ in islice(table_pack.pack_table(parts, str(source), out, spec), 3):
        pass
    (out / ".rows-00003.npy.abc.tmp").mkdir()  # of the block that a kill has left half-written
    with pytest.raises(InputError, match=r"complete pack; received one with 6 files"):
        condvae.load_data(out)
    (out / "rows-00001.npy").write_bytes(b"damaged")
    done = [*table_pack.pack_table(parts, str(source), out, spec)]
    assert [there for _, _, there in done[:4]] == [True, False, True, False]
    assert not [*out.glob("*.tmp")]
    [*table_pack.pack_table(parts, str(source), tmp_path / "other", spec)]
    for path in out.glob("[!.]*"):
        if path.name != "table.json":
            assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
    assert_alike(condvae.load_data(out), condvae.load_data(source, conditions=("target",)))


def test_what_is_no_such_pack_is_refused(tmp_path):
    source, out = write(tmp_path / "table.csv", cells(300), "csv"), tmp_path / "packed"
    mapped = packed(source, out)
    for wrong in ({"conditions": ("target",)}, {"sample_rows": 7}):
        with pytest.raises(InputError, match="pack of the same table"):
            packed(source, out, **wrong)
    with pytest.raises(InputError, match="must be a new folder, or a pack of a table"):
        packed(source, tmp_path)
    content = (out / "rows-00002.npy").read_bytes()
    (out / "rows-00002.npy").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=r"rows-00002\.npy must be as it was packed"):
        mapped.fingerprint  # noqa: B018
    (out / "rows-00002.npy").unlink()
    with pytest.raises(InputError, match=r"no rows-00002\.npy"):
        condvae.load_data(out)
    np.save(out / "rows-00002.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"rows-00002\.npy must match table\.json"):
        condvae.load_data(out)
    record = json.loads((out / "table.json").read_text())
    (out / "table.json").write_text(json.dumps({**record, "format": 2}))
    with pytest.raises(InputError, match=r"table\.json must be as"):
        condvae.load_data(out)
    sheet = tmp_path / "table.xlsx"
    sheet.write_bytes(b"PK")
    with pytest.raises(InputError, match="must be a text or a Parquet file"):
        packed(sheet, tmp_path / "sheet")


def test_a_column_for_each_pixel_is_packed_as_images(tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        f"pixel{place}": rng.integers(0, 256, 90).astype(str).tolist() for place in range(16)
    }
    columns["label"] = rng.integers(0, 3, 90).astype(str).tolist()
    source = write(tmp_path / "table.csv", columns, "csv")
    assert main(["data", "pack", str(source), str(tmp_path / "packed")]) == 0
    images = condvae.load_data(tmp_path / "packed")
    assert images.image_shape == (4, 4, 1)
    assert images.fingerprint == condvae.load_data(source).fingerprint
    with pytest.raises(InputError, match="a column for each pixel"):
        packed(source, tmp_path / "other")


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("suffix", WRITERS)
def test_parts_must_have_the_same_columns(tmp_path, suffix, pack):
    folder = write(tmp_path / "parts", cells(300), suffix, (100, 200))
    columns = cells(20)
    del columns["age"]
    WRITERS[suffix](folder / f"part-01.{suffix}", {**columns, "years": columns["points"]})
    wrong = rf"part-01\.{suffix} must have the columns of part-00.*no 'age' and 'years' beside"
    with pytest.raises(InputError, match=wrong):
        packed(folder, tmp_path / "out") if pack else condvae.load_data(folder)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("pack", [False, True])
def test_a_type_that_changes_between_parts_is_refused(tmp_path, pack):
    folder = write(tmp_path / "parts", cells(300), "parquet", (100,))
    pq.write_table(pa.table({**cells(20)}), folder / "part-01.parquet")
    wrong = r"part-01\.parquet must hold numbers in 'number', as part-00\.parquet \(DOUBLE\); "
    with pytest.raises(InputError, match=wrong + "received VARCHAR"):
        packed(folder, tmp_path / "out") if pack else condvae.load_data(folder)


def test_a_table_too_large_for_memory_stays_on_disk(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache")
    source = write(tmp_path / "table.csv", cells(300), "csv")
    whole = condvae.load_data(source, conditions=("target",))
    with monkeypatch.context() as context:
        context.setattr("condvae.checks.memory_bound", lambda: 2**17)
        context.setattr("condvae.data.table_sample.check_memory", lambda *_: None)
        context.setattr("condvae.data.raw_columns.check_memory", refused_once())
        mapped = condvae.load_data(source, conditions=("target",))
    assert "packed once into" in caplog.text
    assert mapped.name == str(source)
    assert_alike(mapped, whole)
    caplog.clear()
    assert_alike(condvae.load_data(source, conditions=("target",), mapped=True), whole)
    assert not caplog.text
    as_csv(source, cells(300, seed=1))
    assert condvae.load_data(source, mapped=True).fingerprint != whole.fingerprint


def refused_once():
    """A bound on memory that refuses the first reading, of all rows."""
    from condvae.checks import BeyondMemoryError

    calls = []

    def check(*_):
        calls.append(1)
        if len(calls) == 1:
            raise BeyondMemoryError("a", "b", "c")

    return check
