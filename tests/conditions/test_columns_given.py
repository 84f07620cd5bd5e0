"""Numbers and attributes, into the networks and back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions import Continuous, MultiLabel

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
tags = MultiLabel(name="tags", attributes=("hat", "red", "scarf"))


def varied(values):
    """Whether numbers vary by more than rounding."""
    return np.ptp(values) > 1e-3 * (1 + np.abs(values).max())


@given(st.lists(numbers, min_size=2, max_size=40).filter(varied))
def test_standardised_numbers_have_mean_0_and_deviation_1_and_come_back(values):
    condition = Continuous.fitted("h", np.array(values))
    encoded = condition.encode_rows(np.array(values))
    assert encoded.dtype == np.float32
    np.testing.assert_allclose([encoded.mean(), encoded.std()], [0, 1], atol=1e-4)
    decoded = condition.decode_rows(encoded)
    np.testing.assert_allclose(decoded, values, atol=3e-6 * np.abs(values).max() + 1e-6)


@pytest.mark.parametrize(
    ("values", "decimals"), [([1.0, 2.0], 0), ([0.1, 0.2 + 0.1], 1), ([1.25, 3.0], 2)]
)
def test_decimals_are_those_that_write_the_values(values, decimals):
    assert Continuous.fitted("h", np.array(values)).decimals == decimals


def test_irrational_numbers_are_not_rounded():
    condition = Continuous.fitted("h", np.sqrt([2.0, 3.0]))
    assert condition.decimals is None
    assert condition.decode_rows(np.array([[0.123]]))[0] == pytest.approx(
        condition.mean[0] + 0.123 * condition.scale[0]
    )


def test_missing_values_do_not_count_for_the_scale():
    whole = Continuous.fitted("h", np.array([1.0, 3.0]))
    assert Continuous.fitted("h", np.array([1.0, np.nan, 3.0])) == whole


def test_vectors_are_scaled_by_component():
    values = np.array([[0.0, 10.0], [2.0, 30.0]])
    condition = Continuous.fitted("place", values)
    assert condition.encode_rows(values).tolist() == [[-1, -1], [1, 1]]
    np.testing.assert_array_equal(condition.decode_rows(condition.encode_rows(values)), values)
    assert condition.is_one([1, 2])
    assert not condition.is_one(values)
    np.testing.assert_array_equal(condition.given("1,2.5"), [1, 2.5])


@pytest.mark.parametrize("values", [[2.0, 2.0], [np.nan, np.nan], [[1.0, 2.0], [1.0, 3.0]]])
def test_what_does_not_vary_is_refused_by_its_name(values):
    with pytest.raises(InputError, match="'h' must vary") as caught:
        Continuous.fitted("h", np.array(values))
    assert "`ignore=h`" in caught.value.remedy


def test_numbers_too_large_to_scale_are_refused():
    with pytest.raises(InputError, match="'h' must hold numbers"):
        Continuous.fitted("h", np.array([1e200, -1e200]))


@pytest.mark.parametrize("values", [["tall"], [np.inf], [1e60], [[1.0, 2.0]], [np.nan]])
def test_what_is_no_number_is_refused(values):
    condition = Continuous.fitted("h", np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="'h' must be 1 finite number"):
        condition.encode_rows(np.array(values))


def test_values_outside_the_range_are_encoded_and_said():
    condition = Continuous.fitted("h", np.array([0.0, 1.0]))
    assert condition.encode_rows(np.array([2.0])).tolist() == [[3]]
    assert "2 is outside the training range 0 to 1" in condition.outside(np.array([0.5, 2.0]))[0]
    assert condition.outside(np.array([0.0, 1.0])) == []


@pytest.mark.parametrize("text", ["tall", "1,2", ""])
def test_text_that_is_no_number_is_refused(text):
    with pytest.raises(InputError, match="--given h must be 1 number"):
        Continuous.fitted("h", np.array([0.0, 1.0])).given(text)


def test_a_condition_survives_json():
    condition = Continuous.fitted("h", np.random.default_rng(0).normal(size=500))
    text = json.dumps(condition.model_dump(mode="json"))
    assert Continuous.model_validate_json(text) == condition


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=8))
def test_attributes_as_numbers_and_as_text_are_one(rows):
    matrix = np.array(rows).astype("int64")
    encoded = tags.encode_rows(matrix)
    np.testing.assert_array_equal(encoded, matrix)
    texts = tags.decode_rows(encoded)
    np.testing.assert_array_equal(tags.encode_rows(texts), matrix)
    assert "" not in texts  # that would be a missing one


def test_attributes_in_any_order_and_none():
    rows = tags.encode_rows(np.array(["scarf|hat", "hat, scarf", "none"]))
    assert rows.tolist() == [[1, 0, 1], [1, 0, 1], [0, 0, 0]]
    assert tags.is_one("hat|red")
    assert tags.is_one([1, 0, 1])
    assert not tags.is_one(["hat", "red"])


@pytest.mark.parametrize("values", [[[1, 0]], [[0, 1, 2]], [[0.5, 0, 0]]])
def test_other_numbers_are_no_attributes(values):
    with pytest.raises(InputError, match="3 zeros and ones") as caught:
        tags.encode_rows(np.array(values))
    assert "hat, red, scarf" in caught.value.remedy


def test_an_unknown_attribute_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="hat, red, scarf; received 'blue'"):
        tags.given("hat|blue")


def test_one_attribute_alone_may_come_one_a_row():
    alone = MultiLabel(name="flag", attributes=("flag_0",))
    assert not alone.is_one(np.array([0, 1, 1]))
    assert alone.encode_rows(np.array([0, 1, 1])).tolist() == [[0], [1], [1]]
