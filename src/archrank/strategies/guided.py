"""Predictor-guided search: spend the next evaluations where a ranking learnt from the last ones says."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, UnknownName
from archrank.predictors.base import Ranker
from archrank.space import SearchSpace
from archrank.strategies.base import History, Proposal, Strategy, unseen

__all__ = ["INNER", "GuidedSearch"]

Inner = Literal["auto", "whole", "evolution", "random"]
INNER: tuple[Inner, ...] = ("auto", "whole", "evolution", "random")

LISTED = 200_000
"""Spaces with up to so many encodings are scored whole by default; larger ones are searched by evolution."""


class GuidedSearch(Strategy):
    """Rounds of fitting a predictor afresh and evaluating what it ranks best.

    The first ``initial`` architectures are random. From then on every round fits the predictor on all that was
    measured, looks for the unseen architectures with the best predicted scores, and keeps a share of the round for
    random ones. Architectures with exactly equal scores are the same to the predictor, so a round takes one of them.

    Args:
        space: The space to search.
        predictor: Learns the ranking; its seed is drawn anew every round.
        initial: How many random architectures come first.
        batch: How many architectures a round proposes.
        inner: How the best predicted are looked for: ``"whole"`` scores all candidates; ``"random"`` scores
            ``ratio`` random ones per place; ``"evolution"`` evolves a population on the predicted score; ``"auto"``
            scores a small space whole and evolves on a large one.
        explore: Share of each round that is drawn at random, from 0 to 1.
        ratio: For ``"random"``: how many candidates are scored per architecture wanted (r in the paper).
        population: For ``"evolution"``: how many architectures each generation has.
        generations: For ``"evolution"``: how many generations.
        candidates: Propose only these; the whole space for None. They are always scored whole.

    Reference: GATES (ECCV 2020), section 4.4: n picks out of r · n inner samples.
    """

    def __init__(
        self,
        space: SearchSpace,
        predictor: Ranker,
        *,
        initial: int = 20,
        batch: int = 10,
        inner: Inner = "auto",
        explore: float = 0.1,
        ratio: int = 100,
        population: int = 100,
        generations: int = 20,
        candidates: Sequence[Architecture] | None = None,
    ) -> None:
        if inner not in INNER:
            raise UnknownName("inner search", inner, INNER)
        if not 0 <= explore <= 1:
            raise ArchrankError(f"explore is {explore}; it is a share, from 0 to 1")
        least = {"batch": batch, "ratio": ratio, "population": population}
        for name, value in least.items():
            if value < 1:
                raise ArchrankError(f"{name} is {value}; it must be 1 or more")
        self.space = space
        self.predictor = predictor
        self.initial = initial
        self.batch = batch
        self.inner = inner
        self.explore = explore
        self.ratio = ratio
        self.population = population
        self.generations = generations
        self.candidates = None if candidates is None else list(dict.fromkeys(candidates))

    def __repr__(self) -> str:
        """The plain settings and the predictor's."""
        return f"{super().__repr__()[:-1]}, predictor={self.predictor!r})"

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Random architectures at first, then the best predicted and a few random ones."""
        measured = history.measured
        if len(history) - history.failed < self.initial or len({score for _, score in measured}) < 2:
            return [Proposal(a, "random") for a in unseen(self.space, history, n, rng, (), self.candidates)]
        predictor = self.predictor.with_seed(int(rng.integers(2**31)))
        predictor.fit([a for a, _ in measured], [score for _, score in measured])
        exploring = int(rng.binomial(n, self.explore))
        found = self._best(predictor, history, n - exploring, rng)
        taken = [proposal.architecture for proposal in found]
        others = unseen(self.space, history, n - len(found), rng, taken, self.candidates)
        return found + [Proposal(a, "explored") for a in others]

    def _best(self, predictor: Ranker, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """The ``n`` unseen architectures with the best predicted scores that the inner search finds."""
        if n == 0 or self.candidates == []:
            return []
        if self._scores_whole:
            pool = self._pool
            scores = predictor.predict(self._collated)
        elif self.inner == "random":
            pool = unseen(self.space, history, self.ratio * n, rng)
            scores = predictor.predict(pool)
        else:
            pool, scores = self._evolve(predictor, history, rng)
        return [
            Proposal(pool[i], "predicted", float(scores[i]))
            for i in _top_unseen(pool, scores, history, n, rng)
        ]

    def _evolve(
        self, predictor: Ranker, history: History, rng: np.random.Generator
    ) -> tuple[list[Architecture], npt.NDArray[np.float64]]:
        """Evolve on the predicted score, from the best measured half and random others; returns all that it met."""
        half = sorted(history.measured, key=lambda entry: -entry[1])[: self.population // 2]
        parents = [a for a, _ in half]
        parents += self.space.sample(self.population - len(parents), rng)
        met = dict(zip(parents, predictor.predict(parents).tolist(), strict=True))
        for _ in range(self.generations):
            children = [
                self.space.mutate(parents[i], rng) for i in rng.integers(len(parents), size=self.population)
            ]
            new = [a for a in dict.fromkeys(children) if a not in met]
            if new:
                met.update(zip(new, predictor.predict(new).tolist(), strict=True))
            parents = sorted(met, key=lambda a: -met[a])[: self.population]
        return list(met), np.array(list(met.values()))

    @property
    def _scores_whole(self) -> bool:
        if self.candidates is not None or self.inner == "whole":
            return True
        return self.inner == "auto" and self.space.encodings <= LISTED

    @cached_property
    def _pool(self) -> Sequence[Architecture]:
        return self.candidates if self.candidates is not None else self.space.architectures(self.space.rows())

    @cached_property
    def _collated(self) -> Any:
        return self.predictor.collate(self._pool)


def _top_unseen(
    pool: Sequence[Architecture],
    scores: npt.NDArray[np.float64],
    history: History,
    n: int,
    rng: np.random.Generator,
) -> list[int]:
    """Places of the best unseen ones, equal scores in random order and, while others are left, one of each."""
    shuffled = rng.permutation(len(pool))
    order = shuffled[np.argsort(-scores[shuffled], kind="stable")]
    first: list[int] = []
    equals: list[int] = []
    used: set[float] = set()
    for place in order.tolist():
        if len(first) == n:
            break
        if pool[place] in history:
            continue
        score = float(scores[place])
        (equals if score in used else first).append(place)
        used.add(score)
    return (first + equals)[:n]
