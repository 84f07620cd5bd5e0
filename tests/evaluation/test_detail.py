"""Stand-ins whose samples are real images, or real images under a filter of known gain."""

import json

import numpy as np
import pytest

from condvae.data import Dataset, load_data
from condvae.evaluation.detail import can_be_blurred, detail_of_samples, evaluate_detail, has_detail
from condvae.evaluation.samples import evaluate_samples
from condvae.evaluation.trial import Trial
from condvae.metrics.spectrum import compare_detail
from condvae.reports.metrics_file import plain


def blur(x, times=1):
    """The detail of uint8 images beyond their mean by (1, 2, 1) / 4 with mirrored ends."""
    mean = x.mean(axis=0)
    images = x - mean
    for _ in range(times):
        for axis in (1, 2):
            pad = [(1, 1) if a == axis else (0, 0) for a in range(4)]
            padded = np.moveaxis(np.pad(images, pad, mode="symmetric"), axis, 0)
            images = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
    return (images + mean).clip(0, 255).round().astype("uint8")


@pytest.fixture
def showing(digits, stand_in, drawn_from):
    """A trial of a stand-in that generates rows of x instead of those of the digits."""

    def of(x, rows, trial=digits):
        shown = Dataset.from_arrays(x, digits.y)
        run = stand_in(shown, drawn_from(digits, rows), likelihood="bernoulli")
        return Trial.of(run, trial)

    return of


def test_real_images_have_all_the_detail(showing, digits):
    found = evaluate_detail(showing(digits.x, digits.validation.rows))
    assert found.num_images == len(digits.test.x) // 2
    for part in (found.shown, found.drawn, found.real):
        assert part.share == pytest.approx(1, abs=4 * part.standard_error)


def test_blurred_images_have_what_the_filter_leaves(showing, digits):
    blurred, rows = blur(digits.x), digits.validation.rows
    expected = compare_detail(digits.x[rows], blurred[rows]).share
    trial = showing(blurred, rows)
    found = evaluate_detail(trial)
    assert found.shown.share == pytest.approx(expected, abs=4 * found.shown.standard_error)
    assert found.shown.share < 0.5
    of_validation = detail_of_samples(trial, digits.validation.x, digits.validation.y)
    assert of_validation.share == pytest.approx(expected, abs=4 * of_validation.standard_error)
    text, figures = str(found), found.figures()
    assert f"as shown has {found.shown.share:.1%} ± " in text
    assert figures["detail"] == found.shown.share
    assert json.dumps(plain(figures))
    first = figures["detail_spectrum"][0]
    assert (first["cycles_per_pixel"], first["share"]) == (1 / 16, found.shown.shares[0])


def test_pixels_that_are_no_numbers_side_by_side_have_none(digits, stand_in):
    assert has_detail(Trial.of(stand_in(digits, None), digits))
    binary = Dataset.from_arrays((digits.x > 127).astype("uint8"), digits.y)
    assert has_detail(Trial.of(stand_in(binary, None), binary))
    assert not can_be_blurred(Trial.of(stand_in(binary, None), binary))
    assert can_be_blurred(Trial.of(stand_in(digits, None), digits))
    maps = load_data("signs")
    assert not has_detail(Trial.of(stand_in(maps, None), maps))
    rng = np.random.default_rng(0)
    single = Dataset.from_arrays(rng.integers(0, 9, (40, 1, 1), "uint8"), np.arange(40) % 2)
    assert not has_detail(Trial.of(stand_in(single, None), single))


def test_blurs_are_no_copies_and_blurred_copies_are(showing, digits, kept):
    def judged(x, rows):
        return evaluate_samples(showing(x, rows), per_class=20, num_pairs=1, cache=kept)

    fresh = judged(blur(digits.x, times=3), digits.validation.rows)
    assert not fresh.has_copies
    assert "held-out images, all smoothed equally, and" in str(fresh)
    assert judged(blur(digits.x), digits.train.rows).has_copies
    means = np.stack([digits.x[digits.y == label].mean(axis=0) for label in range(10)])
    assert not judged(means.astype("uint8")[digits.y], digits.train.rows).has_copies


def test_more_precision_than_real_images_have_is_a_sign_of_blur(showing, digits, kept):
    """All samples in the middle of their class; real ones lie at its edge, too."""
    means = np.stack([digits.x[digits.y == label].mean(axis=0) for label in range(10)])
    rows = digits.validation.rows
    found = evaluate_samples(
        showing(means.astype("uint8")[digits.y], rows), per_class=20, num_pairs=1, cache=kept
    )
    assert found.generated.precision == 1 > found.real.precision
    assert found.is_too_precise
    assert "precision above that of real images is a sign of blur" in str(found)
    real = evaluate_samples(showing(digits.x, rows), per_class=20, num_pairs=1, cache=kept)
    assert not real.is_too_precise
    assert "sign of blur" not in str(real)
