"""Kills its own process in the middle of writing: at the n-th place where a kill could come."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from safetensors import numpy as safetensors

# How much of a file is written when the kill comes.
CUTS: dict[str, Callable[[int], int]] = {
    "nothing of": lambda size: 0,
    "the header of": lambda size: min(5, size),
    "half of": lambda size: size // 2,
    "all of": lambda size: size,
}


class Stopper:
    """Counts the places where a write could stop, and sends SIGKILL at one of them.

    Args:
        folder: whose files and folders are watched.
        at: the place, from 0; past the last one nothing happens.
        log: a file outside that names the place.
    """

    def __init__(self, folder: Path, at: int, log: Path):
        self.folder, self.at, self.log, self.count = folder, at, log, 0

    def install(self) -> None:
        """Watch each write, flush, rename and removal of this process."""
        write_bytes, flush, serialize = Path.write_bytes, os.fsync, safetensors.serialize_file

        def write(path: Path, content: bytes) -> None:
            for name, cut in CUTS.items() if self.folder in path.parents else ():
                write_bytes(path, content[: cut(len(content))])
                self._pass(f"{name} {path.name}")
            write_bytes(path, content)

        def fsync(descriptor: int) -> None:
            self._pass("before a flush")
            flush(descriptor)

        def write_tensors(tensors, path, **settings) -> None:
            serialize(tensors, path, **settings)  # in Rust, where nothing can be watched
            write(Path(path), Path(path).read_bytes())

        safetensors.serialize_file = write_tensors
        Path.write_bytes = write  # type: ignore[method-assign]
        Path.write_text = lambda path, text, **_: write(path, text.encode())  # type: ignore
        os.fsync = fsync
        os.replace = self._around("rename", os.replace)
        shutil.rmtree = self._around("removal", shutil.rmtree)

    def _around(self, name: str, call: Callable) -> Callable:
        """The same call with a place before and after it."""

        def watched(path, *arguments, **settings) -> None:
            self._pass(f"before the {name} of {Path(path).name}")
            call(path, *arguments, **settings)
            self._pass(f"after the {name} of {Path(path).name}")

        return watched

    def _pass(self, place: str) -> None:
        """Here a kill could come."""
        if self.count == self.at:
            with open(self.log, "w", encoding="utf-8") as file:
                file.write(place)
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1
