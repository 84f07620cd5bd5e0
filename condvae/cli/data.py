"""condvae data info."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import (
    DataDir,
    Overwrite,
    load_dataset,
    numbers,
)


def info(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    sheet: Path | None = None,
    conditions: Annotated[tuple[str, ...] | None, Parameter("--condition", negative="")] = None,
    ignore: Annotated[tuple[str, ...] | None, Parameter(negative="")] = None,
    kinds: Annotated[tuple[str, ...] | None, Parameter("--kind", negative="")] = None,
    missing: Annotated[tuple[str, ...] | None, Parameter(negative="")] = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: Literal[".", ","] | None = None,
    resize: str | None = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """Shapes, ranges, classes and counts; of a table what was understood of each column.

    Args:
        source: A set's name or a path.
        conditions: A column that is given, such as digit, or slant:continuous; once for each.
        ignore: A column that is left out; once for each.
        kinds: What a table's column is, such as zip:class, age:number or day:date:%d/%m/%Y.
        missing: What stands for a missing cell, such as -999 or income:99999; once for each.
        delimiter: Between the cells of a text file.
        encoding: Of a text file.
        decimal: The decimal sign of a table's numbers.
        resize: Height,width that the images of a folder are scaled to.
        sheet: An image to write: the first ten of each class.
    """
    from condvae.data.overview import contact_sheet, describe
    from condvae.data.tables import table_suffix
    from condvae.files.atomic import atomic_path

    if sheet is not None:
        check_suffix(check_new_path(sheet, overwrite), ".png")
    size = None if resize is None else numbers(resize, "--resize", int)
    settings: dict[str, Any] = {"conditions": conditions, "ignore": ignore}
    settings |= {"kinds": kinds, "missing": missing}
    settings |= {"delimiter": delimiter, "encoding": encoding, "decimal": decimal}
    settings = {name: value for name, value in settings.items() if value is not None}
    if table_suffix(Path(source)) and Path(source).is_file():
        if sheet is not None:
            raise InputError(
                "a sheet must be of images", f"{source}, a table", "Leave --sheet out."
            )
        return _table_info(Path(source), settings)
    dataset = load_dataset(source, data_dir, **settings, resize=size)
    description = describe(dataset)
    page = None if sheet is None else contact_sheet(dataset)
    print(description)
    if sheet is not None and page is not None:
        with atomic_path(sheet) as fresh:
            page.save(fresh)
        print(f"\n{sheet}: the first ten of each class")
    return 0


def _table_info(path: Path, settings: dict[str, Any]) -> int:
    """Print what was understood of a table and, of one that a model can learn from, its splits."""
    from condvae.data.overview import describe
    from condvae.data.readers import table_dataset
    from condvae.data.table_overview import describe_table
    from condvae.data.tables import read_table
    from condvae.spec import Spec

    spec = Spec().override(source=str(path), **settings).data
    table = read_table(path, spec)
    print(describe_table(table, str(path)))
    if spec.conditions:
        try:
            splits = describe(table_dataset(table, path, spec))
        except InputError as error:
            splits = f"no model learns from it so: {error}"
        print(f"\n{splits}")
    return 0
