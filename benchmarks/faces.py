"""Few images of many classes: preset `photo` beside `small` on 40 drawn faces, ten images of each.

Faces are drawn with a face's form, tone and features as what a class has, light, expression and
place as what varies. Of each model: test -ELBO, and the share of generated images that are nearest
to the mean training image of the class that was asked for.

    python benchmarks/faces.py 0 1 2
"""

import sys
import tempfile
import time

import numpy as np
from scipy.ndimage import gaussian_filter, shift

import condvae
from condvae.evaluation import Drawing, Trial, bound_of

CLASSES, EACH, SIDE = 40, 10, 64
# of each property of a class the least and the greatest value
PROPERTIES = {
    "width": (0.5, 0.75),
    "height": (0.7, 0.95),
    "eyes": (0.2, 0.33),
    "eye_height": (-0.25, -0.05),
    "mouth": (0.12, 0.3),
    "mouth_height": (0.35, 0.55),
    "hair": (0.05, 0.7),
    "skin": (0.5, 0.9),
    "brow": (0, 0.03),
    "nose": (0, 1),
}
MODELS = {
    "small": {"preset": "small"},
    "photo, bernoulli": {"preset": "photo", "likelihood": "bernoulli"},
    "photo": {"preset": "photo"},
}


def face(p: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE) grey levels in [0, 1] of a class with these properties."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    light, place = rng.normal(0, 0.25), rng.normal(0, 1.2, 2)
    smile, opening = rng.normal(0, 0.06), rng.uniform(0.5, 1.2)
    head = (x / p["width"]) ** 2 + (y / p["height"]) ** 2
    image = np.where(head < 1.25, p["hair"], 0.15)
    image = np.where((head < 1) & (y > -0.55 * p["height"]), p["skin"], image)
    for side in (-1, 1):
        away = x - side * p["eyes"]
        eye = (away / 0.09) ** 2 + ((y - p["eye_height"]) / (0.05 * opening)) ** 2 < 1
        image = np.where(eye, 0.05, image)
        brow = (abs(away) < 0.14) & (abs(y - p["eye_height"] + 0.16) < 0.02 + p["brow"])
        image = np.where(brow, 0.2 * p["hair"] + 0.1, image)
    below = y - p["eye_height"]
    nose = (abs(x) < 0.04 + 0.03 * p["nose"]) & (below > 0.05) & (below < 0.3)
    image = np.where(nose, p["skin"] * 0.85, image)
    curve = y - p["mouth_height"] - smile * (x / p["mouth"]) ** 2
    image = np.where((abs(x) < p["mouth"]) & (abs(curve) < 0.035), 0.3, image)
    image = shift(gaussian_filter(image * (1 + light * x), 0.8), place, mode="nearest")
    return np.clip(image + rng.normal(0, 0.015, image.shape), 0, 1)


def drawn(seed: int) -> condvae.Dataset:
    """Grey faces of 40 classes, ten of each."""
    rng = np.random.default_rng(seed)
    classes = [{n: rng.uniform(*ends) for n, ends in PROPERTIES.items()} for _ in range(CLASSES)]
    x = np.stack([face(properties, rng) for properties in classes for _ in range(EACH)])
    codes = np.repeat(np.arange(CLASSES), EACH)
    pixels = (255 * x).round().astype("uint8")
    return condvae.Dataset.from_arrays(pixels, codes, condition_name="face", name="faces")


def measured(seed: int) -> dict[str, str]:
    """A row of the table for each model, on the faces of a seed."""
    data = drawn(seed)
    train = data.train.x[:].reshape(len(data.train.x), -1) / 255
    means = np.stack([train[data.train.y == code].mean(axis=0) for code in range(CLASSES)])
    asked, rows = np.repeat(np.arange(CLASSES), 5), {}
    for name, settings in MODELS.items():
        begun = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            run = condvae.train(data, run=f"{folder}/run", seed=seed, **settings)
            spent, epochs = time.process_time() - begun, len(run.history["loss"])
            bound = bound_of(run, data)
            trial = Trial.of(run, data, Drawing.of(run, data))
            made = trial.generate(asked, seed=1).reshape(len(asked), 1, -1)
        shown = (((made - means) ** 2).sum(axis=2).argmin(axis=1) == asked).mean()
        rows[name] = f"{epochs} | {spent:.0f} | {-bound.elbo:.1f} | {shown:.1%}"
    return rows


def main() -> None:
    """A row for each seed and model."""
    print("| seed | model | epochs | CPU s | test -ELBO, nats | class shown |")
    print("|---|---|---|---|---|---|")
    for seed in map(int, sys.argv[1:] or ["0"]):
        for name, row in measured(seed).items():
            print(f"| {seed} | {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
