"""The style of images under another condition."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from condvae.serving.functions.encode import EncodeBody
from condvae.serving.functions.function import Asked, Function, Outputs, pair, together

if TYPE_CHECKING:
    from condvae.serving.served import Served


class TransferBody(EncodeBody):
    """The arguments of `TrainedModel.transfer`."""

    to: Any


class Transfer(Function):
    """See `TrainedModel.transfer`."""

    name, says, body = "transfer", "The style of each image under `to`.", TransferBody
    needs, arrays, image = frozenset({"encode", "decode"}), ("x",), "x"

    def checked(self, served: "Served", body: TransferBody) -> Asked:
        """The request, checked against the model; see `Function.asked`."""
        arrays, rows = pair(served, body)
        arrays["to"] = served.arguments.given(body.to, rows)
        outside = served.condition.outside(body.y) + served.condition.outside(body.to)
        return Asked(served, self, rows, (served.name, self.name), arrays, body, outside)

    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """The images of all requests."""
        engine, inputs = asked[0].served.engine, together(asked)
        to = inputs.pop("to")
        z = engine.run("encode", inputs)["mean"]
        return {"x": engine.run("decode", {"z": z, "y": to})["x_mean"]}

    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """The shape of an image."""
        return {"x": served.facts.image_shape}
