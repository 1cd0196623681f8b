"""A canonical form of a cell: one description for all numberings of its junctions and shared weights.

Junctions are colored by what reaches them and by what they reach, until no color splits any more (color refinement,
in sweeps along the graph and back). Where equal colors are left, each of their junctions is singled out in turn
(individualization), and the smallest description wins.

Reference: McKay and Piperno, Practical graph isomorphism, II (Journal of Symbolic Computation 60, 2014).
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

__all__ = ["Wiring", "certificate", "number_of"]

_EFFORT = 20_000
"""Sites looked at in all refinements of one cell; past that the numbering of the junctions decides a tie."""

Certificate = tuple[Any, ...]
Colors = list[int]


class Wiring:
    """How one site is connected.

    Args:
        label: What the site computes.
        number: Stands for the label in colors; equal for equal labels, see :func:`number_of`.
        sources: The junctions that it reads.
        targets: The junctions that it writes.
        ordered: Whether the order of the sources counts.
        weights: The numbers of the shared weights that it uses.
    """

    __slots__ = ("label", "number", "ordered", "sources", "targets", "weights")

    def __init__(
        self,
        label: Hashable,
        number: int,
        sources: tuple[int, ...],
        targets: tuple[int, ...],
        ordered: bool = False,
        weights: tuple[int, ...] = (),
    ) -> None:
        self.label = label
        self.number = number
        self.sources = sources
        self.targets = targets
        self.ordered = ordered
        self.weights = weights

    def placed(self, at: Colors, weights_at: Colors) -> tuple[Any, ...]:
        """The connections where junction j is at ``at[j]`` and weight w at ``weights_at[w]``."""
        sources = [at[j] for j in self.sources]
        if not self.ordered:
            sources.sort()
        return (
            tuple([at[j] for j in self.targets]),
            self.number,
            tuple(sources),
            tuple([weights_at[w] for w in self.weights]),
            self.label,
        )


@lru_cache(maxsize=65_536)
def number_of(label: Hashable) -> int:
    """64 bits that stand for a label, the same in every process."""
    return int.from_bytes(blake2b(repr(label).encode(), digest_size=8).digest(), "big", signed=True)


def certificate(
    inputs: int,
    junctions: int,
    sites: Sequence[Wiring],
    outputs: tuple[int, ...],
    ordered: bool,
    weights: int,
) -> Certificate:
    """The smallest description of a cell over the junction orders that refinement leaves open.

    Equal descriptions always mean equal cells. Equal cells have equal descriptions unless they have so many symmetries
    that not all orders are tried. Arguments are those of :class:`~archrank.graph.Cell`.
    """
    search = _Search(inputs, junctions, sites, outputs, ordered, weights)
    return min(search.descriptions(*search.start()))


class _Search:
    """The orders of the junctions of one cell."""

    def __init__(
        self,
        inputs: int,
        junctions: int,
        sites: Sequence[Wiring],
        outputs: tuple[int, ...],
        ordered: bool,
        weights: int,
    ) -> None:
        self._inputs, self._junctions, self._sites = inputs, junctions, sites
        self._outputs, self._ordered, self._weights = outputs, ordered, weights
        self._writers: list[list[tuple[Wiring, int]]] = [[] for _ in range(junctions)]
        self._readers: list[list[tuple[Wiring, int]]] = [[] for _ in range(junctions)]
        for site in self._sites:
            for place, junction in enumerate(site.targets):
                self._writers[junction].append((site, place))
            for place, junction in enumerate(site.sources):
                self._readers[junction].append((site, place if site.ordered else -1))
        self._left = _EFFORT

    def start(self) -> tuple[Colors, Colors]:
        """Colors of junctions and of shared weights before any refinement: what is told apart from outside."""
        outputs = Counter(self._outputs)
        colors = [hash((min(j, self._inputs), outputs[j])) for j in range(self._junctions)]
        if self._ordered:
            for place, junction in enumerate(self._outputs):
                colors[junction] = hash((colors[junction], place))
        count = max((w + 1 for site in self._sites for w in site.weights), default=0)
        return colors, [min(w, self._weights) for w in range(max(count, self._weights))]

    def descriptions(self, colors: Colors, weights: Colors) -> Iterator[Certificate]:
        """The description of every order that has to be tried, from given colors on."""
        self._refine(colors, weights)
        tied = [color for color, count in Counter(colors).items() if count > 1]
        if not tied or self._left <= 0:
            yield self._description(colors, weights)
            return
        color = min(tied)
        tried: list[int] = []
        for member in [j for j, c in enumerate(colors) if c == color]:
            if any(self._interchangeable(member, other) for other in tried):
                continue
            if tried and self._left <= 0:
                return
            tried.append(member)
            singled = colors.copy()
            singled[member] = hash((color, 1))
            yield from self.descriptions(singled, weights.copy())

    def _refine(self, colors: Colors, weights: Colors) -> None:
        """Split colors by what writes to and reads from a junction, until no more are split."""
        distinct = len(set(colors)) + len(set(weights))
        junctions = range(len(colors))
        while True:
            self._left -= len(self._sites)
            for junction in junctions:
                if around := self._writers[junction]:
                    colors[junction] = hash((colors[junction], self._written(around, colors, weights)))
            for junction in reversed(junctions):
                if around := self._readers[junction]:
                    colors[junction] = hash((colors[junction], self._read(around, colors, weights)))
            if weights:
                self._color_weights(colors, weights)
            before, distinct = distinct, len(set(colors)) + len(set(weights))
            if distinct == before or distinct == len(colors) + len(weights):
                return

    @staticmethod
    def _written(around: list[tuple[Wiring, int]], colors: Colors, weights: Colors) -> tuple[int, ...]:
        found = []
        for site, place in around:
            sources = [colors[j] for j in site.sources]
            if not site.ordered:
                sources.sort()
            if site.weights:
                sources += [weights[w] for w in site.weights]
            found.append(hash((site.number, place, tuple(sources))))
        return tuple(sorted(found))

    @staticmethod
    def _read(around: list[tuple[Wiring, int]], colors: Colors, weights: Colors) -> tuple[int, ...]:
        return tuple(
            sorted(
                hash((site.number, place, tuple([colors[j] for j in site.targets]))) for site, place in around
            )
        )

    def _color_weights(self, colors: Colors, weights: Colors) -> None:
        users: list[list[int]] = [[] for _ in weights]
        for site in self._sites:
            for place, weight in enumerate(site.weights):
                users[weight].append(hash((site.number, place, colors[site.targets[0]])))
        for weight, used in enumerate(users):
            weights[weight] = hash((weights[weight], tuple(sorted(used))))

    def _description(self, colors: Colors, weights: Colors) -> Certificate:
        # What comes from outside keeps its place.
        at, weights_at = _ranks(colors, self._inputs), _ranks(weights, self._weights)
        sites = tuple(sorted([site.placed(at, weights_at) for site in self._sites]))
        outputs = [at[j] for j in self._outputs]
        if not self._ordered:
            outputs.sort()
        return (self._inputs, self._junctions, self._weights, self._ordered, sites, tuple(outputs))

    def _interchangeable(self, a: int, b: int) -> bool:
        """Whether swapping two junctions of equal color leaves the cell as it is, so that one of them is enough."""
        touched = [site for j in (a, b) for around in (self._writers, self._readers) for site, _ in around[j]]
        sites = list({id(site): site for site in touched}.values())
        swap = list(range(self._junctions))
        same, weights = swap.copy(), [*range(1 + max((w for s in sites for w in s.weights), default=-1))]
        swap[a], swap[b] = b, a
        return Counter(s.placed(same, weights) for s in sites) == Counter(
            s.placed(swap, weights) for s in sites
        )


def _ranks(colors: Colors, fixed: int) -> list[int]:
    """The place of each: the first ``fixed`` keep theirs, the others are sorted; equals keep their order."""
    order = sorted(range(fixed, len(colors)), key=colors.__getitem__)
    at = list(range(len(colors)))
    for rank, index in enumerate(order):
        at[index] = fixed + rank
    return at
