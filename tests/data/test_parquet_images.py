"""Parquet files of encoded pictures, as Hugging Face keeps them."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.cli import main
from condvae.data import load_data, parquet_images


def encoded(level, size=(5, 4), kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(np.full(size[::-1], level, "uint8")).save(file, kind)
    return file.getvalue()


def write(path, levels, names=(), plain=False, **columns):
    pictures = [encoded(level) for level in levels]
    if not plain:
        pictures = [
            {"bytes": one, "path": f"{level}.png"}
            for one, level in zip(pictures, levels, strict=True)
        ]
    kind = pa.binary() if plain else pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(pictures, kind), **columns})
    if names:
        features = {"label": {"names": list(names), "_type": "ClassLabel"}}
        told = {"huggingface": json.dumps({"info": {"features": features}})}
        table = table.replace_schema_metadata(told)
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize("plain", [False, True])
def test_pictures_and_labels(tmp_path, plain):
    path = write(tmp_path / "a.parquet", range(12), plain=plain, label=[0, 1, 2] * 4)
    data = load_data(path)
    assert data.x[:, 0, 0, 0].tolist() == [*range(12)]
    assert data.image_shape == (4, 5, 1)
    assert data.y.tolist() == [0, 1, 2] * 4
    assert data.condition.name == "label"
    assert data.files.names[3] == "row 3"


def test_parts_in_a_folder_are_the_splits(tmp_path):
    folder = tmp_path / "cats" / "data"
    for place in range(2):
        levels, labels = range(8 * place, 8 * place + 8), [0, 1] * 4
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"train-0000{place}-of-00002.parquet", levels, ("ant", "bee"), label=labels)
    write(folder / "test-00000-of-00001.parquet", range(100, 104), ("ant", "bee"), label=[1] * 4)
    data = load_data(tmp_path / "cats")
    assert data.x[:, 0, 0, 0].tolist() == [*range(16), *range(100, 104)]
    assert data.y.tolist() == ["ant", "bee"] * 8 + ["bee"] * 4
    assert data.test.rows.tolist() == [16, 17, 18, 19]


def test_other_columns_are_conditions(tmp_path):
    columns = {"age": np.arange(30) / 7, "town": ["a", "b", None] * 10, "boxes": [[1, 2]] * 30}
    data = load_data(write(tmp_path / "a.parquet", range(30), **columns))
    assert data.condition.names == ("age", "town")
    data = load_data(tmp_path / "a.parquet", conditions=("age",))
    assert data.condition.names == ("age",)
    np.testing.assert_allclose(data.raw["age"], columns["age"])


def test_pictures_stay_in_their_files_and_are_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_images, "MOST_TOGETHER", 3)
    folder = tmp_path / "cats"
    for place in range(2):
        levels, labels = range(50 * place, 50 * place + 8), [0, 1] * 4
        path = folder / f"train-0000{place}-of-00002.parquet"
        write(path, levels, ("ant", "bee"), plain=True, label=labels)
    write(folder / "test-00000-of-00001.parquet", range(100, 104), plain=True, label=[1] * 4)
    whole, fetched = load_data(folder), []
    take = parquet_images._bytes
    monkeypatch.setattr(
        parquet_images, "_bytes", lambda found: fetched.append(take(found)) or fetched[-1]
    )
    mapped = load_data(folder, mapped=True)
    np.testing.assert_array_equal(mapped.x[np.arange(19, -1, -1)], whole.x[::-1])
    assert max(map(len, fetched)) == 3
    fetched.clear()
    assert main(["data", "pack", str(folder), str(tmp_path / "packed")]) == 0
    # one reading for the sizes, one to decode
    assert len(fetched) == 2 * (3 + 3 + 2)
    packed = load_data(tmp_path / "packed")
    assert packed.fingerprint == mapped.fingerprint == whole.fingerprint
    assert packed.split_record() == whole.split_record()
    np.testing.assert_array_equal(packed.x, whole.x)
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: 1000)
    with pytest.raises(InputError, match=r"`condvae data pack .*cats OUT`"):
        load_data(folder)


def test_pictures_alone_are_of_one_class(tmp_path):
    assert load_data(write(tmp_path / "a.parquet", range(30))).label_names == ("image",)


def test_sizes_and_damage_are_those_of_pictures(tmp_path):
    pictures = [encoded(1), encoded(2, (7, 7)), b"no picture", None, *map(encoded, range(3, 9))]
    table = pa.table({"image": pa.array(pictures, pa.binary()), "label": [0, 1] * 5})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"whole and readable; received row 2 of .*a\.parquet"):
        load_data(tmp_path / "a.parquet", resize=(4, 4))
    data = load_data(tmp_path / "a.parquet", resize=(4, 4), skip_broken=True)
    assert data.x[:, 0, 0, 0].tolist() == [1, 2, *range(3, 9)]
    assert data.y.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    pictures = [encoded(1), encoded(2, (7, 7))]
    table = pa.table({"image": pa.array(pictures, pa.binary()), "label": [0, 1]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="--resize"):
        load_data(tmp_path / "a.parquet")


def test_what_cannot_be_read_is_refused(tmp_path):
    two = {"image": pa.array([encoded(1)] * 3), "mask": pa.array([encoded(1)] * 3)}
    pq.write_table(pa.table(two), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="one column of pictures; received image, mask"):
        load_data(tmp_path / "a.parquet")
    write(tmp_path / "made" / "train-0.parquet", range(9), label=[0, 1, 2] * 3)
    pq.write_table(pa.table({"other": [1.5]}), tmp_path / "made" / "train-1.parquet")
    with pytest.raises(InputError, match="of the same columns"):
        load_data(tmp_path / "made")
    whole = write(tmp_path / "a.parquet", range(9), label=[0, 1, 2] * 3).read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[:-40])
    with pytest.raises(InputError, match=r"must be a whole \.parquet file"):
        load_data(tmp_path / "a.parquet")
