"""The sampler of a run: fitted to its training images once, and stored beside its weights."""

import hashlib
import logging
from typing import TYPE_CHECKING

from condvae.checks import InputError
from condvae.files.tensors import DIGESTS, StoredTensors, write_tensors
from condvae.inference.sampler import Sampler
from condvae.likelihoods import likelihood_named
from condvae.runs.run import Run

if TYPE_CHECKING:
    from condvae.data import Dataset

SAMPLER_NAME = "sampler.safetensors"
WEIGHTS, RECIPE = "weights", "recipe"
METHOD = "4"  # raised when other tensors are stored

log = logging.getLogger(__name__)


def sampler_of(run: Run, dataset: "Dataset | None" = None) -> Sampler:
    """The run's `Sampler`, from its folder, or fitted to the training images.

    Args:
        dataset: the data of the run; None: loaded if they are needed.

    Raises:
        InputError: the run is not of images of classes, or its data are not found.
    """
    model, path = run.model, run.path / SAMPLER_NAME
    weights = hashlib.sha256(run.stored_weights().texts[DIGESTS].encode()).hexdigest()
    if weights in run.samplers:
        return run.samplers[weights]
    if path.exists():
        stored = StoredTensors(path)
        if stored.texts.get(WEIGHTS) == weights and stored.texts.get(RECIPE) == METHOD:
            rows, *_ = stored.shapes.get("deviations", (0,))
            tensors = stored.read(Sampler.shapes(model, rows))
            return run.samplers.setdefault(weights, Sampler.restored(model, tensors))
    train = run.check_data(dataset or run.load_data()).train
    if run.spec.data.task != "class" or len(train.x.shape) < 3:
        raise InputError(
            "encodings can be sampled for runs on images of classes",
            f"a run given {run.record.condition}",
            "Draw z from the model's prior.",
        )
    sampler = run.samplers[weights] = Sampler.fit(model, train.x, train.y)
    if not run.is_archive:
        try:
            write_tensors(path, sampler.tensors(), {WEIGHTS: weights, RECIPE: METHOD})
            log.warning(
                "%s keeps encodings of training images, from which these can be reconstructed; "
                "archives, exports and the hub do not get it",
                path,
            )
        except OSError as error:  # a folder that only can be read
            log.warning("the fitted sampler is not kept: %s", error)
    return sampler


def knows_noise(run: Run) -> bool:
    """Whether a run's `Sampler` has a texture."""
    return likelihood_named(run.spec.model.likelihood).inverts


def prefers_encodings(run: Run, dataset: "Dataset | None" = None) -> bool:
    """Whether images are drawn by the run's `Sampler` where nothing else is asked.

    These are runs of photographs: of levels, and with latents that start from principal components,
    many of which no prior describes well (docs/photographs.md has the figures). Without a sampler
    in the run folder and without the data for it, the model's prior is used, with a notice.
    """
    given_classes = run.record.condition.classes is not None and not run.spec.data.masks_parts
    of_photographs = run.spec.model.decoder_start == "factors" and knows_noise(run)
    if not (given_classes and of_photographs) or run.is_archive:
        return False
    try:
        sampler_of(run, dataset)
    except InputError:
        log.warning(
            "the run's training data (%s) cannot be read any more, from whose encodings z would "
            "come: z comes from the model's prior",
            run.record.data.name,
        )
        return False
    return True
