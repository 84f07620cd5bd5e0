"""The addresses of a server, and their handlers."""

# pyright: reportMissingImports=false

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from condvae.checks import InputError
from condvae.serving import plain, protocol
from condvae.serving.access import Access
from condvae.serving.answers import Job, answered
from condvae.serving.batching import Batcher, Limits
from condvae.serving.functions import Asked
from condvae.serving.limits import WholeBodies
from condvae.serving.metrics import Counted, Metrics
from condvae.serving.openapi import description
from condvae.serving.problems import Problem, problem_of
from condvae.serving.served import Served

LARGE_BYTES = 2**14  # parsing more takes longer than handing it to a thread


@dataclass(frozen=True)
class Bounds:
    """The limits of a server.

    Attributes:
        batches: limits of the queue.
        body_bytes: largest size of a request's body.
        body_seconds: time within which a body must arrive.
    """

    batches: Limits = field(default_factory=Limits)
    body_bytes: int = 2**23
    body_seconds: float = 10.0


class Service:
    """The served runs, and the queue of requests.

    Args:
        served: runs by name.
        bounds: limits of the server.
    """

    def __init__(self, served: Mapping[str, Served], bounds: Bounds):
        self.served, self.bounds = dict(served), bounds
        self.metrics, self.models = Metrics(), protocol.models(served)
        self.batcher = Batcher(answered, bounds.batches, self.metrics.batch)
        self.metrics.watch(lambda: self.batcher.waiting)

    def app(self, token: str | None = None) -> Starlette:
        """The ASGI application.

        Args:
            token: token that every request must have; None: no token.
        """
        access = [] if token is None else [Middleware(Access, token=token)]
        bounds = self.bounds
        whole = Middleware(WholeBodies, most_bytes=bounds.body_bytes, seconds=bounds.body_seconds)
        return Starlette(
            routes=[
                Route("/v2", self._server),
                Route("/v2/health/live", self._live),
                Route("/v2/health/ready", self._ready),
                Route("/v2/models/{name}", self._model),
                Route("/v2/models/{name}/ready", self._model_ready),
                Route("/v2/models/{name}/infer", self._infer, methods=["POST"]),
                Route("/runs", self._runs),
                Route("/runs/{run}", self._run),
                Route("/runs/{run}/{function}", self._plain, methods=["POST"]),
                Route("/openapi.json", self._openapi),
                Route("/metrics", self._metrics),
            ],
            middleware=[Middleware(Counted, metrics=self.metrics), *access, whole],
            exception_handlers={
                HTTPException: _not_found,
                **dict.fromkeys([Problem, InputError], _problem),
            },
        )

    async def _live(self, request: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, request: Request) -> Response:
        ready = not self.batcher.closing
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def _server(self, request: Request) -> Response:
        return JSONResponse({"name": "condvae", "version": version("condvae"), "extensions": []})

    async def _model(self, request: Request) -> Response:
        name = _known(request, "name", self.models)
        return JSONResponse(protocol.metadata(name, *self.models[name]))

    async def _model_ready(self, request: Request) -> Response:
        name, ready = _known(request, "name", self.models), not self.batcher.closing
        return JSONResponse({"name": name, "ready": ready}, 200 if ready else 503)

    async def _runs(self, request: Request) -> Response:
        return JSONResponse({"runs": list(self.served)})

    async def _run(self, request: Request) -> Response:
        name = _known(request, "run", self.served)
        one = self.served[name]
        content = {
            "name": name,
            "condition": one.condition.described(),
            "image_shape": one.facts.image_shape,
            "latent_dim": one.facts.latent_dim,
            "functions": {key: function.says for key, function in one.functions.items()},
        }
        return JSONResponse(content)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(description(self.served, version("condvae")))

    async def _metrics(self, request: Request) -> Response:
        text, kind = self.metrics.text()
        return Response(text, media_type=kind)

    async def _plain(self, request: Request) -> Response:
        served = self.served[_known(request, "run", self.served)]
        function = served.functions[_known(request, "function", served.functions)]
        accept = plain.chosen(request.headers.get("accept", ""), plain.forms(served, function))
        kind, query = request.headers.get("content-type", ""), dict(request.query_params)

        def asked(body: bytes) -> Asked:
            return function.asked(served, plain.fields_of(kind, query, body))

        job = Job(await _parsed(asked, await request.body()), plain.FORMS[accept])
        return Response(await self._answer(job), media_type=accept)

    async def _infer(self, request: Request) -> Response:
        name = _known(request, "name", self.models)
        served, function = self.models[name]

        def job(body: bytes) -> Job:
            content = protocol.parsed(plain.json_object(body))
            fields = protocol.fields_of(content, function, served)
            return Job(function.asked(served, fields), protocol.Written(name, content))

        found = await _parsed(job, await request.body())
        return Response(await self._answer(found), media_type=plain.JSON)

    async def _answer(self, job: Job) -> bytes:
        """The answer, once its batch has been computed."""
        try:
            return await self.batcher.ask(job, job.asked.kind, job.asked.rows)
        except Exception as error:
            raise problem_of(error) from None


async def _parsed(parse: Callable[[bytes], Any], body: bytes) -> Any:
    """The parsed body; other requests do not wait for a large one."""
    return parse(body) if len(body) < LARGE_BYTES else await asyncio.to_thread(parse, body)


def _known(request: Request, key: str, names: Mapping[str, Any]) -> str:
    """A name in the address, if it exists."""
    name = request.path_params[key]
    if name not in names:
        said = InputError(f"the {key} must be one of {', '.join(names)}", repr(name), "Use one.")
        raise Problem(404, said)
    return name


async def _problem(request: Request, error: Exception) -> Response:
    """A problem as a JSON response."""
    problem = problem_of(error)
    return Response(problem.body, problem.status, problem.headers, "application/json")


async def _not_found(request: Request, error: Any) -> Response:
    """The response for unknown addresses and methods, from the router's HTTPException."""
    received = f"{request.method} {request.url.path}"
    said = InputError("an address must be one of /openapi.json", received, "Look it up there.")
    headers = {**(error.headers or {})}
    return Response(Problem(error.status_code, said).body, error.status_code, headers, plain.JSON)
