from condvae.training import train


def quick(data, path, **settings):
    """A training of a few steps."""
    settings = {"epochs": 3, "hidden_dims": (8,), "progress": False, **settings}
    if not settings.get("resume"):
        settings.setdefault("preset", "plane")
    return train(data, run_dir=path, **settings)


def rows(run):
    """The history but for what the clock says."""
    history = run.history
    del history["seconds"]
    return history
