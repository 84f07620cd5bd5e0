"""Last layers without the outputs that nothing reads, such as the scales of pixels."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from condvae.graph.graph import Graph
from condvae.graph.operations import Convolution, Dense, Operation, Reshape, Slice

CHANNELS = 3  # axis of images, behind batch, height and width


def narrow(
    graphs: Mapping[str, Graph], tensors: Mapping[str, np.ndarray]
) -> tuple[dict[str, Graph], dict[str, np.ndarray]]:
    """The same functions with smaller kernels.

    A layer is narrowed if a slice of the channels of its image is all that reads it: the expected
    image of a density of pixels, for example, which needs the means alone.

    Args:
        graphs: by name.
        tensors: the weights that they read, by name.
    """
    found, kept = dict(graphs), dict(tensors)
    uses = Counter(
        key for graph in graphs.values() for one in graph.operations for key in one.weights
    )
    for name, graph in graphs.items():
        operations = {one.output: one for one in graph.operations}
        reads = Counter(value for one in graph.operations for value in one.inputs)
        reads.update(graph.outputs.values())
        for part in graph.operations:
            if not isinstance(part, Slice) or part.axis != CHANNELS:
                continue
            above = _producers(part, operations, reads)
            if above is not None and all(uses[key] == 1 for key in above[0].weights):
                operations |= _narrowed(part, *above, kept)
        found[name] = graph.model_copy(update={"operations": tuple(operations.values())})
    return found, kept


def _producers(
    part: Slice, operations: Mapping[str, Operation], reads: Mapping[str, int]
) -> tuple[Operation, Reshape | None] | None:
    """The layer that a slice reads, and a reshape between them; None if others read it."""
    above = operations.get(part.inputs[0])
    if above is None or reads[above.output] > 1:
        return None
    if isinstance(above, Convolution):
        return above, None
    if not isinstance(above, Reshape) or len(above.shape) != CHANNELS:
        return None
    layer = operations.get(above.inputs[0])
    if not isinstance(layer, Dense) or reads[layer.output] > 1:
        return None
    return layer, above


def _narrowed(
    part: Slice, layer: Operation, reshape: Reshape | None, tensors: dict[str, np.ndarray]
) -> dict[str, Operation]:
    """The operations that change, by their outputs; the weights are changed in place."""
    width = part.stop - part.start
    for key in layer.weights:
        tensor = tensors[key]
        # of the image's channels, or of the channels at each pixel
        channels = tensor.shape[-1] if reshape is None else reshape.shape[-1]
        pixels = tensor.reshape(*tensor.shape[:-1], -1, channels)[..., part.start : part.stop]
        tensors[key] = np.ascontiguousarray(pixels.reshape(*tensor.shape[:-1], -1))
    changed: dict[str, Operation] = {
        part.output: part.model_copy(update={"start": 0, "stop": width})
    }
    if reshape is not None:
        shape = (*reshape.shape[:-1], width)
        changed[reshape.output] = reshape.model_copy(update={"shape": shape})
    return changed
