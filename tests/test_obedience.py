"""Rows are drawn again until none holds what no row does, wherever they are cut into blocks."""

import logging
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.conditions.rules import Rules
from condvae.inference.obedience import Obedience

TABLE = SimpleNamespace(
    rules=Rules(),
    differs=lambda x, told: np.zeros(len(x), bool),
    contradicts=lambda x, known: x[:, 0] < 0.5,
    decode=lambda x: {"a": x[:, 0].copy()},
    order=("a",),
    all_names=("a",),
)


def draw(y, chance):
    """Half of the rows contradict; where y is negative, all."""
    return np.where(y < 0, -1, chance.pixels(len(y), 1))


@pytest.mark.parametrize("ends", [(0, 100), (0, 1, 50, 100), (0, 99, 100)], ids=len)
def test_blocks_change_nothing(ends, caplog):
    y = np.arange(100.0)[:, None]
    y[7] = -1
    parts = [y[a:b] for a, b in pairwise(ends)]
    with caplog.at_level(logging.WARNING):
        blocks = [cells["a"] for cells in Obedience(TABLE, draw, lambda y: {}, 3).blocks(parts)]
    (whole,) = [cells["a"] for cells in Obedience(TABLE, draw, lambda y: {}, 3).blocks([y])]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert whole[7] == -1
    assert (np.delete(whole, 7) >= 0.5).all()
    assert caplog.messages[0].endswith("; 1 still do")
