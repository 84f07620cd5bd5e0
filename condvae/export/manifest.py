"""manifest.json: the inputs and outputs of exported files, in words and numbers."""

from collections.abc import Mapping
from typing import Any

from condvae.export.onnx import BATCH
from condvae.graph.graph import Graph, Input
from condvae.runs.record import RunRecord

AXES = {
    0: (),
    1: ("dim",),
    2: ("height", "width"),
    3: ("height", "width", "channels"),
}
NOISE = {"noise": "standard normal", "pixel_noise": "uniform in [0, 1)"}


def manifest(
    record: RunRecord,
    graphs: Mapping[str, Graph],
    shapes: Mapping[str, Mapping[str, tuple[int, ...]]],
) -> dict[str, Any]:
    """The content of manifest.json.

    Args:
        graphs: graphs of the files, by name, see `graph.preprocessing.with_preprocessing`.
        shapes: shapes of one row of each graph's outputs, by name.
    """
    return {
        "format": 1,
        "condition": record.condition.described(),
        "x": {
            "assumption": record.preprocessing.assumption,
            "in_unit_interval": record.preprocessing.in_unit_interval,
            "pixel_classes": record.preprocessing.pixel_classes,
            "table": None
            if record.preprocessing.table is None
            else record.preprocessing.table.model_dump(mode="json"),
        },
        # without a prior, z itself is standard normal
        "prior": "prior" if "prior" in graphs else "standard normal",
        "likelihood": record.spec.model.likelihood,
        "data": {"name": record.data.name, "sha256": record.data.fingerprint},
        "versions": record.versions,
        "files": {
            name: {
                "file": f"{name}.onnx",
                "inputs": {given.name: _input(given, record) for given in graph.inputs},
                "outputs": {key: _array("float32", shape) for key, shape in shapes[name].items()},
            }
            for name, graph in graphs.items()
        },
    }


def _input(given: Input, record: RunRecord) -> dict[str, Any]:
    """Type, shape, and range or distribution."""
    described = _array(given.dtype, given.shape)
    if given.name in NOISE:
        return {**described, "drawn": NOISE[given.name]}
    if given.name == "x" and given.dtype == "uint8":
        return {**described, "range": [0, record.preprocessing.x_max]}
    if given.name == "x" and record.preprocessing.in_unit_interval:
        return {**described, "range": [0, 1]}
    if given.name == "y" and record.condition.classes is not None:
        return {**described, "range": [0, record.condition.dim - 1]}
    if given.name == "y" and given.dtype == "uint8":
        return {**described, "range": [0, record.condition.white]}
    return described


def _array(dtype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Type, shape and the names of the axes."""
    return {"dtype": dtype, "shape": [BATCH, *shape], "axes": [BATCH, *AXES[len(shape)]]}
