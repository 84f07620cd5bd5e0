"""What tests ask of an open page."""

import numpy as np

from condvae.graph.graph import run_graph

PIXELS = """(id) => {
  const canvas = document.getElementById(id);
  return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
}"""
DECODE = """({ z, y, rows }) => {
  const inputs = { rows, z: Float32Array.from(z), y: Float32Array.from(y) };
  return [...explorer.engine.run("decoder", inputs).x_mean.data];
}"""
IS_STILL = "grid.getAttribute('aria-busy') === 'false'"


def wait_until(tab, expression, seconds=20):
    """Wait until an expression is true: Playwright's own way needs `eval`, which is forbidden."""
    for _ in range(50 * seconds):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(20)
    raise AssertionError(f"not within {seconds} s: {expression}")


def settle(tab):
    """Wait until what changed is drawn."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    wait_until(tab, IS_STILL)


def state(tab):
    return tab.evaluate("explorer.store.state")


def pixels(tab, shape, name="image"):
    """The levels of a canvas, (height, width, channels) of the model."""
    found = np.reshape(tab.evaluate(PIXELS, name), (*shape[:2], 4))
    return found[..., : shape[2]]


def expected_levels(subject, z, y):
    """What the float32 graph says, in levels."""
    inputs = {"z": np.asarray([z], "float32"), "y": np.asarray([y], "float32")}
    return 255 * run_graph(subject.graphs["decoder"], subject.tensors, inputs)["x_mean"][0]
