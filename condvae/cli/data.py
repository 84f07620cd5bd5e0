"""condvae data info and condvae data pack."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, load_dataset, working
from condvae.cli.settings import DataSettings


def info(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    sheet: Path | None = None,
    out: Path | None = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
    settings: DataSettings = DataSettings(),
) -> int:
    """`condvae data info`, as `condvae.cli` describes it.

    Args:
        source: A set's name or a path.
        sheet: An image file to write: the first ten images of each class.
        out: An image file to write: ten images, with how each was interpreted.
    """
    import numpy as np

    from condvae.data.enlarged import fitting_scale, save_enlarged
    from condvae.data.examples import describe_examples
    from condvae.data.overview import contact_sheet, describe
    from condvae.data.parquet_images import picture_columns
    from condvae.data.tables import table_suffix
    from condvae.files.atomic import atomic_path

    for path in filter(None, (sheet, out)):
        check_suffix(check_new_path(path, overwrite), ".png")
    path = Path(source)
    if table_suffix(path) and path.is_file() and not picture_columns(path):
        if sheet is not None or out is not None:
            raise InputError(
                "a sheet must show images",
                f"{source}, a table",
                f"Leave {'--out' if sheet is None else '--sheet'} out.",
            )
        return _table_info(Path(source), settings.given())
    dataset = load_dataset(source, data_dir, **settings.given())
    description = describe(dataset)
    page = None if sheet is None else contact_sheet(dataset)
    print(description)
    if dataset.table is None:
        print(f"\n{describe_examples(dataset)}")
    if sheet is not None and page is not None:
        with atomic_path(sheet) as fresh:
            pixels = np.atleast_3d(np.asarray(page))
            height, width, _ = dataset.image_shape
            scale = fitting_scale((height, width), (page.height, page.width))
            save_enlarged(pixels, fresh, scale)
        print(f"\n{sheet}: the first ten of each class")
    if out is not None:
        from condvae.figures import save
        from condvae.figures.examples import draw_examples

        save({out.stem: draw_examples(dataset)}, out.parent)
        print(f"\n{out}: ten images, with how each was interpreted")
    return 0


def pack(
    source: Annotated[str, Parameter(name="DATA")],
    out: Annotated[Path, Parameter(name="OUT")],
    /,
    *,
    data_dir: DataDir = None,
    settings: DataSettings = DataSettings(),
) -> int:
    """`condvae data pack`, as `condvae.cli` describes it.

    Args:
        source: A set's name or a path.
        out: The folder to write.
    """
    from condvae.data.pack import pack as packed
    from condvae.data.parquet_images import picture_columns
    from condvae.data.table_pack import PixelTableError
    from condvae.data.table_parts import table_parts

    path = Path(source)
    if (parts := table_parts(path)) and not picture_columns(path):
        with suppress(PixelTableError):  # which is read as images, below
            return _pack_table(parts, source, out, settings.given())
    with working("packing") as say:
        dataset = load_dataset(source, data_dir, **{**settings.given(), "mapped": True})
        count, blocks, kept = len(dataset.x), 0, 0
        for rows, there in packed(dataset, out):
            say(f"{rows:,} of {count:,}")
            blocks, kept = blocks + 1, kept + there
    before = f", {kept:,} of them already complete" if kept else ""
    print(f"{out}: {count:,} images in {blocks:,} blocks{before}")
    return 0


def _pack_table(parts: Mapping[Path, str], source: str, out: Path, settings: dict[str, Any]) -> int:
    """Pack the rows of a table."""
    from condvae.data.table_pack import pack_table
    from condvae.spec import Spec

    spec = Spec().override(**settings).data
    count, blocks, kept = 0, 0, 0
    with working("packing") as say:
        for rows, count, there in pack_table(parts, source, out, spec):
            say(f"{rows:,} of {count:,}")
            blocks, kept = blocks + 1, kept + there
    before = f", {kept:,} of them already complete" if kept else ""
    print(f"{out}: {count:,} rows in {blocks:,} blocks{before}")
    return 0


def _table_info(path: Path, settings: dict[str, Any]) -> int:
    """Print how a table was interpreted and, if a model can learn from it, its splits."""
    from condvae.data.overview import describe
    from condvae.data.readers import read_whole_or_packed, table_dataset
    from condvae.data.table_overview import describe_table
    from condvae.data.table_survey import read_or_survey
    from condvae.spec import Spec

    spec = Spec().override(source=str(path), **settings).data
    table, is_whole = read_or_survey(path, spec)
    print(describe_table(table, str(path)))
    if spec.conditions:
        try:
            if is_whole:
                dataset = table_dataset(table, path, spec)
            else:
                dataset = read_whole_or_packed({path: ""}, path, spec)
            splits = describe(dataset)
        except InputError as error:
            splits = f"a model cannot learn from it as it is: {error}"
        print(f"\n{splits}")
    return 0
