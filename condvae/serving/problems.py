"""Errors of requests as HTTP responses."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from condvae.checks import InputError
from condvae.serving.batching import Busy, Closing, Late

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CLOSE = {"connection": "close"}


class Problem(Exception):  # noqa: N818 - not always a mistake
    """An HTTP status with an InputError.

    Args:
        mistake: the error.
        headers: additional headers.
    """

    def __init__(self, status: int, mistake: InputError, headers: Mapping[str, str] | None = None):
        super().__init__(str(mistake))
        self.status, self.mistake, self.headers = status, mistake, dict(headers or {})

    @property
    def body(self) -> bytes:
        """JSON; the error as a single string, as in the Open Inference Protocol."""
        said = self.mistake
        parts = {"expected": said.expected, "received": said.received, "remedy": said.remedy}
        return json.dumps({"error": str(said), **parts}, ensure_ascii=False).encode()


def problem_of(error: Exception) -> Problem:
    """The problem for an exception of a request; unexpected exceptions are raised again."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, InputError):
        return Problem(422, error)
    for kind, (status, headers, words) in STATES.items():
        if isinstance(error, kind):
            return Problem(status, InputError(*words), headers)
    raise error


async def refuse(send: Send, problem: Problem, more_body: bool = False) -> None:
    """Answer with a problem.

    Args:
        more_body: whether the caller ends the response; its whole content is sent here.
    """
    headers = {
        "content-type": "application/json",
        "content-length": str(len(problem.body)),
        **problem.headers,
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": pairs})
    await send({"type": "http.response.body", "body": problem.body, "more_body": more_body})


STATES: dict[type[Exception], tuple[int, dict[str, str], tuple[str, str, str]]] = {
    Busy: (
        429,
        {"retry-after": "1"},
        ("the queue must have room", "a request more than it holds", "Try again later."),
    ),
    Late: (
        504,
        {},
        ("an answer must be available in time", "none so far", "Request fewer rows, or later."),
    ),
    Closing: (
        503,
        CLOSE,
        ("requests must arrive before the shutdown", "one after it", "Use another server."),
    ),
}
