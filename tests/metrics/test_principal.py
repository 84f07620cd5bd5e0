import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from condvae.checks import InputError
from condvae.metrics.principal import fit_principal

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(400, 6)) @ np.diag([5, 3, 2, 0.5, 0.5, 0.5]) @ RNG.normal(size=(6, 6)) + 3
NEW = RNG.normal(size=(50, 6))


@pytest.mark.parametrize("components", [1, 3, 5])
def test_the_density_is_that_of_probabilistic_components(components):
    expected = PCA(components).fit(ROWS).score_samples(NEW)
    found = fit_principal(ROWS, 5).log_density(NEW, components)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_all_components_are_a_normal_distribution_and_none_a_round_one():
    fitted, mean = fit_principal(ROWS, 6), ROWS.mean(axis=0)
    expected = multivariate_normal(mean, np.cov(ROWS.T)).logpdf(NEW)
    np.testing.assert_allclose(fitted.log_density(NEW, 6), expected, rtol=1e-9)
    round_one = multivariate_normal(mean, np.cov(ROWS.T).trace() / 6 * np.eye(6)).logpdf(NEW)
    np.testing.assert_allclose(fitted.log_density(NEW, 0), round_one, rtol=1e-9)


def test_as_many_components_as_there_are_directions_are_best():
    directions = np.linalg.qr(RNG.normal(size=(40, 40)))[0][:3]

    def draw(count):
        return RNG.normal(size=(count, 3)) * 4 @ directions + RNG.normal(size=(count, 40))

    fitted = fit_principal(draw(600), 32)
    assert fitted.best_components(draw(600), (0, 1, 2, 3, 8, 16, 32)) == 3


def test_constant_columns_have_a_density():
    fitted = fit_principal(np.ones((5, 3)), 2, least=0.25)
    expected = multivariate_normal(np.ones(3), 0.25 * np.eye(3)).logpdf(np.zeros(3))
    for components in (0, 1, 2, 3):
        if components <= len(fitted.directions):
            found = fitted.log_density(np.zeros((1, 3)), components)
            assert found == pytest.approx(expected)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="the number of directions"):
        fit_principal(ROWS, 0)
    with pytest.raises(InputError, match="the number of components"):
        fit_principal(ROWS, 2).log_density(NEW, 3)
    with pytest.raises(InputError, match=r"the rows must have the shape \(N, 6\)"):
        fit_principal(ROWS, 2).log_density(NEW[:, :2], 1)
