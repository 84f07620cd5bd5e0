"""The processing of a part in a worker process."""

from dataclasses import dataclass
from functools import cache

from condvae.checks import InputError
from condvae.runs import Run
from condvae.serving.bulk.folder import Folder
from condvae.serving.bulk.parts import Part, local
from condvae.serving.bulk.verb import Verb


@dataclass(frozen=True)
class Job:
    """A part to process.

    Attributes:
        first: number of its first row; None: count the rows.
    """

    part: Part
    first: int | None = 0


@dataclass(frozen=True)
class Outcome:
    """The result of a job.

    Attributes:
        name: name of the part.
        rows: number of its rows; None after an error.
        mistake: the error.
    """

    name: str
    rows: int | None
    mistake: InputError | None = None


@dataclass(frozen=True)
class Work:
    """A verb with the parts of one call; it is sent to worker processes.

    Attributes:
        run: path of the run, or its address.
        verb: the verb.
        out: path or URL of the outputs' folder.
        suffix: suffix of the outputs.
    """

    run: str
    verb: Verb
    out: str
    suffix: str

    def do(self, job: Job) -> Outcome:
        """Make a part's output, or count its rows; an error in its content ends only this part."""
        run, name = opened(self.run), job.part.name
        try:
            with local(job.part.source) as source:
                if job.first is None:
                    return Outcome(name, self.verb.num_rows(run, source))
                with Folder(self.out).output(name + self.suffix) as out:
                    rows = self.verb.make(run, source, out, job.first)
            return Outcome(name, rows)
        except InputError as error:
            return Outcome(name, None, error)


@cache
def opened(path: str) -> Run:
    """The run, cached with its compiled functions for all parts of a process."""
    return Run.open(path)
