import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.data.splits import balanced_rows, rows_of_splits, stratified_split
from condvae.spec import DataSpec

counts_of_classes = st.lists(st.integers(3, 60), min_size=1, max_size=8)
fractions = st.sampled_from([0.1, 0.2, 1 / 3, 0.5])


@settings(max_examples=60, deadline=None)
@given(counts_of_classes, fractions, st.integers(0, 2**32))
def test_split_is_disjoint_complete_exact_and_stratified(counts, fraction, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    assume(round(fraction * len(y)) > 0)
    kept, held_out = stratified_split(y, fraction, seed)
    assert np.array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(y)))
    assert len(held_out) == round(fraction * len(y))
    share = np.bincount(y[held_out], minlength=len(counts)) - len(held_out) / len(y) * np.array(
        counts
    )
    assert (np.abs(share) < 1).all()
    assert (np.bincount(y[kept], minlength=len(counts)) >= 1).all()
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held_out) > 0).all()


@settings(max_examples=30, deadline=None)
@given(counts_of_classes, st.integers(60, 99))
def test_large_fraction_still_keeps_each_class(counts, percent):
    y = np.repeat(np.arange(len(counts)), counts)
    assume(round(percent / 100 * len(y)) <= len(y) - len(counts))
    kept, held_out = stratified_split(y, percent / 100, 0)
    assert set(y[kept]) == set(range(len(counts)))
    assert len(held_out) == round(percent / 100 * len(y))


def test_split_depends_on_seed_and_stream_only():
    y = np.repeat([0, 1], 50)
    drawn = [stratified_split(y, 0.2, seed, stream)[1] for seed, stream in [(0, 0), (1, 0), (0, 1)]]
    assert np.array_equal(drawn[0], stratified_split(y, 0.2, 0, 0)[1])
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_empty_side_is_refused(fraction):
    with pytest.raises(InputError) as caught:
        stratified_split(np.array([0, 0, 0, 1, 1, 1]), fraction, 0)
    assert "each class" in caught.value.expected
    assert f"{fraction:g} of 6 examples in 2 classes" in caught.value.received


@pytest.mark.parametrize("count", [3, 5, 6])
def test_a_few_rows_have_one_for_each_split(count):
    splits = rows_of_splits(np.zeros(count, int), np.arange(count), None, DataSpec())
    assert [len(splits[name]) for name in ("train", "validation", "test")] == [count - 2, 1, 1]


@settings(max_examples=60, deadline=None)
@given(counts_of_classes, st.floats(0, 1), st.integers(0, 2**32))
def test_balanced_rows_are_as_many_of_each_class_as_it_has(counts, share, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    count = round(len(counts) + share * (len(y) - len(counts)))
    rows = balanced_rows(y, count, seed)
    assert len(rows) == count
    assert (np.diff(rows) > 0).all()
    drawn = np.bincount(y[rows], minlength=len(counts))
    most = drawn.max()
    assert ((drawn >= most - 1) | (drawn == counts)).all()
    assert np.array_equal(rows, balanced_rows(y, count, seed))


def test_other_seeds_draw_other_rows():
    y = np.repeat([0, 1], 50)
    assert not np.array_equal(balanced_rows(y, 20, 0), balanced_rows(y, 20, 1))
    often = np.bincount(np.concatenate([balanced_rows(y, 10, n) for n in range(2000)]))
    assert often.min() > 200 - 5 * np.sqrt(180)  # binomial: each row in a tenth of the draws
    assert often.max() < 200 + 5 * np.sqrt(180)


@pytest.mark.parametrize("count", [1, 101])
def test_more_rows_than_there_are_or_fewer_than_classes_are_refused(count):
    with pytest.raises(InputError, match=f"2 classes and at most the 100 .* received {count}"):
        balanced_rows(np.repeat([0, 1], 50), count, 0)
