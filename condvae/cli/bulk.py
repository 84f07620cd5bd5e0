"""Commands on data in parts: a pattern as the source, a folder as the output."""

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
    """How parts are processed.

    Attributes:
        workers: Number of processes for parts. Default: the number of cores.
        ray: Address of a Ray cluster that processes parts, such as auto; local starts a cluster
            on this machine.
    """

    workers: int | None = None
    ray: str | None = None

    def has(self, source: str) -> bool:
        """Whether a source is a pattern of several parts.

        Raises:
            InputError: workers for a single source.
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
        """Write the missing outputs, and report their number."""
        from condvae.serving.bulk.run_parts import run_parts

        if overwrite:
            raise InputError(
                "--overwrite must come with one output",
                "parts",
                "Remove the folder, or name another.",
            )
        with working(f"{verb.name}, parts") as say:
            report = run_parts(str(run), pattern, out, verb, self.workers, ray=self.ray, say=say)
        before = f"; {report.before:,} already there" if report.before else ""
        joint = f"; all together in {verb.joint}{verb.suffix}" if verb.joint else ""
        print(f"{out}: {report.made:,} parts made, {report.rows:,} rows{before}{joint}")
        return 0


def is_parts(source: str) -> bool:
    """Whether a source with such characters is a pattern, not a name that contains them."""
    from condvae.files import remote

    if remote.is_url(source):
        return remote.is_pattern(source)
    return not Path(source).exists()


@contextmanager
def written(out: str, overwrite: bool) -> Iterator[Path]:
    """A new path to write a file to; output to a URL is first written here.

    Raises:
        InputError: it already exists, or cannot be written.
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
