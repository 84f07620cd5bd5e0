"""The entry point of serving; only here the extra `serve` is imported, when needed."""

# pyright: reportMissingImports=false

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from condvae.checks import InputError, UnseenConditionWarning

if TYPE_CHECKING:
    from condvae.serving.app import Bounds


def check_installed() -> None:
    """Raise InputError if a package of the extra is missing."""
    try:
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise InputError(
            "serving requires the packages starlette, uvicorn and prometheus-client",
            f"no package {error.name}",
            "Install them with: pip install 'condvae[serve]'.",
        ) from None


def serve_runs(
    runs: Sequence[Path],
    bounds: "Bounds",
    host: str,
    port: int,
    token: str | None,
    started: Callable[[str, list[str]], object],
) -> bool:
    """Serve runs until SIGTERM or Ctrl-C; return whether it was Ctrl-C.

    For a process that does nothing else: from then on matrix products use one core each, since
    requests are distributed over the cores.

    Args:
        runs: folders or archives.
        bounds: limits of the server.
        host: the address on which to listen.
        port: the port; 0 for any free port.
        token: token that requests must have; None: no token.
        started: called with the address and the runs' names when the server is ready.

    Raises:
        InputError: a run cannot be served, or the address is not available.
    """
    from condvae.serving.app import Service
    from condvae.serving.served import opened
    from condvae.serving.server import serve, was_interrupted

    threadpool_limits(1, user_api="blas")
    # warnings are in the answer to the client
    warnings.simplefilter("ignore", UnseenConditionWarning)
    service = Service(opened(runs), bounds)
    names = list(service.served)
    return was_interrupted(
        serve(service, service.app(token), host, port, lambda where: started(where, names))
    )
