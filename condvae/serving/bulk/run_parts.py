"""All parts of a call, of which the missing ones are made."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import accumulate

from condvae.checks import InputError, check_at_least
from condvae.files.cluster import Pool, library, on_ray
from condvae.files.tensors import DIGESTS
from condvae.runs import Run
from condvae.serving.bulk.folder import Folder, Made, Manifest, made_of
from condvae.serving.bulk.local import ONE_THREAD, in_processes
from condvae.serving.bulk.parts import Part, find_parts
from condvae.serving.bulk.verb import Verb
from condvae.serving.bulk.work import Job, Outcome, Work, opened


@dataclass(frozen=True)
class Report:
    """The result of a call.

    Attributes:
        made: number of parts made.
        before: number of parts that existed before.
        rows: number of rows in the parts made.
    """

    made: int
    before: int
    rows: int


def run_parts(
    run_path: str,
    pattern: str,
    out: str,
    verb: Verb,
    workers: int | None = None,
    pool: Pool | None = None,
    ray: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Make an output for each part that has none yet, and then the joint output, if there is one.

    An error in one part ends only that part; the others are made, and then it is raised.

    Args:
        run_path: path of the run.
        pattern: pattern of the parts' paths, or URLs.
        out: the folder of the outputs, or its URL.
        verb: what is made from each part.
        workers: number of processes on this machine; None: one per core.
        pool: runs the jobs; None: local processes, or the cluster.
        ray: address of a Ray cluster that runs them; its machines must have run, parts and folder
            under the same paths.
        say: called with progress messages.

    Raises:
        InputError: no parts, a folder with other content, or parts that do not fit.
    """
    run, folder = opened(run_path), Folder(out)
    verb.check(run)
    cores = len(os.sched_getaffinity(0))
    count = check_at_least(cores if workers is None else workers, 1, "`workers`")
    if ray is not None:
        library()  # before anything is written
        run_path, pattern, out = (_absolute(place) for place in (run_path, pattern, out))
        folder = Folder(out)
    parts = find_parts(pattern)
    if verb.joint in (part.name for part in parts):
        raise InputError(
            f"parts must not be named {verb.joint}, like the output of all of them",
            pattern,
            "Rename that part.",
        )
    work = Work(run_path, verb, folder.place, verb.suffix_of(run))
    wanted = Manifest(
        command=verb.name,
        run=sum_of(run),
        settings=json.loads(json.dumps(verb.settings())),
        parts=made_of(parts),
    )
    if not folder.is_remote and not os.path.isdir(folder.place) and os.path.exists(folder.place):
        raise InputError(
            "the output must be a folder", f"{folder.place}, a file", "Choose a folder."
        )
    elsewhere = in_processes(count) if ray is None else on_ray(ray, ONE_THREAD)
    with folder.opened(), nullcontext(pool) if pool else elsewhere as do:
        if verb.is_numbered(run):
            counted = _counted(work, parts, folder.read(), do)
            wanted = wanted.model_copy(update={"parts": counted})
        done, before = folder.finished(wanted, work.suffix), folder.read()
        names = tuple(part.name for part in parts)
        there = len(done) == len(parts) and before is not None and before.joined == names
        joined = there and verb.joint + work.suffix in folder.names()
        folder.write(wanted.model_copy(update={"joined": names if joined else ()}))
        jobs = [Job(p, wanted.parts[p.name].first or 0) for p in parts if p.name not in done]
        rows, mistakes = 0, []
        for number, outcome in enumerate(do(work.do, jobs), 1):
            rows += outcome.rows or 0
            mistakes += [outcome] if outcome.mistake else []
            say(f"{len(done) + number:,} of {len(parts):,} parts")
        if verb.joint and not mistakes and not joined:
            verb.join(run, parts, folder)
            folder.write(wanted.model_copy(update={"joined": names}))
    _raise(mistakes, len(jobs))
    return Report(len(jobs), len(done), rows)


def sum_of(run: Run) -> str:
    """sha256, in hex, of what determines a run's results: weights, spec, conditions, pixels."""
    record = run.record
    parts = [
        run.stored_weights().texts.get(DIGESTS, ""),
        *(of.model_dump_json() for of in (record.spec, record.condition, record.preprocessing)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _absolute(place: str) -> str:
    """A path that tasks on other machines can use; addresses are unchanged."""
    return place if re.match(r"\w[\w+.-]*:/", place) else os.path.abspath(place)


def _counted(
    work: Work, parts: Sequence[Part], before: Manifest | None, do: Pool
) -> dict[str, Made]:
    """The parts with the number of each one's first row, counted if not known yet."""
    known = {} if before is None else before.parts
    rows = {
        part.name: known[part.name].rows
        for part in parts
        if part.name in known and known[part.name].bytes == part.size >= 0
    }
    jobs = [Job(part, None) for part in parts if rows.get(part.name) is None]
    outcomes: list[Outcome] = list(do(work.do, jobs))
    _raise([outcome for outcome in outcomes if outcome.mistake], len(jobs))
    rows |= {outcome.name: outcome.rows for outcome in outcomes}
    firsts = accumulate((rows[part.name] or 0 for part in parts), initial=0)
    return {
        part.name: Made(bytes=part.size, first=first, rows=rows[part.name])
        for part, first in zip(parts, firsts, strict=False)
    }


def _raise(mistakes: Sequence[Outcome], count: int) -> None:
    """Raise the first error, in the order of the parts' names, with the number of errors."""
    for outcome in sorted(mistakes, key=lambda outcome: outcome.name)[:1]:
        error = outcome.mistake
        assert error is not None  # noqa: S101
        others = f" (in {len(mistakes):,} of {count:,} parts)" if len(mistakes) > 1 else ""
        raise InputError(
            f"part {outcome.name}: {error.expected}", f"{error.received}{others}", error.remedy
        )
