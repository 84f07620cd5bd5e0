"""condvae score."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.bulk import InParts, written


def score(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: str,
    num_samples: int = 50,
    seed: int = 0,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
    parts: InParts = InParts(),
) -> int:
    """Write log p(x | y), log p(x) and the most probable label of every row to a table.

    Args:
        run: The folder of a run on images with classes.
        source: The name of a data set, a path or a URL; also images without labels (an .npz file of
            x alone, or a folder of image files); or a pattern in quotes, 'parts/*.npz'.
        out: The .csv, .tsv or .parquet file to write. For a pattern, a folder in which each part
            gets a .parquet file; running the command again makes the ones that are missing.
        num_samples: Number of draws of z for each image and each plausible label.
        seed: Seed of these draws. They are the same for every row, so that the scores of a row do
            not depend on the other rows.
    """
    from condvae.cli.lines import shares_told
    from condvae.data.writing import check_written
    from condvae.runs import Run
    from condvae.runs.rows import rows_of_run
    from condvae.serving.bulk.parts import local
    from condvae.serving.bulk.score import Score

    verb = Score(num_samples, seed)
    if parts.has(source):
        return parts.make(run, source, out, verb, overwrite)
    check_written(Path(out))
    with written(out, overwrite) as path, working("scoring") as say, local(source) as data:
        opened = Run.open(run)
        verb.check(opened)
        rows, tell = rows_of_run(opened, data, data_dir, bare=True), shares_told(say)
        count = verb.write(opened, rows, path, lambda done: tell(done / rows.num_rows))
    print(f"{out}: {count:,} rows; nats, importance sampling, {num_samples} draws of z")
    return 0
