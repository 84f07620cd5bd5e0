"""Adult: rows of condvae beside those of TVAE and CTGAN, judged by one set of judges.

Each contender learns from the same 26,048 rows (`adult_train.csv`, "?" written as "Unknown", so
that it is a category for all) and writes as many; train on these, test on the 6,513 real rows of
`adult_test.csv`. Each contender and seed is one file OUT/CONTENDER-SEED.json: what is there is not
done again, so that a run that was stopped goes on. TVAE, CTGAN, XGBoost and sdmetrics live in an
environment of their own (`adult-requirements.txt`), made where it is missing.

A contender with another number of epochs is one, too: `table@25`, `ctgan@100`.

Every step is a command of its own, all of them on the same processors: seconds are what the kernel
counted for the process and those that it started, imports and compiling included, and memory is the
largest at any time. Writing 100,000 rows is a new process, too.

    CONDVAE_DATA=DIR python benchmarks/adult.py --out runs/adult [--contenders table tvae ctgan]
        [--seeds 0 1 2] [--env DIR] [--epochs N] [--rows N] [--page docs/adult.md]
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import asdict
from pathlib import Path

import numpy as np

from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.evaluation.tables.likeness import compare_likeness
from condvae.evaluation.tables.privacy import compare_privacy
from condvae.evaluation.tables.rows import ComparedRows
from condvae.evaluation.tables.rules import compare_rules
from condvae.files.atomic import write_text
from condvae.metrics.tables.columns import take_rows
from condvae.metrics.tables.transfer import train_on_synthetic

HERE = Path(__file__).parent
RIVALS = {"tvae": 300, "ctgan": 300}  # epochs
TARGET = "income"
MANY = 100_000
TEST_SHARE = 0.001  # condvae holds out a part by itself: next to nothing, as the test rows are ours
SEEDS = (0, 1, 2)


def main() -> None:
    """Fit and judge what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/adult"))
    parser.add_argument("--env", type=Path, help="of the rivals; OUT/env when not given")
    parser.add_argument("--contenders", nargs="+", default=["table", *RIVALS])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--epochs", type=int, help="of all contenders, for a trial")
    parser.add_argument("--rows", type=int, help="to learn from, for a trial")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    python = environment(given.env or given.out / "env")
    train, test = tables(given.out, given.rows)
    names = ["real", *given.contenders]
    for seed in given.seeds:
        for name in names:
            path = given.out / f"{name}-{seed}.json"
            if path.exists() or (name == "real" and seed != given.seeds[0]):
                continue
            print(f"{name}, seed {seed}", flush=True)
            figures = contend(name, seed, given.out, python, train, test, given.epochs)
            write_text(path, json.dumps(figures, indent=1) + "\n")
    text = page(given.out, names, given.seeds)
    print(text)
    if given.page is not None:
        write_text(given.page, text)


def environment(folder: Path) -> str:
    """The interpreter of the rivals' environment, which is made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-r", HERE / "adult-requirements.txt"],
            check=True,
        )
    return str(python.absolute())


def tables(out: Path, rows: int | None) -> tuple[Path, Path]:
    """Training and test rows as files, "?" being a category with a name."""
    source = Path(os.environ["CONDVAE_DATA"]) / "tables"
    paths = []
    for name in ("train", "test"):
        columns = read_table(source / f"adult_{name}.csv").columns
        for values in columns.values():
            if values.dtype.kind == "U":
                values[values == "?"] = "Unknown"
        if rows is not None:
            columns = take_rows(columns, np.arange(min(rows, len(columns[TARGET]))))
        numbers = {n for n, values in columns.items() if values.dtype.kind == "f"}
        paths.append(out / f"{name}.csv")
        write_table(paths[-1], columns, numbers)
    return paths[0], paths[1]


def contend(
    name: str, seed: int, out: Path, python: str, train: Path, test: Path, epochs: int | None
) -> dict:
    """Fit one contender, let it write rows, and judge them."""
    folder = out / f"{name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped: seconds count whole ones
    folder.mkdir()
    rows, many, judged = folder / "rows.csv", folder / "many.csv", folder / "judged.json"
    count = len(read_table(train).columns[TARGET])
    costs, (kind, _, own_epochs) = {}, name.partition("@")
    rivals = [python, "-P", str(HERE / "adult_rivals.py")]  # PyTorch imports another profile.py
    if name == "real":
        rows = train
    elif kind in RIVALS:
        model = str(folder / "model.pkl")
        length = str(epochs or own_epochs or RIVALS[kind])
        costs["training"] = timed([*rivals, "fit", kind, str(train), model, str(seed), length])
        timed([*rivals, "sample", model, str(count), str(seed), str(rows)])
        costs["writing"] = timed([*rivals, "sample", model, str(MANY), str(seed), str(many)])
    else:
        run = str(folder / "run")
        condvae = [sys.executable, "-m", "condvae"]
        settings = ["--preset", kind, "--seed", str(seed), "--test", str(TEST_SHARE)]
        if epochs or own_epochs:
            settings += ["--epochs", str(epochs or own_epochs)]
        settings += ["--condition", TARGET, "--run", run]
        costs["training"] = timed([*condvae, "train", str(train), *settings])
        written = [*condvae, "generate", run, "--seed", str(seed), "--overwrite"]
        timed([*written, "-n", str(count), "--out", str(rows)])
        costs["writing"] = timed([*written, "-n", str(MANY), "--out", str(many)])
    timed([*rivals, "judge", str(train), str(test), str(rows), TARGET, str(judged)])
    by_others = json.loads(judged.read_text(encoding="utf-8"))
    parts = [read_table(path).columns for path in (train, test, rows)]
    return {**costs, **by_others, **judge(*parts, is_real=name == "real")}


def timed(command: list[str]) -> dict[str, float]:
    """Run a command: its processor and clock seconds, and the most memory, in MiB."""
    begun = time.perf_counter()
    # PyTorch takes the fewest processor seconds with one thread
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.perf_counter() - begun,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def judge(train: dict, test: dict, rows: dict, is_real: bool = False) -> dict:
    """Our own judges on rows, whoever wrote them.

    Args:
        is_real: the rows are the training rows, in whose place the test rows are compared with
            them.
    """
    rows = {name: rows[name] for name in train}
    compared = ComparedRows(train, test, rows, (TARGET,))
    likeness, rules, privacy = (
        compare_likeness(compared),
        compare_rules(compared),
        compare_privacy(compared),
    )
    learners = {}
    for learner in ("boosting", "linear", "forest"):
        scores = train_on_synthetic(train, rows, test, TARGET, learner).scores
        learners[learner] = {name: asdict(score)["synthetic"] for name, score in scores.items()}
    side = likeness.real if is_real else likeness.generated
    detection = likeness.detection_of_real if is_real else likeness.detection
    attacks = {} if is_real else {"privacy": privacy.figures()}
    distances, text = side.marginals, likeness.words
    broken = rules.contradictions
    return {
        **learners,
        **attacks,
        "ks": float(np.mean([d for name, d in distances.items() if name not in text])),
        "tv": float(np.mean([d for name, d in distances.items() if name in text])),
        "detection": None if detection is None else asdict(detection),
        "likeness": side.figures(),
        "columns": dict(distances),
        "contradictory": broken.real if is_real else broken.generated,
        "contradictions": dict(zip(broken.rules, broken.by_rule, strict=True)),
        "gain_and_loss": share((rows["capital-gain"] > 0) & (rows["capital-loss"] > 0)),
        "female_husbands": share(rows["sex"][rows["relationship"] == "Husband"] == "Female"),
        "contradictory_education": contradictory(train, rows),
        "gains_out_of_range": int((rows["capital-gain"] > train["capital-gain"].max()).sum())
        + int((rows["capital-gain"] < train["capital-gain"].min()).sum()),
    }


def share(which: np.ndarray) -> float:
    """Of rows; 0 of none."""
    return float(which.mean()) if len(which) else 0.0


def contradictory(train: dict, rows: dict) -> float:
    """Share of the rows whose two columns of education do not belong together."""
    pairs = set(zip(train["education"].tolist(), train["education-num"].tolist(), strict=True))
    found = zip(rows["education"].tolist(), rows["education-num"].tolist(), strict=True)
    return share(np.array([pair not in pairs for pair in found]))


MEASURES = {
    "XGBoost F1": lambda f: f["xgboost"]["F1"],
    "XGBoost AUC": lambda f: f["xgboost"]["AUC"],
    "boosting F1": lambda f: f["boosting"]["F1"],
    "boosting AUC": lambda f: f["boosting"]["AUC"],
    "logistic F1": lambda f: f["linear"]["F1"],
    "logistic AUC": lambda f: f["linear"]["AUC"],
    "KS, numbers": lambda f: f["ks"],
    "TV, classes": lambda f: f["tv"],
    "associations": lambda f: f["likeness"]["correlation_distance"],
    "C2ST AUC": lambda f: f["detection"]["value"],
    "alpha-precision": lambda f: f["likeness"]["alpha_precision"],
    "beta-recall": lambda f: f["likeness"]["beta_recall"],
    "rare categories kept": lambda f: f["likeness"]["rare_words_kept"],
    "gains out of range": lambda f: f["gains_out_of_range"],
    "gain and loss, %": lambda f: 100 * f["gain_and_loss"],
    "female husbands, %": lambda f: 100 * f["female_husbands"],
    "contradictory education, %": lambda f: 100 * f["contradictory_education"],
    "contradictions, %": lambda f: 100 * f["contradictory"],
    "nearer to training, %": lambda f: 100 * f["privacy"]["nearer_to_training"],
    "copies, %": lambda f: 100 * f["privacy"]["copies"],
    "membership AUC": lambda f: f["privacy"]["membership_auc"],
    "sdmetrics column shapes": lambda f: f["sdmetrics"]["Column Shapes"],
    "sdmetrics column pairs": lambda f: f["sdmetrics"]["Column Pair Trends"],
    "sdmetrics validity": lambda f: f["sdmetrics"]["Data Validity"],
    "training, CPU s": lambda f: f["training"]["cpu_s"],
    "training, peak MiB": lambda f: f["training"]["peak_mib"],
    f"{MANY:,} rows written, CPU s": lambda f: f["writing"]["cpu_s"],
}


def page(out: Path, names: list[str], seeds: list[int]) -> str:
    """The table: mean over the seeds ± its standard error."""
    found = {name: [out / f"{name}-{seed}.json" for seed in seeds] for name in names}
    figures = {
        name: [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
        for name, paths in found.items()
    }
    lines = [
        "# Adult",
        "",
        "Written by `benchmarks/adult.py`, which documents how each figure is measured. Mean over",
        f"{len(seeds)} seeds ± its standard error, or of one seed where there is none; "
        f"{os.cpu_count()} processors, {platform.machine()}.",
        "The column `real`: models trained on the training rows, and distances of the test",
        "rows to these. The rivals use one thread, which needs the least processor time.",
        "",
        f"| | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for measure, of in MEASURES.items():
        cells = [cell([of(one) for one in ones if measured(of, one)]) for ones in figures.values()]
        lines.append(f"| {measure} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measured(of, figures: dict) -> bool:
    """Whether a contender has that figure: real rows are not trained."""
    try:
        of(figures)
    except KeyError:
        return False
    return True


def cell(values: list[float]) -> str:
    """Mean ± standard error."""
    if not values:
        return ""
    mean = np.mean(values)
    digits = 3 if abs(mean) < 10 else 0 if abs(mean) >= 100 else 1
    if len(values) == 1:
        return f"{mean:,.{digits}f}"
    return f"{mean:,.{digits}f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):,.{digits}f}"


if __name__ == "__main__":
    main()
