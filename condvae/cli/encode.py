"""condvae encode."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_suffix
from condvae.cli.arguments import DataDir, Overwrite, working
from condvae.cli.bulk import InParts, written


def encode(
    run: Annotated[Path, Parameter(name="RUN")],
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    out: str,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
    parts: InParts = InParts(),
) -> int:
    """Encode every image: an .npz file with mean and logvar of the posterior, and y, in the order
    of the data.

    Args:
        run: A run folder.
        source: A set's name, a path or a URL; or a pattern in quotes, 'parts/*.npz'.
        out: The .npz file to write. For a pattern, a folder in which each part gets one; running
            the command again makes the ones that are missing.
    """
    from condvae.runs import Run
    from condvae.runs.rows import rows_of_run
    from condvae.serving.bulk.encode import Encode, write_posteriors
    from condvae.serving.bulk.parts import local

    if parts.has(source):
        return parts.make(run, source, out, Encode(), overwrite)
    check_suffix(Path(out), ".npz")
    with written(out, overwrite) as path, working("encoding") as say, local(source) as data:
        opened = Run.open(run)
        Encode().check(opened)
        rows = rows_of_run(opened, data, data_dir)
        total = f"of {rows.num_rows:,}"
        write_posteriors(opened, rows, path, spread=True, say=lambda done: say(f"{done:,} {total}"))
    latents = opened.spec.model.latent_dim
    print(f"{out}: mean and logvar of {rows.num_rows:,} {rows.unit}, {latents} latents")
    return 0
