"""Ridge logistic regression on soft targets, by damped Newton steps in numpy: a few weights, the same on every machine."""

from dataclasses import dataclass

import numpy as np

STEPS = 15
# Standardised columns and log-odds beyond these are as good as certain.
LIMIT = 30.0


@dataclass(frozen=True)
class Logistic:
    """Mean and scale of the columns (D,), and the weights with the intercept last (D + 1,)."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def log_odds(self, x: np.ndarray) -> np.ndarray:
        """Return the log-odds of rows ``x`` (N, D): (N,)."""
        return np.clip((x - self.mean) / self.scale @ self.weights[:-1] + self.weights[-1], -LIMIT, LIMIT)

    def probability(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of rows ``x`` (N, D): (N,)."""
        return 1 / (1 + np.exp(-self.log_odds(x)))


def fit_logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray, ridge: float) -> Logistic:
    """Return the regression of targets ``y`` (N,) in [0, 1] on ``x`` (N, D), rows weighted by ``weight`` (N,).

    ``ridge`` weighs half the squared norm of the weights of standardised columns against the summed loss.
    """
    mean = np.average(x, axis=0, weights=weight)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight)) + 1e-3
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], ridge), 1e-6)
    w = np.zeros(z.shape[1])
    w[-1] = np.log(max((weight * y).sum(), 0.5) / max((weight * (1 - y)).sum(), 0.5))

    def loss(w: np.ndarray) -> float:
        odds = z @ w
        return float((weight * (np.logaddexp(0, odds) - y * odds)).sum() + (penalty * w * w).sum() / 2)

    value = loss(w)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -LIMIT, LIMIT)))
        gradient = z.T @ (weight * (p - y)) + penalty * w
        curvature = (z * (weight * p * (1 - p) + 1e-5)[:, None]).T @ z + np.diag(penalty)
        step, share = np.linalg.solve(curvature, gradient), 1.0
        while (lower := loss(w - share * step)) > value and share > 1e-3:  # a full step may overshoot
            share /= 2
        if value - lower < 1e-3:
            break
        w, value = w - share * step, lower
    return Logistic(mean, scale, w)
