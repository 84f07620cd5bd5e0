"""How images are drawn: by the options, or as a run's are by default."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from condvae.checks import InputError, check_choice
from condvae.inference.chance import Chance
from condvae.inference.draws import Draws
from condvae.runs.run import Run
from condvae.runs.samplers import knows_noise, prefers_encodings

if TYPE_CHECKING:
    from condvae.data import Dataset

PRIORS = ("model", "encodings")


@dataclass(frozen=True)
class Drawing:
    """The options of `condvae generate` by which images are drawn.

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
                "`texture` must come with `prior='encodings'`",
                "`prior='model'`",
                "Omit one of them.",
            )
        Draws(Chance(0, self.temperature), self.texture, self.guidance)  # which checks these

    @classmethod
    def of(
        cls,
        run: Run,
        dataset: "Dataset | None" = None,
        prior: str | None = None,
        texture: bool | None = None,
        temperature: float = 1.0,
        guidance: float = 0.0,
    ) -> Self:
        """These options; those that are None are chosen by what the run is of.

        Args:
            dataset: the data of the run; None: loaded if they are needed.
        """
        if prior is None:
            prior = "encodings" if texture or prefers_encodings(run, dataset) else "model"
        if texture is None:
            texture = prior == "encodings" and knows_noise(run) and not guidance
        return cls(prior, texture, temperature, guidance)

    @property
    def pixels(self) -> str:
        """What is shown of the pixels, in words."""
        return "pixels with the texture of training images" if self.texture else "expected pixels"

    @property
    def words(self) -> str:
        """Where z comes from and what is shown of the pixels, for captions."""
        z = "sums of encodings of training images" if self.prior == "encodings" else "the prior"
        return ", ".join([f"z from {z}", self.pixels, *self._strengths])

    def __str__(self) -> str:
        """What differs from the default, for a comparability line."""
        z = ["z from encodings"] * (self.prior != "model")
        return "".join(f"{part}; " for part in [*z, *["texture"] * self.texture, *self._strengths])

    @property
    def _strengths(self) -> list[str]:
        """The temperature and the guidance, where they are not the default."""
        temperature = [f"temperature {self.temperature:g}"] * (self.temperature != 1)
        return temperature + [f"guidance {self.guidance:g}"] * (self.guidance != 0)
