"""Several conditions by name: given, missing, and dropped."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions import Categorical, Continuous, Image, MultiLabel, Schema, schema_of

CONDITIONS = (
    Categorical(name="animal", categories=("ant", "bee", "cat")),
    Continuous(name="height", mean=(2,), scale=(4,), minimum=(0,), maximum=(5,)),
    Continuous(name="place", mean=(0, 1), scale=(1, 2), minimum=(-1, -1), maximum=(1, 3)),
    MultiLabel(name="tags", attributes=("hat", "red")),
    Image(name="photo", image_shape=(2, 2, 1)),
)
SCHEMA = Schema(conditions=CONDITIONS)
WHOLE = {
    "animal": np.array(["bee", "cat"]),
    "height": np.array([2.0, 6.0]),
    "place": np.array([[1.0, 1.0], [0.0, 3.0]]),
    "tags": np.array(["hat", "none"]),
    "photo": np.array([np.zeros((2, 2, 1)), np.full((2, 2, 1), 255)], dtype="uint8"),
}
# (name, value or values) that are missing, however they are written
MISSING = (None, np.nan, float("nan"), "", np.float32("nan"), np.str_(""))


def bits(encoded):
    """(batch, conditions) presence."""
    return np.stack([encoded[:, block.stop] for _, block in SCHEMA.blocks], axis=1)


def test_blocks_lie_side_by_side_each_with_its_bit():
    assert SCHEMA.dim == sum(c.dim for c in CONDITIONS) + 5 == 3 + 1 + 2 + 2 + 4 + 5
    encoded = SCHEMA.encode(WHOLE)
    expected = [
        [0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1],
        [0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1],
    ]
    assert encoded.tolist() == expected
    assert encoded.dtype == np.float32


def test_all_kinds_come_back():
    decoded = SCHEMA.decode(SCHEMA.encode(WHOLE))
    assert list(decoded) == list(WHOLE)
    for name in ("animal", "height", "place", "tags"):
        np.testing.assert_array_equal(decoded[name], WHOLE[name])
    np.testing.assert_array_equal(decoded["photo"], WHOLE["photo"] / 255)


@given(st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=6))
def test_any_cells_may_be_missing(present):
    """A row with holes is the whole row, zero where the holes are."""
    rows = {"animal": "bee", "height": 3.5, "tags": "red"}
    columns = {
        name: [value if there[place] else None for there in present]
        for place, (name, value) in enumerate(rows.items())
    }
    encoded, whole = SCHEMA.encode(columns), SCHEMA.encode(rows)
    for place, name in enumerate(rows):
        block = next(block for condition, block in SCHEMA.blocks if condition.name == name)
        for row, there in zip(encoded, present, strict=True):
            cells = slice(block.start, block.stop + 1)
            np.testing.assert_array_equal(row[cells], whole[0][cells] * there[place])
    again = SCHEMA.encode(SCHEMA.decode(encoded))
    np.testing.assert_array_equal(again, encoded)


def test_nothing_given_is_all_zeros():
    assert not SCHEMA.encode({}).any()
    assert SCHEMA.encode({}).shape == (1, SCHEMA.dim)
    assert SCHEMA.is_one({})


@pytest.mark.parametrize("missing", MISSING, ids=repr)
@pytest.mark.parametrize("name", SCHEMA.names)
def test_one_missing_value_is_missing_whatever_the_condition(name, missing):
    assert SCHEMA.is_one({name: missing})
    assert not SCHEMA.encode({name: missing}).any()


@pytest.mark.parametrize("missing", [None, float("nan"), ""], ids=repr)
def test_missing_values_among_texts_of_a_list(missing):
    encoded = SCHEMA.encode({"animal": ["cat", missing], "tags": [missing, "hat"]})
    assert bits(encoded)[:, [0, 3]].tolist() == [[1, 0], [0, 1]]


def test_a_vector_with_a_hole_is_missing():
    encoded = SCHEMA.encode({"place": np.array([[1.0, np.nan], [1.0, 1.0]])})
    assert bits(encoded)[:, 2].tolist() == [0, 1]


def test_one_value_serves_all_rows():
    encoded = SCHEMA.encode({"animal": "ant", "height": [1, 2, 3], "place": [0.5, 0.5]})
    each = {"animal": ["ant"] * 3, "height": [1, 2, 3], "place": [[0.5, 0.5]] * 3}
    np.testing.assert_array_equal(encoded, SCHEMA.encode(each))
    assert not SCHEMA.is_one({"animal": "ant", "height": [1, 2, 3]})


def test_what_encode_made_is_taken_again():
    encoded = SCHEMA.encode(WHOLE)
    np.testing.assert_array_equal(SCHEMA.encode(encoded), encoded)
    np.testing.assert_array_equal(SCHEMA.encode(encoded[0]), encoded[:1])
    assert SCHEMA.is_one(encoded[0])
    assert not SCHEMA.is_one(encoded)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ({"animl": "ant"}, "Did you mean 'animal'"),
        ({"animal": "dog"}, "ant, bee, cat; received 'dog'"),
        ({"animal": ["ant", "bee"], "height": [1, 2, 3]}, "one value, or 3; received 2"),
        ({"height": "tall"}, "'height' must be 1 finite number"),
        ({"height": np.inf}, "'height' must be 1 finite number"),
        ({"place": [1.0, 2.0, 3.0]}, "'place' must be 2 finite numbers"),
        ({"place": [[1.0, 2.0], [1.0]]}, "'place' must have values of one shape"),
        ({"tags": "blue"}, "hat, red; received 'blue'"),
        ({"photo": np.zeros((3, 3, 1))}, "'photo'"),
        ({"photo": np.full((2, 2, 1), 300)}, "lie in"),
        (np.zeros((2, 3)), "received float64 of shape"),
        (np.zeros((2, SCHEMA.dim), int), "Pass a dictionary"),
        (np.full((2, SCHEMA.dim), np.nan), "Pass a dictionary"),
        (None, "Pass a dictionary"),
        ("ant", "Pass a dictionary"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(y, said):
    with pytest.raises(InputError) as caught:
        SCHEMA.encode(y)
    assert said in str(caught.value)


def test_values_outside_the_range_are_told_once_each():
    sentences = SCHEMA.outside(
        {"height": [9.0, 10.0], "animal": "ant", "place": [0, 9], "tags": None}
    )
    assert [sentence.split(":")[0] for sentence in sentences] == ["'height'", "'place'"]
    assert SCHEMA.outside({"height": None}) == SCHEMA.outside({"height": np.nan}) == []


def test_classes_that_no_training_row_has_together_are_told():
    """Against a search through the rows, for every combination of all and of some classes."""
    rng = np.random.default_rng(0)
    classes = {"a": ("p", "q", "r"), "b": ("s", "t"), "c": ("u", "v", "w")}
    columns = {name: rng.choice(["", *names], 25) for name, names in classes.items()}
    schema = schema_of(columns | {"h": rng.normal(size=25)}, {}, np.arange(20))
    rows = list(zip(*[columns[name][:20] for name in classes], strict=True))
    told = 0
    for asked in product(*[(None, *names) for names in classes.values()]):
        given = dict(zip(classes, asked, strict=True))
        is_seen = any(
            all(value in (None, cell) for value, cell in zip(asked, row, strict=True))
            for row in rows
        )
        several = sum(value is not None for value in asked) > 1
        sentences = [s for s in schema.outside(given) if "together" in s]
        assert bool(sentences) == (several and not is_seen)
        told += len(sentences)
        for name, value in given.items():
            assert not sentences or value is None or f"{name}={value}" in sentences[0]
    assert told > 3


@pytest.mark.parametrize("num_classes", [2, 3, 101])
def test_no_combinations_are_listed_where_all_are_seen_or_too_many(num_classes):
    pairs = np.array(list(product(range(num_classes), repeat=2))).astype(str)
    kinds = dict.fromkeys("ab", "categorical")
    whole = schema_of({"a": pairs[:, 0], "b": pairs[:, 1]}, kinds, np.arange(len(pairs)))
    assert whole.combinations is None
    part = schema_of({"a": pairs[:, 0], "b": pairs[:, 1]}, kinds, np.arange(len(pairs) - 1))
    assert (part.combinations is None) == (num_classes == 101)


def test_two_conditions_of_one_name_are_refused():
    with pytest.raises(ValueError, match="different names"):
        Schema(conditions=(CONDITIONS[0], CONDITIONS[0]))


def test_a_schema_survives_json():
    assert Schema.model_validate_json(SCHEMA.model_dump_json()) == SCHEMA


def test_dropout_leaves_whole_blocks_and_each_subset_alike():
    """Chi-square of the 32 subsets against equal shares, 99.9 % quantile of 31 degrees: 61.1."""
    y = np.repeat(SCHEMA.encode(WHOLE)[1:], 32_000, axis=0)
    dropped = SCHEMA.drop(y, np.random.default_rng(0), 1.0)[0]
    present = bits(dropped)
    kept = np.concatenate(
        [np.repeat(present[:, [n]], c.dim + 1, axis=1) for n, c in enumerate(CONDITIONS)], axis=1
    )
    np.testing.assert_array_equal(dropped, y * kept)
    subsets, counts = np.unique(present, axis=0, return_counts=True)
    assert {tuple(row) for row in subsets} == set(product((0, 1), repeat=5))
    assert ((counts - 1000) ** 2 / 1000).sum() < 61.1


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_dropout_touches_its_share_of_the_rows(rate):
    y = np.repeat(SCHEMA.encode(WHOLE)[1:], 20_000, axis=0)
    before = y.copy()
    changed = (SCHEMA.drop(y, np.random.default_rng(0), rate)[0] != y).any(axis=1).mean()
    # of the chosen rows one in 32 keeps all
    assert changed == pytest.approx(rate * 31 / 32, abs=0.015)
    np.testing.assert_array_equal(y, before)


def test_dropout_is_the_seeds():
    y = np.repeat(SCHEMA.encode(WHOLE), 50, axis=0)
    first, again, other = (SCHEMA.drop(y, np.random.default_rng(n), 0.5)[0] for n in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_dropout_gives_nothing_that_was_missing():
    y = np.repeat(SCHEMA.encode({"animal": "ant"}), 100, axis=0)
    assert not bits(SCHEMA.drop(y, np.random.default_rng(0), 1.0)[0])[:, 1:].any()


def test_the_command_lines_words():
    texts = ["animal=bee", "height=-0.5", "place=1,2", "tags=red,hat"]
    given = SCHEMA.parse(texts)
    assert (given["animal"], given["height"]) == ("bee", -0.5)
    assert given["place"].tolist() == [1, 2]
    assert given["tags"].tolist() == [1, 1]
    only = Schema(conditions=CONDITIONS[:1])
    assert only.parse(["bee"]) == only.parse(["animal=bee"]) == {"animal": "bee"}
    assert SCHEMA.parse([]) == {}
    with pytest.raises(InputError, match="once"):
        only.parse(["bee", "ant"])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["bee"], "--given animal=VALUE"),
        (["animal=bee", "animal=ant"], "once"),
        (["animl=bee"], "Did you mean 'animal'"),
        (["animal=dog"], "ant, bee, cat"),
        (["height="], "must be 1 number"),
        (["photo=a.png"], "in Python"),
    ],
)
def test_words_that_do_not_fit_are_refused(texts, said):
    with pytest.raises(InputError, match=said):
        SCHEMA.parse(texts)
