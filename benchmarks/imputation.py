"""Filling holes: mean or mode, scikit-learn's IterativeImputer, random forests, and condvae.

Adult, breast cancer and diabetes. Each method learns from whole training rows; of the test rows (of
Adult its own 6,513, else a fifth) 10, 30 or 50 % of the cells are taken away at random, each with
the same chance, and filled. Numbers are judged by the root mean squared error over the standard
deviation of the training rows, words by the share that is right; means over the columns. Each set,
share, method and seed is one file in OUT, and what is there is not done again.

    CONDVAE_DATA=DIR python benchmarks/imputation.py --out runs/imputation [--sets adult diabetes]
        [--methods mean iterative forest condvae] [--seeds 0 1 2] [--rows N] [--page FILE]
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from scipy import stats

import condvae
from condvae.data.tables import read_table
from condvae.files.atomic import write_text
from condvae.metrics.tables.columns import (
    Columns,
    draw_rows,
    is_text,
    num_rows,
    take_rows,
)
from condvae.metrics.tables.learners import one_thread
from condvae.spec import DataSpec

SETS = ("adult", "breast_cancer", "diabetes")
SHARES = (0.1, 0.3, 0.5)
SEEDS = (0, 1, 2)
TEST = 0.2
ROUNDS = 5  # over all columns, of the two that go on from their own guesses
TREES = 50
NEAREST_FEATURES = 20  # of the linear imputer, where words make a hundred columns

# of condvae's rows: the test rows are the benchmark's own, so that next to none are held out
TEST_SHARE = 0.01

HEAD = """# Imputation

Written by `benchmarks/imputation.py`. Cells of test rows are removed at random and filled by
methods trained on complete training rows: mean or mode, scikit-learn's IterativeImputer, a
random forest for each column, and condvae's default preset with `impute`. Numbers are scored by the
root mean squared error over the training rows' standard deviation (nrmse), words by the share that
is correct; means over columns and seeds, ± the standard error, or of one seed where there is none.
Seconds of processor time.
""".splitlines()

MEASURES = {"nrmse": 1, "accuracy": -1, "fit_cpu_s": 0, "fill_cpu_s": 0}  # -1: more is better

Fill = Callable[[Columns], Columns]
Imputer = Callable[[Columns, int], Fill]  # of training rows and a seed


def main() -> None:
    """Fill and judge what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/imputation"))
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--methods", nargs="+", default=["mean", "iterative", "forest", "condvae"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--rows", type=int, help="of each kind at most, for a trial")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.sets:
        for seed in given.seeds:
            train, test = split(name, seed, given.rows)
            for method in given.methods:
                paths = {share: cell_path(given.out, name, share, method, seed) for share in SHARES}
                missing = [share for share, path in paths.items() if not path.exists()]
                if not missing:
                    continue
                begun = time.process_time()
                fill = METHODS[method](train, seed)
                fit_seconds = time.process_time() - begun
                for share in missing:
                    figures = fill_and_judge(fill, train, test, share, seed)
                    figures["fit_cpu_s"] = fit_seconds
                    write_text(paths[share], json.dumps(figures) + "\n")
                    print(paths[share].stem, figures, flush=True)
    text = page(given.out, given.sets, given.methods, given.seeds)
    print(text)
    if given.page is not None:
        write_text(given.page, text)


def split(name: str, seed: int, rows: int | None) -> tuple[Columns, Columns]:
    """Training and test rows, whole."""
    if name == "adult":
        folder = Path(os.environ["CONDVAE_DATA"]) / "tables"
        train, test = (
            read_table(folder / f"adult_{part}.csv").columns for part in ("train", "test")
        )
    else:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")()
        x, y = bunch.data.astype(float), bunch.target
        names = [f"{number:02}" for number in range(x.shape[1])]
        columns: Columns = dict(zip(names, x.T, strict=True))
        columns["target"] = y.astype(str) if name == "breast_cancer" else y.astype(float)
        order = np.random.default_rng(seed).permutation(len(x))
        count = round(TEST * len(x))
        train, test = take_rows(columns, order[count:]), take_rows(columns, order[:count])
    if rows is not None:
        train, test = (draw_rows(part, rows, seed) for part in (train, test))
    return train, test


def fill_and_judge(
    fill: Fill, train: Columns, test: Columns, share: float, seed: int
) -> dict[str, float]:
    """The errors of one method, and the processor seconds of filling."""
    rng = np.random.default_rng([seed, round(100 * share)])
    holes = {name: rng.random(num_rows(test)) < share for name in test}
    holed = {
        name: np.where(holes[name], "" if is_text(values) else np.nan, values)
        for name, values in test.items()
    }
    begun = time.process_time()
    filled = fill(holed)
    seconds = time.process_time() - begun
    errors, right = [], []
    for name, truth in test.items():
        hole = holes[name]
        if not hole.any():
            continue
        if is_text(truth):
            right.append(float((filled[name][hole] == truth[hole]).mean()))
        elif spread := train[name].std():
            error = np.sqrt(np.mean((filled[name][hole] - truth[hole]) ** 2))
            errors.append(float(error / spread))
    figures = {"nrmse": float(np.mean(errors)), "fill_cpu_s": seconds}
    return figures | ({"accuracy": float(np.mean(right))} if right else {})


def by_mean(train: Columns, seed: int) -> Fill:
    """The mean of a number, the commonest word."""
    middle = {}
    for name, values in train.items():
        words, counts = np.unique(values, return_counts=True)
        middle[name] = words[counts.argmax()] if is_text(values) else values.mean()

    def fill(holed: Columns) -> Columns:
        return {name: np.where(out(holed[name]), middle[name], holed[name]) for name in train}

    return fill


def by_iterative(train: Columns, seed: int) -> Fill:
    """scikit-learn's IterativeImputer with its own linear model, on standardised numbers.

    Words are zeros and ones, the largest guess wins; two words are one column, since the second
    would follow from the first, which is missing with it.
    """
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer
    from sklearn.preprocessing import StandardScaler

    words = {name: np.unique(values) for name, values in train.items() if is_text(values)}

    def as_numbers(part: Columns) -> np.ndarray:
        return np.concatenate([coded(part[name], words.get(name)) for name in train], axis=1)

    x = as_numbers(train)
    scaler = StandardScaler().fit(x)
    nearest = NEAREST_FEATURES if x.shape[1] > 2 * NEAREST_FEATURES else None
    # whole rows change in no round, which must not end them
    imputer = IterativeImputer(
        max_iter=ROUNDS, tol=0, n_nearest_features=nearest, random_state=seed
    )
    with quiet():
        imputer.fit(scaler.transform(x))

    def fill(holed: Columns) -> Columns:
        with quiet():
            told = imputer.transform(scaler.transform(as_numbers(holed)))
        told, filled, start = scaler.inverse_transform(told), {}, 0
        for name, values in holed.items():
            width = coded(values[:1], words.get(name)).shape[1]
            guess = told[:, start : start + width]
            start += width
            if name in words:
                places = guess.argmax(axis=1) if width > 1 else (guess[:, 0] > 0.5).astype(int)
                guess = words[name][places][:, None]
            filled[name] = np.where(out(values), guess[:, 0], values)
        return filled

    return fill


def by_forest(train: Columns, seed: int) -> Fill:
    """A random forest for each column, on from mean and mode for some rounds, as missForest does.

    Source: Stekhoven & Bühlmann 2012, "MissForest".
    """
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    codes = {name: np.unique(values) for name, values in train.items() if is_text(values)}
    first, forests = by_mean(train, seed), {}
    with one_thread():
        for name, values in train.items():
            kind = RandomForestClassifier if name in codes else RandomForestRegressor
            most = min(len(values), 10_000)
            forest = kind(TREES, max_samples=most, min_samples_leaf=2, random_state=seed)
            forests[name] = forest.fit(others(train, name, codes), values)

    def fill(holed: Columns) -> Columns:
        filled = first(holed)
        with one_thread():
            for _ in range(ROUNDS):
                for name, values in holed.items():
                    if (missing := out(values)).any():
                        rows = others(take_rows(filled, missing), name, codes)
                        filled[name][missing] = forests[name].predict(rows)
        return filled

    return fill


def by_condvae(train: Columns, seed: int) -> Fill:
    """A run that learned from the training rows, and `condvae.impute`."""
    import tempfile

    data = condvae.Dataset.from_columns(train, spec=DataSpec(test=TEST_SHARE))
    with tempfile.TemporaryDirectory() as folder:
        run = condvae.train(data, run=Path(folder) / "run", seed=seed, progress=False)
        model = run.model
    return lambda holed: condvae.impute(model, holed, seed=seed).tables[0]


METHODS: dict[str, Imputer] = {
    "mean": by_mean,
    "iterative": by_iterative,
    "forest": by_forest,
    "condvae": by_condvae,
}


def out(values: np.ndarray) -> np.ndarray:
    """(N,) bool: which cells are missing."""
    return values == "" if is_text(values) else np.isnan(values)


@contextmanager
def quiet() -> Iterator[None]:
    """One thread, and no word of what did not converge."""
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        yield


def coded(values: np.ndarray, words: np.ndarray | None) -> np.ndarray:
    """A column as numbers, (N, 1), or of words (N, number of words), of two (N, 1); NaN missing."""
    if words is None:
        return values[:, None]
    ones = (values[:, None] == (words[1:] if len(words) == 2 else words)).astype(float)
    ones[values == ""] = np.nan
    return ones


def others(rows: Columns, name: str, codes: dict[str, np.ndarray]) -> np.ndarray:
    """(N, F - 1) all columns but one, words as their places."""
    return np.stack(
        [
            np.searchsorted(codes[other], values) if other in codes else values
            for other, values in rows.items()
            if other != name
        ],
        axis=1,
        dtype=np.float64,
    )


def cell_path(out: Path, name: str, share: float, method: str, seed: int) -> Path:
    """Where the figures of one cell lie."""
    return out / f"{name}-{share:g}-{method}-{seed}.json"


def page(out: Path, sets: list[str], methods: list[str], seeds: list[int]) -> str:
    """The table: means over the seeds, ± their standard error, and the mean rank of each method."""
    lines = [*HEAD, ""]
    lines.append(f"| set | missing | measure | {' | '.join(methods)} |")
    lines.append("|" + "---|" * (3 + len(methods)))
    ranks = []
    for name in sets:
        for share in SHARES:
            paths = [[cell_path(out, name, share, m, seed) for m in methods] for seed in seeds]
            done = [of for of in paths if all(path.exists() for path in of)]
            if not done:
                continue
            found = [
                [json.loads(path.read_text()) for path in of] for of in zip(*done, strict=True)
            ]
            for measure, sign in MEASURES.items():
                if measure not in found[0][0]:
                    continue
                values = np.array([[one[measure] for one in of] for of in found])
                if not sign:  # seconds
                    row = " | ".join(f"{mean:.2f}" for mean in values.mean(axis=1))
                    lines.append(f"| {name} | {share:.0%} | {measure} | {row} |")
                    continue
                ranks.append(stats.rankdata(sign * values.mean(axis=1)))
                cells = [
                    f"{row.mean():.3f}"
                    + (f" ± {row.std(ddof=1) / np.sqrt(len(row)):.3f}" if len(row) > 1 else "")
                    for row in values
                ]
                lines.append(f"| {name} | {share:.0%} | {measure} | {' | '.join(cells)} |")
    if ranks:
        shown = [f"{rank:.2f}" for rank in np.mean(ranks, axis=0)]
        lines.append(f"| all | | mean rank | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
