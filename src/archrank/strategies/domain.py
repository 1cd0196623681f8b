"""What a strategy may propose, and what of it is left."""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import Self, get_args

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import SpaceError, UnknownName
from archrank.fingerprints import check_made_by
from archrank.space import ENUMERABLE, SearchSpace
from archrank.strategies.base import History, Strategy, UniqueBy

__all__ = ["UNIQUE_BY", "Domain", "DomainStrategy", "Remaining", "Violation", "unseen"]

UNIQUE_BY: tuple[UniqueBy, ...] = get_args(UniqueBy)

Violation = Callable[[Architecture], float]
"""How far an architecture breaks bounds that are known before it is evaluated; 0 where it meets them."""

_QUICK_TRIES = 20

_DRAWS, _STEPS = 100, 1_000
"""How many draws it may take to meet the bounds, and how many mutations after that."""

_WALK = 50
"""Mutations after which another start has led to another architecture."""


class Domain:
    """The architectures that a strategy may propose, and when two of them count as one.

    Args:
        space: The space that is searched.
        candidates: Only these, e.g. the rows of an incomplete table; the whole space for None.
        unique_by: ``"encoding"``: two rows of choices are two architectures; or ``"function"``: of all architectures
            that compute the same function only one may be proposed. A space in which these are one architecture
            (:attr:`~archrank.SearchSpace.by_function`) leaves no choice.

    Attributes:
        candidates: The candidates, each once; None for the whole space.

    Raises:
        UnknownName: An unknown ``unique_by``.
        SpaceError: Candidates that an earlier version of the space made.
    """

    def __init__(
        self,
        space: SearchSpace,
        candidates: Iterable[Architecture] | None = None,
        unique_by: UniqueBy = "encoding",
    ) -> None:
        if not isinstance(unique_by, str) or unique_by not in UNIQUE_BY:
            raise UnknownName("unique_by", unique_by, UNIQUE_BY)
        self.space = space
        self.candidates = None if candidates is None else list(dict.fromkeys(candidates))
        check_made_by(space, self.candidates or ())
        self.unique_by: UniqueBy = "function" if space.by_function else unique_by
        self._violation: Violation | None = None
        # Working a key out takes longer than all else that a proposal needs, so each is worked out once.
        self._keys: dict[Architecture, Hashable] = {}

    def remaining(self, history: History, taken: Iterable[Architecture] = ()) -> "Remaining":
        """What neither ``history`` nor ``taken`` holds."""
        return Remaining(self, history, taken)

    def within(self, violation: Violation) -> Self:
        """The same, with bounds that are known before an evaluation.

        Args:
            violation: How far an architecture breaks them; 0 where it may be proposed.
        """
        bounded = copy(self)
        bounded._violation = violation
        return bounded

    def allows(self, architecture: Architecture) -> bool:
        """Whether it is among the candidates, and meets the bounds."""
        return (self._allowed is None or architecture in self._allowed) and self.meets(architecture)

    def meets(self, architecture: Architecture) -> bool:
        """Whether it meets the bounds; True where there are none."""
        return self._violation is None or self._violation(architecture) == 0

    def key(self, architecture: Architecture) -> Hashable:
        """Equal for architectures that compute the same function."""
        if architecture not in self._keys:
            self._keys[architecture] = self.space.function_key(architecture)
        return self._keys[architecture]

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` independently, so the same one may come twice; none where there is no candidate.

        With bounds it draws until one meets them. Where that takes too many draws, the least violating one is changed
        until it does, so that these are not drawn uniformly; fewer than ``n`` come where that takes too long as well.
        """
        if self._violation is None:
            return self._drawn(n, rng)
        found = [self._one_within(self._violation, rng) for _ in range(n)]
        return [architecture for architecture in found if architecture is not None]

    def _drawn(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        if self.candidates is None:
            return self.space.sample(n, rng)
        if not self.candidates:
            return []
        return [self.candidates[i] for i in rng.integers(len(self.candidates), size=n)]

    def _one_within(self, violation: Violation, rng: np.random.Generator) -> Architecture | None:
        nearest: Architecture | None = None
        for _ in range(_DRAWS):
            for architecture in self._drawn(1, rng):
                if violation(architecture) == 0:
                    return architecture
                if nearest is None or violation(architecture) < violation(nearest):
                    nearest = architecture
        if self.candidates is not None or nearest is None:
            return None
        if (near := self._by_neighbors(violation, nearest, rng)) is not None:
            return near
        for _ in range(_STEPS):
            child = self.space.mutate(nearest, rng)
            if violation(child) <= violation(nearest):
                nearest = child
            if violation(nearest) == 0:
                return nearest
        return None

    def _by_neighbors(
        self, violation: Violation, start: Architecture, rng: np.random.Generator
    ) -> Architecture | None:
        """Where steps to the least violating neighbor lead to, and then a walk among those that meet the bounds."""
        left = violation(start)
        while left > 0:
            best = min(self.space.neighbors(start), key=violation, default=start)
            if violation(best) >= left:
                return None
            start, left = best, violation(best)
        for _ in range(_WALK):
            child = self.space.mutate(start, rng)
            if violation(child) == 0:
                start = child
        return start

    @property
    def is_listable(self) -> bool:
        """Whether :meth:`everything` may be called; a space without bounds is asked, and says why it cannot."""
        return self._violation is None or self.candidates is not None or self.space.encodings <= ENUMERABLE

    def everything(self) -> Sequence[Architecture]:
        """All of them, in a fixed order, also those that break the bounds.

        Raises:
            SpaceError: The space has too many to list.
        """
        return self.space.architectures(self.space.rows()) if self.candidates is None else self.candidates

    @property
    def encodings(self) -> int:
        """No fewer than there are architectures."""
        return self.space.encodings if self.candidates is None else len(self.candidates)

    @cached_property
    def _allowed(self) -> frozenset[Architecture] | None:
        return None if self.candidates is None else frozenset(self.candidates)


class DomainStrategy(Strategy):
    """A strategy that proposes from the domain ``self._domain``."""

    _domain: Domain

    def within(self, violation: Violation) -> Self:
        """The same strategy, with bounds that are known before an evaluation."""
        bounded = copy(self)
        bounded._domain = self._domain.within(violation)
        return bounded


class Remaining:
    """What may still be proposed: a domain without what the history holds and what was taken since.

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> remaining = Domain(space, unique_by="function").remaining(History())
    >>> remaining.take(space.architecture((0, 0, 0, 3, 0, 0)))
    >>> space.architecture((0, 0, 0, 3, 0, 1)) in remaining  # a skip_connect that nothing flows through
    False

    Args:
        domain: What may be proposed at all.
        history: What was proposed before; pending and failed ones count.
        taken: What is taken already.

    Raises:
        SpaceError: An earlier version of the space made an architecture of the history.
    """

    def __init__(self, domain: Domain, history: History, taken: Iterable[Architecture] = ()) -> None:
        if history.fingerprints - {None, domain.space.fingerprint}:
            check_made_by(domain.space, [entry.architecture for entry in history])
        self._domain = domain
        self._history = history
        self._by_function = domain.unique_by == "function"
        self._functions = {domain.key(e.architecture) for e in history} if self._by_function else set()
        self._taken: set[Architecture] = set()
        for architecture in taken:
            self.take(architecture)

    def __contains__(self, architecture: Architecture) -> bool:
        return self._domain.allows(architecture) and self._is_new(architecture)

    def take(self, architecture: Architecture) -> None:
        """Count an architecture as proposed."""
        self._taken.add(architecture)
        if self._by_function:
            self._functions.add(self._domain.key(architecture))

    def draw(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Take ``n``, drawn uniformly from what is left.

        It rejects what was seen while that is quick, then lists everything; so it ends also where nearly
        everything was seen, with fewer than ``n`` where no more are left.

        Args:
            n: How many are wanted; none where it is below 1.
            rng: The source of randomness.
        """
        found: list[Architecture] = []
        if n < 1:
            return found
        # Drawing until as many as there are were met would take long.
        tries = _QUICK_TRIES if n < self._domain.encodings else 0
        for _ in range(tries):
            self._take_new(self._domain.sample(n - len(found), rng), n, found)
            if len(found) == n:
                return found
        if not self._domain.is_listable:
            return found  # bounds that hardly anything more meets
        try:
            everything = self._domain.everything()
        except SpaceError:
            if self._domain.encodings < math.inf:
                raise
            # Numbers that change nothing make endlessly many of what are few architectures.
            self._take_new(self._domain.sample(_STEPS, rng), n, found)
            return found
        left = [a for a in everything if self._is_new(a) and self._domain.meets(a)]
        self._take_new([left[i] for i in rng.permutation(len(left))], n, found)
        return found

    def _take_new(self, architectures: Iterable[Architecture], n: int, found: list[Architecture]) -> None:
        """Move new ones to ``found`` until it holds ``n``."""
        for architecture in architectures:
            if len(found) == n:
                break
            if self._is_new(architecture):
                self.take(architecture)
                found.append(architecture)

    def _is_new(self, architecture: Architecture) -> bool:
        if architecture in self._history or architecture in self._taken:
            return False
        return not self._by_function or self._domain.key(architecture) not in self._functions


def unseen(
    space: SearchSpace,
    history: History,
    n: int,
    rng: np.random.Generator,
    taken: Iterable[Architecture] = (),
    candidates: Iterable[Architecture] | None = None,
) -> list[Architecture]:
    """Draw ``n`` distinct architectures uniformly from those neither in ``history`` nor ``taken``.

    Args:
        space: The space to draw from.
        history: What not to draw.
        n: How many are wanted; fewer come only where no more are left.
        rng: The source of randomness.
        taken: What not to draw either.
        candidates: Draw from these instead of from the whole space.
    """
    return Domain(space, candidates).remaining(history, taken).draw(n, rng)
