"""Columns that are functions of another, and rows that break such a function."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from condvae.metrics.tables.columns import check_alike, common_codes, num_rows

CHANCE = 1e-6  # at most, that any column of the table is taken for a function that is none
GLANCE = 512  # rows that refute most pairs


@dataclass(frozen=True)
class Dependency:
    """In each real row the value of one column follows from that of another.

    Attributes:
        column: what determines.
        function_of: what is determined, so that `function_of` = f(`column`).
    """

    column: str
    function_of: str


def find_dependencies(
    columns: Mapping[str, np.ndarray], among: Collection[str] = ()
) -> list[Dependency]:
    """Each pair of columns of which one determines the other in every row.

    Pairs that could be so by chance are left out: where `column` has N rows and d values, a column
    whose commonest value has the share p agrees within all of them with a probability of at most
    p^(N - d); and two of its values or more must be told by repetitions, so that what goes with one
    value alone, such as a missing one, is no function. Missing is a value.

    Args:
        columns: (N,) numbers or text by name.
        among: those that may determine; empty: all of them.

    Raises:
        InputError: as `check_alike`.
    """
    (columns,) = check_alike(columns=columns)
    names, codes = list(columns), np.empty((len(columns), num_rows(columns)), np.int32)
    for place, values in enumerate(columns.values()):
        codes[place] = common_codes(values)[0]
    first = [np.unique(code, return_index=True)[1] for code in codes]
    commonest = [np.bincount(code).max() / len(code) for code in codes]
    most = np.log(CHANCE / max(1, len(codes) * (len(codes) - 1)))
    glance, found = codes[:, :GLANCE], []
    # of all columns at once, whether a row's value is that of the first row with the same one
    agrees = [(codes[:, first[a][glance[a]]] == glance).all(axis=1) for a in range(len(codes))]
    for a, b in np.argwhere(agrees):
        if a == b or (among and names[a] not in among):
            continue
        repeated = len(codes[a]) - len(first[a])
        if len(first[b]) < 2 or repeated * np.log(commonest[b]) > most:
            continue
        value_of = codes[b][first[a]]
        if (value_of[codes[a]] != codes[b]).any():
            continue
        again = np.bincount(value_of, np.bincount(codes[a]) - 1)  # repetitions that lead to each
        evidence = again * np.log(np.bincount(codes[b]) / len(codes[b]))
        if np.partition(evidence, 1)[1] <= most:
            found.append(Dependency(names[a], names[b]))
    return found


def broken_dependencies(
    real: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
    dependencies: list[Dependency],
) -> np.ndarray:
    """(M, number of dependencies) bool: which rows hold another value than the real ones do.

    A value of `column` that no real row has breaks nothing.

    Args:
        real: (N,) numbers or text by name, in which the dependencies were found.
        rows: (M,) of the same names and kinds.
        dependencies: as `find_dependencies` gives them.

    Raises:
        InputError: tables that do not fit.
    """
    real, rows = check_alike(real=real, rows=rows)
    broken = np.zeros((num_rows(rows), len(dependencies)), bool)
    for place, dependency in enumerate(dependencies):
        a_real, a = common_codes(real[dependency.column], rows[dependency.column])
        b_real, b = common_codes(real[dependency.function_of], rows[dependency.function_of])
        value_of = np.full(max(a_real.max(), a.max()) + 1, -1)
        value_of[a_real] = b_real
        broken[:, place] = (value_of[a] >= 0) & (value_of[a] != b)
    return broken
