"""Commands on data in parts: a pattern in place of a source, a folder in place of a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path
from condvae.cli.arguments import working

if TYPE_CHECKING:
    from condvae.serving.bulk.verb import Verb


@Parameter(name="*")
@dataclass(frozen=True)
class InParts:
    """How parts are made.

    Attributes:
        workers: Of parts: so many processes; one a core when not given.
        ray: Of parts: the address of a Ray cluster that makes them, such as auto; local begins one
            on this machine.
    """

    workers: int | None = None
    ray: str | None = None

    def has(self, source: str) -> bool:
        """Whether a source is a pattern of several.

        Raises:
            InputError: there are workers for one source.
        """
        if any(sign in source for sign in "*?[") and is_parts(source):
            return True
        if (self.workers, self.ray) != (None, None):
            raise InputError(
                "--workers and --ray must come with parts, such as 'parts/*.npz'",
                source or "none",
                "Leave them out.",
            )
        return False

    def make(self, run: Path, pattern: str, out: str, verb: "Verb", overwrite: bool) -> int:
        """Make the outputs that are missing, and say how many there are."""
        from condvae.serving.bulk.run_parts import run_parts

        if overwrite:
            raise InputError(
                "--overwrite must come with one output",
                "parts",
                "Remove the folder, or name another.",
            )
        with working(f"{verb.name}, parts") as say:
            report = run_parts(str(run), pattern, out, verb, self.workers, ray=self.ray, say=say)
        before = f"; {report.before:,} were there" if report.before else ""
        print(f"{out}: {report.made:,} parts made, {report.rows:,} rows{before}")
        return 0


def is_parts(source: str) -> bool:
    """Whether a source that holds such signs is a pattern, and not a name with them."""
    from condvae.files import remote

    if remote.is_url(source):
        return remote.is_pattern(source)
    return not Path(source).exists()


@contextmanager
def written(out: str, overwrite: bool) -> Iterator[Path]:
    """A new path to write a file to; what goes to a URL is written here first.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    from condvae.files import remote

    if not remote.is_url(out):
        yield check_new_path(Path(out), overwrite)
        return
    if not overwrite and remote.find(out):
        raise InputError(
            "the output must be a new path",
            f"{out}, which exists",
            "Choose another name, or `overwrite=True`.",
        )
    with TemporaryDirectory(prefix="condvae-") as folder:
        path = Path(folder, out.rpartition("/")[2])
        yield path
        for file in sorted(path.parent.iterdir()):
            remote.put(file, f"{out.rpartition('/')[0]}/{file.name}")
