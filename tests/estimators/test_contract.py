"""scikit-learn's own checks of its estimators, by trainings of few steps."""

import unittest
from contextlib import nullcontext, suppress

import jax
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from condvae.sklearn import AnomalyDetector, BayesRuleClassifier, ConditionalVAE

pytestmark = pytest.mark.slow

# They skip themselves: without an environment variable of SciPy's, and without pandas.
OF_OTHER_PACKAGES = ("check_array_api_input", "check_classifier_data_not_an_array")
TINY = {
    "latent_dim": 2,
    "hidden_dims": (8,),
    "architecture": "mlp",
    "epochs": 1,
    "batch_size": 1000,
    "num_samples": 5,
    "random_state": 0,
}


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """Most checks train the same programs."""
    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
        "jax_disable_most_optimizations": True,
    }
    before = {name: jax.config.values[name] for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@parametrize_with_checks(
    [ConditionalVAE(**TINY), BayesRuleClassifier(**TINY), AnomalyDetector(**TINY)]
)
def test_the_estimator_keeps_the_contract(estimator, check):
    if "check_classifiers_train" in repr(check):  # asks for an accuracy of 0.83
        estimator.set_params(epochs=150, learning_rate=0.02)
    can_skip = any(name in repr(check) for name in OF_OTHER_PACKAGES)
    with suppress(unittest.SkipTest) if can_skip else nullcontext():
        check(estimator)
