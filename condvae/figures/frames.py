"""An animated walk along the labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from condvae.figures.fonts import font_file
from condvae.figures.labels import leading_class, under
from condvae.figures.ranges import pixel_range
from condvae.figures.walks import label_walk
from condvae.files.atomic import atomic_path
from condvae.inference.trained import TrainedModel

# Below the image, in pixels: the line of labels, and the weights in words.
_STRIP = 44
# Pillow's own font has few letters beyond this.
LAST_OF_LATIN_1 = "\xff"


def label_frames(
    model: TrainedModel,
    z: Any = None,
    steps_per_label: int = 12,
    hold: int = 6,
    size: int = 224,
) -> np.ndarray:
    """One style while the label moves from the first to the last, one image per step.

    Of several conditions, the first class moves and the others are missing.

    Below each image are a dot on the line of labels and the weights of the mixture in words.

    Args:
        model: the model; decoded once.
        z: (latent_dim,) the style; None: 0.
        steps_per_label: frames from one label to the next.
        hold: further frames at each label.
        size: the image is enlarged by the whole factor that brings its longer side closest to
            this many pixels.

    Returns:
        (frames, height, width) uint8, or (frames, height, width, 3) for colour images.
    """
    classes = leading_class(model)
    weights = label_walk(classes.num_classes, steps_per_label, hold)
    style = np.zeros(model.latent_dim) if z is None else np.asarray(z).reshape(model.latent_dim)
    # all frames in one decode
    images = model.decode(np.tile(style, (len(weights), 1)), under(model, weights))
    low, high = pixel_range(images)
    levels = np.rint(255 * (images - low) / (high - low)).astype("uint8")
    factor = max(1, round(size / max(images.shape[1:3])))
    pictures = levels.repeat(factor, axis=1).repeat(factor, axis=2)
    if pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    return np.stack(
        [
            _with_strip(picture, row, classes.categories)
            for picture, row in zip(pictures, weights, strict=True)
        ]
    )


def save_gif(frames: np.ndarray, path: Path, milliseconds: int = 60) -> Path:
    """Write frames as an endless GIF, complete or not at all; equal neighbours share one frame.

    Args:
        frames: (frames, height, width[, 3]) uint8.
        path: path of the file, ending in .gif.
        milliseconds: duration of each frame; GIF stores hundredths of a second.
    """
    first, *others = [Image.fromarray(frame) for frame in frames]
    with atomic_path(path) as fresh:
        first.save(fresh, save_all=True, append_images=others, duration=milliseconds, loop=0)
    return Path(path)


def _with_strip(picture: np.ndarray, weights: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The picture above the line of labels and the mixture in words."""
    height, width = picture.shape[:2]
    canvas = Image.new("L" if picture.ndim == 2 else "RGB", (width, height + _STRIP), "white")
    canvas.paste(Image.fromarray(picture))
    draw = ImageDraw.Draw(canvas)
    y, left, right = height + 12, 12, width - 12
    last = max(1, len(names) - 1)
    draw.line([(left, y), (right, y)], fill="gray")
    for code in range(len(names)):
        x = left + (right - left) * code / last
        draw.line([(x, y - 3), (x, y + 3)], fill="gray")
    x = left + (right - left) * float(weights @ np.arange(len(names))) / last
    draw.ellipse([(x - 5, y - 5), (x + 5, y + 5)], fill="black")
    mixture = ",  ".join(
        f"{name[:14]}: {weight:.0%}" for name, weight in zip(names, weights, strict=True) if weight
    )
    draw.text((width / 2, y + 18), mixture, fill="black", anchor="mm", font=font_of(mixture))
    return np.asarray(canvas)


def font_of(text: str, size: int = 13) -> Any:
    """Pillow's own font, so that all machines draw the same; another font for other scripts."""
    if max(text, default="") <= LAST_OF_LATIN_1:
        return ImageFont.load_default(size)
    return ImageFont.truetype(font_file(text), size)
