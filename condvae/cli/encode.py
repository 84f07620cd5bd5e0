"""condvae encode."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.bulk import Workers, has_parts, make_parts


def encode(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: Path,
    workers: Workers = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """The posterior of every image: an .npz with mean, logvar and y, in the data's order.

    Args:
        run: A run folder.
        source: A set's name or a path; or a pattern in quotes, 'parts/*.npz'.
        out: The .npz to write; of parts a folder, which gets one for each. The same command
            again makes those that are missing.
    """
    from condvae.runs import Run
    from condvae.runs.rows import rows_of_run
    from condvae.serving.bulk.encode import Encode, write_posteriors

    if has_parts(source, workers):
        return make_parts(run, source, out, Encode(), workers, overwrite)
    check_suffix(check_new_path(out, overwrite), ".npz")
    opened = Run.open(run)
    Encode().check(opened)
    with working("encoding") as say:
        rows = rows_of_run(opened, source, data_dir)
        total = f"of {rows.num_rows:,}"
        write_posteriors(opened, rows, out, spread=True, say=lambda done: say(f"{done:,} {total}"))
    latents = opened.spec.model.latent_dim
    print(f"{out}: mean and logvar of {rows.num_rows:,} {rows.unit}, {latents} latents")
    return 0
