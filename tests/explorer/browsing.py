"""How tests look at an open page: only by waiting.

The page draws what was done in its next frame, workers answer later still, and on a busy machine
both take their time. Nothing but this file looks at once; test_no_immediate_reads.py sees to it.
Elsewhere there are

- `expect(locator)`, Playwright's, for elements, and the `expect_...` of this file for what the page
  holds and paints: they look again until they see what they should;
- what returns a value for the next step (`read`, `state`, `box_of`, ...): it waits until the page
  is still;
- `commit` and `do`, which act and return nothing.

That nothing changed is seen after `settle`.
"""

import base64
import math
import time
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

PATIENCE = 30  # seconds that only what hangs takes
expect.set_options(timeout=1000 * PATIENCE)

NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(done))"
# Two frames: what was to be drawn in the first may ask the engine for more.
IS_STILL = """() => new Promise((done) => {
  const isIdle = () =>
    (globalThis.explorer?.engine.isIdle() ?? true) && !document.querySelector("[aria-busy=true]");
  const places = () => [...document.querySelectorAll("main *")].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return [x, y, width, height];
  }).join();
  requestAnimationFrame(() => {
    const [wasIdle, before] = [isIdle(), places()];
    requestAnimationFrame(() => done(wasIdle && isIdle() && places() === before));
  });
})"""
LEVELS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  // a text: as a list, a million numbers take the browser's protocol ten seconds
  let text = "";
  for (let at = 0; at < data.length; at += 32768)
    text += String.fromCharCode(...data.subarray(at, at + 32768));
  return { width, height, data: btoa(text) };
}"""
ENCODED = "[...explorer.encode(explorer.store.state)]"
DECODE = """({ z, y, rows }) => {
  const inputs = { rows, z: Float32Array.from(z), y: Float32Array.from(y) };
  return [...explorer.engine.run("decoder", inputs).x_mean.data];
}"""


@contextmanager
def opened(chromium, address, complaints=(), waits=True, **settings):
    """A tab with a page from disk, without a network.

    At its end: nothing was asked for but the file, and nothing complained in the console.

    Args:
        complaints: parts of sentences that the console may hold.
        waits: until the page has opened, or has said why not.
        settings: of the browser's context.
    """
    settings = {"viewport": {"width": 1200, "height": 900}, **settings}
    context = chromium.new_context(accept_downloads=True, **settings)
    context.set_default_timeout(2000 * PATIENCE)  # of actions, and of files to be made
    context.set_offline(True)
    tab, asked, said = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda entry: said.append(entry.text) if entry.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    try:
        tab.goto(address)
        if waits:
            expect_value(tab, "message.textContent.startsWith('Opening')", False)
        yield tab
        for frame in tab.frames:
            _hear_out(frame)
    finally:
        context.close()
    file = address.partition("#")[0]
    assert [url for url in asked if not url.startswith((file, "blob:"))] == []
    assert [text for text in said if not any(part in text for part in complaints)] == []


def _hear_out(frame):
    """Wait until what a frame has said so far was heard: its messages arrive in their order."""
    settle(frame)
    last = "That was all."
    with frame.page.expect_console_message(lambda entry: entry.text == last):
        frame.evaluate("(text) => console.log(text)", last)


def eventually(tab, check):
    """Call a check after each frame until it holds; its last error says what it saw."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        tab.evaluate(NEXT_FRAME)


def settle(tab):
    """Wait until a page is still: changes are drawn, the engine has answered, nothing moves."""

    def check():
        assert tab.evaluate(IS_STILL), "the page computes or moves"

    eventually(tab, check)


def read(tab, expression, argument=None):
    """The value of an expression once the page is still."""
    settle(tab)
    return tab.evaluate(expression, argument)


def state(tab):
    """The page's state, once it is still."""
    return read(tab, "explorer.store.state")


def encoded(tab):
    """y as the page gives it to the networks, flat, once it is still."""
    return np.array(read(tab, ENCODED), "float32")


def decoded(tab, z, y):
    """What the page's engine decodes at once, whatever else the page does, (rows, size)."""
    rows = {"z": z.ravel().tolist(), "y": y.ravel().tolist(), "rows": len(z)}
    return np.reshape(tab.evaluate(DECODE, rows), (len(z), -1))


def pixels(tab, canvas):
    """The levels of the canvas that a selector finds, (height, width, 4), once it is still."""
    settle(tab)
    return _levels(tab, canvas)


def _levels(tab, canvas):
    found = tab.locator(canvas).evaluate(LEVELS)
    levels = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    return levels.astype(int).reshape(found["height"], found["width"], 4)


def num_workers(tab):
    """How many workers the page has, once it is still."""
    settle(tab)
    return len(tab.workers)


def box_of(locator):
    """Where an element lies in the window, in pixels, once the page is still."""
    settle(locator.page)
    return locator.bounding_box()


def places_in(locator, *shares):
    """Places of an element, as shares across and down, in the window's pixels."""
    box = box_of(locator)
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]


def drag(locator, *shares, steps=4):
    """Press the mouse at a place of an element, move it to others, let it go."""
    locator.scroll_into_view_if_needed()
    first, *others = places_in(locator, *shares)
    mouse = locator.page.mouse
    mouse.move(*first)
    mouse.down()
    for place in others:
        mouse.move(*place, steps=steps)
    mouse.up()


def do(tab, script, argument=None):
    """Run a script in the page that acts on it."""
    tab.evaluate(script, argument)


def commit(tab, **changes):
    """Change the page's state by a step that can be undone."""
    do(tab, "(changes) => explorer.store.commit(changes)", changes)


@dataclass(frozen=True, eq=False)
class Between:
    """Equals the numbers between two others."""

    low: float = -math.inf
    high: float = math.inf

    def __eq__(self, number):
        return self.low < number < self.high


def expect_value(tab, expression, expected):
    """Wait until an expression has a value; `pytest.approx` and `Between` are values, too."""

    def check():
        assert tab.evaluate(expression) == expected

    eventually(tab, check)


def expect_state(tab, **expected):
    """Wait until parts of the page's state are what they should be."""

    def check():
        found = tab.evaluate("explorer.store.state")
        assert {name: found[name] for name in expected} == expected

    eventually(tab, check)


def expect_number(field, expected):
    """Wait until a field holds a number."""

    def check():
        assert float(field.input_value()) == expected

    eventually(field.page, check)


def expect_encoded(tab, y, atol=0.0, part=slice(None)):
    """Wait until y, or a part of it, is what the networks should be given."""

    def check():
        found = np.array(tab.evaluate(ENCODED), "float32")[part]
        np.testing.assert_allclose(found, np.ravel(y), rtol=0, atol=atol)

    eventually(tab, check)


def expect_pixels(tab, expected, canvas="#image", atol=1.5):
    """Wait until the canvas that a selector finds shows an image.

    Args:
        expected: (height, width, channels) in levels.
        atol: levels; none may be as far off.
    """

    def check():
        found = _levels(tab, canvas)
        assert found.shape[:2] == expected.shape[:2]
        assert abs(found[..., : expected.shape[2]] - expected).max() < atol

    eventually(tab, check)


def expect_accessible(tab):
    """Nothing that axe finds stands in anybody's way, in light and in dark colours.

    The page must be opened with `bypass_csp`: axe comes in by a script of its own.
    """
    reason = "axe is not installed"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    for scheme in ("dark", "light"):
        tab.emulate_media(color_scheme=scheme)
        settle(tab)
        violations = axe.Axe().run(tab).response["violations"]
        found = [(v["id"], [n["html"][:80] for n in v["nodes"]]) for v in violations]
        assert found == [], scheme
