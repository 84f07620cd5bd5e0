"""Folders of images: told by a table, scaled to one size, with broken ones left out."""

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.data import load_data

N = 40


@pytest.fixture
def folder(tmp_path):
    """40 grey images of 6 × 4 pixels, each of one level, and what they show."""
    path = tmp_path / "made"
    (path / "more").mkdir(parents=True)
    lines = ["file,animal,age,weight"]
    for n in range(N):
        name = f"more/{n}.png" if n % 2 else f"{n}.png"
        Image.fromarray(np.full((4, 6), n, "uint8")).save(path / name)
        weight = "" if n % 8 == 0 else f"{n / 3:.2f}"
        lines.append(f"{name},{('ant', 'bee')[n % 2]},{n // 2 + 20},{weight}")
    (path / "attributes.csv").write_text("\n".join(lines[:1] + lines[:0:-1]) + "\n")
    return path


@pytest.fixture
def classes(tmp_path):
    """Two class folders of ten images each."""
    path = tmp_path / "classes"
    for label in ("ant", "bee"):
        (path / label).mkdir(parents=True)
        for n in range(10):
            Image.fromarray(np.full((4, 4), 10 * n, "uint8")).save(path / label / f"{n}.png")
    return path


def rewrite(folder, old, new):
    table = folder / "attributes.csv"
    table.write_text(table.read_text().replace(old, new))


def test_the_table_says_what_each_image_shows(folder):
    data = load_data(folder)
    assert data.condition.names == ("animal", "age", "weight")
    levels = data.x[:, 0, 0, 0]
    np.testing.assert_array_equal(levels, np.arange(N)[::-1])  # the table's order
    given = data.condition.decode(data.given)
    np.testing.assert_array_equal(given["animal"], np.array(["ant", "bee"])[levels % 2])
    np.testing.assert_array_equal(given["age"], levels // 2 + 20)
    np.testing.assert_array_equal(np.isnan(given["weight"]), levels % 8 == 0)
    assert data.condition["weight"].decimals == 2


def test_conditions_are_chosen_and_ignored(folder):
    assert load_data(folder, conditions=("animal",)).condition == Categorical(
        name="animal", categories=("ant", "bee")
    )
    data = load_data(folder, ignore=("animal", "weight"))
    assert data.condition.names == ("age",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("more/7.png,", "more/77.png,", "'more/77.png' in row 32"),
        ("more/7.png,", "../outside.png,", "'../outside.png' in row 32"),
        ("more/7.png,", ",", "'' in row 32"),
        ("more/7.png,", "more,", "'more' in row 32"),
        ("more/7.png,", "attributes.csv,", "attributes.csv (UnidentifiedImageError"),
        ("file,", "where,", "must have a column 'file'"),
        ("bee,", ",", "'ant' in every row"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(folder, old, new, said):
    Image.fromarray(np.zeros((4, 6), "uint8")).save(folder.parent / "outside.png")
    rewrite(folder, old, new)
    with pytest.raises(InputError) as caught:
        load_data(folder)
    assert said in str(caught.value)


def test_a_link_or_an_absolute_path_to_the_outside_is_refused(folder):
    outside = folder.parent / "outside.png"
    Image.fromarray(np.zeros((4, 6), "uint8")).save(outside)
    (folder / "link.png").symlink_to(outside)
    for name in ("link.png", str(outside)):
        text = (folder / "attributes.csv").read_text()
        rewrite(folder, "more/7.png,", f"{name},")
        with pytest.raises(InputError, match="in row 32"):
            load_data(folder)
        (folder / "attributes.csv").write_text(text)


def test_two_tables_are_refused(folder):
    (folder / "b.tsv").write_text("file\n")
    with pytest.raises(InputError, match=r"attributes.csv, b.tsv"):
        load_data(folder)


def test_without_conditions_a_table_is_none(folder):
    (folder / "attributes.csv").write_text("file\n0.png\n")
    with pytest.raises(InputError, match="'file'"):
        load_data(folder)


def test_mixed_sizes_are_listed_and_scaled_when_asked(classes):
    Image.fromarray(np.full((8, 6), 200, "uint8")).save(classes / "bee" / "5.png")
    with pytest.raises(InputError, match="same width × height") as caught:
        load_data(classes)
    assert "4 × 4 (" in caught.value.received
    assert "6 × 8 (" in caught.value.received
    assert "--resize" in caught.value.remedy
    data = load_data(classes, resize=(2, 3))
    assert data.x.shape == (20, 2, 3, 1)
    assert data.label_names == ("ant", "bee")
    np.testing.assert_array_equal(data.x[:10, 0, 0, 0], np.arange(10) * 10)
    assert (data.x[15] == 200).all()


def test_scaling_down_takes_means(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for n in range(4):
            pixels = rng.integers(0, 256, (6, 4, 3), dtype="uint8")
            Image.fromarray(pixels).save(tmp_path / "set" / label / f"{n}.png")
    data = load_data(tmp_path / "set", resize=(3, 2))
    expected = pixels.reshape(3, 2, 2, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(data.x[-1], expected, atol=1)


@pytest.mark.parametrize("told", ["by folders", "by a table"])
def test_what_cannot_be_decoded_is_named_and_left_out_only_when_asked(
    folder, classes, told, caplog
):
    source, name = (classes, "bee/5.png") if told == "by folders" else (folder, "more/5.png")
    whole = load_data(source)
    content = (source / name).read_bytes()
    (source / name).write_bytes(content[:40])
    with pytest.raises(InputError, match="whole and readable") as caught:
        load_data(source)
    assert name in caught.value.received
    assert not caplog.records
    data = load_data(source, skip_broken=True)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert name in record.getMessage()
    kept = np.arange(len(whole.x)) != (15 if told == "by folders" else N - 1 - 5)
    np.testing.assert_array_equal(data.x, whole.x[kept])
    if told == "by folders":
        np.testing.assert_array_equal(data.given, whole.given[kept])
    else:
        ages = data.condition.decode(data.given)["age"]
        np.testing.assert_array_equal(ages, data.x[:, 0, 0, 0] // 2 + 20)


def test_with_nothing_whole_there_is_no_data(classes):
    for path in classes.rglob("*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(InputError, match="no intact image"):
        load_data(classes, skip_broken=True)
