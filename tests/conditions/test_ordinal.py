"""Classes in an order: coding, order, cells that are missing, the page."""

import json
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from graph_readers import run_node
from hypothesis import given

from condvae.checks import InputError
from condvae.conditions import Ordinal, Schema, named_kinds, schema_of, text_columns
from condvae.data import Dataset, load_data
from condvae.explorer import modules
from condvae.spec import DataSpec

SIZE = Ordinal(name="size", categories=("small", "medium", "large"))
SCHEMA = Schema(conditions=(SIZE,))
ROWS = np.arange(12)
PAGE = Path(modules.__file__).parent / "page"
LEVELS = (
    "Preschool<1st-4th<5th-6th<7th-8th<9th<10th<11th<12th<HS-grad<Some-college<Assoc-voc<"
    "Assoc-acdm<Bachelors<Masters<Prof-school<Doctorate"
)


def test_the_code_is_a_thermometer():
    assert SIZE.dim == 2
    assert SIZE.encode(list(SIZE.categories)).tolist() == [[0, 0], [1, 0], [1, 1]]
    assert SIZE.encode(list(SIZE.categories)).dtype == np.float32


@given(st.integers(2, 40), st.integers(0, 1000))
def test_distances_are_steps_and_every_class_comes_back(count, seed):
    condition = Ordinal(name="n", categories=tuple(map(str, range(count))))
    codes = condition.encode(np.arange(count))
    steps = abs(np.arange(count)[:, None] - np.arange(count))
    np.testing.assert_array_equal(abs(codes[:, None] - codes).sum(axis=-1), steps)
    noise = np.random.default_rng(seed).uniform(-0.49, 0.49, codes.shape)
    # the nearest code, found by comparing with each
    distances = np.square((codes + noise)[:, None] - codes).sum(axis=-1)
    np.testing.assert_array_equal(condition.codes_of(codes + noise), distances.argmin(axis=1))
    np.testing.assert_array_equal(condition.decode_rows(codes), np.arange(count))


def test_a_mixture_lies_between():
    weights = np.array([[0.5, 0.5, 0], [0, 0.25, 0.75]])
    np.testing.assert_allclose(SIZE.encode(weights), [[0.5, 0], [1, 0.75]])
    assert SIZE.decode_rows(np.array([[0.9, 0.6]])) == ["large"]


def test_missing_is_other_than_the_lowest():
    y = SCHEMA.encode({"size": ["small", None, "large"]})
    assert y.tolist() == [[0, 0, 1], [0, 0, 0], [1, 1, 1]]
    assert SCHEMA.decode(y)["size"].tolist() == ["small", "", "large"]
    names, codes = SCHEMA.named_codes(y)
    assert names == ("small", "medium", "large", "missing")
    assert codes.tolist() == [0, 3, 2]


def test_numbers_are_ordered_by_value_and_texts_as_said():
    columns = {"grade": np.tile([10.0, 9.5, np.nan, 2], 3), "size": np.tile(["m", "s", ""], 4)}
    kinds = named_kinds(["grade:ordinal", "size:ordinal:s<m<l"], list(columns))
    grade, size = schema_of(columns, kinds, ROWS).conditions
    assert grade.categories == ("2", "9.5", "10")
    assert size.categories == ("s", "m", "l")
    assert grade.given("9.5") == "9.5"
    assert str(size) == "size: one of s, m, l, in this order"
    assert grade.decode_rows(grade.encode_rows(np.array([2, 9.5, 10]))).tolist() == [
        "2",
        "9.5",
        "10",
    ]


def test_names_with_colons_and_words():
    assert named_kinds(["a:b:ordinal:9:00<10:00"], ["a:b"]) == {"a:b": "ordinal:9:00<10:00"}
    assert text_columns(["a:ordinal", "b:categorical", "c:ordinal:x<y"]) == ["b"]


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("size:ordinal", "order of the ordinal condition 'size' must be given where it holds text"),
        ("size:ordinal:s<l", "must name each of its values once; .*without 'm'"),
        ("size:ordinal:s<m<s", "must name each of its values once"),
        ("size:ordinal:s<m<", "must name each of its values once"),
        ("size:ordinal:" + "<".join(["s", "m", *map(str, range(300))]), "at most 256"),
        ("size:ordinal:s", "the condition must be one of size"),
        ("same:ordinal", "must vary"),
    ],
)
def test_an_order_that_is_not_evident_is_asked_for(named, reason):
    columns = {"size": np.tile(["m", "s"], 6), "same": np.ones(12)}

    def read():
        kinds = named_kinds([named], [named.partition(":")[0]])
        return schema_of({name: columns[name] for name in kinds}, kinds, ROWS)

    with pytest.raises(InputError, match=reason):
        read()


@pytest.mark.parametrize("count", [1, 257])
def test_a_record_with_too_many_or_too_few_is_refused(count):
    with pytest.raises(ValueError, match="2 to 256 names"):
        Ordinal(name="n", categories=tuple(map(str, range(count))))


def test_json_round_trip():
    text = SCHEMA.model_dump_json()
    assert '"kind":"ordinal"' in text
    assert Schema.model_validate_json(text) == SCHEMA


def test_another_split_keeps_the_order():
    x = np.random.default_rng(0).integers(0, 256, (60, 4, 4), dtype="uint8")
    spec = DataSpec(conditions=("size:ordinal:s<m<l",))
    data = Dataset.from_columns({"size": np.tile(["m", "s", "l"], 20)}, x, spec=spec)
    again = data.with_spec(spec.model_copy(update={"split_seed": 1}))
    assert again.condition == data.condition
    assert again.condition["size"].categories == ("s", "m", "l")
    # splits draw from each class in proportion
    assert np.ptp(np.bincount(data.codes[data.train.rows])) <= 1


def test_the_page_encodes_decodes_and_says_the_same():
    weights = [[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0]]
    program = f"""
      import {{ decodeParts, encodeParts, inWords }} from {json.dumps(str(PAGE / "condition.js"))};
      const {{ parts }} = {json.dumps(SCHEMA.for_page())};
      const given = {json.dumps(weights)}.map((value) => [value]);
      console.log(JSON.stringify([
        given.map((values) => [...encodeParts(parts, values)]),
        given.slice(0, 2).map((values) => decodeParts(parts, encodeParts(parts, values))),
        given.map((values) => inWords(parts, values)),
      ]));
    """
    encoded, decoded, words = run_node("--input-type=module", "--eval", program)
    np.testing.assert_allclose(encoded, SCHEMA.encode({"size": np.array(weights)}))
    assert decoded == [[weights[0]], [weights[1]]]
    assert words == ["size small", "size large", "half small, half medium"]


def test_schooling_of_a_real_table(real_tables):
    conditions = (f"education:ordinal:{LEVELS}", "education-num:ordinal", "income")
    data = load_data(real_tables / "adult_test.csv", conditions=conditions)
    texts, numbers = data.condition["education"], data.condition["education-num"]
    # the table has the years of schooling too, by which the levels are ordered
    assert numbers.categories == tuple(map(str, range(1, 17)))
    (first, at), (second, at_number) = list(data.condition.blocks)[:2]
    assert first == texts
    assert second == numbers
    np.testing.assert_array_equal(data.given[:, at], data.given[:, at_number])
    decoded = data.condition.decode(data.given[:50])
    assert decoded["education"].tolist() == data.raw["education"][:50].tolist()
