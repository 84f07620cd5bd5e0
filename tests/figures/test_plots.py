import matplotlib.collections
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.figures import plots
from condvae.figures.walks import interpolate, plane_grid

HEIGHT = WIDTH = 8
GAP = 1


def cells_of(axes):
    """The images in the one picture of axes: (rows, columns, height, width[, channels])."""
    (picture,) = axes.images
    return cells_in(picture)


def cells_in(picture):
    """The images in a picture; NaN where it is masked."""
    array = np.ma.filled(picture.get_array(), np.nan)
    rows, columns = (
        (array.shape[0] + GAP) // (HEIGHT + GAP),
        (array.shape[1] + GAP) // (WIDTH + GAP),
    )
    return np.array(
        [
            [
                array[row * (HEIGHT + GAP) :, column * (WIDTH + GAP) :][:HEIGHT, :WIDTH]
                for column in range(columns)
            ]
            for row in range(rows)
        ]
    )


def labels_of(axes):
    """The texts at the columns and at the rows."""
    return [
        [text.get_text() for text in ticks]
        for ticks in (axes.get_xticklabels(), axes.get_yticklabels())
    ]


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def points_of(figure):
    """Positions and colours of the scatter."""
    (points,) = (
        artist
        for artist in figure.axes[0].collections
        if isinstance(artist, matplotlib.collections.PathCollection)
    )
    return np.asarray(points.get_offsets()), points.get_facecolors()[:, :3]


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (6, 8, 8), dtype="uint8"), np.array([0, 1, 2, 0, 1, 2])


def test_manifold_draws_each_z_where_its_ticks_say(make_model):
    model = make_model()
    figure = plots.manifold(model, "1", side=4, extent=2)
    assert model.decoded == [16]
    expected = model.decode(plane_grid(4, 2), "1")[..., 0].reshape(4, 4, 8, 8)
    np.testing.assert_allclose(cells_of(figure.axes[0]), expected, atol=1e-6)
    columns, rows = labels_of(figure.axes[0])
    assert columns == rows[::-1] == ["−2.00", "−0.67", "0.67", "2.00"]
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("z1", "z2")
    assert "digit 1" in caption_of(figure)
    assert "−2.00 to 2.00" in caption_of(figure)


def test_manifold_of_chosen_latents(make_model):
    model = make_model(latent_dim=5)
    figure = plots.manifold(model, 2, side=3, axes=(4, 1))
    z = plane_grid(3, 1.5, 5, (4, 1))
    expected = model.decode(z, 2)[..., 0].reshape(3, 3, 8, 8)
    np.testing.assert_allclose(cells_of(figure.axes[0]), expected, atol=1e-6)
    assert "z5 and z2" in caption_of(figure)
    assert "other latents 0" in caption_of(figure)


def test_manifold_of_one_latent_is_one_row(make_model):
    model = make_model(latent_dim=1)
    figure = plots.manifold(model, 0, side=5)
    assert cells_of(figure.axes[0]).shape == (1, 5, 8, 8)
    assert figure.axes[0].get_xlabel() == "z1"
    assert labels_of(figure.axes[0])[1] == []


def test_random_samples_are_draws_from_the_prior_under_each_label(make_model):
    model = make_model(num_classes=12)
    (axes,) = plots.samples(model, columns=4, seed=5).axes
    _, rows = labels_of(axes)
    assert rows == [str(label) for label in range(10)]  # of twelve
    z = model.sample_prior(np.repeat(np.arange(10), 4), 40, seed=5)
    assert np.ptp(z, axis=0).min() > 2
    expected = model.decode(z, np.repeat(np.arange(10), 4))[..., 0]
    np.testing.assert_allclose(cells_of(axes).reshape(40, 8, 8), expected, atol=1e-5)
    caption = plots.samples(model).get_supxlabel().replace("\n", " ")
    assert "the first 10 of 12 labels" in caption


def test_random_samples_of_what_is_given(make_model):
    model, y = make_model(num_classes=12), [3, 1, 4, 1, 5]
    (axes,) = plots.samples(model, y, columns=3).axes
    cells = cells_of(axes).reshape(6, 8, 8)
    np.testing.assert_allclose(cells[:5], model.generate(y)[..., 0], atol=1e-5)
    assert (cells[5] == 1).all()  # an empty place is white


def test_generate_wraps_at_ten_labels(make_model):
    model = make_model(num_classes=12)
    figure = plots.generate(model)
    assert model.decoded == [12]
    expected = model.decode(np.zeros((12, 2)), np.eye(12))[..., 0]
    first, second = (cells_of(axes)[0] for axes in figure.axes)
    np.testing.assert_allclose(np.concatenate([first, second[:2]]), expected, atol=1e-6)
    # the second row is filled up with white
    assert (second[2:] == 1).all()
    assert labels_of(figure.axes[1])[0][:2] == ["10", "11"]
    assert "z = 0" in caption_of(figure)


def test_traversal_puts_the_most_active_latent_first(make_model):
    model = make_model(latent_dim=3)
    mean = np.random.default_rng(0).normal(scale=[0.1, 2, 1], size=(500, 3))
    figure = plots.traversal(model, "0", mean, extent=3, steps=5)
    assert model.decoded == [15]
    columns, rows = labels_of(figure.axes[0])
    assert columns[0] == "−3.00"
    assert [row.split()[0] for row in rows] == ["z2", "z3", "z1"]
    cells = cells_of(figure.axes[0])
    expected = model.decode([[0, 3, 0], [0, 0, -1.5]], "0")[..., 0]
    np.testing.assert_allclose([cells[0, 4], cells[1, 1]], expected, atol=1e-6)


def test_traversal_shows_twelve_latents_at_most(make_model):
    figure = plots.traversal(make_model(latent_dim=14), "0", steps=3)
    assert cells_of(figure.axes[0]).shape[:2] == (12, 3)
    assert "12 of 14 latents" in caption_of(figure)


def test_reconstruct_sets_images_above_their_reconstructions(make_model, batch):
    model, (x, y) = make_model(), batch
    figure = plots.reconstruct(model, x, y, images="held-out images")
    assert model.decoded == [6]
    above, below = cells_of(figure.axes[0])
    np.testing.assert_allclose(above, x / 255, atol=1e-6)
    np.testing.assert_allclose(below, model.reconstruct(x, y)[..., 0], atol=1e-6)
    assert labels_of(figure.axes[0])[0] == ["0", "1", "2", "0", "1", "2"]
    assert "held-out images" in caption_of(figure)


def test_transfer_keeps_the_style_along_a_row(make_model, batch):
    model, (x, y) = make_model(), batch
    z = np.array([[0.5, -1]])
    figure = plots.transfer(model, z, x[:2], y[:2])
    assert model.decoded == [9]
    cells = cells_of(figure.axes[0])
    assert (cells[0, 0] == 1).all()
    np.testing.assert_allclose(cells[1:, 0], x[:2] / 255, atol=1e-6)
    np.testing.assert_allclose(
        cells[0, 1:], model.decode(z.repeat(3, 0), [0, 1, 2])[..., 0], atol=1e-6
    )
    np.testing.assert_allclose(cells[1:, 2], model.transfer(x[:2], y[:2], to=1)[..., 0], atol=1e-6)
    assert labels_of(figure.axes[0]) == [["image", "0", "1", "2"], ["style 1", "from 0", "from 1"]]
    assert labels_of(plots.transfer(model, z).axes[0])[0] == ["0", "1", "2"]


def test_interpolation_mixes_styles_and_labels(make_model, batch):
    model, (x, y) = make_model(), batch
    figure = plots.interpolation(model, x[:4], y[:4], steps=5)
    assert model.decoded == [10]
    cells = cells_of(figure.axes[0])
    np.testing.assert_allclose(cells[:, 0], x[[0, 2]] / 255, atol=1e-6)
    np.testing.assert_allclose(cells[:, -1], x[[1, 3]] / 255, atol=1e-6)
    mean, _ = model.encode(x[:4], y[:4])
    weights = np.eye(3)[y[:4]]
    z, y_path = (interpolate(ends[2], ends[3], 5) for ends in (mean, weights))
    np.testing.assert_allclose(cells[1, 1:-1], model.decode(z, y_path)[..., 0], atol=1e-5)
    assert labels_of(figure.axes[0])[1] == ["0 to 1", "2 to 0"]


def test_interpolation_needs_pairs(make_model, batch):
    with pytest.raises(InputError, match="pairs"):
        plots.interpolation(make_model(), batch[0][:3], batch[1][:3])


def test_scatter_colours_each_mean_by_its_label(make_model, batch):
    model, (x, y) = make_model(), batch
    figure = plots.scatter(model, x, y, images="training images")
    offsets, colours = points_of(figure)
    order = np.lexsort(offsets.T)
    mean, _ = model.encode(x, y)
    expected = np.lexsort(mean.T)
    np.testing.assert_allclose(offsets[order], mean[expected], atol=1e-6)
    legend = [line.get_color() for line in figure.axes[0].get_legend().get_lines()]
    np.testing.assert_allclose(colours[order], np.array(legend)[y[expected]], atol=1e-6)
    assert "training images (6)" in caption_of(figure)


def test_scatter_of_many_latents_takes_the_most_active(make_model, batch, monkeypatch):
    model, (x, y) = make_model(latent_dim=4), batch
    mean = np.outer([-1, 1, -1, 1, -1, 1], [0.1, 3, 0.2, 2]).astype("float32")
    monkeypatch.setattr(model, "encode", lambda x, y: (mean, None))
    figure = plots.scatter(model, x, y)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("z2", "z4")
    assert "z2 and z4" in caption_of(figure)
    assert "9.00 and 4.00" in caption_of(figure)
    np.testing.assert_allclose(np.abs(points_of(figure)[0]), [[3, 2]] * 6)


def test_scatter_of_one_latent_and_of_a_part(make_model, batch):
    model, (x, y) = make_model(latent_dim=1), batch
    figure = plots.scatter(model, x, y, max_points=4)
    offsets, _ = points_of(figure)
    assert len(offsets) == 4
    distances = np.abs(offsets[:, :1] - model.encode(x, y)[0].T)
    assert (distances.min(axis=1) < 1e-5).all()
    assert "(4 of 6)" in caption_of(figure)


@pytest.mark.parametrize("num_classes", [10, 12, 100])
def test_every_class_has_its_colour(num_classes):
    assert len(set(plots.distinct_colours(num_classes))) == num_classes


def test_colour_images_outside_zero_and_one_are_scaled(make_model):
    model = make_model(channels=3, likelihood="normal")
    figure = plots.manifold(model, 0, side=3)
    images = model.decode(plane_grid(3), 0).reshape(3, 3, 8, 8, 3)
    low, high = images.min(), images.max()
    assert low < 0
    np.testing.assert_allclose(cells_of(figure.axes[0]), (images - low) / (high - low), atol=1e-5)
    assert "Black is −" in caption_of(figure)


def test_grey_images_outside_zero_and_one_keep_their_values(make_model):
    model = make_model(likelihood="normal")
    figure = plots.generate(model)
    images = model.decode(np.zeros((3, 2)), np.eye(3))
    assert figure.axes[0].images[0].get_clim() == pytest.approx((images.min(), images.max()))
