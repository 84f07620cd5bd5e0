"""Classification by Bayes' rule: the label under which a row is most probable."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from condvae.sklearn.estimator import Estimator


class BayesRuleClassifier(ClassifierMixin, Estimator):
    """p(y | x) by Bayes' rule, from p(x | y) and the classes' shares; see `Estimator`."""

    def fit(self, X: Any, y: Any) -> Self:
        """Train on X given its labels."""
        X, y = validate_data(self, X, y, ensure_all_finite=self._finite, dtype=np.float64)
        check_classification_targets(y)
        return self._fit(X, y)

    def predict_proba(self, X: Any) -> np.ndarray:
        """p(y | x), (n, num_classes), in the order of `classes_`."""
        log_joint = self._log_joint(self._checked(X))
        return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row, (n,)."""
        codes = self.predict_proba(X).argmax(axis=1)  # first, since it checks that it is fitted
        return self.classes_[codes]
