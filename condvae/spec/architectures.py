"""The architectures by name: what can be said of them before Keras is imported."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from condvae.likelihoods import likelihood_named

DROPOUT, CONDITION, TABLES = "dropout", "condition_at", "tables"
REGULARIZER, NO_LAYERS = "activity_regularizer", "no hidden_dims"
ABILITIES = (DROPOUT, CONDITION, TABLES, REGULARIZER, NO_LAYERS)


@dataclass(frozen=True)
class Entry:
    """An architecture in the list.

    Attributes:
        maker: a subclass of `models.architectures.Architecture`, or "module:name" of one.
        takes: what it can do that others cannot, of `ABILITIES`.
        hidden_dims: what "auto" stands for.
    """

    maker: Any
    takes: frozenset[str]
    hidden_dims: tuple[int, ...] = (512,)


_HERE = "condvae.models.architectures"
ARCHITECTURES = {
    "mlp": Entry(f"{_HERE}.fully_connected:MLP", frozenset(ABILITIES)),
    "residual": Entry(f"{_HERE}.fully_connected:Residual", frozenset(ABILITIES) - {REGULARIZER}),
    "convolutional": Entry(f"{_HERE}.convolutional:Convolutional", frozenset(), (32, 64, 128)),
    "mixer": Entry(f"{_HERE}.mixer:Mixer", frozenset(), (128, 128, 128)),
}


def register_architecture(
    name: str, maker: Any, takes: Iterable[str] = (), hidden_dims: Iterable[int] = (512,)
) -> None:
    """Let specs ask for an architecture of one's own by this name.

    Whoever loads a run of it must have called this before.

    Args:
        maker: a subclass of `condvae.models.Architecture`, or "module:name" of one.
        takes: settings that not every architecture takes, of "dropout", "condition_at" (a
            condition at every layer), "tables", "activity_regularizer" and "no hidden_dims".
        hidden_dims: sizes of its layers where none are asked for.
    """
    ARCHITECTURES[name] = Entry(maker, frozenset(takes), tuple(hidden_dims))


def architecture_class(name: str) -> Any:
    """What makes the networks of that architecture."""
    maker = ARCHITECTURES[name].maker
    if not isinstance(maker, str):
        return maker
    module, _, attribute = maker.partition(":")
    return getattr(import_module(module), attribute)


def changed_architecture(model: dict[str, Any], name: str) -> dict[str, Any]:
    """The settings of a model with another architecture: sizes of its own where sizes mean others.

    Args:
        model: the fields of a `ModelSpec`.
    """
    before, after = ARCHITECTURES.get(model["architecture"]), ARCHITECTURES.get(name)
    if before is None or after is None:  # which the spec refuses
        return model
    if before.hidden_dims != after.hidden_dims:
        model = model | {"hidden_dims": after.hidden_dims}
    if model["decoder_start"] == "factors" and TABLES not in after.takes:
        model = model | {"decoder_start": "glorot"}
    return model


def check_takes(model: Any) -> None:
    """Raise ValueError where a model's settings are beyond its architecture."""
    name, takes = model.architecture, ARCHITECTURES[model.architecture].takes
    of_columns = likelihood_named(model.likelihood).of_columns
    by_factors = model.decoder_start == "factors"
    asked = {
        REGULARIZER: ("activity_regularizer", model.activity_regularizer),
        DROPOUT: ("dropout", model.dropout or model.classifier_dropout),
        CONDITION: ("condition_at 'every_layer'", model.condition_at == "every_layer"),
        TABLES: (
            "decoder_start 'factors'" if by_factors else f"the likelihood {model.likelihood!r}",
            of_columns or by_factors,
        ),
    }
    for ability, (setting, is_asked) in asked.items():
        if is_asked and ability not in takes:
            able = [repr(n) for n, entry in ARCHITECTURES.items() if ability in entry.takes]
            needed = f"{' or '.join(able)} networks" if able[1:] else f"the architecture {able[0]}"
            raise ValueError(f"{setting} needs {needed}")
    if not model.hidden_dims and NO_LAYERS not in takes:
        raise ValueError(f"the architecture {name!r} needs hidden_dims")
