import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions import Categorical, categorical_of

digits = Categorical(name="digit", categories=("1", "3", "7"))
animals = Categorical(name="animal", categories=("ant", "bee"))


@given(st.lists(st.integers(-50, 50), min_size=1))
def test_integers_keep_their_names_in_order(labels):
    condition, codes = categorical_of(np.array(labels))
    assert [int(condition.categories[code]) for code in codes] == labels
    assert sorted(map(int, condition.categories)) == [int(name) for name in condition.categories]
    assert condition.codes(labels).tolist() == codes.tolist()


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1).filter(
            lambda name: not name.isdigit()
        ),
        min_size=1,
    )
)
def test_names_keep_their_codes(labels):
    condition, codes = categorical_of(np.array(labels))
    assert [condition.categories[code] for code in codes] == np.array(labels).tolist()


def test_a_number_is_a_label_where_the_categories_are_numbers():
    assert digits.codes([7, 1]).tolist() == [2, 0]
    assert digits.codes(["7", "1"]).tolist() == [2, 0]
    assert digits.codes(7.0).tolist() == [2]
    assert animals.codes([1, 0]).tolist() == [1, 0]


@pytest.mark.parametrize("label", [0, "2", "seven", 1.5])
def test_an_unknown_label_is_refused_with_the_known_ones(label):
    with pytest.raises(InputError, match="1, 3, 7") as caught:
        digits.codes([7, label])
    assert "row 1" in caught.value.received or label == "seven"


def test_encoding_is_one_hot_or_the_weights_themselves():
    assert animals.encode(["bee", "ant"]).tolist() == [[0, 1], [1, 0]]
    assert animals.encode(np.array([[0.25, 0.75]])).tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize("weights", [[[0.5, 0.6]], [[-0.5, 1.5]], [[1.0, 0.0, 0.0]]])
def test_weights_that_are_no_mixture_are_refused(weights):
    with pytest.raises(InputError, match="sum to one"):
        animals.encode(np.array(weights))


def test_given_reads_like_the_bar():
    assert digits.given("3") == digits.given("digit=3") == "3"
    with pytest.raises(InputError, match="'digit'"):
        digits.given("animal=3")
    with pytest.raises(InputError, match="1, 3, 7"):
        digits.given("4")
