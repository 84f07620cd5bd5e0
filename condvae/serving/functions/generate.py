"""New images under a condition."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from condvae.inference.chance import Chance, Chances
from condvae.inference.draws import Draws
from condvae.serving.functions.function import (
    Asked,
    Body,
    Count,
    Function,
    Outputs,
    Seed,
    check_rows,
    numbers,
    together,
)

if TYPE_CHECKING:
    from condvae.serving.served import Served


class GenerateBody(Body):
    """The arguments of `TrainedModel.generate`; pixels are sampled by Keras only."""

    given: Any
    num_samples: Count = 1
    z: Any = None
    seed: Seed = 0
    temperature: float = Field(1.0, ge=0, le=1e3, strict=True)
    guidance: float = Field(0.0, ge=0, le=1e3, strict=True)


class Generate(Function):
    """See `TrainedModel.generate`."""

    name, says, body = "generate", "New images under a condition.", GenerateBody
    needs, arrays, image = frozenset({"draw_prior", "decode"}), ("z",), "x"

    def checked(self, served: "Served", body: GenerateBody) -> Asked:
        """The request, checked against the model; see `Function.asked`."""
        arguments, condition = served.arguments, served.condition
        given = arguments.named(body.given)
        encoded = arguments.encode_condition(given)
        z = None if body.z is None else arguments.styles(numbers(body.z, "z"))
        rows = check_rows(served, body.num_samples)
        if z is not None or len(encoded) > 1:
            rows = len(encoded if z is None else z)
        arrays = {"y": arguments.given(given, check_rows(served, rows))}
        if z is not None:
            arrays["z"] = z
        arguments.draws(False, body.seed, body.temperature, body.guidance)
        kind = (served.name, self.name, z is None, body.guidance)
        return Asked(served, self, rows, kind, arrays, body, condition.outside(given))

    def compute(self, asked: Sequence[Asked]) -> Outputs:
        """The images of all requests, drawn with the seed of each."""
        first, inputs = asked[0], together(asked)
        served, body = first.served, first.body
        chances = [(Chance(o.body.seed, o.body.temperature), o.rows) for o in asked]
        nothing = served.condition.unconditional
        draws = Draws(Chances(chances), False, body.guidance, nothing, served.facts.x_range)
        zs = [inputs["z"]] if "z" in inputs else None
        (images,) = served.compute.images([inputs["y"]], zs, draws)
        return {"x": images}

    def outputs(self, served: "Served") -> dict[str, tuple[int, ...]]:
        """The shape of an image."""
        return {"x": served.facts.image_shape}
