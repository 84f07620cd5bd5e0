"""condvae pull."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import check_new_path, check_suffix
from condvae.cli.arguments import Overwrite, working


def pull(
    address: Annotated[str, Parameter(name="USER/NAME")],
    /,
    *,
    out: Path | None = None,
    revision: str | None = None,
    overwrite: Overwrite = False,
) -> int:
    """Download a run from the Hugging Face hub, verify its checksums, and write it as an archive.

    It needs huggingface_hub (pip install 'condvae[hub]'). Every command takes the archive in place
    of a run folder; it also takes hf://USER/NAME, which is downloaded to huggingface_hub's cache.

    Args:
        address: The repository, also as hf://USER/NAME@REVISION.
        out: The .safetensors file to write. Default: runs/NAME.safetensors.
        revision: A branch, a tag or a commit. Default: the newest.
    """
    from condvae.files.atomic import atomic_path
    from condvae.runs import Run
    from condvae.runs.hub import Address, fetch
    from condvae.runs.shared import check_sums

    source = Address.parse(address)
    if revision is not None:
        source = replace(source, revision=revision)
    path = out or Path("runs", f"{source.short_name}.safetensors")
    check_suffix(check_new_path(path, overwrite), ".safetensors")
    with working(f"fetching {source}"), atomic_path(path) as fresh:
        fetched = fetch(source, fresh.parent / "hub")
        run = Run.open(fetched)
        check_sums(run)
        fetched.rename(fresh)
    print(f"{path}: {path.stat().st_size:,} bytes; given: {run.record.condition}")
    return 0
