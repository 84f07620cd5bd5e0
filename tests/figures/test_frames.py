import numpy as np
import pytest
from PIL import Image

from condvae.figures.frames import label_frames, save_gif
from condvae.figures.walks import label_walk


def test_frames_show_the_walk_in_one_decode(make_model):
    model = make_model()
    frames = label_frames(model, z=[1, -1], steps_per_label=4, hold=1)
    weights = label_walk(3, 4, hold=1)
    assert model.decoded == [len(weights)]
    assert frames.shape[0] == len(weights)
    assert frames.shape[2] == 224
    # one pixel of each enlarged one
    images = model.decode(np.tile([1, -1], (len(weights), 1)), weights)[..., 0]
    np.testing.assert_allclose(frames[:, 14:224:28, 14::28] / 255, images, atol=0.5 / 255 + 1e-6)


def test_the_strip_moves_with_the_label(make_model):
    frames = label_frames(make_model(), steps_per_label=2, hold=0)
    dots = [np.flatnonzero((strip == 0).any(axis=0)).mean() for strip in frames[:, 228:245]]
    np.testing.assert_allclose(dots, np.linspace(12, 212, 5), atol=1)


def test_colour_frames_of_a_normal_likelihood(make_model):
    frames = label_frames(make_model(channels=3, likelihood="normal"), steps_per_label=2, size=64)
    assert frames.shape[2:] == (64, 3)
    assert frames.dtype == np.uint8


@pytest.mark.parametrize("channels", [1, 3])
def test_gif_is_read_back_whole(make_model, tmp_path, channels):
    frames = label_frames(make_model(channels=channels), steps_per_label=5, hold=0)
    path = save_gif(frames, tmp_path / "labels.gif", milliseconds=50)
    with Image.open(path) as animation:
        assert animation.n_frames == len(frames) == 11
        assert animation.size == (224, frames.shape[1])
        assert animation.info["duration"] == 50
        assert animation.info["loop"] == 0
    assert list(tmp_path.iterdir()) == [path]
