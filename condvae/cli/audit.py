"""condvae audit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least, check_new_path
from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.score import images_of

if TYPE_CHECKING:
    pass


def audit(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: Path,
    top: int = 100,
    by: Annotated[str, Parameter(help="label, or image.")] = "label",
    num_samples: int = 50,
    seed: int = 0,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """The rows whose label, or image, is least plausible: a table, and a contact sheet beside it.

    Args:
        run: A run folder, on images of classes.
        source: A set's name or a path.
        out: The .csv, .tsv or .parquet to write; the sheet is the .png of that name.
        top: How many rows.
        num_samples: Draws of z for each image and each label that may be the best.
        seed: Of these draws.
    """
    from PIL import Image

    from condvae.checks import check_choice
    from condvae.data.writers import sheet, to_uint8
    from condvae.data.writing import check_written, write_table
    from condvae.evaluation.scores import score_rows
    from condvae.files.atomic import atomic_path
    from condvae.runs import Run

    check_written(check_new_path(out, overwrite))
    page_path = check_new_path(out.with_suffix(".png"), overwrite)
    check_choice(by, ("label", "image"), "--by")
    for option, number in (("--num-samples", num_samples), ("--top", top)):
        check_at_least(number, 1, option)
    opened = Run.open(run)
    x, labels = images_of(opened, source, data_dir)
    if labels is None and by == "label":
        raise InputError(
            "an audit of labels must have labels", f"{source}, which has none", "Take --by image."
        )
    with working("scoring"):
        scores = score_rows(opened.by_keras, x, labels, num_samples, seed)
    rows = (scores.by_label() if by == "label" else scores.by_image())[:top]
    columns = {name: values[rows] for name, values in scores.columns().items()}
    write_table(out, columns, {"row"})
    images = x[rows] if x.dtype.kind == "f" else x[rows] / opened.record.preprocessing.x_max
    page = sheet(to_uint8(images))
    with atomic_path(page_path) as fresh:
        Image.fromarray(page[..., 0] if page.shape[-1] == 1 else page).save(fresh)
    print(f"{out}, {page_path}: the {len(rows):,} of {len(x):,} rows least plausible by {by}")
    return 0
