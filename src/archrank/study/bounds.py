"""Constraints on values that are known before anything is evaluated."""

import heapq
import math
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.indices import RowIndex
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError
from archrank.space import SearchSpace
from archrank.study.objectives import Constraint

__all__ = ["KnownBounds", "KnownValues"]

KnownValues = Callable[[Architecture], Mapping[str, float]]
"""Gives what is known of an architecture without evaluating it, by name."""

_SAMPLE, _DESCENTS = 200, 2
"""How many random architectures a check looks at, and from how many of them it looks for better ones."""

_LISTED = 20_000
"""Spaces with no more encodings are looked through whole before a bound on their own values is refused. An evaluator's
take longer: a network may have to be built."""


class KnownBounds:
    """The constraints of a search on values that are known before anything is evaluated.

    A table knows those of its metrics that need no measurement. Elsewhere the space and the evaluator say what is
    known, each by a method ``known_values``; where both name a value, the evaluator's counts.

    Args:
        space: The space that is searched.
        constraints: The constraints of the search; those on other values take no part.
        evaluate: The evaluator; None where other processes evaluate.
        table: The table that is looked up instead, if there is one.

    Attributes:
        constraints: The constraints on known values.

    Raises:
        ArchrankError: Nothing that may be proposed meets them; the message gives the range that exists.
    """

    def __init__(
        self,
        space: SearchSpace,
        constraints: Sequence[Constraint],
        evaluate: object = None,
        table: Table | None = None,
    ) -> None:
        self._space = space
        self._candidates = None if table is None else table.architectures
        self._own: KnownValues | None = getattr(evaluate, "known_values", None)
        self._values = self._of_both if table is None else _column_values(table)
        # Counting what a network has may take longer than all else that a proposal needs.
        self._known: dict[Architecture, tuple[float, ...]] = {}
        self.constraints = tuple(c for c in constraints if c.name in self._names())
        if self.constraints:
            self._check()

    def violation(self, architecture: Architecture) -> float:
        """How far an architecture breaks the bounds together; 0 where it meets them all."""
        if architecture not in self._known:
            values = self._values(architecture)
            self._known[architecture] = tuple(float(values[c.name]) for c in self.constraints)
        known = self._known[architecture]
        excesses = [c.excess(value) for c, value in zip(self.constraints, known, strict=True)]
        return math.inf if any(map(math.isnan, excesses)) else sum(e for e in excesses if e > 0)

    def check(self, architectures: Sequence[Architecture]) -> None:
        """Refuse architectures that break the bounds.

        Raises:
            ArchrankError: One does.
        """
        for architecture in architectures if self.constraints else ():
            if self.violation(architecture) > 0:
                values = self._values(architecture)
                broken = next(c for c in self.constraints if c.excess(float(values[c.name])) > 0)
                raise ArchrankError(
                    f"start: {self._space.format(architecture)} breaks {str(broken)!r}, its {broken.name} is "
                    f"{values[broken.name]:.6g}; leave it out, or loosen the bound"
                )

    def _names(self) -> set[str]:
        some = self._candidates or self._space.sample(1, np.random.default_rng(0))
        return set(self._values(some[0]))

    def _of_both(self, architecture: Architecture) -> Mapping[str, float]:
        known = self._space.known_values(architecture)
        if self._own is None:
            return known
        # Not copied: an evaluator may count only what is asked for.
        return ChainMap(self._own(architecture), known)  # type: ignore[arg-type]

    def _check(self) -> None:
        """Refuse bounds that nothing meets: look at random, downhill from the best, then at all if that is quick."""
        space = self._space
        listed = self._candidates
        if listed is None:
            drawn = list(dict.fromkeys(space.sample(_SAMPLE, np.random.default_rng(0))))
            if any(self.violation(a) == 0 for a in drawn):
                return
            if any(self._leads_down(a) for a in heapq.nsmallest(_DESCENTS, drawn, key=self.violation)):
                return
            if space.encodings > _LISTED or self._own is not None:
                self._refuse(
                    f"among the {len(self._known):,} that were counted, at random and downhill from there,"
                )
            listed = space.architectures(space.rows())
        if not any(self.violation(a) == 0 for a in listed):
            self._refuse(f"among all {len(listed):,}")

    def _leads_down(self, architecture: Architecture) -> bool:
        """Whether going to the best neighbor, as long as that is better, ends at one that meets the bounds."""
        violation = self.violation(architecture)
        while violation > 0:
            neighbors = self._space.neighbors(architecture)
            best = min(neighbors, key=self.violation, default=architecture)
            if self.violation(best) >= violation:
                return False
            architecture, violation = best, self.violation(best)
        return True

    def _refuse(self, seen: str) -> NoReturn:
        known = np.array(list(self._known.values()))
        met = [
            np.any([c.excess(value) <= 0 for value in known[:, k]]) for k, c in enumerate(self.constraints)
        ]
        # One that nothing meets is to blame alone.
        blamed = [k for k in range(len(met)) if not met[k]][:1] or range(len(met))
        bounds = " and ".join(str(self.constraints[k]) for k in blamed)
        columns = {self.constraints[k].name: known[:, k] for k in blamed}
        ranges = " and ".join(
            f"{name} is between {np.nanmin(values):.6g} and {np.nanmax(values):.6g}"
            for name, values in columns.items()
        )
        raise ArchrankError(
            f"no architecture of {self._space.name} meets {bounds!r}: {seen} {ranges}. Nothing was evaluated; loosen "
            "the bound"
        )


def _column_values(table: Table) -> KnownValues:
    columns = {metric.name: table.column(metric.name) for metric in table.metrics if not metric.measured}
    index = RowIndex(table.rows, table.space)

    def values(architecture: Architecture) -> Mapping[str, float]:
        place = index.get(architecture.choices)
        return {name: math.nan if place is None else column[place] for name, column in columns.items()}

    return values
