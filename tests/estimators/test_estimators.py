"""The estimators' results, and their conformity with scikit-learn."""

import multiprocessing
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from condvae.checks import InputError
from condvae.sklearn import AnomalyDetector, BayesRuleClassifier, ConditionalVAE, Oversampler

pytestmark = pytest.mark.usefixtures("compiled_quickly")

# a batch of all rows compiles one program
TABLE = {
    "hidden_dims": (8,),
    "architecture": "mlp",
    "epochs": 40,
    "batch_size": 200,
    "learning_rate": 0.02,
    "random_state": 0,
}
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
IMAGES, DIGITS = load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def fitted():
    return ConditionalVAE(latent_dim=2, **TABLE).fit(X, NAMES)


def test_latents_come_and_go_with_names(fitted):
    z = fitted.transform(X)
    assert z.shape == (150, 2)
    assert fitted.inverse_transform(z).shape == X.shape
    assert fitted.inverse_transform(z[:2], NAMES[:2]).shape == (2, 4)
    assert fitted.get_feature_names_out().tolist() == ["conditionalvae0", "conditionalvae1"]


def test_the_label_makes_its_rows_more_probable(fitted):
    wrong = np.roll(NAMES, 50)
    assert fitted.score(X, NAMES) > fitted.score(X, wrong)
    assert np.isfinite(fitted.score_samples(X)).all()


def test_what_a_row_gets_depends_on_it_alone(fitted):
    whole = fitted.score_samples(X)
    np.testing.assert_allclose(fitted.score_samples(X[90:]), whole[90:], rtol=1e-4, atol=1e-4)


def test_holes_are_cells_that_are_not_known(fitted):
    holey = X.copy()
    holey[:, 2] = np.nan
    assert np.isfinite(fitted.transform(holey)).all()
    assert np.isfinite(fitted.score_samples(holey, NAMES)).all()


def test_samples_are_of_the_label_and_the_seed(fitted):
    setosa = fitted.sample(40, y="setosa", random_state=1)
    assert setosa.shape == (40, 4)
    assert setosa[:, 2].mean() < fitted.sample(40, y="virginica", random_state=1)[:, 2].mean()
    np.testing.assert_array_equal(setosa, fitted.sample(40, y="setosa", random_state=1))
    assert fitted.sample(7).shape == (7, 4)


def test_foreign_labels_are_refused(fitted):
    with pytest.raises(InputError, match="labels that training saw"):
        fitted.score_samples(X[:1], ["daisy"])


def says(estimator, rows):
    """In another process."""
    return estimator.transform(rows), estimator.score_samples(rows)


@pytest.mark.slow
def test_another_process_says_the_same(fitted):
    found = pickle.loads(pickle.dumps(fitted)).transform(X)
    np.testing.assert_array_equal(found, fitted.transform(X))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        z, log_p = pool.apply(says, (fitted, X))
    np.testing.assert_allclose(z, fitted.transform(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(log_p, fitted.score_samples(X), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_number_may_be_given():
    vae = ConditionalVAE(latent_dim=1, **TABLE).fit(X[:, :2], X[:, 2])
    assert vae.classes_ is None
    assert np.isfinite(vae.score(X[:, :2], X[:, 2]))
    assert vae.sample(3, y=4.5).shape == (3, 2)


@pytest.mark.slow
def test_images_are_drawn_on_their_own_scale():
    vae = ConditionalVAE(latent_dim=2, image_shape=(8, 8), epochs=5, random_state=0)
    vae.fit(IMAGES, DIGITS)
    drawn = vae.sample(20, y=3, random_state=0)
    assert drawn.min() >= 0
    assert 8 < drawn.max() <= 16
    nearest = [
        (np.abs(drawn.mean(axis=0) - IMAGES[d == DIGITS].mean(axis=0))).sum() for d in range(10)
    ]
    assert np.argmin(nearest) == 3
    assert vae.score(IMAGES[:50], DIGITS[:50]) > vae.score(IMAGES[:50], DIGITS[:50][::-1])
    assert vae.inverse_transform(vae.transform(IMAGES[:2])).shape == (2, 64)
    with pytest.raises(ValueError, match="NaN"):
        vae.transform(np.full((1, 64), np.nan))


def test_bayes_rule_classifies():
    classifier = BayesRuleClassifier(latent_dim=2, **TABLE).fit(X, NAMES)
    assert classifier.predict_proba(X).shape == (150, 3)
    assert classifier.score(X, NAMES) > 0.85


def test_an_outlier_is_found():
    rows = np.concatenate([X, [[30.0, -9, 40, -20]]])
    detector = AnomalyDetector(contamination=0.05, latent_dim=2, **TABLE)
    said = detector.fit_predict(rows)
    assert said[-1] == -1
    assert (said == -1).sum() == 8
    np.testing.assert_array_equal(said == -1, detector.decision_function(rows) < 0)


def test_small_classes_are_filled_up():
    few = [*range(50), *range(50, 70), *range(100, 150)]
    oversampler = Oversampler(latent_dim=2, **TABLE)
    rows, labels = oversampler.fit_resample(X[few], NAMES[few])
    np.testing.assert_array_equal(rows[:120], X[few])
    assert np.unique(labels, return_counts=True)[1].tolist() == [50, 50, 50]
    assert 0 <= oversampler.near_copy_share_ <= 1


def test_a_run_is_kept_where_one_is_asked_for(tmp_path):
    ConditionalVAE(latent_dim=2, run=tmp_path / "run", **TABLE).fit(X, NAMES)
    assert (tmp_path / "run" / "run.json").is_file()


@pytest.mark.slow
def test_searches_and_validation():
    vae = ConditionalVAE(image_shape=(8, 8), epochs=2, random_state=0)
    pipeline = make_pipeline(clone(vae), LogisticRegression(max_iter=2000))
    search = GridSearchCV(pipeline, {"conditionalvae__latent_dim": np.array([2, 4])}, cv=2)
    search.fit(IMAGES[:600], DIGITS[:600])
    assert search.cv_results_["mean_test_score"].shape == (2,)
    alone = GridSearchCV(vae, {"latent_dim": [2, 4]}, cv=2, n_jobs=2).fit(IMAGES[:600])
    assert np.isfinite(alone.cv_results_["mean_test_score"]).all()
    assert len(cross_val_score(BayesRuleClassifier(latent_dim=2, **TABLE), X, Y, cv=2)) == 2


def test_columns_that_hardly_vary_are_no_error():
    """Like the corners of scikit-learn's digits: constant in all training rows, or in all rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X[:, 1], X[:, 2] = 4.0, 0.0
    X[7, 2] = 1.0
    model = ConditionalVAE(latent_dim=1, hidden_dims=(4,), epochs=1, random_state=0).fit(X)
    assert (model.sample(20)[:, 1] == 4).all()
    assert np.isfinite(model.score_samples(X)).all()
