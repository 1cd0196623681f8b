"""What operations do to the shape of an image, and which derivations that rules out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from archrank.errors import InvalidArchitecture, SpaceError
from archrank.graph import Site
from archrank.spaces.grammars.rules import Alternative, Grammar
from archrank.spaces.grammars.topologies import Part
from archrank.spaces.grammars.tree import Tree

__all__ = ["Effect", "Shape", "Shapes"]


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


class Shape(NamedTuple):
    """How a shape differs from that of the input.

    Attributes:
        halves: How often the resolution was halved.
        width: What the number of channels was multiplied by.
        widest: The largest such factor on the way.
    """

    halves: int
    width: Fraction
    widest: Fraction


_SAME = Shape(0, Fraction(1), Fraction(1))


class Shapes:
    """The rules of shapes of a space.

    Shapes are worked out once for each topology and combination of shapes of its parts, of which there are few.

    Args:
        grammar: The rules of derivations.
        effects: What operations do; the other ones keep the shape.
        zeros: Operations whose result fits any shape.
        halvings: How often an image may be halved at most; any number of times for None.
        widening: What the channels may be multiplied by at most, anywhere; any number for None.
    """

    def __init__(
        self,
        grammar: Grammar,
        effects: Mapping[str, Effect],
        zeros: Collection[str] = (),
        halvings: int | None = None,
        widening: float | None = None,
    ) -> None:
        self._grammar = grammar
        self.effects, self.zeros = dict(effects), zeros
        self.halvings, self.widening = halvings, widening
        self._forget()

    @property
    def text(self) -> str:
        """The rules, for a digest."""
        effects = sorted((name, e.halves, float(e.widens)) for name, e in self.effects.items())
        return str((effects, self.halvings, self.widening))

    def of(self, tree: Tree) -> Shape | None:
        """The shape of a derivation's output; None where zeros leave nothing that reaches it.

        Raises:
            InvalidArchitecture: Branches that do not fit where they are joined, or a limit that is passed.
        """
        shape = self._shapes[self._number(tree)]
        if shape is None:
            return None
        if self.halvings is not None and shape.halves > self.halvings:
            raise InvalidArchitecture(
                f"the resolution is halved {shape.halves} times; at most {self.halvings} are allowed"
            )
        if self.widening is not None and shape.widest > self.widening:
            raise InvalidArchitecture(
                f"the channels are multiplied by {float(shape.widest):g}; at most {self.widening:g} is allowed"
            )
        return shape

    def __getstate__(self) -> dict[str, Any]:
        """The rules, without what was found out by them."""
        return {name: value for name, value in self.__dict__.items() if name not in _FOUND}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the rules."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        # Shapes by their numbers, which are faster to compare.
        self._shapes: list[Shape | None] = []
        self._numbers: dict[Shape | None, int] = {}
        self._joined: dict[tuple[str, tuple[int, ...]], int] = {}
        self._trees: dict[Tree, int] = {}
        self._operations = {name: self._numbered(self._effect(name)) for name in self._grammar.operations}

    def _number(self, tree: Tree) -> int:
        """The number of the shape of a derivation, before the limits."""
        few, known = self._grammar.few, self._trees
        if tree.symbol in few:
            found = known.get(tree)
            if found is None:
                if len(known) >= _KEPT:
                    known.clear()
                found = known[tree] = self._number_of_parts(tree, [self._number(c) for c in tree.children])
            return found
        try:
            parts = [known[c] if c.symbol in few else self._number(c) for c in tree.children]
        except KeyError:
            parts = [self._number(c) for c in tree.children]
        return self._number_of_parts(tree, parts)

    def _number_of_parts(self, tree: Tree, parts: list[int]) -> int:
        """The same, with the numbers of its parts that are rules."""
        rules = self._grammar.rules
        alternative = rules[tree.symbol][tree.alternative]
        if len(parts) < len(alternative.parts):
            children = iter(parts)
            parts = [next(children) if n in rules else self._operations[n] for n in alternative.parts]
        if alternative.topology is None:
            return parts[0]
        key = alternative.topology, tuple(parts)
        found = self._joined.get(key)
        if found is None:
            found = self._joined[key] = self._numbered(self._join(alternative, parts))
        return found

    def _numbered(self, shape: Shape | None) -> int:
        number = self._numbers.setdefault(shape, len(self._shapes))
        if number == len(self._shapes):
            self._shapes.append(shape)
        return number

    def _effect(self, operation: str) -> Shape | None:
        """What an operation does to a shape; None where its result is zero."""
        if operation in self.zeros:
            return None
        effect = self.effects.get(operation)
        if effect is None:
            return _SAME
        factor = Fraction(effect.widens)
        return Shape(effect.halves, factor, max(factor, Fraction(1)))

    def _join(self, alternative: Alternative, numbers: Sequence[int]) -> Shape | None:
        """What a topology does to a shape, if its parts do what is known of them."""
        assert alternative.topology is not None
        # Names that no operation of the topology itself has.
        names = {f"\0{place}": part for place, part in enumerate(alternative.parts)}
        changes = {name: self._shapes[number] for name, number in zip(names, numbers, strict=True)}
        cell = self._grammar.topologies[alternative.topology].cell([Part(name) for name in names])
        shapes: list[Shape | None] = [_SAME] * cell.inputs + [None] * (cell.junctions - cell.inputs)
        widest = Fraction(1)
        for site in sorted(cell.sites, key=_target):
            own = names.get(site.operation, site.operation)
            change = changes[site.operation] if site.operation in names else self._effect(site.operation)
            shape = _after(own, change, [shapes[j] for j in site.sources])
            if shape is None:
                continue
            before = shapes[site.target]
            if before is not None and shape[:2] != before[:2]:
                raise InvalidArchitecture(
                    f"branches of different shapes are joined: {_spelled(before)}, and after {own} {_spelled(shape)}"
                )
            shapes[site.target] = shape
            widest = max(widest, shape.widest)
        output = shapes[cell.outputs[0]]
        return None if output is None else output._replace(widest=widest)


_FOUND = ("_shapes", "_numbers", "_joined", "_trees", "_operations")


def _after(operation: str, change: Shape | None, sources: Sequence[Shape | None]) -> Shape | None:
    given = [shape for shape in sources if shape is not None]
    if change is None or not given:
        return None
    if len({shape.halves for shape in given}) > 1:
        raise InvalidArchitecture(f"{operation} joins branches of different resolution")
    width = sum((shape.width for shape in given), Fraction(0))
    return Shape(given[0].halves + change.halves, width * change.width, width * change.widest)


def _spelled(shape: Shape) -> str:
    return f"halved {shape.halves} times with channels × {float(shape.width):g}"


def _target(site: Site) -> int:
    return site.target
