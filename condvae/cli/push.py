"""condvae push."""

import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError
from condvae.cli.arguments import DataDir, data_of_run, working

Flag = Annotated[bool, Parameter(negative="")]


def push(
    run: Annotated[Path, Parameter(name="RUN")],
    address: Annotated[str, Parameter(name="USER/NAME")],
    /,
    *,
    private: Flag = False,
    license: str | None = None,
    space: Flag = False,
    with_data: Flag = False,
    data: str | None = None,
    data_dir: DataDir = None,
    dry_run: Flag = False,
    overwrite: Flag = False,
) -> int:
    """Send a run to the Hugging Face hub: as one file, with a model card.

    It needs huggingface_hub (pip install 'condvae[hub]') and a token, from `hf auth login` or in
    HF_TOKEN. The files to send are listed first. Paths of this machine and conditions of few rows
    are removed from the record; docs/hub.md has the details.

    Args:
        run: A run folder, or an archive.
        address: The repository; it is created if it does not exist.
        private: Make the repository visible to you alone; one that is already public is refused.
        license: Licence of the model, as the hub names it: apache-2.0, mit, cc-by-4.0.
        space: Also send the explorer, as a Space of the same name: a page without the data.
        with_data: Include encodings of the training images, and some of these images, in the page.
        data: The training data, if they are no longer found under the recorded name.
        dry_run: Print what would be sent, and the card, without sending anything.
        overwrite: Replace existing files by a new revision; the hub keeps the earlier ones.
    """
    from condvae.reports.publication import CARD_NAME, write_model, write_space
    from condvae.runs import Run
    from condvae.runs.hub import Address, Kind, check_target, send
    from condvae.runs.shared import what_is_told

    target, opened = Address.parse(address), Run.open(run)
    if target.revision is not None:
        raise InputError(
            "a run must be sent to the newest revision",
            f"@{target.revision}",
            "Leave it out.",
        )
    if (with_data or data or data_dir) and not (space and with_data):
        raise InputError(
            "data can only go into the page of a Space",
            "no --space" if not space else "no --with-data",
            "Write --space --with-data.",
        )
    with tempfile.TemporaryDirectory() as scratch:
        folders: dict[Kind, Path] = {"model": Path(scratch, "model")}
        if space:
            folders["space"] = Path(scratch, "space")
        told = what_is_told(opened.record)
        with working("preparing"):
            for folder in folders.values():
                folder.mkdir()
            write_model(opened, folders["model"], target, license)
            if space:
                dataset = data_of_run(opened, data, data_dir) if with_data else None
                said = write_space(opened, folders["space"], target, license, dataset)
                told.append(f"The page: {said}")
        files: dict[Kind, list[Path]] = {k: sorted(f.iterdir()) for k, f in folders.items()}
        seen_by = "private" if private else "public if it is new, or as your organisation sets it"
        for kind, paths in files.items():
            print(f"{'would go' if dry_run else 'goes'} to {target.url(kind)}, {seen_by}:")
            print(*(f"  {p.name}  {p.stat().st_size:,} bytes" for p in paths), sep="\n")
        print(*told, sep="\n")
        if dry_run:
            print("", (folders["model"] / CARD_NAME).read_text(encoding="utf-8"), sep="\n", end="")
            return 0
        for kind, paths in files.items():  # before anything is sent
            check_target(target, [path.name for path in paths], kind, private, overwrite)
        for kind, folder in folders.items():
            with working(f"sending to {target.url(kind)}"):
                page = send(target, folder, kind, private)
            print(f"sent: {page}")
    return 0
