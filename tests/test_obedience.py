"""Rows are drawn again until none holds what no row does, wherever they are cut into blocks."""

import logging
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.inference.obedience import without_contradictions

TABLE = SimpleNamespace(contradicts=lambda x: x[:, 0] < 0.5)


def draw(y, chance):
    """Half of the rows contradict; where y is negative, all."""
    return np.where(y < 0, -1, chance.pixels(len(y), 1))


@pytest.mark.parametrize("ends", [(0, 100), (0, 1, 50, 100), (0, 99, 100)], ids=len)
def test_blocks_change_nothing(ends, caplog):
    y = np.arange(100.0)[:, None]
    y[7] = -1
    parts = [y[a:b] for a, b in pairwise(ends)]
    with caplog.at_level(logging.WARNING):
        blocks, ys = zip(*without_contradictions(TABLE, draw, parts, seed=3), strict=True)
    ((whole, _),) = without_contradictions(TABLE, draw, [y], seed=3)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    np.testing.assert_array_equal(np.concatenate(ys), y)
    assert whole[7] == -1
    assert (np.delete(whole, 7) >= 0.5).all()
    assert caplog.messages[0].endswith("; 1 do so still")
