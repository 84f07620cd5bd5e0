"""The server's description in OpenAPI 3.1, specific to the runs that it serves."""

from collections.abc import Mapping
from typing import Any

from condvae.serving import plain, protocol
from condvae.serving.functions import Function
from condvae.serving.functions.function import rows_schema
from condvae.serving.served import Served

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
REASONS = {
    400: "The body is malformed.",
    401: "The token is missing or wrong.",
    404: "Not found.",
    406: "The requested content type is not available.",
    408: "The body has not arrived in time.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "The fields do not fit the run.",
    429: "The queue is full.",
    503: "The server is shutting down.",
    504: "The answer is not available in time.",
}
OF_GET, OF_POST = (401,), tuple(REASONS)


def description(served: Mapping[str, Served], version: str) -> Schema:
    """The description of a server of these runs."""
    models = protocol.models(served)
    anything: Schema = {"type": "object"}
    paths: Schema = {
        "/v2/health/live": {"get": _get("The server is live.", anything)},
        "/v2/health/ready": {"get": _get("The server is ready.", anything, 503)},
        "/v2": {"get": _get("The server.", anything)},
        "/runs": {"get": _get("The runs.", anything)},
        "/metrics": {"get": _get("Counters, for Prometheus.", TEXT, kind="text/plain")},
        "/openapi.json": {"get": _get("This description.", anything)},
    }
    if models:
        by_name = [_parameter("name", list(models))]
        model = _get("The inputs and outputs of a model.", anything, 404)
        ready = _get("The model is ready.", anything, 404, 503)
        paths["/v2/models/{name}"] = {"parameters": by_name, "get": model}
        paths["/v2/models/{name}/ready"] = {"parameters": by_name, "get": ready}
    for name, (one, function) in models.items():
        paths[f"/v2/models/{name}/infer"] = {"post": _infer(name, one, function)}
    if served:
        by_run = [_parameter("run", list(served))]
        paths["/runs/{run}"] = {"parameters": by_run, "get": _get("A run.", anything, 404)}
    for run, one in served.items():
        for name, function in one.functions.items():
            paths[f"/runs/{run}/{name}"] = {"post": _plain(run, one, function)}
    parts = dict.fromkeys(("error", "expected", "received", "remedy"), TEXT)
    problem = {"type": "object", "properties": parts, "required": ["error"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "condvae", "version": version},
        "paths": paths,
        "components": {
            "schemas": {"Problem": problem},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _get(says: str, schema: Schema, *statuses: int, kind: str = plain.JSON) -> Schema:
    """A GET operation."""
    return {"summary": says, "responses": _responses({kind: schema}, *OF_GET, *statuses)}


def _plain(run: str, served: Served, function: Function) -> Schema:
    """A function, in plain JSON."""
    body: Schema = {
        "type": "object",
        "properties": function.fields(served),
        "required": function.required(),
        "additionalProperties": False,
    }
    content: Schema = {plain.JSON: {"schema": body}}
    parameters = []
    if "x" in function.arrays:
        content[plain.NPY] = {"schema": {"type": "string", "format": "binary"}}
        said = "If the body is an array, the other fields are in the query."
        parameters = [
            {"name": name, "in": "query", "schema": {}, "description": said}
            for name in body["properties"]
            if name != "x"
        ]
    answers: dict[str, Schema] = {plain.JSON: _answer(served, function)}
    binary = {"type": "string", "format": "binary"}
    answers |= {kind: binary for kind in plain.forms(served, function) if kind != plain.JSON}
    return {
        "summary": function.says,
        "operationId": f"{run}.{function.name}",
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": _responses(answers, *OF_POST),
    }


def _answer(served: Served, function: Function) -> Schema:
    """JSON schema of an answer."""
    if served.table is not None:
        fields: Schema = {"rows": {"type": "array", "items": {"type": "object"}}}
    else:
        shapes = function.outputs(served)
        fields = {name: rows_schema(shape, served.most_rows) for name, shape in shapes.items()}
    fields["outside"] = {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _infer(name: str, served: Served, function: Function) -> Schema:
    """A function, in the Open Inference Protocol."""
    says = protocol.metadata(name, served, function)
    named = lambda key: {"enum": [tensor["name"] for tensor in says[key]]}  # noqa: E731
    body = protocol.InferRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = body.pop("$defs")
    tensor, requested = schemas["Tensor"], schemas["Requested"]
    tensor["properties"]["name"] = named("inputs")
    requested["properties"]["name"] = named("outputs")
    body["properties"]["inputs"]["items"] = tensor
    body["properties"]["outputs"]["anyOf"][0]["items"] = requested
    answer = {
        "type": "object",
        "properties": {"model_name": {"const": name}, "outputs": {"type": "array"}},
        "required": ["model_name", "outputs"],
    }
    return {
        "summary": f"{function.says} Open Inference Protocol v2.",
        "operationId": f"infer.{name}",
        "requestBody": {"required": True, "content": {plain.JSON: {"schema": body}}},
        "responses": _responses({plain.JSON: answer}, *OF_POST),
    }


def _responses(content: Mapping[str, Schema], *statuses: int) -> Schema:
    """The response of an operation, and the problems that may replace it."""
    responses: Schema = {
        "200": {
            "description": "The answer.",
            "content": {kind: {"schema": schema} for kind, schema in content.items()},
        }
    }
    problem = {plain.JSON: {"schema": PROBLEM}}
    for status in sorted(set(statuses)):
        said = {"description": REASONS[status], "content": problem}
        if status == 429:
            said["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
        responses[str(status)] = said
    return responses


def _parameter(name: str, values: list[str]) -> Schema:
    """A path parameter."""
    return {"name": name, "in": "path", "required": True, "schema": {"enum": values}}
