"""Why a request has no answer, as HTTP says it."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from condvae.checks import InputError
from condvae.serving.batching import Busy, Closing, Late

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CLOSE = {"connection": "close"}


class Problem(Exception):  # noqa: N818 - not always a mistake
    """A status, and a sentence in three parts.

    Args:
        mistake: the sentence.
        headers: beside those of its content.
    """

    def __init__(self, status: int, mistake: InputError, headers: Mapping[str, str] | None = None):
        super().__init__(str(mistake))
        self.status, self.mistake, self.headers = status, mistake, dict(headers or {})

    @property
    def body(self) -> bytes:
        """JSON; the sentence alone is what the Open Inference Protocol calls an error."""
        said = self.mistake
        parts = {"expected": said.expected, "received": said.received, "remedy": said.remedy}
        return json.dumps({"error": str(said), **parts}, ensure_ascii=False).encode()


def problem_of(error: Exception) -> Problem:
    """A problem of what a request has ended in; what is no state or mistake is raised again."""
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
        more_body: leave the answer's end to the caller; its whole content is sent.
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
        ("the queue must have room", "a request more than it holds", "Ask again later."),
    ),
    Late: (
        504,
        {},
        ("an answer must come in time", "none so far", "Ask for fewer rows, or later."),
    ),
    Closing: (
        503,
        CLOSE,
        ("requests must come before the server ends", "one after", "Ask another server."),
    ),
}
