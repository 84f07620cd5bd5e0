"""Reports of a training to its trackers, between epochs, so that no step waits."""

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from condvae.checks import reason_of
from condvae.data import Dataset
from condvae.data.writers import to_uint8
from condvae.inference.trained import TrainedModel
from condvae.models import CVAE
from condvae.runs import Run
from condvae.runs.checkpoint import TrainingState
from condvae.runs.tracks import open_tracks
from condvae.training.devices import num_devices

log = logging.getLogger(__name__)

# largest number of draws for each label in a picture, and of labels in it
DRAWS, MOST_LABELS = 8, 10


class TrackedTraining:
    """A training and the tracks to which it is reported; without any, nothing happens.

    Args:
        run: the run, whose record stores the tracks.
        dataset: the data, split as in training.
        state: state at the start; tracks that are new then get the earlier epochs, too.
        asked: trackers in addition to those in the record.
    """

    def __init__(self, run: Run, dataset: Dataset, state: TrainingState, asked: Sequence[str] = ()):
        self._run, self._dataset = run, dataset
        known = {track.tracker for track in run.record.tracks}
        self._tracks = open_tracks(run, state.epoch, asked)
        self._model: TrainedModel | None = None
        for name in self._tracks.ids.keys() - known:
            for row in state.rows:
                self._tracks.tell("figures", *self._figures(row), only=name)

    def end_epoch(self, row: Mapping[str, float], model: CVAE, is_last: bool) -> None:
        """Report an epoch, with samples for the first one, the last one, and each power of two.

        On several devices there are no samples, which all processes would have to compute.

        Args:
            row: row of history.csv.
            model: model with the weights that were validated.
        """
        if not self._tracks.ids:
            return
        figures, epoch = self._figures(row)
        self._tracks.tell("figures", figures, epoch)
        if num_devices() == 1 and (is_last or not epoch & (epoch - 1)):
            self._show("samples", lambda: self._samples(model), epoch)

    def close(self) -> None:
        """Report the run as a whole, and close the tracks."""
        figures, status = self._run.record.figures, self._run.record.status
        if figures is not None and self._tracks.ids:
            from condvae.figures.curves import history
            from condvae.figures.figure import as_picture

            note = figures.comparability
            self._show(
                "curves", lambda: as_picture(history(self._run.history, note)), figures.epochs
            )
            results = {f"run/{name}": value for name, value in figures.model_dump().items()}
            self._tracks.tell("results", results, figures.epochs)
        self._tracks.tell("close", status == "finished")

    def _figures(self, row: Mapping[str, float]) -> tuple[dict[str, float], int]:
        """The figures of an epoch by the names of history.csv, the throughput, and its number."""
        figures = dict(row)
        epoch = int(figures.pop("epoch"))
        figures[f"{self._dataset.unit}_per_second"] = len(self._dataset.train.x) / row["seconds"]
        return figures, epoch

    def _show(self, name: str, draw: Callable[[], np.ndarray | None], epoch: int) -> None:
        """Report a picture, if there is one; errors in drawing it do not end the training."""
        try:
            picture = draw()
        except Exception as error:
            log.warning("trackers do not get the %s: %s", name, reason_of(error))
        else:
            if picture is not None:
                self._tracks.tell("picture", name, picture, epoch)

    def _samples(self, network: CVAE) -> np.ndarray | None:
        """Expected images at draws of the prior, a row per label, from equal noise each epoch."""
        dataset, condition = self._dataset, self._run.record.condition
        classes = condition.leading
        if dataset.table is not None or classes is None or dataset.image_shape[-1] not in (1, 3):
            return None
        from condvae.figures.ranges import pixel_range
        from condvae.figures.tiles import rows_of, tile

        # cached, since each new one would compile its programs again
        self._model = model = self._model or TrainedModel(network, condition)
        if not model.latent_dim:
            return None
        labels = np.repeat(classes.categories[:MOST_LABELS], DRAWS)
        cells = rows_of(DRAWS, model.generate({classes.name: labels}, seed=0))
        low, high = pixel_range(cells)
        return to_uint8((tile(cells, 1, high) - low) / (high - low))
