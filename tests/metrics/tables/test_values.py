import numpy as np

from condvae.metrics.tables.values import compare_ranges, compare_words


def test_words_by_hand():
    real = {
        "t": np.array(["a"] * 500 + ["b"] * 490 + ["c"] * 5 + ["d"] * 4 + [""]),
        "u": np.array(["x"] * 991 + ["y"] * 9),
    }
    other = {"t": np.array(["a", "c", "new", ""]), "u": np.array(["x", "x", "x", "z"])}
    words = compare_words(real, other)
    assert (words.rare, words.kept) == (3, 1)
    assert words.lost == (("u", "y"), ("t", "d"))
    assert words.unknown == 0.5
    assert compare_words(real, real).lost == ()


def test_ranges_by_hand():
    real = {"x": np.array([1, 5, np.nan]), "y": np.array([0, 0, 0]), "t": np.array(["a", "b", ""])}
    other = {
        "x": np.array([0, 1, 5, 6, np.nan, 3]),
        "y": np.array([0, 0, 0, 0.5, 0, 0]),
        "t": np.array(["z"] * 6),
    }
    ranges = compare_ranges(real, other)
    assert ranges.outside == 2 / 6
    assert ranges.by_column == {"x": 2 / 6, "y": 1 / 6}
    assert compare_ranges({"t": real["t"]}, {"t": real["t"]}).outside == 0
