"""What the doctor has found of a run, where it has left it."""

import json
from collections.abc import Sequence
from pathlib import Path

from condvae.files.atomic import write_text

# Of an evaluation, and of a training's end.
NAMES = ("metrics.json", "doctor.json")
MOST_BYTES = 2**24


def read_faults(folder: Path) -> tuple[str, ...]:
    """The doctor's sentences, those of an evaluation first; none where it was not asked.

    Args:
        folder: of a run. A file that is damaged is as good as none.
    """
    for name in NAMES:
        try:
            if (folder / name).stat().st_size <= MOST_BYTES:
                return tuple(map(str, json.loads((folder / name).read_bytes())["faults"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return ()


def write_faults(folder: Path, faults: Sequence[str]) -> None:
    """Leave what the doctor has found at the end of a training."""
    write_text(folder / NAMES[-1], json.dumps({"faults": list(faults)}) + "\n")
