"""Exports to a folder: a file for each network, and a manifest that describes them."""

import json
from pathlib import Path

from condvae.checks import InputError
from condvae.export.preprocessing import with_preprocessing
from condvae.files.atomic import atomic_path, write_text
from condvae.graph.graph import Graph, output_shapes
from condvae.graph.stored import read_weights
from condvae.runs import Run

MANIFEST_NAME = "manifest.json"


def export_onnx(run: Run, path: Path) -> None:
    """Write encoder.onnx, decoder.onnx and so on, for the run's networks, and a manifest.

    Raises:
        InputError: a part of the model cannot be exported, and the message names it; or ONNX is not
            installed. Nothing is written.
    """
    try:
        import onnx
    except ImportError:
        raise InputError(
            "the format onnx requires the package onnx",
            "no such package",
            "Install it with: pip install 'condvae[export]'.",
        ) from None
    from condvae.export.manifest import manifest
    from condvae.export.onnx import to_onnx

    stored, graphs, shapes = run.stored_weights(), {}, {}
    with atomic_path(path) as fresh:
        fresh.mkdir()
        for name, graph in graphs_of(run).items():
            graph = with_preprocessing(graph, run.record)
            tensors = read_weights(graph, stored, name)
            graphs[name], shapes[name] = graph, output_shapes(graph, tensors)
            onnx.save(to_onnx(graph, tensors, name), fresh / f"{name}.onnx")
        content = json.dumps(manifest(run.record, graphs, shapes), indent=2, ensure_ascii=False)
        write_text(fresh / MANIFEST_NAME, content + "\n")


def graphs_of(run: Run) -> dict[str, Graph]:
    """The graphs of a run; built by Keras if the run has not stored them.

    Raises:
        InputError: a part of the model cannot be exported; the message names it.
    """
    if graphs := run.graphs:
        return graphs
    if run.record.networks and (refusal := run.refusal):
        raise refusal  # without the user's code, Keras could not even build the networks
    from condvae.graph.networks import model_graphs

    return model_graphs(run.by_keras.keras_model)


def export_keras(run: Run, path: Path) -> None:
    """Write the networks in Keras's format, and the whole model as model.keras.

    Networks of Keras's own layers can be loaded by Keras alone; the others, and the model, after
    `import condvae.models`. The files cannot run code.

    Raises:
        InputError: as in `Run.model`; nothing is written.
    """
    import keras

    from condvae.models.contract import NETWORKS

    model = run.by_keras.keras_model
    networks = {"model": model}
    for name in NETWORKS:
        network = getattr(model, name)
        if isinstance(network, keras.Model):
            networks[name] = network
    for network in networks.values():
        for layer in network.layers:
            if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
                # the current one, for reading weights, is known to condvae only
                layer.kernel_initializer = keras.initializers.Zeros()
    with atomic_path(path) as fresh:
        fresh.mkdir()
        for name, network in networks.items():
            network.save(fresh / f"{name}.keras")
