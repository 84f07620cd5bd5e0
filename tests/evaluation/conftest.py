from types import SimpleNamespace

import numpy as np
import pytest

from condvae.evaluation import classifier
from condvae.evaluation.pixels import Pixels
from condvae.spec import Spec


class StandIn:
    """A run whose model generates rows of its data set that a function of the labels chooses.

    Attributes:
        chosen: those rows, after the last call.
    """

    def __init__(self, dataset, choose, **settings):
        self.dataset, self.choose = dataset, choose
        self.spec = Spec().override(**settings)
        self.record = SimpleNamespace(condition=dataset.condition)
        self.model = self.by_keras = SimpleNamespace(generate=self.generate, latent_dim=2)

    def check_data(self, dataset):
        return dataset

    def generate(self, given, sample, seed, **how):
        self.how = how
        self.chosen = self.choose(np.asarray(given))
        x = self.dataset.x[self.chosen]
        return x.astype("float32") / self.dataset.x_max


@pytest.fixture(scope="session")
def stand_in():
    return StandIn


@pytest.fixture(scope="session")
def drawn_from():
    """A function that draws rows of the labels asked for from some of a data set's rows."""

    def of(dataset, rows, seed=0):
        rng = np.random.default_rng(seed)
        by_label = {label: rows[dataset.y[rows] == label] for label in np.unique(dataset.y)}
        return lambda labels: np.array([rng.choice(by_label[label]) for label in labels])

    return of


@pytest.fixture
def few_steps(monkeypatch):
    """Classifiers that are trained for a moment: poor, and as good as any for an oracle."""
    monkeypatch.setattr(classifier, "LEAST_STEPS", 120)


@pytest.fixture(scope="session")
def kept(tmp_path_factory, digits):
    """The folder that holds the classifier of digits, trained for a moment."""
    folder = tmp_path_factory.mktemp("classifiers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "LEAST_STEPS", 120)
        classifier.real_classifier(digits, Pixels(drawn=False, binarised=False), folder=folder)
    return folder
