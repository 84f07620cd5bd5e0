"""A new image, or a new row of a table, for each row of a table of conditions."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from condvae.blocks import ahead, slices
from condvae.checks import InputError, check_at_least
from condvae.conditions import check_categorical
from condvae.data.array_files import write_blocks
from condvae.data.tables import read_table
from condvae.data.writers import to_uint8
from condvae.data.writing import write_table
from condvae.inference.chance import NumberedChance
from condvae.inference.obedience import rows_at_once
from condvae.runs import Run
from condvae.runs.engines import model_in_passes
from condvae.runs.rows import count_table_rows
from condvae.serving.bulk.verb import Verb


@dataclass(frozen=True)
class Generate(Verb):
    """For each row of a table of conditions an image, or a row of the run's table.

    The draws for a row are a function of the seed and of its number over all parts.

    Attributes:
        sample: whether to draw the pixels too.
        seed: seed of the draws.
        temperature, guidance, keep: as in `TrainedModel.generate`.
    """

    sample: bool = False
    seed: int = 0
    temperature: float = 1.0
    guidance: float = 0.0
    keep: int = 0
    name: ClassVar[str] = "generate"
    suffix: ClassVar[str] = ".npz"

    def suffix_of(self, run: Run) -> str:
        """The suffix for images; for a table, that of tables."""
        return self.suffix if run.record.preprocessing.table is None else ".parquet"

    def check(self, run: Run) -> None:
        """Check that a table can hold the run's conditions."""
        check_at_least(self.seed, 0, "--seed")
        condition = run.record.condition
        if condition.by_name is None and condition.classes is None:
            raise InputError(
                "generate for the rows of a table requires a run that is given classes or values",
                f"{run.path}, which is given images",
                "Use --given.",
            )

    def is_numbered(self, run: Run) -> bool:
        """Always: draws depend on the row's number."""
        return True

    def num_rows(self, run: Run, source: Path) -> int:
        """Number of rows of the table."""
        return count_table_rows(run, source)

    def make(self, run: Run, source: Path, out: Path, first: int = 0, spread: bool = False) -> int:
        """See `Verb`."""
        y, columns = conditions_of(run, source)
        model, table = model_in_passes(run, spread), run.record.preprocessing.table
        settings = {**asdict(self), "first": first}
        if table is not None:
            ys = (y[part] for part in slices(len(y), rows_at_once(table)))
            drawn = model.generate_blocks(ys, seed=self.seed, first=first)
            write_drawn(run, drawn, out, NumberedChance(self.seed, first=first), first)
            return len(y)
        parts = list(slices(len(y)))
        images = model.generate_blocks(
            (y[part] for part in parts), finish=finish_of(run), **settings
        )
        blocks = (
            {"x": x, **{name: values[part] for name, values in columns.items()}}
            for x, part in zip(images, parts, strict=True)
        )
        write_blocks(out, len(y), blocks)
        return len(y)


def conditions_of(run: Run, source: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Encoded conditions of a table's rows, (rows, dim), and the same by name, as arrays.

    Raises:
        InputError: the columns are not the run's conditions.
    """
    columns, condition = read_table(source, run.spec.data).columns, run.record.condition
    several = condition.by_name
    names = (condition.name,) if several is None else several.names
    others = [name for name in columns if name not in names]
    if others or (several is None and not columns):
        raise InputError(
            f"the columns of {source} must be conditions of the run, {', '.join(names)}",
            ", ".join(others[:12]),
            "Omit the others, or rename them.",
        )
    if several is not None:
        count = len(next(iter(columns.values())))
        y = run.model.encode_condition(columns)
        return np.repeat(y, count, axis=0) if len(y) == 1 else y, columns
    classes = check_categorical(condition)
    codes = classes.codes(columns[condition.name])
    labels = np.asarray(classes.categories)[codes]
    return run.model.encode_condition(labels), {"y": labels}


def finish_of(run: Run) -> Callable[[Any], Any] | None:
    """From expected values to stored arrays: levels, classes; None for other numbers."""
    if run.record.preprocessing.pixel_classes is not None:
        return lambda x: x.argmax(axis=-1)[..., None].astype("uint8")
    return to_uint8 if run.record.preprocessing.in_unit_interval else None


def write_drawn(
    run: Run,
    drawn: Iterator[dict[str, np.ndarray]],
    out: Path,
    keys: Any,
    first: int = 0,
    say: Callable[[int], None] = lambda done: None,
) -> None:
    """Write generated rows of a table, with the columns that no model learns.

    Args:
        drawn: blocks of rows.
        keys: has the method `bytes` of a generator, from which UUIDs are made.
        first: number of the first row.
        say: called with the number of rows done.
    """
    table, several = run.record.preprocessing.table, run.record.condition.by_name
    if table is None or several is None:
        raise TypeError("a run on a table has both")

    def blocks() -> Iterator[dict[str, np.ndarray]]:
        done = first
        for columns in ahead(drawn):
            part = slice(done, done + len(next(iter(columns.values()))))
            columns |= {column.name: column.rows(part, keys) for column in table.carried}
            yield {name: columns[name] for name in table.order if name in columns}
            done = part.stop
            say(done - first)

    rows = blocks()
    begin = next(rows)
    whole = [c.name for c in several.conditions if c.integer and c.name in begin]
    # classes that are numbers are integers
    whole += [name for name, values in begin.items() if values.dtype.kind == "i"]
    whole += [column.name for column in table.carried if column.number and column.how == "count"]

    def all_rows() -> Iterator[dict[str, np.ndarray]]:
        yield begin
        yield from rows

    write_table(out, all_rows(), {*table.integers, *whole}, table.formats)
