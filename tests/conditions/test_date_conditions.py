"""Dates as conditions: a position and phases."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import Date, Schema, schema_of
from condvae.data.readers import read
from condvae.spec import DataSpec
from condvae.training import train

FIRST = datetime(2023, 1, 2, tzinfo=UTC)  # a Monday


def days(count):
    """Consecutive days, from FIRST on."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return np.arange(count) + float((FIRST - epoch).days)


def test_phases_are_those_of_datetime():
    values = days(400)
    date = Date.of_column("day", values, np.arange(400), "days")
    sizes = {"month of the year": 12, "day of the month": 31, "weekday": 7}
    assert {phase: len(seen) for phase, seen in date.phases.items()} == sizes
    assert date.dim == 1 + 12 + 31 + 7
    encoded = date.encode_rows(values)
    assert encoded.shape == (400, date.dim)
    assert encoded.dtype == "float32"
    np.testing.assert_allclose(encoded[:, 0], (values - values.mean()) / values.std(), atol=1e-5)
    moments = [FIRST + timedelta(days=number) for number in range(400)]
    for row, moment in zip(encoded, moments, strict=True):
        month, day, weekday = np.split(row[1:], [12, 43])
        assert (month.argmax() + 1, day.argmax() + 1, weekday.argmax()) == (
            moment.month,
            moment.day,
            moment.weekday(),
        )
        assert (month.sum(), day.sum(), weekday.sum()) == (1, 1, 1)
    np.testing.assert_array_equal(date.decode_rows(encoded), values)


def test_hours_of_times_and_what_training_has_not_seen():
    seconds = 3600.0 * np.arange(0, 48, 6)  # of two days, a Thursday and a Friday
    date = Date.of_column("at", seconds, np.arange(8), "seconds")
    assert date.phases["hour"] == (0, 6, 12, 18)
    assert date.phases["weekday"] == (3, 4)
    encoded = date.encode_rows(np.array([7 * 3600.0]))
    hours = slice(-4, None)
    assert not encoded[0, hours].any()
    assert date.outside(np.array([1e9]))
    with pytest.raises(InputError, match="'at' must be"):
        date.encode_rows(np.array(["x"]))


def test_times_without_seconds_come_back_to_the_minute():
    rng = np.random.default_rng(0)
    minutes = 60.0 * rng.integers(27_000_000, 28_500_000, 1_000)  # within three years
    date = Date.of_column("at", minutes, np.arange(1_000), "seconds")
    np.testing.assert_array_equal(date.decode_rows(date.encode_rows(minutes)), minutes)
    assert Date.of_column("at", minutes + 1, np.arange(1_000), "seconds").step == 1


def test_a_schema_takes_dates_that_may_be_missing():
    values = days(100)
    values[3] = np.nan
    schema = schema_of({"day": values}, {"day": "date:days"}, np.arange(100))
    assert isinstance(schema["day"], Date)
    assert Schema.model_validate_json(schema.model_dump_json()) == schema
    encoded = schema.encode_rows({"day": values}, 100)
    assert not encoded[3].any()
    np.testing.assert_array_equal(schema.decode(encoded)["day"], values)
    assert schema.parse(["day=19400"]) == {"day": 19400.0}


def test_dates_of_a_file_are_date_conditions(tmp_path):
    lines = [f"{FIRST + timedelta(days=n):%Y-%m-%d},{n % 7 + n % 5 / 10}" for n in range(360)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["day,sold", *lines]))
    data = read(path, DataSpec(conditions=("day",)))
    condition = data.condition.by_name["day"]
    assert isinstance(condition, Date)
    assert (condition.unit, condition.integer) == ("days", True)
    again = data.with_spec(data.spec.model_copy(update={"seed": 1}))
    assert isinstance(again.condition.by_name["day"], Date)
    plain = read(path, DataSpec(conditions=("day:continuous",)))
    assert plain.condition.by_name["day"].kind == "continuous"


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly", "small_forests")
def test_a_date_is_given_as_it_is_written(tmp_path, capsys):
    lines = [f"{FIRST + timedelta(days=n):%d.%m.%Y},{n % 7 + n % 5 / 10}" for n in range(360)]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["day,sold", *lines]))
    settings = {"latent_dim": 2, "hidden_dims": (4,), "epochs": 1, "progress": False}
    run = train(read(path, DataSpec(conditions=("day",))), run=tmp_path / "run", **settings)
    for number, given in enumerate(("day=24.12.2023", "24.12.2023")):
        out = tmp_path / f"{number}.csv"
        asked = ["generate", str(run.path), "--given", given, "-n", "3", "--out", str(out)]
        assert main(asked) == 0
        _, *rows = out.read_text().split()
        assert {row.split(",")[0] for row in rows} == {"24.12.2023"}
    capsys.readouterr()
    assert main([*asked[:3], "day=soon", *asked[4:], "--overwrite"]) == 2
    assert "day must be a date; received 'soon'" in capsys.readouterr().err
