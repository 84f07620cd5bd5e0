"""Writes checkpoints that are killed at every place; `test_checkpoint.py` runs it.

A program of its own, because it forks, which a process with JAX's threads must not do. Prints a
line for each place: its name, and which of the two checkpoints was found afterwards.
"""

import os
import sys
from pathlib import Path

import numpy as np
from stopper import Stopper

from condvae.runs.checkpoint import Checkpoint, TrainingState, newest_checkpoint, save_checkpoint
from condvae.runs.history import COLUMNS


def checkpoint(epochs: int) -> Checkpoint:
    """A state after so many epochs."""
    rows = [{**dict.fromkeys(COLUMNS, 1.0), "epoch": n + 1, "val_loss": n} for n in range(epochs)]
    tensors = {"weights/a": np.full((50, 7), epochs, "float32")}
    return Checkpoint(TrainingState(rows=tuple(rows)), tensors, {"a": tensors["weights/a"]})


def same(one: Checkpoint, other: Checkpoint) -> bool:
    """Equal to the last bit."""
    return one.state == other.state and all(
        a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)
        for a, b in ((one.tensors, other.tensors), (one.best_weights, other.best_weights))
    )


def killed_at(place: int, folder: Path, log: Path) -> bool:
    """Whether the process that writes the fourth checkpoint came to that place."""
    process = os.fork()
    if process == 0:
        Stopper(folder, place, log).install()
        save_checkpoint(folder, checkpoint(4))
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def main(room: Path) -> None:
    """All places, one after the other."""
    place, killed = 0, True
    while killed:
        folder, log = room / str(place), room / "place.txt"
        for epochs in (1, 2, 3):
            save_checkpoint(folder, checkpoint(epochs))
        killed = killed_at(place, folder, log)
        found = newest_checkpoint(folder)
        which = [n for n in (3, 4) if found and same(found, checkpoint(n))]
        save_checkpoint(folder, checkpoint(4))  # as the resumed training does
        again = newest_checkpoint(folder)
        whole = again is not None and same(again, checkpoint(4))
        print(f"{log.read_text() if killed else 'the end'}: {which} {whole}")
        place += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
