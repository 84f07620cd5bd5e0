"""graph.json: the graphs of a run, stored beside the weights that they read."""

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationError

from condvae.checks import InputError
from condvae.files.frozen import Frozen
from condvae.files.tensors import StoredTensors
from condvae.graph.graph import Graph, check_graph
from condvae.graph.operations import Tensors

GRAPHS_NAME = "graph.json"
REFUSAL_NAME = "graph-refused.json"  # instead, if a layer has no operations
MOST_CHARACTERS = 2**24


class _Stored(Frozen):
    """The content of graph.json."""

    format: Literal[1] = 1
    graphs: dict[str, Graph]
    sha256: str


class _Refusal(Frozen):
    """The content of graph-refused.json: an InputError."""

    expected: str
    received: str
    remedy: str


def graphs_to_json(graphs: Mapping[str, Graph]) -> str:
    """The text of graph.json."""
    return _Stored(graphs=dict(graphs), sha256=_digest(graphs)).model_dump_json() + "\n"


def parse_graphs(text: str, name: str) -> dict[str, Graph]:
    """The graphs in the text of a graph.json.

    Args:
        name: name of the file, for error messages.

    Raises:
        InputError: not graphs of this format, or changed since they were written.
    """
    try:
        if len(text) > MOST_CHARACTERS:
            raise ValueError(f"over {MOST_CHARACTERS:,} characters")
        stored = _Stored.model_validate_json(text)
        if stored.sha256 != _digest(stored.graphs):
            raise ValueError("they were changed after they were written")
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"at {'.'.join(map(str, first['loc'])) or 'the top'}: {first['msg']}"
    except ValueError as error:
        reason = str(error)
    else:
        return stored.graphs
    raise InputError(
        f"{name} must hold graphs of format 1",
        " ".join(reason.split()),
        "The file is damaged, or of a newer condvae: without it the run still works, using Keras.",
    )


def refusal_to_json(error: InputError) -> str:
    """The text of a graph-refused.json: why a model has no graphs."""
    said = _Refusal(expected=error.expected, received=error.received, remedy=error.remedy)
    return said.model_dump_json() + "\n"


def parse_refusal(text: str) -> InputError | None:
    """The error from `refusal_to_json`; None for a damaged text, which only explains."""
    try:
        said = _Refusal.model_validate_json(text)
    except ValidationError:
        return None
    return InputError(said.expected, said.received, said.remedy)


def read_weights(graph: Graph, stored: StoredTensors, name: str) -> Tensors:
    """The tensors that a graph reads, if they and its operations are consistent.

    Args:
        name: name of the graph, for error messages.

    Raises:
        InputError: they are inconsistent, or a tensor is damaged.
    """
    shapes = {key: shape for key, shape in stored.shapes.items() if key in graph.weights}
    tensors = stored.read(shapes, whole=False)
    check_graph(graph, tensors, f"{name} of {stored.path}")
    return tensors


def _digest(graphs: Mapping[str, Graph]) -> str:
    """sha256, in hex, of the graphs as JSON."""
    fields = {name: graph.model_dump(mode="json") for name, graph in graphs.items()}
    # of the parsed fields, so that white space and the order of keys do not matter
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
