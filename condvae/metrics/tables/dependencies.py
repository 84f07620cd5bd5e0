"""Columns that are functions of other columns, and rows that break such a function."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from condvae.metrics.tables.columns import check_alike, common_codes, num_rows

CHANCE = 1e-6  # largest probability that any column is taken for a function by accident
GLANCE = 512  # number of rows that rule out most pairs


@dataclass(frozen=True)
class Dependency:
    """In all real rows one column determines another one.

    Attributes:
        column: the determining column.
        function_of: the determined column, so that `function_of` = f(`column`).
    """

    column: str
    function_of: str


def find_dependencies(
    columns: Mapping[str, np.ndarray], among: Collection[str] = ()
) -> list[Dependency]:
    """All pairs of columns of which one determines the other in every row.

    Accidental pairs are omitted: if `column` has N rows and d values, a column whose most frequent
    value has the share p is constant for each of them with a probability of at most p^(N - d); and
    at least two of its values must occur in repetitions, so that something that depends on a single
    value, such as a missing one, is not a function. Missing is a value.

    Args:
        columns: (N,) numbers or text by name.
        among: columns that may determine others; empty: all of them.

    Raises:
        InputError: as in `check_alike`.
    """
    (columns,) = check_alike(columns=columns)
    names, codes = list(columns), np.empty((len(columns), num_rows(columns)), np.int32)
    for place, values in enumerate(columns.values()):
        codes[place] = common_codes(values)[0]
    first = [np.unique(code, return_index=True)[1] for code in codes]
    commonest = [np.bincount(code).max() / len(code) for code in codes]
    most = np.log(CHANCE / max(1, len(codes) * (len(codes) - 1)))
    glance, found = codes[:, :GLANCE], []
    # for all columns at once, whether a row has the same value as the first row with the same key
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
        again = np.bincount(value_of, np.bincount(codes[a]) - 1)  # repetitions for each value
        evidence = again * np.log(np.bincount(codes[b]) / len(codes[b]))
        if np.partition(evidence, 1)[1] <= most:
            found.append(Dependency(names[a], names[b]))
    return found


def broken_dependencies(
    real: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
    dependencies: list[Dependency],
) -> np.ndarray:
    """(M, number of dependencies) bool: the rows with a value that differs from that of real rows.

    A value of `column` that no real row has does not break a dependency.

    Args:
        real: (N,) numbers or text by name, in which the dependencies were found.
        rows: (M,) with the same names and kinds.
        dependencies: pairs from `find_dependencies`.

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
