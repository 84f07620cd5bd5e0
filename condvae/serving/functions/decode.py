"""The expected images for styles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from condvae.serving.functions.function import (
    Asked,
    Body,
    Function,
    Outputs,
    check_rows,
    numbers,
    together,
)

if TYPE_CHECKING:
    from condvae.serving.served import Served


class DecodeBody(Body):
    """The arguments of `TrainedModel.decode`."""

    z: Any
    y: Any


class Decode(Function):
    """See `TrainedModel.decode`."""

    name, says, body = "decode", "The expected image at z under y.", DecodeBody
    needs, arrays, image = frozenset({"decode"}), ("z",), "x_mean"

    def checked(self, served: "Served", body: DecodeBody) -> Asked:
        """The request, checked against the model; see `Function.asked`."""
        z = served.arguments.styles(numbers(body.z, "z"))
        rows = check_rows(served, len(z))
        arrays = {"z": z, "y": served.arguments.given(body.y, rows)}
        kind = (served.name, self.name)
        return Asked(served, self, rows, kind, arrays, body, served.condition.outside(body.y))

    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """The images of all requests."""
        return {"x_mean": asked[0].served.engine.run("decode", together(asked))["x_mean"]}

    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """The shape of an image."""
        return {"x_mean": served.facts.image_shape}
