"""Frames of pandas, Polars, Arrow and others that narwhals supports, by their column types.

narwhals has no dependencies and takes 3 MB; scikit-learn 1.9 and later requires it anyway.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.conditions.booleans import as_words
from condvae.data.array_store import refusal
from condvae.data.dataset import Dataset
from condvae.data.enlarged import as_drawn
from condvae.data.memory_columns import TABLE, column_of_objects, column_of_words
from condvae.data.raw_columns import RawColumn
from condvae.data.readers import table_dataset
from condvae.data.row_pictures import RowPictures, named_codes, pictured
from condvae.data.tables import TableFile, understood
from condvae.data.text_tables import unique_names
from condvae.data.typed_tables import CELL_BYTES, DATE, MOMENT, numbers_column
from condvae.spec import DataSpec


def frame_dataset(
    frame: Any,
    spec: DataSpec,
    names_of_classes: Mapping[str, Sequence[str]] | None = None,
    splits: np.ndarray | None = None,
) -> Dataset:
    """The data set of a frame: a table, or images if a column holds pictures.

    It equals that of the same table in a Parquet file. A column of pictures holds encoded ones
    (bytes or Hugging Face's {"bytes": ...}), PIL images or arrays. An index is not a column.

    Args:
        frame: any frame that narwhals supports.
        names_of_classes: class names of columns of codes.
        splits: (N,) "train", "validation" or "test", if the source states them.

    Raises:
        InputError: cells of other types, or what `table_dataset` and `pictured` refuse.
    """
    import narwhals as nw

    received = type(frame).__name__
    try:
        frame = nw.from_native(frame)
    except TypeError:  # a series, or a single Arrow batch
        raise InputError("a table must be a frame", received, "Convert it to one.") from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    check_memory(len(frame) * len(frame.columns) * CELL_BYTES, f"the columns of {TABLE}")
    notes: list[str] = []
    names = unique_names([str(name) for name in frame.columns], notes)
    columns = dict(zip(names, frame.iter_columns(), strict=True))
    pictures = {name: found for name, column in columns.items() if (found := _pictures(column))}
    if len(pictures) > 1:
        raise InputError(
            f"{TABLE} must hold one column of pictures",
            ", ".join(list(pictures)[:12]),
            "Leave the others out.",
        )
    raws = [_raw(name, column) for name, column in columns.items() if name not in pictures]
    table = understood(raws, len(frame), spec, TABLE, notes=notes) if raws else None
    classes = names_of_classes or {}
    for contents in pictures.values():
        tree = RowPictures(Path(TABLE), contents)
        return pictured(tree, table, classes, splits, "", spec)
    if table is None:
        raise InputError(f"{TABLE} must have a column", "none", "Add some columns.")
    named = {name: named_codes(v, classes.get(name)) for name, v in table.columns.items()}
    return table_dataset(TableFile(named, table.readings, table.notes), "", spec, splits)


def _raw(name: str, column: Any) -> RawColumn:
    """One column by its type: numbers, dates as numbers, or words."""
    import narwhals as nw

    kind = column.dtype
    if kind == nw.Boolean:
        return column_of_words(name, as_words(np.array(_cells(column), object)).tolist())
    if kind.is_numeric():
        return numbers_column(name, _floats(column.cast(nw.Float64)))
    if kind == nw.Date:
        return numbers_column(name, _floats(column.dt.timestamp("ms")) / 86_400_000, DATE, True)
    if kind == nw.Datetime:
        moments = _floats(column.dt.timestamp("us")) / 1e6
        fraction = bool((moments[~np.isnan(moments)] % 1).any())
        return numbers_column(name, moments, MOMENT + ".%6f" * fraction)
    if kind in (nw.String, nw.Categorical, nw.Enum):
        return column_of_words(name, _cells(column.cast(nw.String)))
    return column_of_objects(name, _cells(column), str(kind))


def _floats(column: Any) -> np.ndarray:
    """(N,) float64 of a column of numbers, NaN for missing cells."""
    empty = np.asarray(column.is_null().to_numpy(), bool)
    return np.where(empty, np.nan, column.fill_null(0).to_numpy()).astype("float64")


def _cells(column: Any) -> list[Any]:
    """The cells as Python objects; None for a missing one, however the library marks it."""
    empty = column.is_null().to_list()
    return [None if gone else c for gone, c in zip(empty, column.to_list(), strict=True)]


def _pictures(column: Any) -> list[bytes | None] | None:
    """The encoded pictures of a column; None if it holds none."""
    import narwhals as nw

    if column.dtype not in (nw.Object, nw.Binary, nw.Struct, nw.Unknown):
        return None
    cells = _cells(column)
    first = next((cell for cell in cells if cell is not None), None)
    if not _is_picture(first):
        return None
    with refusal(f"the pictures in {column.name!r} must be whole", "others", "Correct them."):
        return [None if cell is None else _encoded(cell) for cell in cells]


def _is_picture(cell: Any) -> bool:
    """Whether a cell is a picture: bytes, {"bytes": ...}, a PIL image, or an image array."""
    if isinstance(cell, Mapping):
        return "bytes" in cell
    # PIL images convert to NumPy as arrays do
    is_array = hasattr(cell, "__array_interface__") and np.ndim(cell) in (2, 3)
    return isinstance(cell, bytes) or is_array


def _encoded(cell: Any) -> bytes:
    """One picture as a file would hold it."""
    from PIL import Image

    if isinstance(cell, Mapping):
        return cell["bytes"] or Path(cell["path"]).read_bytes()
    if isinstance(cell, bytes):
        return cell
    # a PNG file that is saved again loses its factor
    image = Image.fromarray(_squeezed(cell)) if isinstance(cell, np.ndarray) else as_drawn(cell)
    file = io.BytesIO()
    image.save(file, "png", compress_level=0)
    return file.getvalue()


def _squeezed(cell: Any) -> np.ndarray:
    """An array as PIL takes it: grey without a channel axis."""
    pixels = np.asarray(cell)
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
