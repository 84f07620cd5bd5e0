"""The page of a model, without a run folder."""

from collections.abc import Callable

import numpy as np

from condvae.conditions import Condition
from condvae.explorer.page import Page, make_page
from condvae.explorer.shown import gather_rows
from condvae.explorer.subject import Subject
from condvae.graph.networks import model_graphs
from condvae.models import CVAE, network_tensors


def page_of_model(
    name: str,
    model: CVAE,
    condition: Condition,
    rows: tuple[np.ndarray, np.ndarray] | None,
    encode: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Page:
    """A model's page, with the encodings of some rows.

    Args:
        name: title of the page.
        model: a model of images, with latents.
        condition: the kind of y.
        rows: x as stored and y encoded, whose encodings are shown; None: none.
        encode: (x, y) -> means of the posterior.

    Raises:
        InputError: a model without latents or of tables, or a layer without a graph operation.
    """
    of_classes = model.likelihood.of_classes
    subject = Subject(
        name,
        model_graphs(model),
        network_tensors(model),
        condition,
        model.likelihood.x_range == (0, 1),
        tuple(map(str, range(model.image_shape[-1]))) if of_classes else None,
        model.latent_groups,
        model.likelihood.of_bits,
    )
    shown = None if rows is None else gather_rows(condition, *rows, encode, model.x_max)
    return make_page(subject, shown)
