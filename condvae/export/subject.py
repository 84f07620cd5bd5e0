"""A run's model as the explorer takes it."""

from collections.abc import Mapping

import numpy as np

from condvae.explorer import Subject
from condvae.export.folder import graphs_of
from condvae.graph.graph import Graph
from condvae.graph.stored import read_weights
from condvae.likelihoods import likelihood_named
from condvae.runs import Run


def networks_of(run: Run) -> tuple[dict[str, Graph], dict[str, np.ndarray]]:
    """The graphs of a run by name, and the weights that they read.

    Raises:
        InputError: a part of the model cannot be exported.
    """
    graphs, stored = dict(graphs_of(run)), run.stored_weights()
    tensors: dict[str, np.ndarray] = {}
    for name, graph in graphs.items():
        tensors |= read_weights(graph, stored, name)
    return graphs, tensors


def subject_of(run: Run, graphs: Mapping[str, Graph], tensors: Mapping[str, np.ndarray]) -> Subject:
    """The model of a run on images."""
    record = run.record
    return Subject(
        run.path.stem if run.is_archive else run.path.resolve().name,
        graphs,
        tensors,
        record.condition,
        record.preprocessing.in_unit_interval,
        record.preprocessing.pixel_classes,
        record.spec.model.latent_groups,
        likelihood_named(record.spec.model.likelihood).of_bits,
    )
