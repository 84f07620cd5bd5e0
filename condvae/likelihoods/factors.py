"""Factors of a table's encoded rows: a linear model that can initialise networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Array = Any

# in place of the index of the state that a number is beside: it is beside all, and uniform
UNIFORM = -2

ROUNDS = 50
CALIBRATED = 1_000  # rows and draws of z
RIDGE = 1.0  # in rows: the regression on y is shrunk for values of y with few rows
LEAST_NOISE = 0.01  # smallest share of a number's variance that is not explained by factors
LEAST_SHARE = 1e-3
SETTLED = 1e-5  # of correlations
MOST_DENSE = 500  # above, all eigenvalues of a matrix take minutes where a few take seconds
LEAST_SCALE = 1e-3  # in units of encoded numbers, whose standard deviation is about 1


@dataclass(frozen=True)
class Factors:
    """z ~ N(0, 1); the logits of states, and the numbers beside some states, are linear in z and y.

    Attributes:
        states: (number of states, latent_dim) coefficients of the logits on z.
        numbers: (number of numbers, latent_dim) coefficients of the numbers on z.
        states_by_y, numbers_by_y: (..., dim of y) the same on the encoded condition.
        biases: (number of states,) logits at z = 0 and y = 0, for which states are as frequent as
            in the rows.
        means: (number of numbers,) means at z = 0, over rows that have the number.
        scales: (number of numbers,) standard deviations given z.
        seen: (dim, latent_dim) coefficients of the mean of q(z | x, y) on encoded x.
        told: (dim of y, latent_dim) the same on y.
        variances: (latent_dim,) of q(z | x, y).
    """

    states: Array
    numbers: Array
    states_by_y: Array
    numbers_by_y: Array
    biases: Array
    means: Array
    scales: Array
    seen: Array
    told: Array
    variances: Array


def find_factors(
    x: Array,
    columns: Sequence[tuple[int, int]],
    latent_dim: int,
    y: Array | None = None,
    within: Array | slice = slice(None),
) -> Factors:
    """Regress x on y, and find the factors that explain the correlation of the residuals.

    Hidden cells count as means. Correlations between the states of one column, and its number, are
    not modelled by the factors. Factors that explain no more than noise would in so few rows are
    set to 0.

    Args:
        x: (N, dim) encoded rows.
        columns: as in `TableLikelihood`.
        y: (N, dim of y) encoded conditions, 0 where not given; None: there are none.
        within: the rows from which the factors are found: those with all conditions.
    """
    import numpy as np

    sizes = [size for size, _ in columns]
    firsts, num_states = np.cumsum([0, *sizes[:-1]]), sum(sizes)
    places = [(first, place) for first, (_, place) in zip(firsts, columns, strict=True)]
    beside = np.asarray([first + max(place, 0) for first, place in places if place != -1], int)
    uniform = np.asarray([place == UNIFORM for _, place in places if place != -1], bool)
    of_states = np.repeat(np.arange(len(sizes)), sizes)
    column_of = np.concatenate([of_states, of_states[beside]])

    x, given = np.array(x, "float64"), np.zeros((len(x), 0)) if y is None else y
    # the factors do not explain them
    x[:, num_states:] *= ~uniform
    known = np.logical_or.reduceat(x[:, :num_states] != 0, firsts, axis=1)[:, column_of]
    mean = np.mean(x, axis=0, where=known)
    # in place, as the rows of a wide table take the most memory
    x -= mean
    x *= known
    squares = np.einsum("ij,ij->j", x, x) / known.sum(axis=0) + mean**2
    by_y = _regression(x, given, known, column_of)
    if by_y.size:
        x -= given @ by_y
    shared = _loadings(x[within], column_of, latent_dim)

    shares = np.maximum(mean[:num_states], LEAST_SHARE)
    share = shares[beside]
    means = mean[num_states:] / share

    def coefficients(covariances: Array) -> tuple[Array, Array]:
        """Of states and of numbers, these conditional on their presence, from (dim, sources)."""
        states = covariances[:num_states] / shares[:, None]
        return states, covariances[num_states:] / share[:, None] - means[:, None] * states[beside]

    (states, numbers), (states_by_y, numbers_by_y) = coefficients(shared), coefficients(by_y.T)
    variance = (
        squares[num_states:] / share - means**2 - (given[within] @ numbers_by_y.T).var(axis=0)
    )
    variance = np.maximum(variance, LEAST_SCALE**2)
    numbers /= _excess((numbers**2).sum(axis=1) / variance)[:, None]
    noise = variance - (numbers**2).sum(axis=1)

    # Laplace approximation: the information of a row's states and numbers about z, at z = 0
    told, weights = numbers / noise[:, None], share[:, None]
    information = states.T @ (shares[:, None] * states) + numbers.T @ (weights * told)
    # rotate z so that the latents are independent in the posterior, as in q
    values, turn = np.linalg.eigh(information)
    # noise in so few rows explains as much
    by_chance = (1 + np.sqrt((len(mean) - len(sizes)) / len(x))) ** 2 - 1
    is_real = values > by_chance
    values, turn = values * is_real, turn * is_real
    variances = 1 / (1 + values)
    seen = np.concatenate([states, told])
    seen[beside] -= means[:, None] * told
    seen = seen @ turn * variances
    return Factors(
        states @ turn,
        numbers @ turn,
        states_by_y,
        numbers_by_y,
        _biases(states @ turn, given @ states_by_y.T, shares, of_states),
        means,
        np.sqrt(noise),
        seen,
        -by_y @ seen,
        variances,
    )


def _regression(centred: Array, y: Array, known: Array, column_of: Array) -> Array:
    """(dim of y, dim) coefficients of each column on y, from the rows in which it is not hidden."""
    import numpy as np

    found, left = np.zeros((y.shape[1], centred.shape[1])), np.ones(len(column_of), bool)
    for column in (None, *np.unique(column_of)):  # all columns that are never hidden at once
        own = known.all(axis=0) if column is None else left & (column_of == column)
        left &= ~own
        if own.any():
            rows = known[:, own.argmax()]
            given = y[rows]
            squares = given.T @ given + RIDGE * np.eye(y.shape[1])
            found[:, own] = np.linalg.solve(squares, given.T @ centred[rows][:, own])
    return found


def _biases(along: Array, by_y: Array, shares: Array, of_states: Array) -> Array:
    """(number of states,) biases with which softmax over each column has these shares on average.

    With log shares alone, rare states that depend much on z would be too frequent.

    Args:
        along: (number of states, latent_dim) coefficients on z.
        by_y: (N, number of states) what the conditions of some rows add.
        shares: (number of states,) of the rows.
        of_states: (number of states,) the column of each.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    rows = np.linspace(0, len(by_y) - 1, CALIBRATED).astype(int)
    logits = by_y[rows] + rng.standard_normal((CALIBRATED, along.shape[1])) @ along.T
    starts = np.flatnonzero(np.diff(of_states, prepend=-1))
    biases = np.log(shares)
    for _ in range(ROUNDS):
        at = logits + biases
        at = np.exp(at - np.maximum.reduceat(at, starts, axis=1)[:, of_states])
        found = (at / np.add.reduceat(at, starts, axis=1)[:, of_states]).mean(axis=0)
        biases += np.log(shares / found)
    return biases


def _loadings(centred: Array, column_of: Array, latent_dim: int) -> Array:
    """(dim, latent_dim) covariances of x with z, by iterated principal axes.

    Correlations are shrunk, more so for fewer rows, and those within a column are filled in from
    the factors.

    Source: Harman 1976, chapter 8; Chen, Wiesel, Eldar & Hero 2010 (the shrinkage).
    """
    import numpy as np
    from sklearn.covariance import OAS

    scale = np.maximum(centred.std(axis=0), LEAST_SCALE)
    shrunk = OAS(store_precision=False, assume_centered=True).fit(centred / scale)
    shared, own = shrunk.covariance_, np.nonzero(column_of[:, None] == column_of)
    shared[own] /= 2
    for _ in range(ROUNDS):
        values, vectors = _largest(shared, latent_dim)
        loadings = (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1]
        loadings /= _excess((loadings**2).sum(axis=1))[:, None]
        before, shared[own] = shared[own], np.prod([loadings[at] for at in own], axis=0).sum(axis=1)
        if np.abs(shared[own] - before).max() < SETTLED:
            break
    missing = latent_dim - loadings.shape[1]
    return np.pad(loadings, [(0, 0), (0, max(0, missing))]) * scale[:, None]


def _largest(matrix: Array, count: int) -> tuple[Array, Array]:
    """The largest eigenvalues of a symmetric matrix, the largest one last, and their vectors."""
    import numpy as np
    from scipy.sparse.linalg import eigsh

    if len(matrix) > max(MOST_DENSE, 5 * count):
        # without a start of its own it takes a random one
        return eigsh(matrix, count, which="LA", v0=np.ones(len(matrix)), tol=SETTLED)
    values, vectors = np.linalg.eigh(matrix)
    return values[-count:], vectors[:, -count:]


def _excess(explained: Array) -> Array:
    """Divisors of the loadings, so that they explain at most nearly all of each variance."""
    import numpy as np

    return np.sqrt(np.maximum(explained / (1 - LEAST_NOISE), 1.0))
