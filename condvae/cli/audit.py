"""condvae audit."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path
from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.bulk import Workers, has_parts, make_parts


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
    workers: Workers = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """The rows whose label, or image, is least plausible: a table, and a contact sheet beside it.

    Args:
        run: A run folder, on images of classes.
        source: A set's name or a path; or a pattern in quotes, 'parts/*.npz'.
        out: The .csv, .tsv or .parquet to write; the sheet is the .png of that name. Of parts a
            folder, which gets both for each; the same command again makes those that are missing.
        top: How many rows.
        num_samples: Draws of z for each image and each label that may be the best.
        seed: Of these draws.
    """
    from condvae.data.writing import check_written
    from condvae.runs import Run
    from condvae.serving.bulk.audit import Audit

    verb = Audit(num_samples, seed, top, by)
    if has_parts(source, workers):
        return make_parts(run, source, out, verb, workers, overwrite)
    check_written(check_new_path(out, overwrite))
    page_path = check_new_path(out.with_suffix(".png"), overwrite)
    opened = Run.open(run)
    verb.check(opened)
    with working("scoring"):
        count = verb.make(opened, source, out, part=False, data_dir=data_dir)
    shown = min(top, count)
    print(f"{out}, {page_path}: the {shown:,} of {count:,} rows least plausible by {by}")
    return 0
