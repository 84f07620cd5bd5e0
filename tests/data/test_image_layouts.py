"""Images as people have them: splits, nested folders, archives, tables of other shapes."""

import io
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.data import load_data


def put(path, level, size=(5, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size[::-1], level, "uint8")).save(path)


def levels_of(data, split):
    part = getattr(data, split)
    return {(str(y), int(x[0, 0, 0])) for x, y in zip(part.x, part.y, strict=True)}


@pytest.fixture
def photos(tmp_path):
    """Two classes of four images each, each of one level."""
    folder = tmp_path / "photos"
    for place, label in enumerate(("ant", "bee")):
        for number in range(4):
            put(folder / label / f"{number}.png", 10 * place + number)
    return folder


@pytest.mark.parametrize(
    ("names", "wrapped"),
    [(("train", "val", "test"), False), (("Training", "validation", "Testing"), True)],
)
def test_folders_of_splits_are_the_splits(tmp_path, names, wrapped, caplog):
    folder = tmp_path / "made" / "around" if wrapped else tmp_path / "made"
    expected = {}
    for place, (name, split) in enumerate(zip(names, ("train", "validation", "test"), strict=True)):
        expected[split] = set()
        for label in ("ant", "bee"):
            for number in range(3 - place):
                level = 100 * place + 10 * (label == "bee") + number
                put(folder / name / label / f"{number}.png", level)
                expected[split].add((label, level))
    data = load_data(tmp_path / "made")
    assert data.label_names == ("ant", "bee")
    assert {split: levels_of(data, split) for split in expected} == expected
    assert "6 for train, 4 for validation, 2 for test" in caplog.text
    as_validation = data.with_spec(data.spec.model_copy(update={"validation": "test"}))
    assert len(as_validation.train.x) == 10
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    (moved / names[1] / "ant" / "0.png").rename(moved / names[0] / "ant" / "7.png")
    assert load_data(moved).fingerprint != data.fingerprint


def test_without_a_validation_folder_it_is_drawn(tmp_path, caplog):
    for split, count in (("train", 10), ("test", 2)):
        for label in ("ant", "bee"):
            for number in range(count):
                put(tmp_path / "made" / split / label / f"{number}.png", number)
    put(tmp_path / "made" / "test" / "unlabelled.png", 0)
    data = load_data(tmp_path / "made", validation=0.2)
    assert [len(part.x) for part in (data.train, data.validation, data.test)] == [16, 4, 4]
    assert "1 image(s) in no class folder: skipped" in caplog.text


def test_empty_folders_are_named_however_deep(photos, caplog):
    for name in ("eel", "bee/notes/old", "__MACOSX", ".git"):
        (photos / name).mkdir(parents=True)
    (photos / "fox").mkdir()
    (photos / "fox" / "readme.txt").write_text("none yet")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (photos / "ant" / name).write_bytes(b"junk")
    assert load_data(photos).label_names == ("ant", "bee")
    assert "no images in the folder(s) 'bee/notes', 'eel', 'fox': skipped" in caplog.text


def test_a_class_may_be_called_train(tmp_path):
    for label in ("train", "plane", "test"):
        for number in range(4):
            put(tmp_path / "made" / label / f"{number}.png", number)
    assert load_data(tmp_path / "made").label_names == ("plane", "test", "train")


def test_the_deepest_folders_are_the_classes_where_none_lies_higher(tmp_path, caplog):
    for name in ("animals/cat", "animals/dog", "plants/oak"):
        for number in range(4):
            put(tmp_path / "made" / name / f"{number}.png", number)
    assert load_data(tmp_path / "made").label_names == ("cat", "dog", "oak")
    assert "animals/cat is 'cat'" in caplog.text
    put(tmp_path / "made" / "plants" / "4.png", 9)
    assert load_data(tmp_path / "made").label_names == ("animals", "plants")


def archived(folder, path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__MACOSX/photos/ant/._0.png", b"junk")
            for file in sorted(folder.rglob("*.png"), reverse=True):
                archive.write(file, file.relative_to(folder.parent))
    else:
        mode = {".tar": "w", ".tgz": "w:gz", ".xz": "w:xz"}[path.suffix]
        with tarfile.open(path, mode) as archive:
            for file in sorted(folder.rglob("*.png"), reverse=True):
                archive.add(file, file.relative_to(folder.parent))
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.tar.xz"])
def test_archives_are_read_as_they_are(photos, name, tmp_path):
    before = load_data(photos)
    path = archived(photos, tmp_path / name)
    data = load_data(path)
    assert data.name == str(path)
    np.testing.assert_array_equal(data.x, before.x)
    assert data.y.tolist() == before.y.tolist()
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"photos", name}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_damaged_archives_are_refused(photos, name, tmp_path):
    whole = archived(photos, tmp_path / name).read_bytes()
    damaged = tmp_path / f"damaged-{name}"
    # the tar ends amid the first image
    for content in (b"", b"no archive", whole[: 540 if name == "a.tar" else len(whole) // 2]):
        damaged.write_bytes(content)
        with pytest.raises(InputError):
            load_data(damaged)


def test_a_member_that_is_larger_than_announced_is_refused(photos, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photos/ant/0.png", bytes(10_000_000))
    content = path.read_bytes()
    # in the local header and in the directory
    announced, less = (size.to_bytes(4, "little") for size in (10_000_000, 100))
    path.write_bytes(content.replace(announced, less))
    with pytest.raises(InputError):
        load_data(path)


def test_names_that_lead_out_of_an_archive_are_passed_over(photos, tmp_path):
    path = archived(photos, tmp_path / "a.tar")
    with tarfile.open(path, "a") as archive:
        for name in ("../outside/0.png", "photos/../../b/0.png"):
            content = (photos / "ant" / "0.png").read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("photos/ant/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert load_data(path).x.shape == (8, 4, 5, 1)


@pytest.mark.parametrize("column", ["filename", "image", "path", "File", "id"])
def test_a_table_names_images_as_people_do(tmp_path, column):
    folder = tmp_path / "made"
    lines = [f"{column},animal"]
    for number in range(8):
        put(folder / "images" / f"{number:03}.jpg", 10 * number)
        name = f"{number:03}" if column == "id" else f"{number:03}.jpg"
        lines.append(f"{name},{('ant', 'bee')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    data = load_data(folder)
    assert data.label_names == ("ant", "bee")
    assert np.abs(data.x[:, 0, 0, 0].astype(int) - 10 * np.arange(8)).max() <= 1
    assert data.given.tolist() == [0, 1] * 4


@pytest.mark.parametrize("suffix", [".pgm", ".ppm", ".pnm", ".jfif", ".avif"])
def test_further_formats(tmp_path, suffix):
    for label in ("ant", "bee"):
        for number in range(4):
            path = tmp_path / "made" / label / f"{number}.png"
            put(path, 40 * number)
            image = Image.open(path)
            path.unlink()
            kind = {".jfif": "JPEG", ".avif": "AVIF"}.get(suffix, "PPM")
            image.save(path.with_suffix(suffix), kind)
    data = load_data(tmp_path / "made")
    assert data.image_shape[:2] == (4, 5)
    assert np.abs(data.x[:, 0, 0, 0].astype(int) - 40 * np.array([0, 1, 2, 3] * 2)).max() <= 2


def test_heic_says_what_it_needs(tmp_path):
    for number in range(3):
        for label in ("ant", "bee"):
            path = tmp_path / "made" / label / f"{number}.heic"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(InputError, match=r"pillow-heif|whole and readable"):
        load_data(tmp_path / "made")
