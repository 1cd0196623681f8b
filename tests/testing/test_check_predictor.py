"""A conformance suite is worth what it notices: each of these predictors breaks one promise."""

import numpy as np
import pytest

from archrank import Architecture
from archrank.predictors import Predictor
from archrank.predictors.base import State
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_predictor

SPACE = NASBench201()


class Linear(Predictor):
    """Ridge regression on one-hot choices: about the smallest predictor there is."""

    def __init__(self, space, strength=0.1, seed=0):
        self.space, self.strength, self.seed = space, strength, seed

    def _fit(self, rows, targets):
        x = self._features(rows)
        kernel = x.T @ x + self.strength * np.eye(x.shape[1])
        self.weights_ = np.linalg.solve(kernel, x.T @ (targets - targets.mean()))

    def _predict_members(self, candidates):
        return (self._features(candidates) @ self.weights_)[None]

    def _state(self):
        return State(self._plain_settings(), arrays={"weights": self.weights_})

    @classmethod
    def _restore(cls, space, state):
        self = cls(space, **state.settings)
        self.weights_ = state.arrays["weights"]
        return self

    def _features(self, rows):
        return np.hstack([np.eye(len(c.options))[rows[:, i]] for i, c in enumerate(self.space.choices)])


@pytest.mark.parametrize("space", [SPACE, NASBenchGraph()], ids=lambda s: s.name)
def test_a_small_predictor_of_another_kind_passes(space):
    check_predictor(Linear, space)


class Eager(Linear):
    def __init__(self, space):
        super().__init__(space)
        self.weights_ = np.zeros(30)


class Converting(Linear):
    def __init__(self, space, strength=(1, 2)):
        super().__init__(space)
        self.strength = [*strength]


class Hiding(Linear):
    def __init__(self, space, strength=0.1, decay=0.1):
        super().__init__(space, strength * decay)


class Unready(Linear):
    def predict_members(self, candidates):
        return (
            super().predict_members(candidates)
            if hasattr(self, "weights_")
            else np.zeros((1, len(candidates)))
        )


class Nothing(Linear):
    def fit(self, X, y, *, minimize=False):
        super().fit(X, y, minimize=minimize)


class Writing(Linear):
    def fit(self, X, y, *, minimize=False):
        super().fit(X, y, minimize=minimize)
        if isinstance(y, np.ndarray):
            y -= y.mean()
        return self


class Drawing(Linear):
    def _fit(self, rows, targets):
        np.random.rand()  # noqa: NPY002
        super()._fit(rows, targets)


class Tuning(Linear):
    def _fit(self, rows, targets):
        self.strength = 0.5
        super()._fit(rows, targets)


class Flat(Linear):
    def _predict_members(self, candidates):
        return super()._predict_members(candidates)[0]


class Relative(Linear):
    def _predict_members(self, candidates):
        scores = super()._predict_members(candidates)
        return scores - scores.mean(axis=1, keepdims=True) if scores.size else scores


class Endless(Linear):
    def _predict_members(self, candidates):
        return super()._predict_members(candidates) / 0.0 if len(candidates) else np.zeros((1, 0))


class Restless(Linear):
    def _fit(self, rows, targets):
        super()._fit(rows, targets)
        self.weights_ = self.weights_ + np.random.default_rng().normal(size=self.weights_.shape) * 1e-9


class Remembering(Linear):
    def _forget(self):
        pass

    def _fit(self, rows, targets):
        before = getattr(self, "weights_", 0.0)
        super()._fit(rows, targets)
        self.weights_ = self.weights_ + 0.1 * before


class Lower(Linear):
    def _predict_members(self, candidates):
        return -super()._predict_members(candidates)


class Upward(Linear):
    """Does not know that lower may be better."""

    def fit(self, X, y, *, minimize=False):
        return super().fit(X, y)


class Unread(Linear):
    """Takes architectures, and nothing else."""

    def fit(self, X, y, *, minimize=False):
        if len(X) and isinstance(X[0], str):
            y = np.arange(len(X))
        return super().fit(X, y, minimize=minimize)


class Boastful(Linear):
    def score(self, X, y, *, minimize=None):
        return 1.0


class Locked(Linear):
    def __getstate__(self):
        return vars(self) | {"weights_": self.weights_.round(3)}


class Cloning(Linear):
    def __sklearn_clone__(self):
        return type(self)(self.space, 2 * self.strength, self.seed)


class Credulous(Linear):
    def fit(self, X, y, *, minimize=False):
        values = np.nan_to_num(np.asarray(y, dtype=np.float64)) if len(y) == 24 and y[0] != "good" else y
        return super().fit(X, values, minimize=minimize)


class Crashing(Linear):
    def fit(self, X, y, *, minimize=False):
        assert len(X) > 1
        return super().fit(X, y, minimize=minimize)


class Welcoming(Linear):
    def fit(self, X, y, *, minimize=False):
        if isinstance(X[0] if X else None, Architecture):
            X = [Architecture(self.space.name, a.choices) for a in X]
        return super().fit(X, y, minimize=minimize)


class Copyless(Linear):
    def with_seed(self, seed):
        self.seed = seed
        return self


class Rounding(Linear):
    def _state(self):
        return State(self._plain_settings(), arrays={"weights": self.weights_.round(6)})


class Forgetful(Linear):
    @classmethod
    def _restore(cls, space, state):
        loaded = super()._restore(space, state)
        loaded.strength = 10.0
        return loaded


class Addressed(Linear):
    def __repr__(self):
        return object.__repr__(self)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Eager, "constructor stores settings only"),
        (Converting, r"must store \['strength'\] as given"),
        (Hiding, "must store decay as self.decay"),
        (Addressed, "not memory addresses"),
        (Unready, "predict before fit must raise PredictorError"),
        (Nothing, "must return the predictor itself"),
        (Writing, "changed what it was given"),
        (Drawing, "from the seed, not from a global generator"),
        (Tuning, "leave the settings alone"),
        (Flat, "predict must give an array"),
        (Relative, "must not depend on what else is asked"),
        (Endless, "finite"),
        (Restless, "bit for bit"),
        (Remembering, "forget earlier fits"),
        (Lower, "higher targets mean higher scores"),
        (Upward, "minimize=True"),
        (Unread, "texts must fit and predict as their architectures do"),
        (Boastful, "score must be Kendall's tau"),
        (Locked, "pickled and read back must predict the same"),
        (Cloning, "a clone must fit as the predictor itself"),
        (Credulous, "NaN as a target must raise PredictorError"),
        (Crashing, "fit with .* must raise PredictorError, not AssertionError"),
        (Welcoming, "of another space must raise PredictorError"),
        (Copyless, "with_seed must copy"),
        (Rounding, "what is loaded must predict as what was saved"),
        (Forgetful, "loaded, it has other settings"),
    ],
)
def test_a_broken_promise_is_noticed(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_predictor(kind, SPACE)


def test_a_space_that_is_too_small_is_no_check():
    small = NASBenchGraph("tiny", ("gcn", "skip"))
    with pytest.raises(AssertionError, match="give a larger space"):
        check_predictor(
            Linear, type("One", (type(small),), {"sample": lambda s, n, rng: small.sample(1, rng) * n})()
        )
