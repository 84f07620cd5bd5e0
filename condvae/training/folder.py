"""The folder to which a training writes."""

from pathlib import Path

from condvae.checks import InputError, check_new_path
from condvae.data import Dataset
from condvae.data.splits import SPLITS
from condvae.files.lock import LOCK_NAME
from condvae.runs import RECORD_NAME, last_run_path, new_run_path
from condvae.runs.checkpoint import TrainingState, checkpoint_name


def run_path(dataset: Dataset, kind: str, folder: Path | str | None, resume: bool = False) -> Path:
    """A new folder that can be created, or, to resume, one with a run.

    Args:
        kind: the preset's name, or "custom".
        folder: the folder; None: runs/<data>-<kind>, with the next free number, or to resume the
            last one.
    """
    source = Path(dataset.name)
    stem = source.stem.removesuffix(".tar") or "data"
    # "train" alone would say nothing
    stem = f"{source.parent.name}-{stem}".strip("-") if stem.lower() in SPLITS else stem
    name = f"{stem}-{kind}"
    default = last_run_path(name) if resume else new_run_path(name)
    path = default if folder is None else Path(folder)
    if resume and path.is_file():
        raise InputError(
            "`resume` requires a run folder",
            f"{path}, which is a file",
            "An archive holds no training state: train a new run from its weights (`start_from`).",
        )
    if resume and path.is_dir():
        # files that a killed process can leave before the record exists
        left = {LOCK_NAME, "checkpoints", checkpoint_name(TrainingState())}
        found = {entry.name for entry in [*path.iterdir(), *path.glob("checkpoints/*")]}
        if (path / RECORD_NAME).exists() or all(n.endswith(".tmp") for n in found - left):
            return path
        raise InputError(
            "`resume` requires a run folder",
            f"{path}, which holds other files but no {RECORD_NAME}",
            "Choose another folder.",
        )
    if path.exists():
        raise InputError(
            "the run must be written to a new folder",
            f"{path}, which exists",
            "Choose another name, or continue the existing run with `resume=True`.",
        )
    return check_new_path(path)
