"""The page's GIF files, read by Pillow."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from graph_readers import run_node
from PIL import Image, ImageSequence

from condvae.explorer import modules

PAGE = Path(modules.__file__).parent / "page"


def written(frames, delays):
    """Pictures, (height, width, 3) uint8, and hundredths of a second, as a GIF of the page."""
    opaque = [np.dstack([frame, np.full(frame.shape[:2], 255, "uint8")]) for frame in frames]
    given = [
        {"height": len(a), "width": a.shape[1], "data": base64.b64encode(a.tobytes()).decode()}
        for a in opaque
    ]
    program = f"""
      import {{ readFileSync }} from "node:fs";
      import {{ gif }} from {json.dumps(str(PAGE / "gif.js"))};
      const frames = JSON.parse(readFileSync(0, "utf8")).map((frame) => {{
        const data = Uint8ClampedArray.from(Buffer.from(frame.data, "base64"));
        return {{ ...frame, data }};
      }});
      const bytes = Buffer.from(await gif(frames, {json.dumps(delays)}).arrayBuffer());
      console.log(JSON.stringify(bytes.toString("base64")));
    """
    content = run_node("--input-type=module", "--eval", program, input=json.dumps(given))
    return Image.open(io.BytesIO(base64.b64decode(content)))


def read(image):
    return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(image)]


def grey(rng, size):
    return (rng.integers(0, 256, (*size, 1)) * np.ones(3, int)).astype("uint8")


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: grey(rng, (90, 130)),  # more than 4,096 sequences: the table begins again
        lambda rng: np.kron(grey(rng, (7, 7)), np.ones((12, 12, 1), "uint8")),
        lambda rng: np.full((33, 20, 3), rng.integers(0, 256), "uint8"),
        lambda rng: (rng.integers(0, 2, (9, 5, 1)) * [255, 10, 3]).astype("uint8"),
        lambda rng: np.zeros((1, 1, 3), "uint8"),
        lambda rng: rng.choice(np.arange(192, dtype="uint8").reshape(64, 3), (40, 30)),
    ],
    ids=["noise", "blocks", "one colour a frame", "two colours", "one pixel", "64 colours"],
)
def test_up_to_256_colours_come_back_exactly(draw):
    rng = np.random.default_rng(0)
    frames, delays = [draw(rng) for _ in range(5)], [50, 5, 7, 300, 2]
    image = written(frames, delays)
    assert image.info["loop"] == 0
    found = read(image)
    # Pillow joins frames that are alike: they are shown for as long
    told = []
    for place in range(image.n_frames):
        image.seek(place)
        told.append(image.info["duration"])
    assert sum(told) == 10 * sum(delays)
    if len(found) == len(frames):
        assert told == [10 * delay for delay in delays]
        for one, frame in zip(found, frames, strict=True):
            np.testing.assert_array_equal(one, frame)
    else:
        assert all((frame == frames[0]).all() for frame in frames)


def test_more_colours_are_those_that_are_nearest():
    across, down = np.meshgrid(np.arange(64), np.arange(64))
    frames = [
        np.stack([4 * down, 4 * across, np.full_like(down, level)], axis=-1).astype("uint8")
        for level in (0, 90, 180)
    ]
    found = read(written(frames, [10] * 3))
    assert len(np.unique(np.concatenate([f.reshape(-1, 3) for f in found]), axis=0)) <= 256
    for one, frame in zip(found, frames, strict=True):
        assert abs(one - frame).mean() < 9  # a cube of 6 x 6 x 6 would be off by 11
