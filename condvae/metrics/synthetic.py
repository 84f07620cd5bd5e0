"""How well synthetic tables stand for real ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from condvae.checks import InputError, check_choice

TREES = 200
MOST_ROWS_A_TREE = 10_000  # more cost time and change little


@dataclass(frozen=True)
class Transfer:
    """How well one model predicts real rows, by the rows that it learned from.

    Attributes:
        metric: "accuracy", the share of the rows told right, or "R²", the share of the target's
            variance explained, from minus infinity (0: no better than the mean) to 1.
        real: the score of the model that learned from real rows.
        synthetic: of the one that learned from synthetic rows.
    """

    metric: str
    real: float
    synthetic: float


def marginal_distance(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """How far each column's distribution is from the real one, from 0 to 1.

    Of numbers the Kolmogorov-Smirnov statistic, the largest difference of the two cumulated
    shares; of text the total variation, half the sum of the differences of the shares. Missing
    values count: as a word of their own, or as a number above all others.

    Args:
        real: (N,) numbers (NaN: missing) or text ("": missing) by name.
        synthetic: (M,) of the same names and kinds.

    Raises:
        InputError: names, kinds or lengths that do not fit, no row, or an infinity.
    """
    real, synthetic = _checked_alike(real=real, synthetic=synthetic)
    return {
        name: _total_variation(values, synthetic[name])
        if values.dtype.kind == "U"
        else _kolmogorov_smirnov(values, synthetic[name])
        for name, values in real.items()
    }


def correlation_distance(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray]
) -> float:
    """Mean absolute difference of `association_matrix` over all pairs of columns.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) of the same names and kinds.

    Returns:
        From 0 to 2; NaN for one column, which makes no pair.

    Raises:
        InputError: as `marginal_distance`.
    """
    real, synthetic = _checked_alike(real=real, synthetic=synthetic)
    difference = abs(association_matrix(real) - association_matrix(synthetic))  # (F, F)
    pairs = difference[np.triu_indices(len(real), k=1)]
    return float(pairs.mean()) if pairs.size else float("nan")


def association_matrix(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """How strongly columns go together, two at a time, over the rows that have both.

    Two of numbers: Spearman's correlation, in [-1, 1]. Two of text: Cramér's V, in [0, 1]. One
    of each: the correlation ratio of the number's ranks given the word, in [0, 1]. The latter two
    are corrected for chance, so that tables of different length can be compared; as all work on
    ranks or words, none depends on a column's scale. A column of one value, and words
    that occur once each, go with none: 0.

    Args:
        columns: (N,) numbers (NaN: missing) or text ("": missing) by name.

    Returns:
        (F, F) float64, symmetric, ones on the diagonal.

    Raises:
        InputError: as `marginal_distance`.

    Source: Spearman 1904; Bergsma 2013, "A bias-correction for Cramér's V"; Kelley 1935, "An
    unbiased correlation ratio measure", on ranks as Kruskal & Wallis 1952.
    """
    (columns,) = _checked_alike(columns=columns)
    matrix = np.eye(len(columns))
    for (i, first), (j, second) in combinations(enumerate(columns.values()), 2):
        both = ~_is_missing(first) & ~_is_missing(second)
        matrix[i, j] = matrix[j, i] = _association(first[both], second[both])
    return matrix


def train_on_synthetic(
    real_train: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    real_test: Mapping[str, np.ndarray],
    target: str,
    seed: int = 0,
    classify: bool = False,
) -> Transfer:
    """Train on synthetic rows, test on real ones; beside it, the same trained on real rows.

    The model is a random forest: without tuning it is steady on 150 rows, where boosting stops
    or overfits, and it takes missing numbers as they are. Words become codes, which trees split
    as often as need be, and a missing word is a word. Rows without a target are left out.

    Args:
        real_train: (N,) numbers or text by name.
        synthetic: (M,) of the same names and kinds; best as many rows.
        real_test: (K,) real rows that neither the generator nor the models saw.
        target: the column to predict from all others.
        seed: of the forests.
        classify: take a target of numbers as classes; one of text always is.

    Raises:
        InputError: as `marginal_distance`; no such target, no other column, a table without a
            row that has a target, or a target to regress that does not vary in `real_test`.

    Source: TSTR, Esteban, Hyland & Rätsch 2017, "Real-valued (medical) time series generation
    with recurrent conditional GANs", section 4.
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    tables = _checked_alike(real_train=real_train, synthetic=synthetic, real_test=real_test)
    check_choice(target, tables[0], "the target")
    if len(tables[0]) == 1:
        raise InputError(
            "the tables must have columns to predict the target from",
            f"{target!r} alone",
            "Bring the other columns.",
        )
    classify = classify or tables[0][target].dtype.kind == "U"
    forest = RandomForestClassifier if classify else RandomForestRegressor
    *training, (x_test, y_test) = _features_and_targets(tables, target, classify)
    scores = []
    for x, y in training:
        # a bound on rows is one on time: a forest hardly gains from more
        most_rows = min(len(x), MOST_ROWS_A_TREE)
        model = forest(TREES, max_samples=most_rows, random_state=seed).fit(x, y)
        predicted = model.predict(x_test)
        scores.append(_accuracy(y_test, predicted) if classify else _r2(y_test, predicted, target))
    return Transfer("accuracy" if classify else "R²", *scores)


def _kolmogorov_smirnov(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Largest difference of the cumulated shares, where NaN lies above all."""
    # columns hold no infinity, so that missing numbers alone lie there
    sides = [np.sort(np.where(np.isnan(values), np.inf, values)) for values in (real, synthetic)]
    shares = [
        np.searchsorted(side, np.concatenate(sides), side="right") / len(side) for side in sides
    ]
    return float(abs(shares[0] - shares[1]).max())


def _total_variation(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Half the sum of the differences of the words' shares."""
    words, codes = np.unique(np.concatenate([real, synthetic]), return_inverse=True)
    shares = [
        np.bincount(part, minlength=len(words)) / len(part) for part in np.split(codes, [len(real)])
    ]
    return float(abs(shares[0] - shares[1]).sum() / 2)


def _association(first: np.ndarray, second: np.ndarray) -> float:
    """How strongly two columns without missing values go together."""
    if min(len(np.unique(first)), len(np.unique(second))) < 2:
        return 0.0
    match first.dtype.kind, second.dtype.kind:
        case "U", "U":
            return _cramers_v(first, second)
        case "U", _:
            return _correlation_ratio(first, _ranks(second))
        case _, "U":
            return _correlation_ratio(second, _ranks(first))
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Places from 0 in the sorted order; equal values share their mean place."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[places]


def _cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """Bergsma's: phi² less its expectation under independence, per the largest it can be."""
    rows, columns = (np.unique(words, return_inverse=True)[1] for words in (first, second))
    n, r, k = len(rows), rows.max() + 1, columns.max() + 1
    # the cells that occur: a table of them all could be as large as n²
    cells, observed = np.unique(rows * k + columns, return_counts=True)
    expected = np.bincount(rows)[cells // k] * np.bincount(columns)[cells % k]
    # cells that do not occur add nothing to this form of chi² / n
    phi2 = (observed**2 / expected).sum() - 1
    corrected = phi2 - (r - 1) * (k - 1) / (n - 1)
    largest = min(size - 1 - (size - 1) ** 2 / (n - 1) for size in (r, k))
    return _root_of_share(corrected, largest)


def _correlation_ratio(words: np.ndarray, values: np.ndarray) -> float:
    """Kelley's: the root of the share of the variance that the words explain, less chance."""
    codes = np.unique(words, return_inverse=True)[1]
    means = np.bincount(codes, values) / np.bincount(codes)
    if len(means) == len(values):
        return 0.0  # each row has a word of its own: that says nothing
    within = ((values - means[codes]) ** 2).sum() / (len(values) - len(means))
    return _root_of_share(values.var(ddof=1) - within, values.var(ddof=1))


def _root_of_share(part: float, whole: float) -> float:
    """sqrt(part / whole) within [0, 1]; 0 where nothing can be told, as of a word for each row."""
    return float(np.sqrt(np.clip(part / whole, 0, 1))) if whole > 0 else 0.0


def _features_and_targets(
    tables: list[dict[str, np.ndarray]], target: str, classify: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each table the rows with a target: x (N, F - 1) float64, codes for words; y (N,)."""
    cuts = np.cumsum([len(table[target]) for table in tables])[:-1]
    whole = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    known = np.split(~_is_missing(whole[target]), cuts)
    for rows, name in zip(known, ("real_train", "synthetic", "real_test"), strict=True):
        if not rows.any():
            raise InputError(
                f"{name} must have rows with a target", f"none with {target!r}", "Bring some."
            )
    # one code for a word in all tables
    coded = {
        name: np.unique(values, return_inverse=True)[1]
        if values.dtype.kind == "U" or (classify and name == target)
        else values
        for name, values in whole.items()
    }
    y = np.split(coded.pop(target), cuts)
    most = np.finfo(np.float32).max  # the forest works in float32
    x = np.split(np.clip(np.stack([*coded.values()], axis=1, dtype=np.float64), -most, most), cuts)
    return [(x[part][rows], y[part][rows]) for part, rows in enumerate(known)]


def _accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the rows whose class is predicted right."""
    return float((truth == predicted).mean())


def _r2(truth: np.ndarray, predicted: np.ndarray, target: str) -> float:
    """Share of the variance explained."""
    if not truth.var():
        raise InputError(
            f"the target {target!r} must vary in real_test",
            f"{truth[0]:g} in each row",
            "Bring more rows, or predict another column.",
        )
    return float(1 - ((truth - predicted) ** 2).mean() / truth.var())


def _is_missing(values: np.ndarray) -> np.ndarray:
    """Which values are missing, (N,) bool."""
    return values == "" if values.dtype.kind == "U" else np.isnan(values)


def _checked_alike(**tables: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """The tables with the columns in the first one's order, numbers as float64."""
    (first_name, first), *_ = tables.items()
    alike = []
    for name, table in tables.items():
        if not first or set(table) != set(first):
            differing = sorted(set(table) ^ set(first)) or ["none at all"]
            raise InputError(
                f"{name} must have the columns of {first_name}",
                f"a difference in {', '.join(differing)[:200]}",
                "Bring the same columns.",
            )
        columns = {column: _checked_values(table[column], column, name) for column in first}
        if len({len(values) for values in columns.values()}) > 1:
            raise InputError(
                f"the columns of {name} must have one length",
                f"{sorted({len(values) for values in columns.values()})} rows",
                "Bring a value a row for each.",
            )
        for column, values in columns.items():
            kind = alike[0][column].dtype.kind if alike else values.dtype.kind
            if values.dtype.kind != kind:
                raise InputError(
                    f"column {column!r} of {name} must hold {'text' if kind == 'U' else 'numbers'}"
                    f", as in {first_name}",
                    "numbers" if kind == "U" else "text",
                    "Bring the same kind.",
                )
        alike.append(columns)
    return alike


def _checked_values(values: np.ndarray, column: str, table: str) -> np.ndarray:
    """A column as float64 or str, (N,) with N of 1 or more."""
    values = np.asarray(values)
    expected = f"column {column!r} of {table} must hold numbers or text, (N,) with a row or more"
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iufU":
        raise InputError(
            expected, f"shape {values.shape} of {values.dtype}", "Convert it, one value a row."
        )
    if values.dtype.kind == "U":
        return values
    if np.isinf(values).any():
        raise InputError(
            expected,
            f"{values[np.isinf(values)][0]} in row {int(np.isinf(values).argmax())}",
            "Mend that row, or put NaN, which is a missing number.",
        )
    return values.astype(np.float64)
