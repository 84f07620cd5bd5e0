from condvae.inference.trained import TrainedModel
from condvae.training import train
from condvae.training.beginning import condition_of, first_model
from condvae.training.settings import resolve_spec


def quick(data, path, **settings):
    """A training of a few steps."""
    settings = {
        "epochs": 3,
        "hidden_dims": (8,),
        "progress": False,
        "raise_signals": False,
        **settings,
    }
    if not settings.get("resume"):
        settings.setdefault("preset", "plane")
    return train(data, run=path, **settings)


def untrained(data, preset="plane", **settings):
    """The model that such a training begins with, for what no training changes."""
    _, spec = resolve_spec(data, preset, None, {"hidden_dims": (8,), **settings})
    data = data.with_spec(spec.data)
    return TrainedModel(first_model(data, spec), condition_of(data, spec), data.table)


def rows(run):
    """The history but for what the clock says."""
    history = run.history
    del history["seconds"]
    return history
