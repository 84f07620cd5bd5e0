"""Colour images in a folder with a table: are shape, colour and place obeyed?"""

import csv

import numpy as np
import pytest
from PIL import Image

import condvae

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}
SIDE, RADIUS = 64, 9
PLACES = np.array([14, 26, 38, 50])
AREAS = {"square": 361, "disc": 253, "triangle": 190}


def draw(shape, colour, x, y):
    """(64, 64, 3) uint8: a shape of one colour on black, its middle at (x, y)."""
    down, right = np.mgrid[:SIDE, :SIDE] - np.array([y, x])[:, None, None]
    inside = {
        "square": np.maximum(abs(down), abs(right)) <= RADIUS,
        "disc": down**2 + right**2 <= RADIUS**2,
        "triangle": (abs(down) <= RADIUS) & (2 * abs(right) <= down + RADIUS),
    }[shape]
    return (inside[..., None] * np.array(COLOURS[colour]) * 255).astype("uint8")


def drawn_rows(num, seed):
    """Conditions by name, at random."""
    rng = np.random.default_rng(seed)
    return {
        "shape": rng.choice(list(AREAS), num),
        "colour": rng.choice(list(COLOURS), num),
        "x": rng.choice(PLACES, num),
        "y": rng.choice(PLACES, num),
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Trained on 1,500 images in a folder with attributes.csv."""
    folder = tmp_path_factory.mktemp("shapes")
    rows = drawn_rows(1_500, seed=0)
    with (folder / "attributes.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", *rows])
        for number, values in enumerate(zip(*rows.values(), strict=True)):
            Image.fromarray(draw(*values)).save(folder / f"{number}.png")
            table.writerow([f"{number}.png", *values])
    data = condvae.load_data(folder, conditions=("shape", "colour", "x:continuous", "y:continuous"))
    assert data.x.shape == (1_500, SIDE, SIDE, 3)
    return condvae.train(
        data,
        run=folder / "run",
        spec=condvae.Spec().override(
            architecture="residual",
            hidden_dims=(128, 128),
            activation="silu",
            latent_dim=4,
            output_bias="data",
            # the conditions tell all: what z says instead must cost more than it would by itself
            beta=20.0,
            condition_at="every_layer",
            condition_dropout=0.1,
            epochs=24,
            batch_size=50,
            learning_rate=2e-3,
            schedule="cosine",
            warmup=0.1,
        ),
        progress=False,
    )


def obeyed(images, asked):
    """Whether each image shows what was asked for: by its area, its colours and its middle."""
    shown = images.max(axis=-1) > 0.5
    area = shown.sum(axis=(1, 2))
    shapes = np.array(list(AREAS))[
        abs(area[:, None] - np.array(list(AREAS.values()))).argmin(axis=1)
    ]
    count = np.maximum(area, 1)
    mean = (images * shown[..., None]).sum(axis=(1, 2)) / count[:, None]
    distances = [np.linalg.norm(mean - np.array(rgb), axis=1) for rgb in COLOURS.values()]
    colours = np.array(list(COLOURS))[np.argmin(distances, axis=0)]
    y, x = np.mgrid[:SIDE, :SIDE]
    middle_x, middle_y = ((shown * axis).sum(axis=(1, 2)) / count for axis in (x, y))
    # a triangle's middle lies below half its height
    middle_y -= np.where(asked["shape"] == "triangle", RADIUS / 3, 0)
    near = np.maximum(abs(middle_x - asked["x"]), abs(middle_y - asked["y"])) < 6
    return (shapes == asked["shape"]) & (colours == asked["colour"]) & near


def test_the_check_itself_tells_true_shapes_and_swapped_ones():
    asked = drawn_rows(200, seed=2)
    images = np.stack([draw(*values) for values in zip(*asked.values(), strict=True)]) / 255
    assert obeyed(images, asked).all()
    for name, values in asked.items():
        swapped = {**asked, name: np.roll(values, 1)}
        assert obeyed(images, swapped)[values == np.roll(values, 1)].all()
        assert not obeyed(images, swapped)[values != np.roll(values, 1)].any()


@pytest.mark.slow
def test_what_is_asked_for_is_generated(run):
    asked = drawn_rows(500, seed=1)
    assert obeyed(run.model.generate(asked, seed=3), asked).mean() >= 0.98
