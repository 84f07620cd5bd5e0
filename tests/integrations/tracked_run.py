"""A training with a tracker, resumed, and evaluated: what each tracker's own reader must find."""

import numpy as np

from condvae.data import Dataset
from condvae.reports.metrics_file import Metrics
from condvae.reports.tracked import tell_metrics
from condvae.training import train

LINE = "another data set − test split"


def tracked(folder, tracker):
    """A run of five epochs, interrupted after three, whose measures were sent to the tracker."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (203, 6, 5), dtype="uint8"), np.arange(203) % 3
    data = Dataset.from_arrays(x, y, name="noise")
    settings = {"hidden_dims": (8,), "schedule": "constant", "warmup": 0.0, "progress": False}
    path = folder / "run"
    first = train(data, epochs=3, preset="plane", run=path, log=tracker, **settings)
    (track,) = first.record.tracks
    run = train(data, epochs=5, run=path, resume=True, **settings)
    assert run.record.tracks == (track,)
    measures = {"Bound, of all": {"elbo": -3.5, "comparability": LINE}}
    tell_metrics(run, Metrics(condvae="0", run="run", test_readings=1, measures=measures))
    return run, track.id
