"""Predictor-guided search: spend the next evaluations where a ranking learnt from the last ones says."""

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import UnknownName
from archrank.given import check_is_space
from archrank.space import SearchSpace
from archrank.space_checks import check_parts
from archrank.strategies.acquisition import (
    ACQUISITIONS,
    Acquisition,
    Believe,
    Floats,
    Led,
    Utility,
    belief,
    led_by,
    unchanged,
    utilities,
)
from archrank.strategies.base import History, Proposal, UniqueBy
from archrank.strategies.domain import Domain, DomainStrategy, Remaining
from archrank.strategies.guided_checks import check_ranker, check_shares, checked_first
from archrank.strategies.hinted_start import best_by_hints
from archrank.strategies.inner import Utilities, anneal, best_remaining, evolve, share_of_usual
from archrank.strategies.prior import Prior
from archrank.strategies.training_set import feasible_of, training_set
from archrank.system.arguments import checked_whole

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor, Ranker
    from archrank.strategies.feasibility import Feasibility

__all__ = ["INNER", "GuidedSearch"]

Inner = Literal["auto", "whole", "evolution", "annealing", "random"]
INNER: tuple[Inner, ...] = get_args(Inner)

_DRAWN = 10
"""How many random architectures are drawn for each one that is chosen by its probability of being feasible."""

_MOST_TRAIN, _LEAST_TRAIN = 600, 200
"""A round learns from no more measurements than this, so that its time does not grow with the history; the lesser
number is that of very large graphs."""

LISTED = 200_000
"""Spaces with up to this many encodings are scored whole by default; larger ones are searched by evolution."""


class GuidedSearch(DomainStrategy):
    """Guided search: in every round, fits a predictor to all evaluations and proposes the architectures it ranks best.

    The first ``initial`` architectures are random, or in turn given and random ones. After that every round fits the
    predictor to the measurements, searches for the unseen architectures with the best predicted scores, and keeps a
    share of the round for random ones. The predictor cannot distinguish architectures with exactly equal scores, so a
    round takes one of them.

    If evaluations failed or violated constraints, it learns how likely an architecture is to be feasible
    (:class:`~archrank.strategies.feasibility.Feasibility`), and multiplies the acquisition by that probability.

    The defaults are those of the results in ``docs/results/search-strategies.md``.

    Args:
        space: The space to search.
        predictor: Learns the ranking; its seed changes every round. ``auto(space, "fast")`` for None.
        initial: How many random architectures come first.
        first: Architectures to begin with instead of random ones, best first: every other one of the first ``initial``,
            as far as they last. Or a function that returns them, which is called when a search begins, with the
            :class:`~archrank.strategies.domain.Domain` of what may be proposed; its attribute ``reason`` is recorded,
            ``"given"`` if it has none.
        batch: How many architectures a round proposes.
        inner: How the best predicted architectures are found: ``"whole"`` scores all candidates; ``"random"`` scores
            ``ratio`` random ones per proposal; ``"evolution"`` evolves a population on the predicted score;
            ``"annealing"`` anneals independent chains on it; ``"auto"`` is ``"whole"`` for a small space and
            ``"evolution"`` for a large one.
        explore: Share of each round that is drawn at random, from 0 to 1.
        ratio: For ``"random"``: how many candidates are scored per proposal (r in the paper).
        population: For ``"evolution"``: how many architectures each generation has; for None 100, or 24 where
            choices depend on each other, or fewer where graphs have more than 40 sites.
        generations: For ``"evolution"``: how many generations; for None 20, or 5 where choices depend on each other,
            or fewer where graphs have more than 40 sites.
        chains: For ``"annealing"``: how many chains.
        steps: For ``"annealing"``: how many steps each chain makes.
        acquisition: What "best" means: the ``"mean"``, which is the predicted score, or an acquisition function that
            also uses its uncertainty (:func:`~archrank.strategies.acquisition.utilities`).
        beta: For the acquisition ``"ucb"``: how many standard deviations are added to the mean.
        shrink: From the third round on, the predictor is fitted to this share of the measured architectures, the best
            ones, but to no fewer than ``initial`` and two rounds. 1 fits it to all.
        candidates: Propose only these; the whole space for None. All of them are scored in every round.
        unique_by: Which architectures count as the same and are never proposed twice: those with the same
            ``"encoding"`` (row of choices), or that compute the same ``"function"``.

    Raises:
        UnknownName: No such inner search, acquisition or ``unique_by``.
        ArchrankError: A number out of its range, or an acquisition that needs a standard deviation, with a predictor
            that has none.

    Reference: GATES (ECCV 2020), section 4.4: n picks out of r · n inner samples. The authors' annealing has a
    temperature of 1000, which makes it a random walk; here the temperature is in standard deviations of the scores.
    ``shrink``: Wu et al., Stronger NAS with Weaker Predictors (NeurIPS 2021).
    """

    handles_constraints = True

    def __init__(
        self,
        space: SearchSpace,
        predictor: "Ranker | None" = None,
        *,
        initial: int = 10,
        first: "Sequence[Architecture] | Callable[[Domain], Sequence[Architecture]] | None" = None,
        batch: int = 5,
        inner: Inner = "auto",
        explore: float = 0.0,
        ratio: int = 100,
        population: int | None = None,
        generations: int | None = None,
        chains: int = 20,
        steps: int = 100,
        acquisition: Acquisition = "ei",
        beta: float = 1.0,
        shrink: float = 1.0,
        candidates: Sequence[Architecture] | None = None,
        unique_by: UniqueBy = "encoding",
    ) -> None:
        check_is_space(space)
        check_parts(space)
        if not isinstance(inner, str) or inner not in INNER:
            raise UnknownName("inner search", inner, INNER)
        if not isinstance(acquisition, str) or acquisition not in ACQUISITIONS:
            raise UnknownName("acquisition", acquisition, ACQUISITIONS)
        check_shares(explore, shrink, beta)
        share = share_of_usual(space)
        # Where choices depend on each other an architecture is built by running code, which takes milliseconds.
        if population is None:
            population = 24 if space.conditional else round(100 * share)
        if generations is None:
            generations = 5 if space.conditional else max(2, round(20 * share**2))
        self._most_train = max(_LEAST_TRAIN, round(_MOST_TRAIN * share**2))
        initial = checked_whole("initial", initial, minimum=0)
        batch, ratio = checked_whole("batch", batch), checked_whole("ratio", ratio)
        population, chains = checked_whole("population", population), checked_whole("chains", chains)
        generations = checked_whole("generations", generations, minimum=0)
        steps = checked_whole("steps", steps, minimum=0)
        if predictor is None:
            from archrank.predictors.automatic import auto

            predictor = auto(space, "fast")
        check_ranker(predictor, space)
        self.first = checked_first(first, space)
        self.space = space
        self.predictor: Ranker = predictor
        belief(acquisition, self.predictor)  # refused here, not after the first evaluations
        self.initial = initial
        self.batch = batch
        self.inner = inner
        self.explore = explore
        self.ratio = ratio
        self.population = population
        self.generations = generations
        self.chains = chains
        self.steps = steps
        self.acquisition: Acquisition = acquisition
        self.beta = beta
        self.shrink = shrink
        self.unique_by = unique_by
        self._domain = Domain(space, candidates, unique_by)
        self._prior: Prior | None = None
        self._hints: tuple[Predictor, ...] = ()
        self._last: tuple[tuple[int, list[tuple[Architecture, float]]], Ranker] | None = None

    def __repr__(self) -> str:
        """The plain settings and the predictor's."""
        return f"{super().__repr__()[:-1]}, predictor={self.predictor!r})"

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Random architectures at first, then the best predicted and a few random ones."""
        measured = history.measured
        remaining = self._domain.remaining(history)
        if len(history) - history.failed < self.initial or len({score for _, score in measured}) < 2:
            return self._initial(history, remaining, n, rng)
        predictor = self._fitted(measured, rng)
        exploring = int(rng.binomial(n, self.explore))
        feasibility = self._feasibility(history)
        if feasibility is not None:
            feasibility = feasibility.sometimes_daring(rng)
        found = self._favourites(predictor, history, feasibility, remaining, n - exploring, rng)
        others = remaining.draw(n - len(found), rng)
        return found + [Proposal(a, "explored") for a in others]

    def preferring(self, prior: Prior) -> Self:
        """The same search, led by a belief.

        Initial architectures are drawn by it; the acquisition is multiplied by a power of it that falls as 1 / labels.
        """
        led = copy(self)
        led._prior = prior
        return led

    def expecting(self, with_prior: "Callable[[Predictor], Predictor]") -> Self:
        """The same search with a prior of its predictor, which counts less the more labels there are.

        Hints stay inputs of the predictor. One that is no :class:`~archrank.predictors.Predictor` has no such prior.

        Args:
            with_prior: Gives a predictor its prior, such as a :class:`~archrank.predictors.WithPrior`; called whenever
                the predictor is fitted to fewer than 200 labels.
        """
        from archrank.predictors.base import Predictor
        from archrank.predictors.expecting import Expecting
        from archrank.predictors.hinted import Hinted

        led = copy(self)
        if isinstance(self.predictor, Predictor):
            led.predictor = Expecting(self.predictor, with_prior)
        elif isinstance(self.predictor, Hinted) and isinstance(self.predictor.predictor, Predictor):
            led.predictor = Hinted(Expecting(self.predictor.predictor, with_prior), self.predictor.hints)
        return led

    def listening(self, hints: "Sequence[Predictor]") -> Self:
        """The same search with hints, which its predictor uses as long as the labels bear them out.

        Without architectures to begin with, it begins with the best three by the hints. A prior stays.
        """
        from archrank.predictors.hinted import Hinted, check_fitted

        check_fitted(hints, self.space)
        led = copy(self)
        led.predictor, led._hints = Hinted(self.predictor, hints), tuple(hints)
        return led

    def predicted(
        self, history: History, architectures: Sequence[Architecture], rng: np.random.Generator
    ) -> Floats | None:
        """The predicted scores; None before there is enough to learn from."""
        measured = history.measured
        if len(measured) < self.initial or len({score for _, score in measured}) < 2:
            return None
        return self._fitted(measured, rng).predict(architectures)

    def _fitted(self, measured: list[tuple[Architecture, float]], rng: np.random.Generator) -> "Ranker":
        """The predictor, fitted; the one of the call before where that would be the same."""
        if callable(self.first):
            _ = self._preferred  # also where a search goes on: its predictor may need the same
        seed = int(rng.integers(2**31))
        size = max(math.ceil(self.shrink * len(measured)), self.initial + 2 * self.batch)
        known = training_set(measured, size, self._most_train, seed)
        if self._last is None or self._last[0] != (seed, known):
            predictor = self.predictor.with_seed(seed)
            predictor.fit([a for a, _ in known], [score for _, score in known])
            self._last = (seed, known), predictor
        return self._last[1]

    def _feasibility(self, history: History) -> "Feasibility | None":
        """The probability of being feasible; None where all that was evaluated is."""
        if not any(entry.violation or (entry.failed and not entry.unrelated) for entry in history):
            return None
        from archrank.strategies.feasibility import Feasibility

        return Feasibility.learned(self.space, list(history))

    def _initial(
        self, history: History, remaining: Remaining, n: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """Every other one of the given architectures, as far as they last, and random ones."""
        turns = sum(place % 2 == 0 for place in range(len(history), min(len(history) + n, self.initial)))
        given: list[Proposal] = []
        for architecture in self._preferred if turns else ():
            if len(given) == turns:
                break
            if architecture in remaining and self._domain.meets(architecture):
                remaining.take(architecture)
                given.append(Proposal(architecture, getattr(self.first, "reason", "given")))
        others = self._random(history, remaining, n - len(given), rng, [each.architecture for each in given])
        return given + [Proposal(a, "random") for a in others]

    @cached_property
    def _preferred(self) -> Sequence[Architecture]:
        if self.first is None and self._hints:
            return best_by_hints(self._hints, self._domain, self._pool if self._scores_whole else None)
        return () if self.first is None else self.first(self._domain) if callable(self.first) else self.first

    def _random(
        self,
        history: History,
        remaining: Remaining,
        n: int,
        rng: np.random.Generator,
        taken: Sequence[Architecture] = (),
    ) -> list[Architecture]:
        """Random architectures, by the prior; once most of many have failed, likely feasible ones more often."""
        feasibility = self._feasibility(history) if len(history) >= 2 * self.initial else None
        if feasibility is None and self._prior is None:
            return remaining.draw(n, rng)  # which spreads better
        drawn = self._domain.remaining(history, taken).draw(_DRAWN * n, rng)
        if not drawn:
            return []
        chances = np.ones(len(drawn)) if feasibility is None else feasibility.probability(drawn)
        if self._prior is not None:
            chances = chances * np.exp(self._prior.log(drawn))
        size = min(n, len(drawn))
        chosen = rng.choice(len(drawn), size=size, replace=False, p=chances / chances.sum())
        return [drawn[i] for i in chosen]

    def _favourites(
        self,
        predictor: "Ranker",
        history: History,
        feasibility: "Feasibility | None",
        remaining: Remaining,
        n: int,
        rng: np.random.Generator,
    ) -> list[Proposal]:
        """Take the ``n`` with the highest utility that the inner search finds."""
        if n == 0 or self._domain.candidates == []:
            return []
        believe = belief(self.acquisition, predictor)
        whole = None
        if self._scores_whole:
            chance = self._chance(feasibility, self._pool, self._collated)
            whole = (*believe(self._collated), chance)
        measured, feasible = [a for a, _ in history.measured], feasible_of(history)
        if len(measured) > self._most_train:
            # Only the lowest mean of what was measured is asked for, and the highest of what is feasible.
            known = dict(history.measured)
            measured = sorted(measured, key=lambda a: known[a])[: self._most_train]
            feasible = sorted(feasible, key=lambda a: -known[a])[: self._most_train]
        chosen: list[Architecture] = []
        scores: list[float] = []
        for utility, picks in utilities(self.acquisition, believe, measured, feasible, n, self.beta, rng):
            led = self._led(utility, believe, measured)
            if whole is not None:
                pool, values = self._pool, led(self._pool, utility(*whole))
            else:
                ask = partial(self._utilities, believe, feasibility, utility, led)
                pool, values = self._inner(ask, history, picks, rng)
            places = best_remaining(pool, values, remaining, picks, rng)
            chosen += [pool[i] for i in places]
            scores += values[places].tolist()
        if chosen and not (self.acquisition == "mean" and feasibility is None):
            # A utility says nothing of what will be measured; what is recorded is the prediction.
            scores = predictor.predict(chosen).tolist()
        return [Proposal(a, "predicted", score) for a, score in zip(chosen, scores, strict=True)]

    def _inner(
        self, utility: Utilities, history: History, n: int, rng: np.random.Generator
    ) -> tuple[Sequence[Architecture], Floats]:
        """What an inner search meets, and the utilities."""
        if self.inner == "random":
            drawn = self._domain.remaining(history).draw(self.ratio * n, rng)
            return drawn, utility(drawn)
        size = self.chains if self.inner == "annealing" else self.population
        half = sorted(history.measured, key=lambda entry: -entry[1])[: size // 2]
        starts = [a for a, _ in half if self._domain.meets(a)]
        starts += self._domain.sample(size - len(starts), rng)
        if not starts:
            return [], np.empty(0)
        if self.inner == "annealing":
            met = anneal(self.space, utility, starts, self.steps, rng)
        else:
            met = evolve(self.space, utility, starts, self.generations, rng)
        return list(met), np.array(list(met.values()))

    def _led(self, utility: Utility, believe: Believe, measured: Sequence[Architecture]) -> Led:
        """How the prior changes the utilities of a round."""
        if self._prior is None:
            return unchanged
        width = 1.0 if self.acquisition == "ei" else float(believe(measured)[0].std())
        return led_by(self._log_prior, self._prior.share(len(measured)), utility, width)

    def _log_prior(self, architectures: Sequence[Architecture]) -> Floats:
        assert self._prior is not None
        whole = self._scores_whole and architectures is self._pool
        return self._pool_prior if whole else self._prior.log(architectures)

    @property
    def _scores_whole(self) -> bool:
        if self._domain.candidates is not None or self.inner == "whole":
            return True
        return self.inner == "auto" and self.space.encodings <= LISTED

    @cached_property
    def _pool(self) -> Sequence[Architecture]:
        return self._domain.everything()

    @cached_property
    def _pool_prior(self) -> Floats:
        assert self._prior is not None
        return self._prior.log(self._pool)

    @cached_property
    def _collated(self) -> Any:
        return self.predictor.collate(self._pool)

    def _chance(
        self, feasibility: "Feasibility | None", architectures: Sequence[Architecture], collated: Any
    ) -> Floats | None:
        """The probability that each is feasible, by features that the predictor may have worked out already."""
        if feasibility is None:
            return None
        from archrank.predictors.candidates import Candidates

        return feasibility(collated if isinstance(collated, Candidates) else architectures)

    def _utilities(
        self,
        believe: Believe,
        feasibility: "Feasibility | None",
        utility: Utility,
        led: Led,
        architectures: Sequence[Architecture],
    ) -> Floats:
        """The utility of each, none where it breaks bounds that are known beforehand: (B,)."""
        # Prepared once where two models are asked.
        collated = architectures if feasibility is None else self.predictor.collate(architectures)
        values = led(
            architectures, utility(*believe(collated), self._chance(feasibility, architectures, collated))
        )
        return np.where([self._domain.meets(a) for a in architectures], values, -np.inf)
