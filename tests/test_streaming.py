"""Blocks are cut out of what the model answers at once, wherever they are cut."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from condvae.blocks import ROWS
from condvae.checks import InputError
from condvae.cli import main
from condvae.cli.exit_codes import INTERRUPTED
from condvae.data.writers import to_uint8
from condvae.runs import Run
from condvae.serving.bulk import generate

LABELS = np.array(list("0123456789"))[np.arange(45) % 10]
ENDS = ((0, 45),), ((0, 1), (1, 44), (44, 45)), tuple((i, i + 5) for i in range(0, 45, 5))


@pytest.fixture(scope="module")
def runs(trained_run, tmp_path_factory):
    """A run with graphs and the same without."""
    path = tmp_path_factory.mktemp("old") / "old"
    shutil.copytree(trained_run.path, path)
    (path / "graph.json").unlink()
    return trained_run, Run.open(path)


@pytest.mark.parametrize("ends", ENDS, ids=len)
@pytest.mark.parametrize("settings", [{}, {"sample": True}, {"z": [0.5, -1.0]}], ids=str)
def test_generated_blocks_are_the_models(runs, ends, settings):
    whole = (
        {**settings, "z": np.repeat([settings["z"]], 45, axis=0)} if "z" in settings else settings
    )
    expected = to_uint8(runs[0].by_keras.generate(LABELS, seed=4, **whole))
    for run in runs:
        ys = (LABELS[a:b] for a, b in ends)
        blocks = list(run.model.generate_blocks(ys, seed=4, finish=to_uint8, **settings))
        assert [len(block) for block in blocks] == [b - a for a, b in ends]
        found = np.concatenate(blocks)
        assert found.dtype == "uint8"
        # one level: where rounding meets another rounding; a drawn pixel may tip over
        differ = found.astype(int) != expected
        assert differ.mean() < 0.01
        if "sample" not in settings:
            assert abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("ends", ENDS, ids=len)
def test_encoded_blocks_are_the_models(runs, digits, ends):
    x, y = digits.x[:45], digits.y[:45]
    expected = runs[0].by_keras.encode(x, y)
    for run in runs:
        for images in (x, x[..., 0], x / 255):
            blocks = run.model.encode_blocks(((images[a:b], y[a:b]) for a, b in ends))
            for found, wanted in zip(zip(*blocks, strict=True), expected, strict=True):
                np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-5)


def test_an_error_says_where_its_rows_are_counted_from(runs, digits):
    x, y = digits.x[:20] / 255, digits.y[:20].copy()
    x[13, 2, 2] = 3
    for run in runs:
        pairs = ((x[a : a + 10], y[a : a + 10]) for a in (0, 10))
        with pytest.raises(InputError, match=r"3 in row 3 \(counted from row 10\)"):
            list(run.model.encode_blocks(pairs))
    y[4] = 11
    with pytest.raises(InputError, match=r"'11' in row 4\. Use one"):
        list(runs[0].model.encode_blocks([(digits.x[:20], y)]))


@pytest.fixture
def room(tmp_path, monkeypatch, runs):
    """A working folder with a run."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs[0].path, "run")
    return tmp_path


def test_many_images_are_those_of_the_model(room, runs):
    per_class = ROWS // 3  # some blocks, cut within classes
    assert main(f"generate run --per-class {per_class} --seed 2 --out many.npz".split()) == 0
    assert main(f"generate run --per-class {per_class} --seed 2 --out many.npy".split()) == 0
    labels = np.repeat(list("0123456789"), per_class)
    expected = to_uint8(runs[0].by_keras.generate(labels, seed=2)).astype(int)
    with np.load("many.npz") as stored:
        assert stored["y"].tolist() == labels.tolist()
        assert stored["x"].dtype == "uint8"
        assert abs(stored["x"] - expected).max() <= 1
        np.testing.assert_array_equal(np.load("many.npy", mmap_mode="r"), stored["x"])


@pytest.mark.parametrize("kind", ["grey", "binary"])
def test_a_stored_set_is_encoded_from_its_file(room, runs, kind):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2 * ROWS + 7, 8, 8), dtype="uint8"), np.arange(2 * ROWS + 7) % 10
    x = x if kind == "grey" else x % 2
    np.savez("set.npz", x=x, y=y)
    assert main("encode run set.npz --out z.npz".split()) == 0
    scaled = x / np.float32(x.max())
    with np.load("z.npz") as stored:
        for found, expected in zip(
            (stored["mean"], stored["logvar"]), runs[0].by_keras.encode(scaled, y), strict=True
        ):
            np.testing.assert_allclose(found, expected, atol=1e-5)
        assert stored["y"].tolist() == [str(label) for label in y]
    bad = y.copy()
    bad[ROWS + 2] = 12
    np.savez("bad.npz", x=x, y=bad)
    assert main("encode run bad.npz --out bad-z.npz".split()) == 2
    assert sorted(path.name for path in room.iterdir() if "z" in path.stem) == ["z.npz"]


def test_what_is_interrupted_leaves_nothing(room, monkeypatch):
    blocks = iter(range(10))

    def interrupted(x, whole=to_uint8):
        if next(blocks) == 5:
            raise KeyboardInterrupt
        return whole(x)

    monkeypatch.setattr(generate, "to_uint8", interrupted)
    for suffix in ("npz", "npy"):
        command = f"generate run --given 3 -n {9 * ROWS} --out new/many.{suffix}"
        assert main(command.split()) == INTERRUPTED
        blocks = iter(range(10))
        assert [path.name for path in Path().iterdir()] == ["run"]
