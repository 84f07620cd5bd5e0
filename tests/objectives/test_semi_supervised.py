"""The bound of rows of which some have no label, against NumPy in float64."""

import keras
import numpy as np
import pytest
from keras import ops

from condvae.objectives import semi_supervised_terms

NUM_CLASSES = 3


def parts(seed=0, rows=7):
    """Losses under each class, log q(y | x), and labels of which the last two are missing."""
    rng = np.random.default_rng(seed)
    reconstruction, kl, logits = rng.normal(5, 2, (3, rows, NUM_CLASSES))
    log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    y = np.eye(NUM_CLASSES)[rng.integers(0, NUM_CLASSES, rows)]
    y[-2:] = 0
    return [ops.convert_to_tensor(a.astype("float32")) for a in (reconstruction, kl, log_q, y)]


def arrays(tensors):
    return [ops.convert_to_numpy(t).astype("float64") for t in tensors]


def test_each_row_is_its_own_sum():
    """With a label one term and the classifier's loss, without one the mean over q less H(q)."""
    tensors = parts()
    terms = semi_supervised_terms(*tensors, beta=0.5, classifier_weight=4.0)
    reconstruction, kl, log_q, y = arrays(tensors)
    for row in range(len(y)):
        if y[row].any():
            code = y[row].argmax()
            loss = reconstruction[row, code] + 0.5 * kl[row, code] + np.log(NUM_CLASSES)
            loss -= 4 * log_q[row, code]
        else:
            loss = 0
            for code in range(NUM_CLASSES):
                bound = reconstruction[row, code] + 0.5 * kl[row, code] + np.log(NUM_CLASSES)
                loss += np.exp(log_q[row, code]) * (bound + log_q[row, code])
        assert float(terms.loss[row]) == pytest.approx(loss, rel=1e-5)


def test_the_elbo_bounds_the_sum_over_classes_and_the_best_classifier_reaches_it():
    reconstruction, kl, log_q, y = parts()
    y = ops.zeros_like(y)
    log_joint = -ops.convert_to_numpy(reconstruction + kl).astype("float64") - np.log(NUM_CLASSES)
    log_prob = np.logaddexp.reduce(log_joint, axis=1)
    gap = log_prob - ops.convert_to_numpy(semi_supervised_terms(reconstruction, kl, log_q, y).elbo)
    divergence = np.exp(log_q) * (log_q - (log_joint - log_prob[:, None]))
    np.testing.assert_allclose(gap, divergence.sum(axis=1), rtol=1e-4)
    assert (gap > 0.01).all()
    best = ops.convert_to_tensor((log_joint - log_prob[:, None]).astype("float32"))
    elbo = semi_supervised_terms(reconstruction, kl, best, y).elbo
    np.testing.assert_allclose(ops.convert_to_numpy(elbo), log_prob, rtol=1e-5)


def test_a_loss_that_hangs_on_no_class_may_stand_once():
    reconstruction, kl, log_q, y = parts()
    once = reconstruction[:, :1]
    repeated = ops.repeat(once, NUM_CLASSES, axis=1)
    for one, other in zip(
        semi_supervised_terms(once, kl, log_q, y),
        semi_supervised_terms(repeated, kl, log_q, y),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="gradients are taken by JAX here")
def test_the_pull_of_rows_without_a_label_scales_their_gradient_alone():
    import jax

    reconstruction, kl, log_q, y = parts()

    def loss(log_q, pull):
        return semi_supervised_terms(reconstruction, kl, log_q, y, pull=pull).loss.sum()

    np.testing.assert_allclose(loss(log_q, 0.3), loss(log_q, 1.0), rtol=1e-6)
    whole, part = (np.asarray(jax.grad(loss)(log_q, pull)) for pull in (1.0, 0.3))
    np.testing.assert_allclose(part[-2:], 0.3 * whole[-2:], rtol=1e-4)
    np.testing.assert_allclose(part[:-2], whole[:-2])
    np.testing.assert_allclose(whole[:-2], -ops.convert_to_numpy(y[:-2]))
