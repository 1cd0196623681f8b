"""A conformance suite is worth what it notices: each of these predictors breaks one promise."""

import json
from pathlib import Path

import numpy as np
import pytest

from archrank.errors import PredictorError
from archrank.files import write_whole
from archrank.predictors import Predictor
from archrank.predictors.targets import checked_targets
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.testing import check_predictor

SPACE = NASBench201()


class Linear(Predictor):
    """Ridge regression on one-hot choices: about the smallest predictor there is."""

    def __init__(self, space, strength=0.1, seed=0):
        self.space, self.strength, self.seed = space, strength, seed

    def fit(self, architectures, targets):
        values = checked_targets(architectures, targets)
        x = self._features(architectures)
        kernel = x.T @ x + self.strength * np.eye(x.shape[1])
        self.weights_ = np.linalg.solve(kernel, x.T @ (values - values.mean()))
        return self

    def predict_members(self, candidates):
        if not hasattr(self, "weights_"):
            raise PredictorError("this predictor was not fitted yet")
        return (self._features(candidates) @ self.weights_)[None]

    def save(self, folder):
        if not hasattr(self, "weights_"):
            raise PredictorError("this predictor was not fitted yet")
        record = {"strength": self.strength, "weights": self.weights_.tolist()}
        write_whole(Path(folder) / "linear.json", json.dumps(record))

    @classmethod
    def load(cls, folder, space):
        try:
            record = json.loads((Path(folder) / "linear.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise PredictorError(f"{folder} holds no saved predictor: {error}") from None
        loaded = cls(space, record["strength"])
        loaded.weights_ = np.array(record["weights"])
        return loaded

    def _features(self, architectures):
        for architecture in architectures:
            if architecture.space != self.space.name:
                raise PredictorError(f"an architecture of the space {architecture.space!r}")
        sizes = [len(choice.options) for choice in self.space.choices]
        rows = [[i == a.choices[p] for p, n in enumerate(sizes) for i in range(n)] for a in architectures]
        return np.array(rows, dtype=np.float64).reshape(-1, sum(sizes))


@pytest.mark.parametrize("space", [SPACE, NASBenchGraph()], ids=lambda s: s.name)
def test_a_small_predictor_of_another_kind_passes(space):
    check_predictor(Linear, space)


class Eager(Linear):
    def __init__(self, space):
        super().__init__(space)
        self.weights_ = np.zeros(30)


class Unready(Linear):
    def predict_members(self, candidates):
        return (
            super().predict_members(candidates)
            if hasattr(self, "weights_")
            else np.zeros((1, len(candidates)))
        )


class Nothing(Linear):
    def fit(self, architectures, targets):
        super().fit(architectures, targets)


class Writing(Linear):
    def fit(self, architectures, targets):
        super().fit(architectures, targets)
        if isinstance(targets, np.ndarray):
            targets -= targets.mean()
        return self


class Drawing(Linear):
    def fit(self, architectures, targets):
        np.random.rand()  # noqa: NPY002
        return super().fit(architectures, targets)


class Tuning(Linear):
    def fit(self, architectures, targets):
        self.strength = 0.5
        return super().fit(architectures, targets)


class Flat(Linear):
    def predict_members(self, candidates):
        return super().predict_members(candidates)[0]


class Relative(Linear):
    def predict_members(self, candidates):
        scores = super().predict_members(candidates)
        return scores - scores.mean(axis=1, keepdims=True) if scores.size else scores


class Endless(Linear):
    def predict_members(self, candidates):
        return super().predict_members(candidates) / 0.0 if len(candidates) else np.zeros((1, 0))


class Restless(Linear):
    def fit(self, architectures, targets):
        super().fit(architectures, targets)
        self.weights_ = self.weights_ + np.random.default_rng().normal(size=self.weights_.shape) * 1e-9
        return self


class Remembering(Linear):
    def fit(self, architectures, targets):
        before = getattr(self, "weights_", 0.0)
        super().fit(architectures, targets)
        self.weights_ = self.weights_ + 0.1 * before
        return self


class Lower(Linear):
    def predict_members(self, candidates):
        return -super().predict_members(candidates)


class Credulous(Linear):
    def fit(self, architectures, targets):
        values = np.nan_to_num(np.asarray(targets, dtype=np.float64)) if len(targets) == 24 else targets
        return super().fit(architectures, values)


class Crashing(Linear):
    def fit(self, architectures, targets):
        assert len(architectures) > 1
        return super().fit(architectures, targets)


class Welcoming(Linear):
    def _features(self, architectures):
        return super()._features([type(a)(self.space.name, a.choices) for a in architectures])


class Copyless(Linear):
    def with_seed(self, seed):
        self.seed = seed
        return self


class Rounding(Linear):
    def save(self, folder):
        weights = getattr(self, "weights_", None)
        if weights is not None:
            self.weights_ = weights.round(6)
        super().save(folder)
        self.weights_ = weights


class Forgetful(Linear):
    @classmethod
    def load(cls, folder, space):
        loaded = super().load(folder, space)
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
        (Addressed, "not where objects lie"),
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
