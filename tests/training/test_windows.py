"""Shuffling within windows: a random permutation, and training from disk as from memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from short_run import quick, rows

from condvae.data import Dataset, mapped
from condvae.data.mapped import MappedRows
from condvae.training import order
from condvae.training.feed import Feed
from condvae.training.order import chunk_of, windows

SETTINGS = {"epochs": 3, "batch_size": 20, "pixels": "dynamic"}


@given(st.integers(1, 3000), st.integers(1, 40), st.integers(0, 2**32))
def test_windows_are_a_permutation_of_chunks_that_lie_together(num_rows, chunk, seed):
    parts, again = ([*windows(num_rows, chunk, np.random.default_rng(seed))] for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(parts, again, strict=True))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(num_rows))
    chunks = [np.unique(part // chunk) for part in parts]
    # whole chunks, each in one window, and as many in each, at most 64
    assert len(np.concatenate(chunks)) == -(-num_rows // chunk)
    counts = [len(c) for c in chunks]
    assert len(counts) == -(-sum(counts) // 64)
    assert max(counts) - min(counts) <= 1
    # one of each stretch of as many adjacent chunks as there are windows
    for own in chunks:
        np.testing.assert_array_equal(own // len(chunks), np.arange(len(own)))


def test_windows_of_sorted_rows_have_all_classes():
    """Each as many rows of a class as the data, up to one chunk at each of its two ends."""
    codes = np.repeat(np.arange(10), 10_000)
    for own in windows(len(codes), 100, np.random.default_rng(0)):
        counts = np.bincount(codes[own], minlength=10)
        assert abs(counts - len(own) / 10).max() <= 2 * 100


def test_data_of_one_window_are_in_any_order():
    """MNIST's 54,000 training rows: a single permutation of them all, as without windows."""
    (found,) = windows(54_000, order.CHUNK_ROWS, np.random.default_rng(0))
    expected = np.random.default_rng(0).permutation(np.arange(54_000, dtype="int32"))
    np.testing.assert_array_equal(found, expected)


def test_chunks_are_of_bounded_bytes():
    assert chunk_of(np.empty((9, 28, 28, 1), "uint8")) == 1024
    assert chunk_of(np.empty((9, 64, 64, 3), "float32")) == 2**22 // (64 * 64 * 3 * 4)
    assert chunk_of(np.empty((1, 3000, 3000, 1), "uint8")) == 1


@pytest.fixture
def small_windows(monkeypatch):
    """Windows of four chunks of six rows."""
    monkeypatch.setattr(order, "CHUNK_ROWS", 6)
    monkeypatch.setattr(order, "WINDOW_CHUNKS", 4)


@pytest.mark.parametrize("more", [None, (np.arange(5), 3)])
@pytest.mark.parametrize("batch_size", [7, 30, 1000])
def test_a_feed_of_mapped_rows_is_that_of_the_array(small_windows, batch_size, more):
    x = np.arange(203 * 2).reshape(203, 2, 1, 1)
    feeds = [
        Feed(values, x[:, 0, 0, 0], batch_size, seed=3, more=more, in_windows=True)
        for values in (x, MappedRows([x]))
    ]
    for epoch in (0, 2):
        for feed in feeds:
            feed.start_epoch(epoch)
        assert not np.array_equal(feeds[0].order, np.arange(203))
        seen = [[feed[step][0] for step in range(len(feed))] for feed in feeds]
        for one, other in zip(*seen, strict=True):
            np.testing.assert_array_equal(one["x"], other["x"])
            np.testing.assert_array_equal(other["x"][:, 0, 0, 0], other["y"])
        # from any step on, in any order
        rest = feeds[1].from_step(len(seen[0]) - 1)
        rest.start_epoch(epoch)
        np.testing.assert_array_equal(rest[0][0]["x"], seen[0][-1]["x"])
        np.testing.assert_array_equal(feeds[1][0][0]["x"], seen[0][0]["x"])


@pytest.fixture
def on_disk(small, tmp_path):
    """The small data set, its images on disk."""
    np.save(tmp_path / "x.npy", small.x)
    return Dataset.from_arrays(
        np.load(tmp_path / "x.npy", mmap_mode="r"), small.y, name=small.name, spec=small.spec
    )


@pytest.fixture
def whole(small, small_windows, tmp_path, monkeypatch):
    """A run in memory, in the order of data on disk."""
    return quick(small, tmp_path / "memory", order="windows", **SETTINGS)


def test_mapped_data_train_as_in_memory_to_the_bit_also_resumed(
    on_disk, whole, tmp_path, signal_at, monkeypatch
):
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    with signal_at(11):  # in the middle of an epoch and of a window
        run = quick(on_disk, tmp_path / "disk", **SETTINGS)
    assert run.record.status == "interrupted"
    assert run.spec == whole.spec
    assert run.record.data == whole.record.data
    assert_same(quick(on_disk, run.path, resume=True, epochs=3), whole)


@pytest.mark.slow
def test_a_run_goes_on_wherever_its_data_lie(small, on_disk, whole, tmp_path, signal_at):
    assert_same(quick(on_disk, tmp_path / "disk", **SETTINGS), whole)
    with signal_at(11):
        moved = quick(on_disk, tmp_path / "moved", **SETTINGS)
    assert_same(quick(small, moved.path, resume=True, preset="plane", **SETTINGS), whole)
    other = quick(small, tmp_path / "rows", **SETTINGS)
    assert other.spec.training.order == "rows"
    assert rows(other) != rows(whole)


def assert_same(run, whole):
    """The same to the last bit."""
    assert run.record.status == "finished"
    assert rows(run) == rows(whole)
    name = "weights.safetensors"
    assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_a_training_reads_few_rows_at_a_time(small, small_windows, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "BLOCK_BYTES", 200)
    shelf = Shelf(small.x)
    data = Dataset.from_arrays(shelf, small.y)
    quick(data, tmp_path / "run", **SETTINGS)
    # a window of 24 of the training rows, which lie among others; all 16 to validate
    assert 16 <= shelf.most <= 40


class Shelf:
    """An array that remembers the most rows of a reading."""

    def __init__(self, values):
        self.values, self.most = values, 0
        self.shape, self.dtype = values.shape, values.dtype

    def __len__(self):
        return len(self.values)

    def __getitem__(self, chosen):
        found = self.values[chosen]
        self.most = max(self.most, len(found))
        return found
