"""The folder of the outputs, local or behind a URL, and its manifest."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from condvae.checks import InputError
from condvae.files import remote
from condvae.files.atomic import remove_scratch, write_text
from condvae.files.frozen import Frozen
from condvae.files.lock import LOCK_NAME, locked
from condvae.serving.bulk.parts import Part

MANIFEST_NAME = "bulk.json"


class Made(Frozen):
    """The part from which an output was made.

    Attributes:
        bytes: size of the part.
        first: number of its first row; None if it is irrelevant.
        rows: number of rows of the part, if they were counted.
    """

    bytes: int
    first: int | None = None
    rows: int | None = None


class Manifest(Frozen):
    """What determines the outputs of a folder.

    Attributes:
        command: name of the verb.
        run: sha256 of everything that determines the run's results.
        settings: settings of the verb.
        parts: the parts by name.
        joined: names of the parts in the joint output.
    """

    command: str
    run: str
    settings: dict[str, Any]
    parts: dict[str, Made]
    joined: tuple[str, ...] = ()


class Folder:
    """A folder for outputs.

    Args:
        place: a path or a URL.
    """

    def __init__(self, place: str | Path):
        self.place, self.is_remote = str(place).rstrip("/"), remote.is_url(place)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Lock the folder for a single writer; a folder behind a URL cannot be locked."""
        if self.is_remote:
            yield
            return
        path = Path(self.place)
        path.mkdir(parents=True, exist_ok=True)
        with locked(path):
            for scratch in {path, *(found.parent for found in path.rglob(".*.tmp"))}:
                remove_scratch(scratch)
            yield

    def names(self) -> set[str]:
        """Names of the files in it, except for its own manifest and lock."""
        if self.is_remote:
            found = remote.names_in(self.place)
        else:
            path = Path(self.place)
            found = {file.relative_to(path).as_posix() for file in path.rglob("*")}
        return {name for name in found if name.rpartition("/")[2] not in (LOCK_NAME, MANIFEST_NAME)}

    def read(self) -> Manifest | None:
        """The manifest; None if there is none.

        Raises:
            InputError: it is damaged.
        """
        try:
            if self.is_remote:
                text = remote.read_text(f"{self.place}/{MANIFEST_NAME}")
            else:
                text = Path(self.place, MANIFEST_NAME).read_text(encoding="utf-8")
            return Manifest.model_validate_json(text)
        except FileNotFoundError:
            return None
        except (ValidationError, UnicodeDecodeError):
            raise InputError(
                f"{self.place}/{MANIFEST_NAME} must be a valid manifest",
                "a damaged file",
                "Choose a new folder.",
            ) from None

    def write(self, manifest: Manifest) -> None:
        """Write the manifest."""
        text = json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n"
        if self.is_remote:
            remote.write_text(f"{self.place}/{MANIFEST_NAME}", text)
        else:
            write_text(Path(self.place, MANIFEST_NAME), text)

    @contextmanager
    def output(self, name: str) -> Iterator[Path]:
        """The path for writing an output; behind a URL, files beside it are uploaded before it."""
        if not self.is_remote:
            yield Path(self.place, name)
            return
        with TemporaryDirectory(prefix="condvae-") as folder:
            path = Path(folder, name.rpartition("/")[2])
            yield path
            for file in sorted(path.parent.iterdir(), key=path.__eq__):
                beside = name.removesuffix(path.name) + file.name
                remote.put(file, f"{self.place}/{beside}")

    def finished(self, wanted: Manifest, suffix: str) -> set[str]:
        """Names of the parts with finished outputs that match the request.

        Raises:
            InputError: the folder contains something else.
        """
        there, before = self.names(), self.read()
        if before is None:
            if there:
                raise InputError(
                    "the output must be a new folder, or one that this command has started",
                    f"{self.place}, which holds {min(there)}",
                    "Choose another folder.",
                )
            return set()
        words = {"command": "by", "run": "of the run", "settings": "by the settings"}
        for field, of in words.items():
            theirs, ours = getattr(before, field), getattr(wanted, field)
            if theirs != ours:
                raise InputError(
                    f"the outputs in {self.place} must be {of} of this call, {_shown(ours)}",
                    _shown(theirs),
                    "Choose another folder.",
                )
        done = {name for name in wanted.parts if name + suffix in there}
        for name in sorted(done & before.parts.keys()):
            old, new = before.parts[name], wanted.parts[name]
            if (old.bytes, old.first) != (new.bytes, new.first):
                what = "bytes" if old.bytes != new.bytes else "rows before it"
                raise InputError(
                    f"part {name} must be unchanged since its output was made, "
                    f"{old.bytes if what == 'bytes' else old.first:,} {what}",
                    f"{new.bytes if what == 'bytes' else new.first:,}",
                    "Choose another folder.",
                )
        return done & before.parts.keys()


def made_of(parts: Sequence[Part]) -> dict[str, Made]:
    """The entries of a manifest for parts."""
    return {part.name: Made(bytes=part.size) for part in parts}


def _shown(value: Any) -> str:
    """A value in an error message."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {setting}" for name, setting in value.items()) or "none"
    return f"{value:.12}" if isinstance(value, str) else str(value)
