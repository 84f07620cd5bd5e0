import errno
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data.array_files import write_blocks

RNG = np.random.default_rng(0)
WHOLE = {
    "x": RNG.integers(0, 256, (23, 4, 3, 1), dtype="uint8"),
    "mean": RNG.standard_normal((23, 2), dtype="float32"),
    "y": RNG.choice(["ant", "bee", "elephant"], 23),
}


def cut(arrays, *ends):
    return (
        {name: array[a:b] for name, array in arrays.items()}
        for a, b in zip((0, *ends), (*ends, 23), strict=True)
    )


@pytest.mark.parametrize("ends", [(), (1,), (5, 10, 22), tuple(range(1, 23))])
def test_an_archive_is_what_numpy_writes(tmp_path, ends):
    write_blocks(tmp_path / "new" / "a.npz", 23, cut(WHOLE, *ends))
    with np.load(tmp_path / "new" / "a.npz") as stored:
        assert list(stored) == list(WHOLE)
        for name, array in WHOLE.items():
            np.testing.assert_array_equal(stored[name], array)
            assert stored[name].dtype == array.dtype
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.npz"]


def test_a_single_array_can_be_mapped(tmp_path):
    write_blocks(tmp_path / "a.npy", 23, cut(WHOLE, 7))
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), WHOLE["x"])
    np.save(tmp_path / "b.npy", WHOLE["x"])
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_views_are_written_as_they_look(tmp_path):
    turned = {"x": WHOLE["x"].transpose(0, 2, 1, 3)[:, ::-1], "y": np.asfortranarray(WHOLE["mean"])}
    write_blocks(tmp_path / "a.npz", 23, cut(turned, 9))
    with np.load(tmp_path / "a.npz") as stored:
        np.testing.assert_array_equal(stored["x"], turned["x"])
        np.testing.assert_array_equal(stored["y"], turned["y"])


def broken(error):
    def blocks():
        yield {"x": WHOLE["x"][:9]}
        raise error

    return blocks


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        (broken(KeyboardInterrupt("by hand")), KeyboardInterrupt, "by hand"),
        (
            broken(OSError(errno.ENOSPC, "full")),
            InputError,
            r"room for a\.np., \d+ bytes; .* \(full\)",
        ),
        (broken(OSError(errno.EIO, "broken")), OSError, "broken"),
        (lambda: cut({"x": WHOLE["x"][:22]}, 9), ValueError, "23 rows, not 22"),
        (lambda: [{"x": np.zeros((9, 4))}, {"x": np.zeros((14, 3))}], ValueError, "the same rows"),
        (lambda: [{"x": np.zeros(23), "y": np.zeros(22)}], ValueError, "the same rows"),
    ],
    ids=["Ctrl-C", "full disk", "broken disk", "a row less", "another shape", "fewer y"],
)
def test_what_is_cut_short_leaves_nothing(tmp_path, name, blocks, error, message):
    with pytest.raises(error, match=message):
        write_blocks(tmp_path / name, 23, blocks())
    assert list(tmp_path.iterdir()) == []


def test_a_disk_too_small_is_said_first(tmp_path, monkeypatch):
    def free(path):
        assert path.is_dir()
        return SimpleNamespace(free=2_000_000)

    monkeypatch.setattr(shutil, "disk_usage", free)
    blocks = iter([{"x": np.zeros((4, 1000), "uint8")}] * 500)
    with pytest.raises(
        InputError, match=r"room for a.npz, 2,500,000 bytes; received 2,000,000 bytes free"
    ):
        write_blocks(tmp_path / "new folder" / "a.npz", 2_500, blocks)
    assert len(list(blocks)) == 499
    assert list(tmp_path.iterdir()) == []
