"""The regression agrees with a well-kept one."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kinesics.models.logistic import fit_logistic


def test_it_is_the_ridge_regression_of_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) * [1, 5, 0.2] + [0, 2, 1]
    y = (x @ [1, -0.3, 4] + rng.logistic(size=400) > 3).astype(float)
    model = fit_logistic(x, y, np.ones(400), ridge=10.0)
    reference = LogisticRegression(C=0.1, tol=1e-8).fit((x - model.mean) / model.scale, y)
    assert model.weights[:-1] == pytest.approx(reference.coef_[0], abs=0.01)
    assert model.weights[-1] == pytest.approx(reference.intercept_[0], abs=0.01)


def test_soft_targets_and_separable_ones_stay_finite():
    x = np.linspace(-1, 1, 50)[:, None]
    separable = fit_logistic(x, (x[:, 0] > 0).astype(float), np.ones(50), ridge=0.1)
    assert np.isfinite(separable.weights).all()
    assert separable.probability(np.array([[1.0]]))[0] > 0.95
    half = fit_logistic(x, np.full(50, 0.3), np.ones(50), ridge=1.0)
    assert half.probability(x) == pytest.approx(np.full(50, 0.3), abs=0.01)
