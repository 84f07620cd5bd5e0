import numpy as np
import pytest
from PIL import Image

from condvae.data import Dataset, load_data
from condvae.data.examples import describe_examples, examples
from condvae.spec import DataSpec


def test_each_class_and_split_has_its_turn(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 5), ("test", 2)):
        for label in ("cat", "dog"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (6 + number, 8, 3), dtype="uint8")
                Image.fromarray(pixels).save(folder / f"{number}.png")
    data = load_data(tmp_path, resize=(6, 6), validation=0.2)
    lines = describe_examples(data).splitlines()
    assert len(lines) == 10
    assert "test/cat/0.png, 8 × 6 RGB; label cat; test" in "\n".join(lines)
    found = examples(data)
    assert {(one.given, one.split) for one in found[:6]} == {
        (label, split) for label in ("cat", "dog") for split in ("train", "validation", "test")
    }
    for one in found:
        assert one.file.split("/")[1] == one.given == data.y[one.row]
        assert one.row in getattr(data, one.split).rows


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"conditions": ("age", "town")}, "age=30, town=missing; train"),
        ({"conditions": ("age",)}, "age=30; train"),
        ({"conditions": ("where",)}, "where=(1, 0.5); train"),
    ],
)
def test_conditions_are_named(settings, line):
    columns = {
        "age": np.arange(30, 60).astype(float),
        "town": ["", *["a", "b"] * 14, "a"],
        "where": np.stack([np.arange(1, 31), np.arange(30) / 2 + 0.5], axis=1),
    }
    x = np.zeros((30, 4, 4), "uint8")
    data = Dataset.from_columns(columns, x, spec=DataSpec(split_seed=1, **settings))
    assert any(text.startswith("image 0") and line in text for text in _all(data))


def _all(data):
    whole = [f"image {one.row:<6} {one.given}; {one.split}" for one in examples(data, 30)]
    assert len(whole) == 30
    return whole


def test_images_as_conditions_are_not_written_out():
    x = np.zeros((12, 4, 4), "uint8")
    assert {one.given for one in examples(Dataset.from_arrays(x, x))} == {""}
