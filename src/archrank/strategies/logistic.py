"""Logistic regression on standardized features."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["LogisticRegression"]

Floats = npt.NDArray[np.float64]


class LogisticRegression:
    """The probability of true labels, with a ridge penalty on the weights but not on the intercept.

    Args:
        features: n samples with F features each: (n, F). Constant features take no part.
        labels: Their labels: (n,). Where all are equal, so are all probabilities.
        ridge: The penalty of the squared weights, next to the sum of the losses of all samples.

    >>> model = LogisticRegression(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([True, True, False, False]))
    >>> bool(np.diff(model(np.array([[0.0], [1.5], [3.0]]))).max() < 0)
    True
    """

    def __init__(
        self, features: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_], ridge: float = 3.0
    ) -> None:
        x = np.asarray(features, dtype=np.float64)
        self._mean, spread = x.mean(axis=0), x.std(axis=0)
        self._scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0)
        x, signs = (x - self._mean) * self._scale, np.where(labels, 1.0, -1.0)

        def loss(parameters: Floats) -> tuple[float, Floats]:
            weights, intercept = parameters[:-1], parameters[-1]
            margins = signs * (x @ weights + intercept)
            slopes = -signs * expit(-margins)
            value = np.logaddexp(0, -margins).sum() + ridge / 2 * weights @ weights
            return float(value), np.append(x.T @ slopes + ridge * weights, slopes.sum())

        self._parameters: Floats = minimize(
            loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}
        ).x

    def __call__(self, features: npt.NDArray[np.floating]) -> Floats:
        """The probability of each of B samples: (B,)."""
        x = (np.asarray(features, dtype=np.float64) - self._mean) * self._scale
        probability: Floats = expit(x @ self._parameters[:-1] + self._parameters[-1])
        return probability
