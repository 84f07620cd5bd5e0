"""Access control: requests must have the token, if there is one."""

import hmac
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from condvae.checks import InputError
from condvae.serving.limits import App, Receive
from condvae.serving.problems import CLOSE, Problem, Send, refuse

LEAST = 16  # characters of a token
OPEN = ("/v2/health/live", "/v2/health/ready")  # health checks have no secrets


class Access:
    """ASGI: forwards requests with `Authorization: Bearer TOKEN`; 401 for others.

    Health checks need no token.
    """

    def __init__(self, app: App, token: str):
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Compare the tokens in constant time."""
        is_open = scope["type"] != "http" or scope["path"] in OPEN
        said = dict(scope.get("headers", ())).get(b"authorization", b"")
        if is_open or hmac.compare_digest(said, self._expected):
            await self._app(scope, receive, send)
            return
        received = "another one" if said else "none"
        mistake = InputError("Authorization must be the token", received, "Send Bearer TOKEN.")
        await refuse(send, Problem(401, mistake, {"www-authenticate": "Bearer", **CLOSE}))


def token_of(file: Path | None, environment: str | None) -> str | None:
    """The token in a file, or else that of the environment; None without a token.

    Raises:
        InputError: it is too short, or not a single word.
    """
    if file is None and environment is None:
        return None
    text = (environment or "") if file is None else file.read_bytes().decode(errors="replace")
    token = text.strip()
    if len(token) < LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"the token must be one word of at least {LEAST} characters",
            f"{len(token)} characters" if token else "none",
            "Make one with `openssl rand -hex 32`.",
        )
    return token
