"""The posterior of images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from condvae.serving.functions.function import Asked, Body, Function, Outputs, Seed, pair, together

if TYPE_CHECKING:
    from condvae.serving.served import Served


class EncodeBody(Body):
    """The arguments of `TrainedModel.encode`."""

    x: Any
    y: Any
    seed: Seed = 0


class Encode(Function):
    """See `TrainedModel.encode`."""

    name, says, body = "encode", "The posterior q(z | x, y): mean and logvar.", EncodeBody
    needs, arrays = frozenset({"encode"}), ("x",)

    def checked(self, served: "Served", body: EncodeBody) -> Asked:
        """The request, checked against the model; see `Function.asked`."""
        arrays, rows = pair(served, body)
        kind = (served.name, self.name)
        return Asked(served, self, rows, kind, arrays, body, served.condition.outside(body.y))

    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """mean and logvar of all requests."""
        outputs = asked[0].served.engine.run("encode", together(asked))
        return {"mean": outputs["mean"], "logvar": outputs["logvar"]}

    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """A number for each latent."""
        size = (served.facts.latent_dim,)
        return {"mean": size, "logvar": size}
