"""condvae serve."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_at_least
from condvae.cli.exit_codes import INTERRUPTED

DAY = 86_400  # seconds
TOKEN = "CONDVAE_TOKEN"  # noqa: S105 - the name of a variable


def serve(
    *runs: Annotated[Path, Parameter(name="RUN")],
    host: str = "127.0.0.1",
    port: int = 8000,
    token_file: Path | None = None,
    workers: int | None = None,
    batch_rows: int = 64,
    delay: float = 0.0,
    queue: int = 256,
    deadline: float = 10.0,
    body_bytes: int = 2**23,
    body_seconds: float = 10.0,
) -> int:
    """Answer requests over HTTP, in batches, by NumPy alone: JSON, PNG, .npy.

    Also by the Open Inference Protocol v2; /openapi.json describes all addresses. Needs the
    extra `serve`. With a token, in a file or in CONDVAE_TOKEN, requests must bring it.

    Exit codes: 0 after SIGTERM and 130 after Ctrl-C, when what waited is answered; 2 a mistake.

    Args:
        runs: Run folders, or archives.
        host: The address to listen at; 0.0.0.0 lets other machines ask.
        port: Of that address; 0: any that is free.
        token_file: The file of a token that every request must bring.
        workers: Batches that are computed at once; as many as there are cores when not given.
        batch_rows: Rows of a batch, of one request or several.
        delay: Milliseconds that a request waits for others while a core is idle.
        queue: Requests that wait; others are told to come again (429).
        deadline: Seconds until each must be answered (504).
        body_bytes: Of a request; larger ones are refused (413) before anything reads them.
        body_seconds: Until a request's body must have come (408).
    """
    from condvae.serving.serve import check_installed, serve_runs

    if not runs:
        raise InputError("serve needs a run folder", "none", "Write `condvae serve RUN`.")
    for name, number in (
        ("--workers", 1 if workers is None else workers),
        ("--batch-rows", batch_rows),
        ("--queue", queue),
        ("--body-bytes", body_bytes),
    ):
        check_at_least(number, 1, name)
    for name, number, least, most in (
        ("--delay", delay, 0, 1000 * DAY),
        ("--deadline", deadline, 0.001, DAY),
        ("--body-seconds", body_seconds, 0.001, DAY),
    ):
        if not least <= number <= most:
            expected = f"{name} must lie in [{least:g}, {most:g}]"
            raise InputError(expected, f"{number:g}", "Correct it.")
    check_installed()
    from condvae.serving.access import token_of
    from condvae.serving.app import Bounds
    from condvae.serving.batching import Limits

    token = token_of(token_file, os.environ.get(TOKEN))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limits = Limits(workers or cores or 1, batch_rows, delay / 1000, queue, deadline)
    bounds = Bounds(limits, body_bytes, body_seconds)

    def started(where: str, names: list[str]) -> None:
        print(f"{', '.join(names)}: {where}/openapi.json", flush=True)

    was_interrupted = serve_runs(runs, bounds, host, port, token, started)
    return INTERRUPTED if was_interrupted else 0
