"""Conditions in the names of images."""

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.conditions.name_patterns import name_pattern
from condvae.data import load_data


@pytest.mark.parametrize(
    ("pattern", "name", "values"),
    [
        ("{age}_*", "25_0_1_x.jpg", {"age": "25"}),
        ("{age}_{gender}_*", "faces/25_0_1_x.jpg", {"age": "25", "gender": "0"}),
        ("{age}_{gender}", "25_0.jpg", {"age": "25", "gender": "0"}),
        ("*_{who}.png", "a_b_c.png", {"who": "b_c"}),
        ("img*-{who}", "img007-ann.jpg", {"who": "ann"}),
        ("{who}.{n}.jpg", "ann.3.jpg", {"who": "ann", "n": "3"}),
        ("{set}/{who}_*", "a/ann_1.png", {"set": "a", "who": "ann"}),
        ("x{a}x{b}x", "x1x22x.png", {"a": "1", "b": "22"}),
        ("{a}__{b}", "a_b__c.png", {"a": "a_b", "b": "c"}),
        ("{age}_*", "x.jpg", None),
        ("{age}_*", "_x.jpg", None),
        ("img{n}", "pic3.jpg", None),
        ("{n}.jpg", "3.png", None),
        ("{a}_{b}_end", "1_2_ends.png", None),
    ],
)
def test_patterns(pattern, name, values):
    assert name_pattern(pattern).read(name) == values


def test_long_names_take_no_time():
    pattern = name_pattern("".join(f"*a{{n{place}}}a" for place in range(40)) + "b")
    assert pattern.read("a" * 100_000) is None


@pytest.mark.parametrize(
    "text", ["{a}{b}", "{a}*", "**{a}", "{a}_{a}", "{}", "{a", "{a}}", "{a{b}}"]
)
def test_unclear_patterns_are_refused(text):
    with pytest.raises(InputError, match="a pattern of file names must be"):
        name_pattern(text)


def test_the_name_that_is_asked_for_must_be_there():
    with pytest.raises(InputError, match=r"the pattern of 'age' must hold \{age\}"):
        name_pattern("age={gender}_*")
    assert name_pattern("digit") is None
    assert name_pattern("age:ordinal={age}_{sex}_*").kinds == {"age": "ordinal"}


@pytest.fixture
def faces(tmp_path):
    for number in range(30):
        who = ("ann", "bob", "eve")[number % 3]
        pixels = np.full((4, 5), number, "uint8")
        name = f"{20 + number % 6}_{number % 2}_{who}_{number}.png"
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def test_numbers_are_continuous_and_texts_are_classes(faces, caplog):
    Image.fromarray(np.zeros((4, 5), "uint8")).save(faces / "odd.png")
    data = load_data(faces, conditions=("{age}_{gender}_{who}_*",))
    kinds = [(one.name, one.kind) for one in data.condition.conditions]
    assert kinds == [("age", "continuous"), ("gender", "continuous"), ("who", "categorical")]
    levels = data.x[:, 0, 0, 0].astype(int)
    assert data.raw["age"].tolist() == (20 + levels % 6).tolist()
    assert data.raw["who"].tolist() == [("ann", "bob", "eve")[level % 3] for level in levels]
    assert "1 image(s) are not called {age}_{gender}_{who}_*: left out, 'odd.png'" in caplog.text
    again = data.with_spec(data.spec.model_copy(update={"split_seed": 3}))
    assert [(one.name, one.kind) for one in again.condition.conditions] == kinds


def test_kinds_and_single_names(faces):
    data = load_data(faces, conditions=("age={age}_{gender}_*",))
    assert data.condition.names == ("age",)
    data = load_data(faces, conditions=("gender:categorical={age}_{gender}_*",))
    assert data.label_names == ("0", "1")
    assert data.y.tolist() == (data.x[:, 0, 0, 0] % 2).tolist()
    data = load_data(faces, conditions=("{age}_{gender:categorical}_*",))
    assert [one.kind for one in data.condition.conditions] == ["continuous", "categorical"]


def test_splits_and_classes_by_folders(tmp_path, caplog):
    for split, count in (("train", 12), ("test", 4)):
        for label in ("cat", "dog"):
            for number in range(count):
                file = tmp_path / split / label / f"{number}_x.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((4, 4), number, "uint8")).save(file)
    data = load_data(tmp_path, conditions=("n={n}_*", "label"))
    assert data.condition.names == ("n", "label")
    assert len(data.test.x) == 8
    assert data.raw["n"].tolist() == data.x[:, 0, 0, 0].tolist()
    assert {*data.raw["label"]} == {"cat", "dog"}


def test_names_that_never_fit_are_a_sentence(faces):
    with pytest.raises(InputError, match=r"must be called img\{n\}; received '20_0_ann_0.png', "):
        load_data(faces, conditions=("img{n}",))
    np.savez(faces / "a.npz", x=np.zeros((9, 4, 4), "uint8"), y=[0, 1, 2] * 3)
    with pytest.raises(InputError, match="received 'n'"):
        load_data(faces / "a.npz", conditions=("img{n}",))
