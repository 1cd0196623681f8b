"""The predictor ``ridge``: ridge regression on one-hot choices."""

import numpy as np

from archrank.predictors import Predictor
from archrank.predictors.base import State


class Ridge(Predictor):
    def __init__(self, space, strength=0.1):
        self.space = space
        self.strength = strength

    def _fit(self, rows, targets):
        x = self._one_hot(rows)
        penalty = self.strength * np.eye(x.shape[1])
        self.mean_ = targets.mean()
        self.weights_ = np.linalg.solve(x.T @ x + penalty, x.T @ (targets - self.mean_))

    def _predict_members(self, candidates):
        return (self.mean_ + self._one_hot(candidates) @ self.weights_)[None]

    def _state(self):
        return State(self._plain_settings(), {"mean": self.mean_}, {"weights": self.weights_})

    @classmethod
    def _restore(cls, space, state):
        self = cls(space, **state.settings)
        self.mean_, self.weights_ = state.learned["mean"], state.arrays["weights"]
        return self

    def _one_hot(self, rows):
        return np.hstack([np.eye(len(c.options))[rows[:, i]] for i, c in enumerate(self.space.choices)])
