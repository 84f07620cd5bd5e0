"""Who may ask: those who know the token, where there is one."""

import hmac
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from condvae.checks import InputError
from condvae.serving.limits import App, Receive
from condvae.serving.problems import CLOSE, Problem, Send, refuse

LEAST = 16  # characters
OPEN = ("/v2/health/live", "/v2/health/ready")  # what asks for these has no secrets


class Access:
    """ASGI: hands on requests with `Authorization: Bearer TOKEN`; 401 for others.

    Whether a server lives and is ready may be asked by all.
    """

    def __init__(self, app: App, token: str):
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Compare the tokens, in a time that tells nothing."""
        is_open = scope["type"] != "http" or scope["path"] in OPEN
        said = dict(scope.get("headers", ())).get(b"authorization", b"")
        if is_open or hmac.compare_digest(said, self._expected):
            await self._app(scope, receive, send)
            return
        received = "another one" if said else "none"
        mistake = InputError("Authorization must be the token", received, "Send Bearer TOKEN.")
        await refuse(send, Problem(401, mistake, {"www-authenticate": "Bearer", **CLOSE}))


def token_of(file: Path | None, environment: str | None) -> str | None:
    """The token in a file, or else that of the environment; None: there is none.

    Raises:
        InputError: it is short, or no word.
    """
    if file is None and environment is None:
        return None
    text = (environment or "") if file is None else file.read_bytes().decode(errors="replace")
    token = text.strip()
    if len(token) < LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"the token must be one word of {LEAST} characters or more",
            f"{len(token)} characters" if token else "none",
            "`openssl rand -hex 32` makes one.",
        )
    return token
