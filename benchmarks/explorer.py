"""The explorer of the notebook's model in headless Chromium; writes docs/explorer.md.

CONDVAE_DATA=DIR python benchmarks/explorer.py [--run RUN] [--others RUN[=DATA] ...]

Without --run it trains one, of three epochs: the sizes are those of the full recipe. Draws the
README's pictures of the page, too. Of --others, runs such as `scripts/gallery` trains, it writes
the sizes alone.
"""

import argparse
import io
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import condvae

ROOT = Path(__file__).parents[1]
PAGE, PICTURES = ROOT / "docs" / "explorer.md", ROOT / "docs" / "images"
OPENINGS, SECONDS, DRAGS, COMMANDS = 7, 5, 3, 5
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
DECODE = """() => {
  const y = explorer.encode(explorer.store.state);
  const times = [];
  for (let i = 0; i < 400; i++) {
    const z = Float32Array.of(Math.sin(i), Math.cos(1.7 * i));
    const start = performance.now();
    explorer.engine.run("decoder", { rows: 1, z, y });
    times.push(performance.now() - start);
  }
  return times;
}"""
# The 64 decodes of a grid by themselves: what a redraw cannot be quicker than.
FLOOR = """() => {
  const y = explorer.encode(explorer.store.state);
  const z = Float32Array.from({ length: 128 }, (_, i) => 2 * Math.sin(i));
  const times = [];
  for (let i = 0; i < 40; i++) {
    const start = performance.now();
    explorer.engine.run("decoder", { rows: 64, z, y });
    times.push(performance.now() - start);
  }
  return times;
}"""
# What a finger does as often as the screen is drawn: on the mixture all of y is another each time,
# on the plane the view. A redraw is counted when all 64 digits of the grid are new.
DRAG = """([kind, seconds]) => new Promise((done) => {
  const moves = {
    mixture(now) {
      const share = (Math.sin(now / 300) + 1) / 2;
      return { values: [[1 - share, share, 0, 0, 0, 0, 0, 0, 0, 0]] };
    },
    view(now) {
      const { view } = explorer.store.state;
      return { view: { ...view, x: Math.sin(now / 500), y: Math.cos(now / 500) } };
    },
  };
  const grid = document.getElementById("grid");
  grid.scrollIntoView({ block: "end" });
  let redraws = 0;
  let frames = 0;
  const observer = new MutationObserver(() => {
    if (grid.getAttribute("aria-busy") === "false") redraws += 1;
  });
  observer.observe(grid, { attributes: true, attributeFilter: ["aria-busy"] });
  const start = performance.now();
  const drag = (now) => {
    explorer.store.change(moves[kind](now));
    frames += 1;
    if (now - start < 1000 * seconds) requestAnimationFrame(drag);
    else {
      observer.disconnect();
      done([redraws / seconds, frames / seconds]);
    }
  };
  requestAnimationFrame(drag);
})"""


def opened(browser: Browser, file: Path, **settings: Any) -> Any:
    """The page, ready."""
    tab = browser.new_context(**settings).new_page()
    tab.goto(file.as_uri())
    while not tab.evaluate("Boolean(globalThis.explorer)"):
        tab.wait_for_timeout(20)
    return tab


def measure(browser: Browser, file: Path, model: Any) -> dict[str, str]:
    """What was asked for, and what it is."""
    paints, ready = [], []
    for _ in range(OPENINGS):
        tab = opened(browser, file)
        paints.append(tab.evaluate(PAINT))
        ready.append(tab.evaluate("performance.now()"))
        tab.context.close()
    tab = opened(browser, file, viewport={"width": 1280, "height": 900})
    decode = statistics.median(tab.evaluate(DECODE))
    rounds = [measure_drags(tab) for _ in range(DRAGS)]
    difference = compare(tab, model)
    tab.context.close()
    return {
        "size of the file (asked: at most 3 MB)": f"{file.stat().st_size / 1e6:.2f} MB",
        "first paint (at most 1 s), median of 7": f"{statistics.median(paints):.0f} ms",
        "ready to be dragged": f"{statistics.median(ready):.0f} ms",
        "a decode (at most 2 ms), median of 400": f"{decode:.2f} ms",
        **{name: ", ".join(found[name] for found in rounds) for name in rounds[0]},
        "largest difference of a pixel from Keras, 1,000 random z and y (below 1/255)": (
            f"{255 * difference:.2f}/255"
        ),
    }


def measure_drags(tab: Any) -> dict[str, str]:
    """Grids a second while something is dragged, beside what disturbed and what bounds them."""
    load = os.getloadavg()[0]
    floor = statistics.median(tab.evaluate(FLOOR))
    grids, frames = tab.evaluate(DRAG, ["mixture", SECONDS])
    panned, _ = tab.evaluate(DRAG, ["view", SECONDS])
    return {
        "8 × 8 grids a second while the mixture is dragged (at least 30)": f"{grids:.0f}",
        "the same while the plane with 60,000 points is dragged": f"{panned:.0f}",
        "frames a second while the mixture is dragged (the screen's: 60)": f"{frames:.0f}",
        "the 64 decodes alone": f"{floor:.1f} ms",
        "a redraw, in times of these": f"{1000 / grids / floor:.1f}",
        "load of the machine then": f"{load:.1f}",
    }


def time_commands(run: Path, folder: Path) -> dict[str, str]:
    """Seconds of commands from a cold process; the first, which compiles Python, does not count."""
    image = folder / "image.png"
    commands = {
        f"condvae generate (at most 1.5 s), a cold process, median of {COMMANDS}": [
            *("generate", str(run), "--given", "3", "-n", "1", "--out", str(image))
        ],
        f"condvae transfer, the same (at most 1.5 s), median of {COMMANDS}": [
            *("transfer", str(run), str(image), "--from", "3", "--to", "5"),
            *("--out", str(folder / "five.png")),
        ],
    }
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    found = {}
    for name, command in commands.items():
        seconds, processor = [], []
        for _ in range(1 + COMMANDS):
            start, used = time.perf_counter(), os.times()
            program = [sys.executable, "-m", "condvae", *command, "--overwrite"]
            subprocess.run(program, check=True, env=settings, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
            now = os.times()
            processor.append(
                now.children_user + now.children_system - used.children_user - used.children_system
            )
        taken, busy = (statistics.median(times[1:]) for times in (seconds, processor))
        found[name] = f"{taken:.2f} s ({busy:.2f} s of processor time)"
    return found


def compare(tab: Any, model: Any) -> float:
    """The largest difference between the browser's pixels and Keras's."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((1000, model.latent_dim)).astype("float32")
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, 1000)]
    asked = {"z": z.ravel().tolist(), "y": y.ravel().tolist()}
    found = tab.evaluate(
        """({ z, y }) => { const [a, b] = [z, y].map((n) => Float32Array.from(n));
          const { x_mean } = explorer.engine.run("decoder", { rows: 1000, z: a, y: b });
          return [...x_mean.data]; }""",
        asked,
    )
    expected = model.decode(z, y)
    return float(abs(np.reshape(found, expected.shape) - expected).max())


def draw_pictures(browser: Browser, file: Path) -> None:
    """The README's pictures: a screen, and a phone in the dark."""
    state = "#z=0.9,0.6&y0=@3"
    screens = {
        "explorer.png": ({"viewport": {"width": 1180, "height": 1390}}, "light"),
        "explorer-phone.png": (
            {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
            "dark",
        ),
    }
    for name, (settings, scheme) in screens.items():
        tab = opened(browser, file, color_scheme=scheme, **settings)
        tab.evaluate("(state) => { location.hash = state; }", state)
        tab.wait_for_timeout(1500)
        with Image.open(io.BytesIO(tab.screenshot())) as picture:
            # every colour of a class must stay, however few pixels have it
            few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
            few.save(PICTURES / name, optimize=True)
        tab.context.close()


def size_of(other: str, folder: Path) -> str:
    """The size of another run's page, and what it says of itself."""
    run, _, data = other.partition("=")
    page = condvae.explore(run, condvae.load_data(data) if data else None)
    page.write(folder / "other.html")
    size = (folder / "other.html").stat().st_size / 1e6
    preset = condvae.Run.open(run).record.preset
    return f"`{preset}`, {Path(run).name}: {size:.1f} MB. {' '.join(page.notes)}"


def main() -> None:
    """Train where there is no run, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--others", nargs="*", default=[])
    arguments = parser.parse_args()
    given = arguments.run
    with tempfile.TemporaryDirectory() as folder:
        run = given or Path(folder) / "notebook"
        if given is None:
            command = [sys.executable, "-m", "condvae", "train", "mnist", "--preset", "notebook"]
            subprocess.run([*command, "--epochs", "3", "--run", str(run)], check=True)
        file = Path(folder) / "explorer.html"
        page = condvae.explore(run)
        page.write(file)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            figures = measure(browser, file, condvae.load(run))
            draw_pictures(browser, file)
            version = browser.version
            browser.close()
        figures |= time_commands(run, Path(folder))
        others = [size_of(other, Path(folder)) for other in arguments.others]
    rows = "\n".join(f"| {name} | {value} |" for name, value in figures.items())
    machine = (
        f"Chromium {version}, headless, without a GPU; {os.cpu_count()} CPU cores "
        f"({platform.machine()}); the load is that of the whole machine, the browser included."
    )
    PAGE.write_text(
        "# The explorer, measured\n\nWritten by `python benchmarks/explorer.py`. "
        f"The notebook's model, MNIST. {machine} Figures separated by commas are {DRAGS} "
        "tries, one after the other; a grid counts when all of its 64 digits are redrawn.\n\n"
        f"| | |\n|---|---|\n{rows}\n\n{' '.join(page.notes)}\n"
        + "".join(f"\n- {line}" for line in others)
        + "\n" * bool(others),
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
