"""The trackers by name."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from condvae.checks import InputError, check_choice
from condvae.tracking.track import Track

_HERE = "condvae.tracking"
TRACKERS = {
    "tensorboard": f"{_HERE}.tensorboard:TensorBoard",
    "mlflow": f"{_HERE}.mlflow:MLflow",
    "wandb": f"{_HERE}.wandb:WeightsAndBiases",
    "trackio": f"{_HERE}.trackio:Trackio",
}


def tracker(name: str) -> type[Track]:
    """The class of a tracker; its library is not imported."""
    module, _, attribute = TRACKERS[name].partition(":")
    return getattr(import_module(module), attribute)


def check_trackers(names: str | Sequence[str]) -> tuple[str, ...]:
    """The names without repetition, if each is a tracker whose library is installed.

    Raises:
        InputError: a name is unknown, or its library is not installed.
    """
    names = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    for name in names:
        library = tracker(check_choice(name, TRACKERS, "`log`")).library
        if find_spec(library) is None:
            raise InputError(
                f"`log` {name} requires the package {library}",
                "no such package",
                f"Install it with: pip install 'condvae[{name}]'.",
            )
    return names
