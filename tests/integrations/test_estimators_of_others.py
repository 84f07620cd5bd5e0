"""The estimators beside pandas and imbalanced-learn."""

import imblearn.pipeline
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from condvae.sklearn import ConditionalVAE, Oversampler

pytestmark = pytest.mark.integration
QUICK = {"latent_dim": 2, "hidden_dims": (8,), "epochs": 2, "random_state": 0}


def test_latents_come_as_a_frame_where_that_is_asked_for():
    frame, y = load_wine(return_X_y=True, as_frame=True)
    plain = ConditionalVAE(**QUICK).fit(frame, y)
    as_frames = ConditionalVAE(**QUICK).set_output(transform="pandas").fit(frame, y)
    latents = as_frames.transform(frame)
    assert isinstance(latents, pd.DataFrame)
    assert list(latents.index) == list(frame.index)
    assert list(latents.columns) == list(plain.get_feature_names_out())
    np.testing.assert_array_equal(latents.to_numpy(), plain.transform(frame))


def test_latents_come_as_a_frame_of_polars():
    X, y = load_wine(return_X_y=True)
    model = ConditionalVAE(**QUICK).fit(X, y)
    frame = model.set_output(transform="polars").transform(X)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == list(model.get_feature_names_out())
    np.testing.assert_array_equal(frame, model.set_output(transform="default").transform(X))


def test_the_oversampler_stands_in_imbalanced_learns_pipeline():
    X, y = load_wine(return_X_y=True)
    rows = np.concatenate([np.flatnonzero(y != 1), np.flatnonzero(y == 1)[:12]])
    forest = RandomForestClassifier(20, random_state=0)
    pipeline = imblearn.pipeline.make_pipeline(StandardScaler(), Oversampler(**QUICK), forest)
    pipeline.fit(X[rows], y[rows])
    # the forest has seen as many rows of each class, and prediction draws none
    sampler = pipeline.named_steps["oversampler"]
    assert 0 <= sampler.near_copy_share_ <= 1
    assert pipeline.predict(X).shape == y.shape
    even = Oversampler(**QUICK).fit_resample(X[rows], y[rows])[1]
    assert len(set(np.unique(even, return_counts=True)[1])) == 1
