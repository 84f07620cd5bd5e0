import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.figures.examples import draw_examples


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_ten_images_have_their_labels_above(channels):
    x = np.random.default_rng(0).random((30, 4, 6, channels))
    figure = draw_examples(Dataset.from_arrays(x, ["cat", "dog", "eel"] * 10, name="animals"))
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {*labels} == {"cat", "dog", "eel"}
    assert len(labels) == 10
    assert "animals: label: one of cat, dog, eel" in figure.get_supxlabel().replace("\n", " ")


def test_tables_have_no_images():
    with pytest.raises(InputError, match="Leave --out out"):
        draw_examples(load_data("wine"))
