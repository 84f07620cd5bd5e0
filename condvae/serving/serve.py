"""Where serving starts; the extra `serve` is imported here, when it is asked for."""

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
    """Raise if a package of the extra is missing."""
    try:
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise InputError(
            "serving needs the packages starlette, uvicorn and prometheus-client",
            f"no {error.name} that can be imported",
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
    """Serve runs until SIGTERM or Ctrl-C; whether it was Ctrl-C.

    For a process that does nothing else: products take one core each from then on, since requests
    go a core each.

    Args:
        runs: folders or archives.
        bounds: what is taken.
        host: the address to listen at.
        port: 0 for any that is free.
        token: that requests must know; None: none.
        started: called with the address and the runs' names when requests are taken.

    Raises:
        InputError: a run that cannot be served, an address that cannot be listened at.
    """
    from condvae.serving.app import Service
    from condvae.serving.served import opened
    from condvae.serving.server import serve, was_interrupted

    threadpool_limits(1, user_api="blas")
    # an answer tells its own client
    warnings.simplefilter("ignore", UnseenConditionWarning)
    service = Service(opened(runs), bounds)
    names = list(service.served)
    return was_interrupted(
        serve(service, service.app(token), host, port, lambda where: started(where, names))
    )
