"""Scores that are known for some architectures, such as zero-cost scores, as a predictor of all."""

from typing import Self

import numpy as np

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors.automatic import auto
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.candidates import Candidates, references
from archrank.predictors.checks import check_numbers
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace

__all__ = ["KnownScores"]


_MOST = 1_000
"""Others are predicted from this number of known scores at most, drawn at random: more take long and add little."""


_KEPT = 50_000
"""The most predictions that are kept: a ranking asks for those of the same architectures many times."""


class KnownScores(Predictor):
    """Gives the architectures that it was fitted to their own scores, and predicts those of others.

    Scores enter as normal scores, so that only their order counts. Others are predicted by ``auto`` with the effort
    ``fast``, on the same scale.

    Args:
        space: The space of the architectures.
        seed: Fixes all randomness.
        title: What an explanation calls the scores; None for a number.

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> scored = space.sample(20, np.random.default_rng(0))
    >>> known = KnownScores(space).fit(scored, [float(i) for i in range(20)])
    >>> bool((np.diff(known.predict(scored)) > 0).all())
    True
    """

    def __init__(self, space: SearchSpace, *, seed: int = 0, title: str | None = None) -> None:
        self.space = space
        self.seed = seed
        self.title = title

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict`."""
        return Candidates.of(self.space, X)

    def _check_settings(self) -> None:
        check_numbers(self, seed=0)
        if not isinstance(self.title, str | None):
            raise PredictorError(f"title is {self.title!r}; expected a text")

    def _fit(self, rows: Rows, targets: Floats) -> None:
        some = np.random.default_rng(self.seed).permutation(len(rows))[:_MOST]
        if np.ptp(targets[some]) == 0:
            some = np.arange(len(rows))
        model = auto(self.space, "fast", seed=self.seed).fit(rows[some], targets[some])
        self._learn(model, rows, normal_scores(targets))

    def _predict_members(self, candidates: Candidates) -> Floats:
        """The scores as one member: (1, B)."""
        if not len(candidates):
            return np.empty((1, 0))
        keys = [_key(row) for row in candidates.rows]
        if all(key in self._known or key in self._predicted for key in keys):
            return np.array([[self._known.get(key, self._predicted.get(key)) for key in keys]])
        predicted = ((self._model.predict(candidates) - self._mean) / self._std).tolist()
        if len(self._predicted) + len(keys) <= _KEPT:
            self._predicted |= zip(keys, predicted, strict=True)
        return np.array([[self._known.get(key, p) for key, p in zip(keys, predicted, strict=True)]])

    def _state(self) -> State:
        texts = [self.space.format(a) for a in self.space.architectures(self._rows)]
        values = np.array([self._known[_key(row)] for row in self._rows])
        return State(
            self._plain_settings(), {"architectures": texts}, {"scores": values}, {"member-0": self._model}
        )

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        self = cls(space, **state.settings)
        self._check_settings()
        rows = space.pack([space.parse(text) for text in state.learned["architectures"]])
        if len(rows) != len(state.arrays["scores"]):
            raise PredictorError(f"{len(rows)} architectures with {len(state.arrays['scores'])} scores")
        self._learn(state.parts["member-0"], rows, state.arrays["scores"])
        return self

    def _learn(self, model: Predictor, rows: Rows, scores: Floats) -> None:
        self._model, self._rows = model, rows
        self._predicted: dict[object, float] = {}
        self._known = dict(zip(map(_key, rows), scores.tolist(), strict=True))
        of_all = model.predict(references(self.space))
        self._mean, self._std = float(of_all.mean()), float(of_all.std()) or 1.0


def _key(row: object) -> object:
    """A row of option indices, or an architecture of an open space, as a key."""
    return row.tobytes() if isinstance(row, np.ndarray) else row
