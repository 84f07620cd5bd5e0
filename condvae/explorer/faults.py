"""The doctor's findings on a run, if they are stored."""

import json
from collections.abc import Sequence
from pathlib import Path

from condvae.files.atomic import write_text

# From an evaluation, and from the end of training.
NAMES = ("metrics.json", "doctor.json")
MOST_BYTES = 2**24


def read_faults(folder: Path) -> tuple[str, ...]:
    """The doctor's sentences, those of an evaluation first; none if it has not been run.

    Args:
        folder: folder of a run. A damaged file counts as missing.
    """
    for name in NAMES:
        try:
            if (folder / name).stat().st_size <= MOST_BYTES:
                return tuple(map(str, json.loads((folder / name).read_bytes())["faults"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return ()


def write_faults(folder: Path, faults: Sequence[str]) -> None:
    """Store the doctor's findings at the end of training."""
    write_text(folder / NAMES[-1], json.dumps({"faults": list(faults)}) + "\n")
