"""How the generated images that an evaluation judges are drawn."""

from dataclasses import dataclass

from condvae.checks import InputError, check_choice
from condvae.inference.chance import Chance
from condvae.inference.draws import Draws

PRIORS = ("model", "encodings")


@dataclass(frozen=True)
class Drawing:
    """The options of `condvae generate` with which images are drawn.

    Attributes:
        prior: "model", or "encodings" for z from the run's `Sampler`.
        texture: whether pixels are drawn with the noise of neighbouring pixels, see `Sampler`.
        temperature: scale of the draws of z.
        guidance: strength of guidance, see `Draws`.
    """

    prior: str = "model"
    texture: bool = False
    temperature: float = 1.0
    guidance: float = 0.0

    def __post_init__(self) -> None:
        check_choice(self.prior, PRIORS, "prior")
        if self.texture and self.prior == "model":
            raise InputError(
                "texture requires the prior 'encodings'", "'model'", "Use both, or neither."
            )
        Draws(Chance(0, self.temperature), self.texture, self.guidance)  # which checks these

    def __str__(self) -> str:
        """What differs from the default, for a comparability line."""
        parts = {
            "z from encodings": self.prior != "model",
            "texture": self.texture,
            f"temperature {self.temperature:g}": self.temperature != 1,
            f"guidance {self.guidance:g}": self.guidance != 0,
        }
        return "".join(f"{words}; " for words, told in parts.items() if told)
