"""What operations do to the shape of an image, and which derivations that rules out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from archrank.errors import InvalidArchitecture, SpaceError
from archrank.graph import Cell, Graph, Node, Site

__all__ = ["Effect", "Shapes"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an operation does to the shape of an image or signal.

    Attributes:
        halves: How often it halves the resolution.
        widens: What the number of channels is multiplied by; a fraction such as 0.5 makes them fewer.
    """

    halves: int = 0
    widens: float = 1.0

    def __post_init__(self) -> None:
        if type(self.halves) is not int or self.halves < 0:
            raise SpaceError(
                f"an operation cannot halve the resolution {self.halves!r} times; give 0, 1, 2, …"
            )
        if not isinstance(self.widens, int | float) or not 0 < self.widens < 1e6:
            raise SpaceError(f"the channels cannot be multiplied by {self.widens!r}; give a number above 0")


_KEPT = 50_000


class _Shape(NamedTuple):
    """How a shape differs from that of the input."""

    halves: int
    width: Fraction
    widest: Fraction
    """The largest width on the way."""


class Shapes:
    """The rules of shapes of a space.

    Args:
        effects: What operations do; the other ones keep the shape.
        zeros: Operations whose result fits any shape.
        halvings: How often an image may be halved at most; any number of times for None.
        widening: What the channels may be multiplied by at most, anywhere; any number for None.
    """

    def __init__(
        self,
        effects: Mapping[str, Effect],
        zeros: Collection[str] = (),
        halvings: int | None = None,
        widening: float | None = None,
    ) -> None:
        self.effects, self.zeros = dict(effects), zeros
        self.halvings, self.widening = halvings, widening
        self._known: dict[int, tuple[Cell, _Shape | None]] = {}

    @property
    def text(self) -> str:
        """The rules, for a digest."""
        effects = sorted((name, e.halves, float(e.widens)) for name, e in self.effects.items())
        return str((effects, self.halvings, self.widening))

    def check(self, graph: Graph) -> None:
        """Check the shapes of a graph with cells in its nodes.

        Raises:
            InvalidArchitecture: Branches that do not fit where they are joined, or a limit that is passed.
        """
        if len(self._known) > _KEPT:
            self._known.clear()
        for cell in graph.cells:
            shape = self._of(cell)
            if shape is None:
                continue
            if self.halvings is not None and shape.halves > self.halvings:
                raise InvalidArchitecture(
                    f"the resolution is halved {shape.halves} times; at most {self.halvings} are allowed"
                )
            if self.widening is not None and shape.widest > self.widening:
                raise InvalidArchitecture(
                    f"the channels are multiplied by {float(shape.widest):g}; at most {self.widening:g} is allowed"
                )

    def _of(self, cell: Cell) -> _Shape | None:
        """What a cell does to the shape; None where its result is zero."""
        # By the object: equal parts of derivations share it, and comparing whole cells would take long.
        if id(cell) in self._known:
            return self._known[id(cell)][1]
        start = _Shape(0, Fraction(1), Fraction(1))
        shapes: list[_Shape | None] = [start] * cell.inputs + [None] * (cell.junctions - cell.inputs)
        widest = Fraction(1)
        for site in sorted(cell.sites, key=_target):
            shape = self._written(site, [shapes[j] for j in site.sources])
            if shape is None:
                continue
            before = shapes[site.target]
            if before is not None and shape[:2] != before[:2]:
                raise InvalidArchitecture(
                    f"branches of different shapes are joined: {_spelled(before)}, and after {site.operation} "
                    f"{_spelled(shape)}"
                )
            shapes[site.target] = shape
            widest = max(widest, shape.widest)
        output = shapes[cell.outputs[0]]
        found = None if output is None else output._replace(widest=widest)
        self._known[id(cell)] = cell, found
        return found

    def _written(self, site: Site, sources: list[_Shape | None]) -> _Shape | None:
        given = [shape for shape in sources if shape is not None]
        if site.operation in self.zeros or not given:
            return None
        if len({shape.halves for shape in given}) > 1:
            raise InvalidArchitecture(f"{site.operation} joins branches of different resolution")
        halves, width = given[0].halves, sum((shape.width for shape in given), Fraction(0))
        if isinstance(site, Node) and site.inner is not None:
            change = self._of(site.inner)
            if change is None:
                return None
        else:
            effect = self.effects.get(site.operation, Effect())
            factor = Fraction(effect.widens)
            change = _Shape(effect.halves, factor, max(factor, Fraction(1)))
        return _Shape(halves + change.halves, width * change.width, width * change.widest)


def _spelled(shape: _Shape) -> str:
    return f"halved {shape.halves} times with channels × {float(shape.width):g}"


def _target(site: Site) -> int:
    return site.target
