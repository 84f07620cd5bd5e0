"""The server process: a socket, uvicorn, and a graceful shutdown."""

# pyright: reportMissingImports=false

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from condvae.checks import InputError
from condvae.serving.app import Service

KEEP_ALIVE = 5.0  # seconds for which a connection may be idle


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection if the headers of its first request are late."""

    def connection_made(self, transport: Any) -> None:
        """Start the timer, which uvicorn starts only after a first request."""
        super().connection_made(transport)
        self.loop.call_later(KEEP_ALIVE, self._check_headers)

    def _check_headers(self) -> None:
        """Close a connection without a request."""
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Shuts down after answering all accepted requests.

    On the first SIGTERM or Ctrl-C the server is no longer ready and accepts no further requests; on
    the second one it ends immediately.

    Args:
        service: the service whose requests are finished.
        config: configuration of uvicorn.
        started: called when connections are accepted.

    Attributes:
        signal: the signal that ended it.
    """

    def __init__(self, service: Service, config: uvicorn.Config, started: Callable[[], object]):
        super().__init__(config)
        self._service, self._started = service, started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None
        self.signal: int | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and report that the server is ready."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the shutdown; in a signal handler, where little is allowed."""
        if self._loop is None or self.signal is not None:
            self.force_exit = self.should_exit = True
            return
        self.signal = sig
        self._loop.call_soon_threadsafe(self._begin_to_end)

    def _begin_to_end(self) -> None:
        """Finish waiting requests, then let uvicorn close."""
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        """Wait for the last answer."""
        await self._service.batcher.drain()
        self.should_exit = True


def serve(
    service: Service, app: Starlette, host: str, port: int, started: Callable[[str], object]
) -> int | None:
    """Serve until a signal is received, and return it.

    Args:
        service: the service that answers requests.
        app: its application.
        host: the address on which to listen.
        port: the port; 0 for any free port.
        started: called with the server's address when connections are accepted.

    Raises:
        InputError: the address is not available.
    """
    listening = _listening(host, port)
    where, port = listening.getsockname()[:2]
    limits = service.bounds.batches
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # errors of clients are counted rather than logged
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # connections need memory, too: uvicorn answers 503 above this limit
        limit_concurrency=4 * limits.most_waiting,
        timeout_keep_alive=int(KEEP_ALIVE),
        timeout_graceful_shutdown=int(limits.deadline) + 1,
    )
    shown = f"[{where}]" if ":" in where else where
    server = Server(service, config, lambda: started(f"http://{shown}:{port}"))
    with listening:
        server.run([listening])
    return server.signal


def was_interrupted(ended_by: int | None) -> bool:
    """Whether the signal was Ctrl-C."""
    return ended_by == signal.SIGINT


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        raise InputError(
            "the address must be available for listening",
            f"{host} port {port} ({error})",
            "Choose another one with `port`.",
        ) from None
    # asyncio does this only for sockets that name their protocol; otherwise the second part of an
    # answer waits 40 ms
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
