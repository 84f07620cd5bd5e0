"""The rows of a source in the form that a run's model takes, in blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.data import load_data
from condvae.data.array_sources import array_store
from condvae.data.array_store import refusal
from condvae.data.arrays import checked_images
from condvae.data.image_folder import read_images
from condvae.data.npz_rows import open_rows
from condvae.data.pairs import greatest
from condvae.data.parquet_images import parquet_pictures
from condvae.data.pixel_columns import pixels_and_columns
from condvae.data.pixel_forms import as_pixels
from condvae.data.row_pictures import named_codes
from condvae.data.tables import read_table, table_suffix
from condvae.data.typed_tables import parquet_rows
from condvae.data.unlabelled import read_unlabelled

if TYPE_CHECKING:
    from condvae.runs.run import Run


@dataclass(frozen=True)
class RunRows:
    """The rows of a source.

    Attributes:
        num_rows: number of rows.
        unit: name of the rows, in the plural.
        blocks: x and y, in the form that `TrainedModel.encode` takes, in blocks; y is None for rows
            without conditions.
    """

    num_rows: int
    unit: str
    blocks: Callable[[], Iterator[tuple[Any, Any]]]


def rows_of_run(
    run: "Run",
    source: str | Path,
    data_dir: Path | None = None,
    bare: bool = False,
    part: bool = False,
) -> RunRows:
    """Read the rows of a source.

    An .npz of 8-bit images with one label each is mapped, other sources are read as a whole.

    Args:
        run: the run whose condition and preprocessing are applied.
        source: the name of a data set, or a path.
        data_dir: folder with the files of a named data set.
        bare: whether images without labels are accepted too: an .npz with x only, a folder of
            images.
        part: whether the source is one of several files, so that its own classes, ranges and
            columns are incomplete: those of the run are used.

    Raises:
        InputError: the source does not fit the run, or cannot be read.
    """
    path, data, condition = Path(source), run.spec.data, run.record.condition
    if part:
        data = data.model_copy(update={"drop_small_classes": 0})
    is_table = run.record.preprocessing.table is not None
    if is_table and table_suffix(path) and path.is_file():
        return _of_table(run, path)
    as_stored = data.channels == "last" and data.x_range is None and path.suffix.lower() == ".npz"
    if condition.classes is not None and path.is_file() and as_stored:
        rows = open_rows(path)
        if rows is not None and (rows.labelled or bare):
            scaled = _scale(run, rows.x_max, part, str(path))
            return RunRows(
                rows.num_rows, "images", lambda: ((scaled(x), y) for x, y in rows.blocks())
            )
    if bare and not is_table:
        height, width, channels = run.record.preprocessing.image_shape
        x = read_unlabelled(path, (height, width, channels), data)
        if x is not None:
            return _of_arrays(x, None)
    if part and path.is_file() and not is_table:
        found = _named_arrays(run, path) or _named_columns(run, path)
        if found is not None:
            return found
    dataset = load_data(str(source), data_dir=data_dir, spec=data)
    y: Any = dataset.y
    if (several := condition.by_name) is not None:
        # scaled like the run's data; a class that is never missing has no bit
        raw = dataset.raw or {dataset.condition.name: dataset.y}
        y = _given(run, {name: raw[name] for name in several.names if name in raw}, len(dataset.x))
        if dataset.table is not None:
            return _of_columns(dict(raw), y)
    scaled = _scale(run, dataset.x_max, part, str(source))
    return _of_arrays(dataset.x, y, scaled, dataset.unit)


def count_rows(run: "Run", source: Path) -> int:
    """Number of rows in a part."""
    if run.record.preprocessing.table is not None and table_suffix(source):
        return count_table_rows(run, source)
    return rows_of_run(run, source, bare=True, part=True).num_rows


def count_table_rows(run: "Run", source: Path) -> int:
    """Number of rows in a table's file; for Parquet according to its metadata."""
    if table_suffix(source) == ".parquet" and source.is_file():
        with refusal(f"{source} must be an undamaged Parquet file", "a damaged one"):
            return parquet_rows([str(source)])
    return len(next(iter(read_table(source, run.spec.data).columns.values())))


def _of_table(run: "Run", path: Path) -> RunRows:
    """The rows of a table's file, with the columns and scales of the run."""
    columns: dict[str, Any] = dict(read_table(path, run.spec.data).columns)
    several = run.record.condition.by_name
    names = () if several is None else several.names
    count = len(next(iter(columns.values())))
    y = _given(run, {name: columns[name] for name in names if name in columns}, count)
    return _of_columns(columns, y)


def _named_columns(run: "Run", path: Path) -> RunRows | None:
    """Images and conditions of a table's file, of pictures or pixel columns; None for other files.

    They are read as by the readers, but without inferring scales and classes.
    """
    spec, name = run.spec.data, f"x of {path}"
    if (pictures := parquet_pictures(path, spec)) is not None:
        tree, table, names_of_classes, _ = pictures
        x, rows, _ = read_images(tree, list(tree.names), spec)
        columns = {} if table is None else dict(table.columns)
        of = names_of_classes
        columns = {n: named_codes(values, of.get(n))[rows] for n, values in columns.items()}
    elif table_suffix(path) and (found := pixels_and_columns(read_table(path, spec).columns)):
        x, columns = found
    else:
        return None
    x, _ = as_pixels(checked_images(x, name, spec), spec, name)
    several, condition = run.record.condition.by_name, run.record.condition
    if several is not None:
        known = {n: values for n, values in columns.items() if n in several.names}
        y: Any = _given(run, known, len(x))
    else:
        only = next(iter(columns.values())) if len(columns) == 1 else None
        y = columns.get(condition.name, only)
        if y is not None and (classes := condition.classes) is not None:
            y = np.asarray(classes.categories)[classes.codes(y)]  # numbers were read as floats
    return _of_arrays(x, y, _scale(run, greatest(x), True, str(path)))


def _named_arrays(run: "Run", path: Path) -> RunRows | None:
    """Images and conditions by name, from a file of arrays; None for other files."""
    several, spec = run.record.condition.by_name, run.spec.data
    store = array_store(path, spec) if several is not None else None
    if several is None or store is None:
        return None
    with store:
        names = [name for name in several.names if name in store.names]
        if store.by_columns or "x" not in store.names:
            return None
        arrays = store.arrays(["x", *names])
    name = f"x of {path}"
    x, _ = as_pixels(checked_images(arrays["x"], name, spec), spec, name)
    y = _given(run, {name: arrays[name] for name in names}, len(x))
    return _of_arrays(x, y, _scale(run, greatest(x), True, str(path)))


def _given(run: "Run", values: dict[str, Any], count: int) -> np.ndarray:
    """(count, dim) encoded conditions."""
    y = run.model.encode_condition(values)
    return np.repeat(y, count, axis=0) if len(y) == 1 else y


def _of_columns(columns: dict[str, Any], y: np.ndarray) -> RunRows:
    """Rows of a table in memory."""
    return RunRows(
        len(y),
        "rows",
        lambda: (({n: v[part] for n, v in columns.items()}, y[part]) for part in slices(len(y))),
    )


def _of_arrays(
    x: Any, y: Any, scaled: Callable[[Any], Any] = lambda x: x, unit: str = "images"
) -> RunRows:
    """Rows of arrays."""
    return RunRows(
        len(x),
        unit,
        lambda: ((scaled(x[part]), None if y is None else y[part]) for part in slices(len(x))),
    )


def _scale(run: "Run", white: int, part: bool, name: str) -> Callable[[Any], Any]:
    """A function that rescales integers like the run's, for example binary pixels to grey."""
    x_max = run.record.preprocessing.x_max
    if not part or white == x_max:
        return lambda x: x if white == x_max or x.dtype.kind == "f" else x / np.float32(white)

    def checked(x: Any) -> Any:
        # in a single part, black pixels of level 1 look like white binary pixels
        if white == 1 and x.dtype.kind != "f" and x.any():
            raise InputError(
                f"{name} must hold grey levels up to {x_max}, like the run's data",
                "pixels of 0 and 1 alone",
                f"Store them as 0 and {x_max}, or as floats.",
            )
        return x if x.dtype.kind == "f" else x / np.float32(white)

    return checked
