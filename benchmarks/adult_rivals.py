"""What runs in the environment of `adult-requirements.txt`: TVAE and CTGAN, XGBoost and sdmetrics.

    python adult_rivals.py fit tvae|ctgan TRAIN.csv MODEL SEED EPOCHS
    python adult_rivals.py sample MODEL COUNT SEED OUT.csv
    python adult_rivals.py judge TRAIN.csv TEST.csv GENERATED.csv TARGET OUT.json

The settings of the two are those of the package `ctgan`, which are its papers', but for the epochs.
XGBoost's are its own, words as categories. `benchmarks/adult.py` calls this.
"""

import json
import sys
import warnings
from pathlib import Path

import pandas as pd

warnings.filterwarnings("ignore")


def fit(name: str, train: str, model: str, seed: str, epochs: str) -> None:
    """Train one of them and keep it."""
    import ctgan
    import numpy as np
    import torch

    torch.manual_seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002  what the package draws from
    rows = pd.read_csv(train)
    kinds = {"tvae": ctgan.TVAE, "ctgan": ctgan.CTGAN}
    synthesizer = kinds[name](epochs=int(epochs), enable_gpu=False)
    synthesizer.fit(rows, discrete_columns=words(rows))
    synthesizer.save(model)


def sample(model: str, count: str, seed: str, out: str) -> None:
    """Rows of a model that was kept."""
    import ctgan
    import numpy as np
    import torch

    synthesizer = ctgan.TVAE.load(model)  # a pickle, which tells its class
    torch.manual_seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002
    synthesizer.sample(int(count)).to_csv(out, index=False)


def judge(train: str, test: str, generated: str, target: str, out: str) -> None:
    """XGBoost trained on generated rows and tested on real ones, and sdmetrics' report."""
    real, held_out, rows = (pd.read_csv(path) for path in (train, test, generated))
    rows = rows[real.columns]
    figures = {"xgboost": xgboost_scores(rows, held_out, target), "sdmetrics": report(real, rows)}
    Path(out).write_text(json.dumps(figures), encoding="utf-8")


def xgboost_scores(rows: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
    """F1 of the rarer class and AUC on the test rows."""
    from sklearn.metrics import f1_score, roc_auc_score
    from xgboost import XGBClassifier

    rare = test[target].value_counts().index[-1]
    x, x_test = rows.drop(columns=target), test.drop(columns=target)
    for name in words(x_test):
        kind = pd.CategoricalDtype(sorted({*x[name].astype(str), *x_test[name].astype(str)}))
        x[name], x_test[name] = (table[name].astype(str).astype(kind) for table in (x, x_test))
    if rows[target].nunique() < 2:
        return {"F1": 0.0, "AUC": 0.5}
    model = XGBClassifier(enable_categorical=True, tree_method="hist", random_state=0)
    model.fit(x, rows[target] == rare)
    truth, chance = test[target] == rare, model.predict_proba(x_test)[:, 1]
    return {
        "F1": float(f1_score(truth, chance > 0.5)),
        "AUC": float(roc_auc_score(truth, chance)),
    }


def report(real: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """The properties of sdmetrics' quality and diagnostic reports, from 0 to 1."""
    from sdmetrics.reports.single_table import DiagnosticReport, QualityReport

    kinds = dict.fromkeys(real, "numerical") | dict.fromkeys(words(real), "categorical")
    metadata = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
    found = {}
    for kind in (QualityReport(), DiagnosticReport()):
        kind.generate(real, rows, metadata, verbose=False)
        for name, score in kind.get_properties().itertuples(index=False):
            found[name] = float(score)
    return found


def words(rows: pd.DataFrame) -> list[str]:
    """The columns that are no numbers."""
    return [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]


if __name__ == "__main__":
    {"fit": fit, "sample": sample, "judge": judge}[sys.argv[1]](*sys.argv[2:])
