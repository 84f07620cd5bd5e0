"""Bodies that arrive whole, in time and not too large, before anything reads them."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from condvae.checks import InputError
from condvae.serving.problems import CLOSE, Problem, Send, refuse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
# of a body that was refused: so long, and so much, is read on, or the client would not see why
LINGER_SECONDS, LINGER_BYTES = 2.0, 2**26


class WholeBodies:
    """ASGI: hands on requests whose body has come whole; others are refused, or forgotten.

    Args:
        most_bytes: of a body, counted as they come: 413 beyond, whatever was announced.
        seconds: until it is there: 408 after.
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
            mistake = InputError("a body must arrive whole", said, "Send it faster.")
            await _refuse_the_rest(Problem(408, mistake, CLOSE), receive, send)
            return
        if body is None:  # the client has gone, and nobody is there to answer
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self._app(scope, replay, send)

    async def _whole(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
        """The body; None where the client has gone before its end."""
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
        """A body that is not read."""
        expected = f"a body must have {self._most_bytes:,} bytes or fewer"
        return Problem(413, InputError(expected, received, "Send fewer rows at a time."), CLOSE)


async def _refuse_the_rest(problem: Problem, receive: Receive, send: Send) -> None:
    """Answer, and read on for a while.

    A client that still sends when the connection ends would lose the answer.
    """
    await refuse(send, problem, more_body=True)
    await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    """Read and forget."""
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
