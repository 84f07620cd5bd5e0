"""condvae data info."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path, check_suffix
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
    resize: str | None = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """Shapes, ranges, classes and counts.

    Args:
        source: A set's name or a path.
        conditions: A column that is given, such as digit, or slant:continuous; once for each.
        ignore: A column that is left out; once for each.
        resize: Height,width that the images of a folder are scaled to.
        sheet: An image to write: the first ten of each class.
    """
    from condvae.data.overview import contact_sheet, describe
    from condvae.files.atomic import atomic_path

    if sheet is not None:
        check_suffix(check_new_path(sheet, overwrite), ".png")
    size = None if resize is None else numbers(resize, "--resize", int)
    dataset = load_dataset(source, data_dir, conditions=conditions, ignore=ignore, resize=size)
    description = describe(dataset)
    page = None if sheet is None else contact_sheet(dataset)
    print(description)
    if sheet is not None and page is not None:
        with atomic_path(sheet) as fresh:
            page.save(fresh)
        print(f"\n{sheet}: the first ten of each class")
    return 0
