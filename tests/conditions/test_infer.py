"""Kinds of columns, inferred and given."""

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import named_kinds, schema_of, table_of

ROWS = np.arange(60)
COLUMNS = {
    "word": np.tile(["ant", "bee"], 30),
    "few": np.tile([3.0, 1.0, np.nan], 20),
    "many": np.arange(60) // 2,
    "real": np.linspace(0, 1, 60),
    "flags": np.tile([[1, 0, 1], [0, 0, 1]], (30, 1)),
    "place": np.stack([np.linspace(0, 1, 60), np.linspace(2, 5, 60)], axis=1),
    "photo": np.zeros((60, 4, 4), "uint8") + 200,
    "tags": np.tile(["hat|red", "", "none", "red"], 15),
}
KINDS = {
    "word": "categorical",
    "few": "categorical",
    "many": "continuous",
    "real": "continuous",
    "flags": "multi_label",
    "place": "continuous",
    "photo": "image",
    "tags": "categorical",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_kinds_are_told_from_the_values(name):
    (condition,) = schema_of({name: COLUMNS[name]}, {}, ROWS).conditions
    assert condition.kind == KINDS[name]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("few", "continuous"),
        ("many", "categorical"),
        ("tags", "multi_label"),
    ],
)
def test_kinds_may_be_said(name, kind):
    (condition,) = schema_of({name: COLUMNS[name]}, {name: kind}, ROWS).conditions
    assert condition.kind == kind


def test_numbers_that_are_classes_keep_their_names():
    (condition,) = schema_of({"few": COLUMNS["few"]}, {}, ROWS).conditions
    assert condition.categories == ("1", "3")


def test_attributes_are_named_by_text_or_place():
    named = schema_of({"tags": COLUMNS["tags"]}, {"tags": "multi_label"}, ROWS)
    assert named["tags"].attributes == ("hat", "red")
    encoded = named.encode({"tags": COLUMNS["tags"][:4]})
    assert encoded.tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 1], [0, 1, 1]]
    flags = schema_of({"flags": COLUMNS["flags"]}, {}, ROWS)
    assert flags["flags"].attributes == ("flags_0", "flags_1", "flags_2")
    commas = schema_of({"t": np.array(["a,b", "b|c"])}, {"t": "multi_label"}, ROWS[:2])
    assert commas["t"].attributes == ("a", "b", "c")


def test_one_column_of_zeros_and_ones_may_be_an_attribute():
    values = np.tile([0.0, 1.0], 30)
    schema = schema_of({"flag": values}, {"flag": "multi_label"}, ROWS)
    assert schema.encode({"flag": values})[:3].tolist() == [[0, 1], [1, 1], [0, 1]]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images_may_come_without_a_channel(channels):
    images = np.random.default_rng(0).integers(0, 256, (60, 4, 5, *channels), dtype="uint8")
    schema = schema_of({"photo": images}, {}, ROWS)
    encoded = schema.encode({"photo": images})
    np.testing.assert_allclose(encoded[:, :-1], images.reshape(60, -1) / 255, rtol=1e-6)
    assert (encoded[:, -1] == 1).all()


def test_binary_images_are_black_and_white():
    masks = np.random.default_rng(0).integers(0, 2, (60, 4, 4), dtype="uint8")
    assert schema_of({"mask": masks}, {}, ROWS).encode({"mask": masks}).max() == 1
    floats = schema_of({"mask": masks / 2}, {}, ROWS)
    assert floats.encode({"mask": masks / 2})[:, :-1].max() == 0.5


def test_scales_are_those_of_the_rows_named():
    half = schema_of({"real": COLUMNS["real"]}, {}, ROWS[:30])["real"]
    assert half.maximum == (COLUMNS["real"][29],)
    assert half.mean[0] == pytest.approx(COLUMNS["real"][:30].mean())


def test_names_with_and_without_kinds():
    columns = ["a", "b", "c:d"]
    assert named_kinds(["a:continuous", "b", "c:d"], columns) == {
        "a": "continuous",
        "b": None,
        "c:d": None,
    }
    assert named_kinds(["c:d:image"], columns) == {"c:d": "image"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["aa"], "Did you mean 'a'"),
        (["x"], "a, b"),
        (["a:number"], "categorical, continuous, multi_label, image"),
        (["a", "a:continuous"], "named once"),
        ([""], "a, b"),
    ],
)
def test_unknown_names_and_kinds_are_refused_with_the_known_ones(names, said):
    with pytest.raises(InputError, match=said):
        named_kinds(names, ["a", "b"])


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (np.full(60, 7.0), None, "'7' in every row"),
        (np.full(60, "x"), None, "'x' in every row"),
        (np.full(60, 0.5), None, "0.5 in every row"),
        (np.full(60, ""), None, "no value"),
        (np.full(60, np.nan), None, "no value"),
        (np.arange(60).astype(str), None, "which identify rows"),
        (np.linspace(0, 1, 60), "categorical", "which identify rows"),
        (np.tile(["a", "b"], 30), "continuous", "text such as"),
        (np.tile(["a", "b"], 30), "image", "must be images"),
        (np.tile([0, 2], 30), "multi_label", "zeros and ones"),
        (np.tile(["", "none"], 30), "multi_label", "none in any row"),
    ],
)
def test_columns_that_are_no_condition_are_refused(values, kind, said):
    with pytest.raises(InputError) as caught:
        schema_of({"c": values}, {"c": kind}, ROWS).encode({"c": values})
    assert said in str(caught.value)
    assert "'c'" in str(caught.value)


def test_a_table_has_all_columns_and_knows_the_conditions():
    columns = {name: COLUMNS[name] for name in ("word", "many", "real")}
    table = table_of(columns, ["many"], "quantile", ROWS)
    assert table.names == ("word", "many", "real")
    assert table.conditions == ("many",)
    assert [column.name for column in table.own] == ["word", "real"]
    assert table.order == ("word", "many", "real")
    standard = table_of(columns, ["many"], "standard", ROWS)
    assert len(standard.columns[2].knots) == 2 < len(table.columns[2].knots)


@pytest.mark.parametrize("names", [("common", "rare"), (1, 2), (1.0, 2.0)])
def test_a_class_of_few_training_rows_is_said_when_it_is_asked_for(names):
    values = np.repeat(names, [2_988, 12])
    rows = np.arange(0, 3_000, 2)
    schema = schema_of({"c": values}, {"c": "categorical"}, rows)
    assert schema.outside({"c": names[0]}) == []
    (sentence,) = schema.outside({"c": [names[0], names[1]]})
    assert sentence.startswith(f"'c': {names[1]:.0f}" if names[1] != "rare" else "'c': rare")
    assert "6 training row(s)" in sentence
    assert (
        schema_of({"c": values[-300:]}, {"c": "categorical"}, np.arange(300)).outside(
            {"c": names[1]}
        )
        == []
    )
