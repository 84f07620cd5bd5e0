"""Request bodies must arrive completely, in time, and within the size limit, before parsing."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from condvae.checks import InputError
from condvae.serving.problems import CLOSE, Problem, Send, refuse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
# the time and amount for which a refused body is still read, so that the client sees the answer
LINGER_SECONDS, LINGER_BYTES = 2.0, 2**26


class WholeBodies:
    """ASGI: forwards requests whose body has arrived completely; others are refused, or dropped.

    Args:
        most_bytes: largest size, counted as the body arrives: 413 above, whatever was announced.
        seconds: time within which it must arrive: 408 afterwards.
    """

    def __init__(self, app: App, most_bytes: int, seconds: float):
        self._app, self._most_bytes, self._seconds = app, most_bytes, seconds

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Wait for the body, then call the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._whole(scope, receive)
        except Problem as problem:
            await _refuse_the_rest(problem, receive, send)
            return
        except TimeoutError:
            said = f"less after {self._seconds:g} s"
            mistake = InputError("a body must arrive completely", said, "Send it faster.")
            await _refuse_the_rest(Problem(408, mistake, CLOSE), receive, send)
            return
        if body is None:  # the client has disconnected
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self._app(scope, replay, send)

    async def _whole(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
        """The body; None if the client disconnects before its end."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._most_bytes:
            raise self._too_large(f"{int(announced):,}")
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most_bytes:
                raise self._too_large("more")
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self, received: str) -> Problem:
        """The problem for a body that is not read."""
        expected = f"a body must have at most {self._most_bytes:,} bytes"
        return Problem(413, InputError(expected, received, "Send fewer rows at a time."), CLOSE)


async def _refuse_the_rest(problem: Problem, receive: Receive, send: Send) -> None:
    """Answer, and keep reading for a while.

    A client that is still sending when the connection is closed would lose the answer.
    """
    await refuse(send, problem, more_body=True)
    await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    """Read and discard."""
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        pass
