"""What `tune` may change, and between which ends: the one table of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condvae.checks import InputError, check_choice

if TYPE_CHECKING:
    from condvae.spec.spec import Spec


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, drawn evenly on a logarithmic axis.

    Attributes:
        whole: whether they are whole ones.
        setting: of the spec, where it is not called like the dimension.
    """

    low: float
    high: float
    whole: bool = False
    setting: str | None = None

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"


SPACE = {
    "learning_rate": Range(3e-4, 3e-2),
    "latent_dim": Range(2, 64, whole=True),
    "width": Range(0.25, 2, setting="hidden_dims"),  # a factor on each of them
    "beta": Range(0.5, 2),
    "weight_decay": Range(1e-4, 0.3),
}


def parse_ends(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """The ends of dimensions written as `learning_rate=1e-4..1e-2`.

    Raises:
        InputError: another text.
    """
    ends = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        low, _, high = numbers.partition("..")
        try:
            ends[name] = float(low), float(high)
        except ValueError:
            raise InputError(
                "`space` must be a dimension and its ends", repr(text), f"Write {name}=LOW..HIGH."
            ) from None
    return ends


def space_of(
    fixed: Iterable[str], ends: Mapping[str, Sequence[float]] | None = None
) -> dict[str, Range]:
    """The dimensions that are left, with the ends that are asked for.

    Args:
        fixed: settings that are given.
        ends: dimension -> least and greatest value.

    Raises:
        InputError: no such dimension, one that is fixed, ends that are none, or nothing left.
    """
    fixed, ends = set(fixed), dict(ends or {})
    space = {n: r for n, r in SPACE.items() if (r.setting or n) not in fixed}
    for name, pair in ends.items():
        if check_choice(name, SPACE, "a dimension of `space`") not in space:
            raise InputError(
                f"{name} must be either fixed or in `space`", "both", "Leave one of them out."
            )
        known = SPACE[name]
        low, high = pair
        if not 0 < low < high < float("inf") or (known.whole and (low % 1 or high % 1)):
            raise InputError(
                f"the ends of {name} must be {'whole' if known.whole else 'finite'} numbers above "
                "0, the lower one first",
                f"{low:g} and {high:g}",
                f"Write {name}={known}.",
            )
        if known.whole:
            low, high = int(low), int(high)
        space[name] = Range(low, high, known.whole, known.setting)
    if not space:
        raise InputError(
            "`tune` needs something to change", "all of it fixed", "Leave a setting out."
        )
    return space


def settings_at(point: Mapping[str, float], base: "Spec") -> dict[str, Any]:
    """The settings of a point in the space.

    Args:
        base: whose hidden layers `width` is a factor of.
    """
    settings: dict[str, Any] = dict(point)
    if (width := settings.pop("width", None)) is not None:
        settings["hidden_dims"] = tuple(max(1, round(d * width)) for d in base.model.hidden_dims)
    return settings
