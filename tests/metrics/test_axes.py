import numpy as np
import pytest

from condvae.checks import InputError
from condvae.metrics.axes import measure_axes, measure_interactions

RNG = np.random.default_rng(0)
BASE_POINTS = RNG.normal(size=(12, 3))
POSITIONS = np.array([-2, -1, 0.5, 1, 3])
NAN = np.nan


def walk(attributes, labels=(0,), base_points=BASE_POINTS):
    """The attributes, functions of (label, z (..., latent_dim)), along walks on each axis."""
    latent_dim = base_points.shape[1]
    z = np.tile(base_points[:, None, None], (1, latent_dim, len(POSITIONS), 1))
    for axis in range(latent_dim):
        z[:, axis, :, axis] = POSITIONS
    return np.array(
        [np.stack([attribute(label, z) for attribute in attributes], -1) for label in labels]
    )


def interact(values, positions=POSITIONS, base_points=BASE_POINTS):
    """The interactions; the walks under every label stand at the same points."""
    return measure_interactions(values, positions, np.stack([base_points] * len(values)))


def test_linear_attributes():
    slopes = np.array([[2, 0, -1], [0, 0.5, 3]])
    values = walk([lambda _, z, s=s: 7 + z @ s for s in slopes], labels=range(4))
    effects = measure_axes(values, POSITIONS)
    np.testing.assert_allclose(effects.slope, slopes.T, atol=1e-12)
    np.testing.assert_allclose(effects.label_slopes, np.tile(slopes.T, (4, 1, 1)), atol=1e-12)
    shares = slopes.T**2 / (slopes**2).sum(axis=1)
    np.testing.assert_allclose(effects.variance_share, shares, atol=1e-12)
    moved = slopes.T != 0
    for measure in (effects.linearity, effects.agreement, effects.same_sign):
        np.testing.assert_allclose(measure[moved], 1)
    interactions = interact(values)
    off_diagonal = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(interactions[off_diagonal], 0, atol=1e-12)
    assert np.isnan(interactions[~off_diagonal]).all()


def test_bilinear_attributes():
    """The slope of c z0 z2 + z1 along axis 0 is c z2, and along axis 2 it is c z0."""
    values = walk(
        [lambda label, z: 0.3 * z[..., 0] * z[..., 2] + z[..., 1] + label * z[..., 0]],
        labels=(5, -2),
    )
    interactions = interact(values)[..., 0]
    expected = [[NAN, 0, 0.3], [0, NAN, 0], [0.3, 0, NAN]]
    np.testing.assert_allclose(interactions, expected, atol=1e-12)
    mean = BASE_POINTS.mean(axis=0)
    effects = measure_axes(values, POSITIONS)
    expected = [0.3 * mean[2] + 1.5, 1, 0.3 * mean[0]]
    np.testing.assert_allclose(effects.slope[:, 0], expected)
    np.testing.assert_allclose(effects.linearity, 1)


def test_interactions_of_walks_that_stand_elsewhere_under_every_label():
    """Two points of a label span a line; those of all labels span z."""
    base_points = RNG.normal(size=(6, 2, 3))
    values = np.concatenate(
        [
            walk([lambda label, z: (label + z[..., 1]) * z[..., 0]], [label], points)
            for label, points in enumerate(base_points)
        ]
    )
    interactions = measure_interactions(values, POSITIONS, base_points)[..., 0]
    np.testing.assert_allclose(interactions, [[NAN, 1, 0], [1, NAN, 0], [0, 0, NAN]], atol=1e-12)


def test_labels_that_disagree():
    """Slopes 1, 1, -1, 3; and 1, 1, -1, -1, whose mean is 0."""
    slopes = np.array([[1, 1, -1, 3], [1, 1, -1, -1]])
    attributes = [lambda label, z, s=s: s[label] * z[..., 0] for s in slopes]
    effects = measure_axes(walk(attributes, range(4), RNG.normal(size=(2, 1))), POSITIONS)
    np.testing.assert_allclose(effects.slope, [[1, 0]], atol=1e-12)
    np.testing.assert_allclose(effects.label_slopes[:, 0], slopes.T)
    assert effects.same_sign[0, 0] == 0.75
    np.testing.assert_allclose(effects.agreement, [[1 / 3, 0]], atol=1e-12)


def test_curves_are_not_linear():
    """On even positions a parabola about their middle has no slope, and one beside it some."""
    positions = np.array([-2, -1, 0, 1, 2])
    curve, line = positions**2, positions
    values = np.stack([curve, line, curve + line], axis=-1)[None, None, None]
    effects = measure_axes(values, positions)
    np.testing.assert_allclose(effects.slope, [[0, 1, 1]], atol=1e-12)
    np.testing.assert_allclose(effects.linearity, [[0, 1, 2 / (2 + curve.var())]], atol=1e-12)


def test_against_polyfit():
    values = RNG.normal(size=(2, 4, 3, 5, 2))
    slopes = np.array(
        [np.polyfit(POSITIONS, walk, 1)[0] for walk in np.moveaxis(values, 3, -1).reshape(-1, 5)]
    ).reshape(2, 4, 3, 2)
    effects = measure_axes(values, POSITIONS)
    np.testing.assert_allclose(effects.label_slopes, slopes.mean(axis=1))
    np.testing.assert_allclose(effects.slope, slopes.mean(axis=(0, 1)))
    np.testing.assert_allclose(effects.variance_share.sum(axis=0), 1)


def test_missing_values_are_left_out():
    """As for all-black images: known functions are found in the other walks."""
    values = walk(
        [lambda label, z: z[..., 0] * (label + z[..., 1]), lambda _, z: z[..., 2]], (1, 2)
    )
    holes = RNG.random(values.shape) < 0.2
    holes[0, 3] = True  # a base point that nothing is known of
    holes[0, 0, 0, 1:] = True  # a walk of which one value is known
    values[holes] = NAN
    effects = measure_axes(values, POSITIONS)
    np.testing.assert_allclose(effects.slope[2], [0, 1], atol=1e-12)
    np.testing.assert_allclose(effects.linearity[0, 0], 1)
    interactions = interact(values)
    assert interactions[0, 1, 0] == pytest.approx(1)
    assert interactions[1, 0, 0] == pytest.approx(1)
    assert interactions[0, 2, 0] == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_measured_is_nan():
    values = walk([lambda _, z: z[..., 0], lambda _, z: 0 * z[..., 0] + 0.1], (1, 2))
    values[0, ..., 0] = NAN
    effects = measure_axes(values, POSITIONS)
    assert np.isnan(effects.label_slopes[0, :, 0]).all()
    np.testing.assert_allclose(effects.slope[:, 0], [1, 0, 0], atol=1e-12)
    # an attribute that nothing moves
    assert effects.slope[:, 1].tolist() == [0, 0, 0]
    for measure in (effects.linearity, effects.agreement, effects.variance_share):
        assert np.isnan(measure[:, 1]).all()
    values[1, 2:, ..., 0] = NAN  # two base points are left
    interactions = interact(values)
    assert np.isnan(interactions[..., 0]).all()
    assert interactions[0, 1, 1] == 0


VALUES = walk([lambda _, z: z[..., 0]])


@pytest.mark.parametrize(
    ("values", "positions", "base_points", "said"),
    [
        (VALUES[0], POSITIONS, BASE_POINTS, "the values along the walks must have the shape"),
        (VALUES, POSITIONS[1:], BASE_POINTS, r"the positions must have the shape \(5\)"),
        (VALUES, POSITIONS * 0, BASE_POINTS, "the positions must differ"),
        (VALUES, POSITIONS * NAN, BASE_POINTS, "the positions must hold finite"),
        (VALUES, POSITIONS, BASE_POINTS[1:], r"the base points must have the shape \(1, 12, 3\)"),
        (VALUES, POSITIONS, BASE_POINTS[:, 1:], r"the base points must have the shape"),
        (VALUES, POSITIONS, BASE_POINTS * NAN, "the base points must hold finite"),
        (
            VALUES[:, :3],
            POSITIONS,
            BASE_POINTS[:3],
            "span the 3 directions .* 3 points that span 2",
        ),
    ],
)
def test_what_does_not_fit_is_refused(values, positions, base_points, said):
    with pytest.raises(InputError, match=said):
        interact(values, positions, base_points)
