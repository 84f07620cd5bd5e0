"""Commands on data in parts: a pattern in place of a source, a folder in place of a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from condvae.checks import InputError
from condvae.cli.arguments import working

if TYPE_CHECKING:
    from condvae.serving.bulk.verb import Verb

Workers = Annotated[
    int | None, Parameter(help="Of parts: so many processes; one a core when not given.")
]
MAGIC = "*?["


def has_parts(source: str, workers: int | None = None) -> bool:
    """Whether a source is a pattern of several.

    Raises:
        InputError: there are workers for one source.
    """
    if any(sign in source for sign in MAGIC) and not Path(source).exists():
        return True
    if workers is not None:
        raise InputError(
            "--workers must come with parts, such as 'parts/*.npz'", source, "Leave it out."
        )
    return False


def make_parts(
    run: Path, pattern: str, out: Path | str, verb: "Verb", workers: int | None, overwrite: bool
) -> int:
    """Make the outputs that are missing, and say how many there are."""
    from condvae.serving.bulk.run_parts import run_parts

    if overwrite:
        raise InputError(
            "--overwrite must come with one output", "parts", "Remove the folder, or name another."
        )
    with working(f"{verb.name}, parts") as say:
        report = run_parts(str(run), pattern, str(out), verb, workers, say=say)
    before = f"; {report.before:,} were there" if report.before else ""
    print(f"{out}: {report.made:,} parts made, {report.rows:,} rows{before}")
    return 0
