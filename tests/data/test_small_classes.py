"""Classes of few images: kept for training, or left out when asked."""

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.spec import DataSpec

X = np.random.default_rng(0).integers(0, 256, (34, 4, 4), dtype="uint8")
LABELS = np.array(["ant", "bee", "cat"] * 10 + ["dog", "eel", "eel", "fox"])


def test_classes_of_one_or_two_images_are_for_training_and_said(caplog):
    data = Dataset.from_arrays(X, LABELS)
    assert {"dog", "eel", "fox"} <= {*data.train.y}
    assert {*data.test.y} == {"ant", "bee", "cat"}
    assert len(data.test.x) == 6
    assert "3 classes ('dog' (1), 'eel' (2), 'fox' (1)) of fewer rows than there are" in caplog.text
    assert "--drop-small-classes 3" in caplog.text
    everywhere = np.concatenate([data.train.rows, data.validation.rows, data.test.rows])
    assert sorted(everywhere) == [*range(34)]


@pytest.mark.parametrize(("least", "left"), [(2, ["eel"]), (3, [])])
def test_small_classes_are_left_out_when_asked(least, left, caplog):
    data = Dataset.from_arrays(X, LABELS, spec=DataSpec(drop_small_classes=least))
    assert data.label_names == ("ant", "bee", "cat", *left)
    kept = np.isin(LABELS, data.label_names)
    assert (data.x[..., 0] == X[kept]).all()
    assert (data.y == LABELS[kept]).all()
    assert "left out, of fewer than" in caplog.text


def test_so_are_those_of_named_conditions_of_images_and_of_tables():
    spec = DataSpec(conditions=("animal", "h"), drop_small_classes=2)
    columns = {"animal": LABELS, "h": np.arange(34) / 7, "w": np.arange(34) % 11 / 3}
    data = Dataset.from_columns(columns, X, spec=spec)
    kept = np.flatnonzero(~np.isin(LABELS, ["dog", "fox"]))
    assert (data.x[..., 0] == X[kept]).all()
    assert data.raw["h"].tolist() == columns["h"][kept].tolist()
    table = Dataset.from_columns(columns, spec=spec)
    assert len(table.x) == 32
    assert table.condition["animal"].categories == ("ant", "bee", "cat", "eel")


def test_splits_of_the_source_follow(tmp_path):
    np.savez(tmp_path / "a.npz", x=X[:31], y=LABELS[:31], x_test=X[[0, 31]], y_test=LABELS[[0, 31]])
    with pytest.raises(InputError, match="0 of class 'eel'"):
        _ = load_data(tmp_path / "a.npz").train
    data = load_data(tmp_path / "a.npz", drop_small_classes=2)
    assert data.test.rows.tolist() == [30]
    assert data.test.y.tolist() == ["ant"]


def test_all_classes_cannot_be_left_out():
    with pytest.raises(InputError, match="where the largest has 10"):
        Dataset.from_arrays(X, LABELS, spec=DataSpec(drop_small_classes=11))
