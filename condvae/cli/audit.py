"""condvae audit."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path
from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.bulk import InParts, written


def audit(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: str,
    top: int = 100,
    by: Annotated[str, Parameter(help="label, or image.")] = "label",
    num_samples: int = 50,
    seed: int = 0,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
    parts: InParts = InParts(),
) -> int:
    """Find the rows whose label, or image, is least plausible: a table and a contact sheet.

    Args:
        run: The folder of a run on images with classes.
        source: A set's name, a path or a URL; or a pattern in quotes, 'parts/*.npz'.
        out: The .csv, .tsv or .parquet file to write; the contact sheet is the .png file of the
            same name. For a pattern, a folder in which each part gets both, and all parts together
            all.parquet and all.png; running the command again makes the ones that are missing.
        top: Number of rows to report.
        num_samples: Number of draws of z for each image and each plausible label.
        seed: Seed of these draws.
    """
    from condvae.cli.lines import shares_told
    from condvae.data.writing import check_written
    from condvae.runs import Run
    from condvae.runs.rows import rows_of_run
    from condvae.serving.bulk.audit import Audit
    from condvae.serving.bulk.parts import local

    verb = Audit(num_samples, seed, top, by)
    if parts.has(source):
        return parts.make(run, source, out, verb, overwrite)
    check_written(Path(out))
    with written(out, overwrite) as path, working("scoring") as say, local(source) as data:
        check_new_path(path.with_suffix(".png"), overwrite)
        opened = Run.open(run)
        verb.check(opened)
        rows, tell = rows_of_run(opened, data, data_dir, bare=True), shares_told(say)
        count = verb.write(opened, rows, path, lambda done: tell(done / rows.num_rows))
    shown, page = min(top, count), os.path.splitext(out)[0] + ".png"
    print(f"{out}, {page}: the {shown:,} of {count:,} rows least plausible by {by}")
    return 0
