import re
import uuid

import numpy as np
import pytest

from condvae.conditions.carried import Carried


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (["x", "x", "x"], ["x", "x"]),
        ([2.5, 2.5, 2.5], [2.5, 2.5]),
        (["u-0007", "u-0005", "u-0010"], ["u-0011", "u-0012"]),
        (["k8/b", "k9/b", "k10/b"], ["k11/b", "k12/b"]),
        ([0.0, 1.0, 2.0], [3, 4]),
        (["9998", "0017"], ["9999", "10000"]),
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


@pytest.mark.parametrize(
    ("write", "form"),
    [(lambda key: key.hex, "[0-9a-f]{32}"), (lambda key: str(key).upper(), "[0-9A-F-]{36}")],
)
def test_uuids_keep_their_form(write, form):
    values = np.array([write(uuid.uuid5(uuid.NAMESPACE_DNS, str(n))) for n in range(5)])
    carried = Carried.of_column("c", values)
    assert all(
        re.fullmatch(form, cell)
        for cell in carried.rows(slice(0, 20), np.random.default_rng(0)).tolist()
    )


def test_empty_cells_are_filled_with_keys_that_no_row_has():
    def filled(values):
        return Carried.fill("c", np.array(values), seed=0).tolist()

    assert filled(["u-07", "", "u-05", ""]) == ["u-07", "u-08", "u-05", "u-09"]
    assert filled([1.0, np.nan, 7.0]) == [1, 8, 7]
    assert filled(["x", "", "x"]) == ["x", "x", "x"]
    assert filled(["ann", "", "bob"]) == ["ann", "", "bob"]


@pytest.mark.parametrize("values", [["ann", "bob"], ["a1", "b2"], ["a1", ""]])
def test_names_without_a_rule(values):
    assert Carried.of_column("c", np.array(values)) is None
