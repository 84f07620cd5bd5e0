"""Where a training writes."""

from pathlib import Path

from condvae.checks import InputError, check_new_path
from condvae.data import Dataset
from condvae.data.splits import SPLITS
from condvae.files.lock import LOCK_NAME
from condvae.runs import RECORD_NAME, last_run_path, new_run_path
from condvae.runs.checkpoint import TrainingState, checkpoint_name


def run_path(dataset: Dataset, kind: str, run_dir: Path | str | None, resume: bool = False) -> Path:
    """A folder that does not exist yet and can be made; to resume, also one with a run.

    Args:
        kind: the preset's name, or "custom".
        run_dir: the folder; None: runs/<data>-<kind>, the next one, or to resume the last one.
    """
    source = Path(dataset.name)
    stem = source.stem.removesuffix(".tar") or "data"
    # "train" alone tells nothing
    stem = f"{source.parent.name}-{stem}".strip("-") if stem.lower() in SPLITS else stem
    name = f"{stem}-{kind}"
    default = last_run_path(name) if resume else new_run_path(name)
    path = default if run_dir is None else Path(run_dir)
    if resume and path.is_file():
        raise InputError(
            "`resume` must go on with a run folder",
            f"{path}, which is a file",
            "An archive holds no training state: train a new run from its weights (`start_from`).",
        )
    if resume and path.is_dir():
        # what a kill can leave before the record is there
        left = {LOCK_NAME, "checkpoints", checkpoint_name(TrainingState())}
        found = {entry.name for entry in [*path.iterdir(), *path.glob("checkpoints/*")]}
        if (path / RECORD_NAME).exists() or all(n.endswith(".tmp") for n in found - left):
            return path
        raise InputError(
            "`resume` must go on with a run folder",
            f"{path}, which holds other files and no {RECORD_NAME}",
            "Choose another folder.",
        )
    if path.exists():
        raise InputError(
            "the run must go into a new folder",
            f"{path}, which exists",
            "Choose another name, or go on with the run that is there by `resume=True`.",
        )
    return check_new_path(path)
