import uuid

import numpy as np
import pytest

from condvae.conditions.carried import Carried


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (["x", "x", "x"], ["x", "x"]),
        ([2.5, 2.5, 2.5], [2.5, 2.5]),
        (["u-0007", "u-0005", "u-0010"], ["u-0005", "u-0006"]),
        (["k8/b", "k9/b", "k10/b"], ["k8/b", "k9/b"]),
        ([0.0, 1.0, 2.0], [0, 1]),
    ],
)
def test_constants_and_counts_go_on(values, rows):
    values = np.array(values)
    carried = Carried.of_column("c", values)
    assert carried.name == "c"
    rng = np.random.default_rng(0)
    found = carried.rows(slice(0, 2), rng)
    assert found.dtype.kind == values.dtype.kind
    assert found.tolist() == rows
    assert carried.rows(slice(1, 2), rng).tolist() == rows[1:]


def test_uuids_are_drawn():
    values = np.array([str(uuid.UUID(int=number)) for number in range(1, 4)])
    carried = Carried.of_column("c", values)

    def rows(count, seed):
        return carried.rows(slice(0, count), np.random.default_rng(seed)).tolist()

    found = rows(50, seed=1)
    assert len({uuid.UUID(cell).version for cell in found}) == 1
    assert len(set(found)) == 50
    assert found == rows(50, seed=1)
    assert found != rows(50, seed=2)


@pytest.mark.parametrize("values", [["ann", "bob"], ["a1", "b2"], ["a1", ""]])
def test_names_without_a_rule(values):
    assert Carried.of_column("c", np.array(values)) is None
