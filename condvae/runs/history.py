"""The history of a training: one row for each complete epoch, stored as history.csv."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from condvae.checks import InputError
from condvae.files.atomic import write_text

COLUMNS = (
    "epoch",
    "loss",
    "reconstruction_loss",
    "kl_loss",
    "val_loss",
    "val_reconstruction_loss",
    "val_kl_loss",
    "learning_rate",
    "beta",
    "seconds",
)

# ends of the names of losses that an objective may add
ADDED = ("perceptual_loss",)

Row = dict[str, float]


def write_history(path: Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> None:
    """Write all rows, numbers with full precision; an existing file is replaced at the end.

    Args:
        columns: `COLUMNS`, and the losses that an objective adds.
    """
    write_text(path, "".join([_line(columns), *(_line(row.values()) for row in rows)]))


def append_history(path: Path, row: Row) -> None:
    """Append the row of one epoch to the file."""
    with open(path, "a", newline="", encoding="utf-8") as file:
        file.write(_line(row.values()))


def parse_history(text: str, name: str) -> dict[str, list[float]]:
    """A list for each known column; losses in nats per example.

    Args:
        name: name of the file, for error messages.

    Raises:
        InputError: a missing column, or a field that is not a number.
    """
    try:
        reader = csv.DictReader(io.StringIO(text))
        rows = list(reader)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise KeyError(*sorted(missing))
        added = [name for name in reader.fieldnames or () if name.endswith(ADDED)]
        return {name: [float(row[name]) for row in rows] for name in (*COLUMNS, *added)}
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            f"{name} must hold the columns {', '.join(COLUMNS)}",
            f"{type(error).__name__} {error}",
            "Restore the file.",
        ) from None


def _line(values: Iterable) -> str:
    """Values as a line of CSV."""
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
