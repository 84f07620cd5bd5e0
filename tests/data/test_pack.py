"""A pack is the data set that it was made of, whatever happened while it was made."""

import json
import shutil
from itertools import islice

import numpy as np
import pytest
from PIL import Image

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset, pack
from condvae.data.mapped import is_mapped

rng = np.random.default_rng(0)
KINDS = ("ant", "bee", "cat")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Packs of many blocks."""
    monkeypatch.setattr(pack, "BLOCK_BYTES", 16 * 12)


@pytest.fixture
def folder(tmp_path):
    """103 pictures of 4 × 3 pixels in folders of three classes."""
    for number in range(103):
        path = tmp_path / "pictures" / KINDS[number % 3] / f"{number:03d}_{number % 7}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (4, 3), dtype="uint8")).save(path)
    return tmp_path / "pictures"


def assert_alike(packed, whole):
    assert is_mapped(packed.x)
    assert not is_mapped(whole.x)
    assert packed.fingerprint == whole.fingerprint
    assert packed.split_record() == whole.split_record()
    assert packed.condition == whole.condition
    assert packed.spec.model_copy(update={"source": ""}) == whole.spec.model_copy(
        update={"source": ""}
    )
    for name in ("train", "validation", "test"):
        split, other = getattr(packed, name), getattr(whole, name)
        np.testing.assert_array_equal(split.x, other.x)
        np.testing.assert_array_equal(split.given, other.given)
        np.testing.assert_array_equal(split.y, other.y)


def test_a_packed_folder_is_the_folder(folder, tmp_path, capsys):
    out = tmp_path / "packed"
    assert main(["data", "pack", str(folder), str(out)]) == 0
    assert "103 images in 7 blocks\n" in capsys.readouterr().out
    assert_alike(condvae.load_data(out), condvae.load_data(folder))
    settings = {"validation": 0.3, "split_seed": 3}
    assert_alike(condvae.load_data(out, **settings), condvae.load_data(folder, **settings))
    assert main(["data", "pack", str(folder), str(out)]) == 0
    assert "7 blocks, 7 of them already complete\n" in capsys.readouterr().out


def columns(x):
    given = {"age": rng.random(len(x)), "kind": np.array(KINDS)[np.arange(len(x)) % 3]}
    return Dataset.from_columns(given, x)


def own_sets(x):
    y = np.arange(len(x)) % 3
    validation, test = (x[:9], y[:9]), (x[9:20], y[9:20])
    return Dataset.from_arrays(x, y, validation=validation, test=test)


def label_maps(x):
    return Dataset.from_arrays(x % 3, x, pixel_classes=KINDS)


def floats(x):
    return Dataset.from_arrays(x / np.float64(255) - 0.3, np.arange(len(x)) % 3)


@pytest.mark.parametrize("make", [columns, own_sets, label_maps, floats])
def test_packs_are_what_was_packed(tmp_path, make):
    whole = make(rng.integers(0, 256, (103, 4, 3), dtype="uint8"))
    assert [*pack.pack(whole, tmp_path / "packed")][-1] == (len(whole.x), False)
    packed = condvae.load_data(tmp_path / "packed")
    assert_alike(packed, whole)
    assert is_mapped(packed.given) == whole.condition.is_image


def test_a_pack_goes_on_where_it_was_stopped(folder, tmp_path):
    data, out = condvae.load_data(folder, mapped=True), tmp_path / "packed"
    for _ in islice(pack.pack(data, out), 3):
        pass
    (out / ".x-00003.npy.abc.tmp").mkdir()  # of the block that a kill has left half-written
    with pytest.raises(InputError, match=r"complete pack; received one with 6 files"):
        condvae.load_data(out)
    (out / "x-00001.npy").write_bytes(b"damaged")
    times = {path: path.stat().st_mtime_ns for path in out.glob("*-*.npy")}
    assert [there for _, there in pack.pack(data, out)] == [True, False, True] + [False] * 4
    kept = {path for path, time in times.items() if path.stat().st_mtime_ns == time}
    assert {path.name for path in times.keys() - kept} == {"x-00001.npy", "given-00001.npy"}
    assert not [*out.glob("*.tmp")]
    assert_alike(condvae.load_data(out), condvae.load_data(folder))


def test_the_same_data_make_the_same_files(folder, tmp_path):
    for name in ("one", "two"):
        [*pack.pack(condvae.load_data(folder, mapped=name == "two"), tmp_path / name)]
    files = [sorted((tmp_path / name).glob("[!.]*")) for name in ("one", "two")]
    assert [f.name for f in files[0]] == [f.name for f in files[1]]
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(*files, strict=True))


def test_what_is_no_such_pack_is_refused(folder, tmp_path):
    data, out = condvae.load_data(folder), tmp_path / "packed"
    [*pack.pack(data, out)]
    with pytest.raises(InputError, match="pack of the same data"):
        [*pack.pack(condvae.load_data(folder, resize=(2, 2)), out)]
    with pytest.raises(InputError, match="resize must be set when the data are packed"):
        condvae.load_data(out, resize=(2, 2))
    with pytest.raises(InputError, match="must be a new folder"):
        [*pack.pack(data, folder)]
    table = Dataset.from_columns({"a": rng.random(50), "b": rng.random(50)})
    with pytest.raises(InputError, match="packing needs images, or the path"):
        [*pack.pack(table, tmp_path / "table")]
    (out / "x-00002.npy").unlink()
    with pytest.raises(InputError, match=r"no x-00002\.npy"):
        condvae.load_data(out)
    record = json.loads((out / "pack.json").read_text())
    (out / "pack.json").write_text(json.dumps({**record, "format": 2}))
    with pytest.raises(InputError, match=r"pack\.json must be as"):
        condvae.load_data(out)


def test_a_folder_too_large_for_memory_is_to_be_packed(folder, monkeypatch):
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: 10_000)
    with pytest.raises(InputError, match=r"`condvae data pack .*pictures OUT`"):
        condvae.load_data(folder)


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_archives_stay_open_as_long_as_their_pictures(folder, tmp_path, suffix):
    archive = shutil.make_archive(str(tmp_path / "all"), suffix, folder)
    data = condvae.load_data(archive, mapped=True)
    np.testing.assert_array_equal(data.x, condvae.load_data(archive).x)
    np.testing.assert_array_equal(data.test.x, condvae.load_data(folder).test.x)
