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
    """Answer requests over HTTP, in batches, with NumPy alone: JSON, PNG, .npy.

    The Open Inference Protocol v2 is supported, too; /openapi.json describes all addresses. Needs
    the extra `serve`. With a token, in a file or in CONDVAE_TOKEN, requests must include it.

    Exit codes: 0 after SIGTERM, 130 after Ctrl-C, once all requests are answered; 2 a mistake.

    Args:
        runs: Run folders, or archives.
        host: Address to listen on; 0.0.0.0 accepts requests from other machines.
        port: Port of that address; 0 chooses a free one.
        token_file: File with a token that every request must carry.
        workers: Number of batches that are computed at the same time. Default: the number of cores.
        batch_rows: Largest number of rows in a batch, from one request or several.
        delay: Milliseconds that a request waits for others while a core is idle.
        queue: Largest number of waiting requests; further ones are refused (429).
        deadline: Seconds within which each request must be answered (504).
        body_bytes: Largest size of a request's body; larger ones are refused (413) before they are
            read.
        body_seconds: Seconds within which the body of a request must arrive (408).
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
