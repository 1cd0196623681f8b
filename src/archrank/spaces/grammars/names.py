"""The choices of derivations by their paths; each choice is there once, however many architectures take it."""

from typing import Any

from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.tree import Tree

__all__ = ["Names"]

_KEPT = 50_000
"""Places and derivations that are remembered."""

Choices = tuple[tuple[str, str], ...]


class Names:
    """Names the choices of derivations, and reads derivations from them.

    Args:
        grammar: The rules.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._forget()

    def choices(self, tree: Tree) -> Choices:
        """The path and the text of every choice, in the order in which they are asked."""
        if self._kept > _KEPT:
            self._forget()
        found: list[tuple[str, str]] = []
        self._collect(self._start, tree, found)
        return tuple(found)

    def tree(self, choices: tuple[Any, ...]) -> Tree | None:
        """The derivation of choices; None where they are not what :meth:`choices` gives for one."""
        if self._kept > _KEPT:
            self._forget()
        try:
            tree, end = self._read(self._start, choices, 0)
        except (KeyError, IndexError, TypeError, RecursionError):
            return None
        return tree if end == len(choices) else None

    def _forget(self) -> None:
        self._kept = 0
        self._start = _Place(self._grammar, self._grammar.start, self._grammar.start)

    def _collect(self, place: "_Place", tree: Tree, found: list[tuple[str, str]]) -> None:
        if place.few:
            choices = place.choices.get(tree)
            if choices is None:
                mine: list[tuple[str, str]] = []
                self._collect_parts(place, tree, mine)
                choices = tuple(mine)
                self._keep(place, tree, choices)
            found += choices
        else:
            self._collect_parts(place, tree, found)

    def _collect_parts(self, place: "_Place", tree: Tree, found: list[tuple[str, str]]) -> None:
        k = tree.alternative
        if place.pairs:
            found.append(place.pairs[k])
        for part, child in zip(place.parts[k] or self._parts(place, k), tree.children, strict=True):
            choices = part.choices.get(child) if part.few else None
            if choices is None:
                self._collect(part, child, found)
            else:
                found += choices

    def _read(self, place: "_Place", choices: Choices, at: int) -> tuple[Tree, int]:
        for length in place.lengths:
            taken = choices[at : at + length]
            tree = place.trees.get(taken)
            if tree is not None:
                return tree, at + len(taken)
        begin, k = at, 0
        if place.pairs:
            k = place.numbers[choices[at]]
            at += 1
        children = []
        for part in place.parts[k] or self._parts(place, k):
            child, at = self._read(part, choices, at)
            children.append(child)
        tree = Tree(place.symbol, k, tuple(children))
        if place.few:
            self._keep(place, tree, choices[begin:at])
        return tree, at

    def _keep(self, place: "_Place", tree: Tree, choices: Choices) -> None:
        """Remember the choices of one of few derivations."""
        place.choices[tree] = choices
        place.trees[choices] = tree
        if len(choices) not in place.lengths:
            place.lengths.append(len(choices))
        self._kept += 1

    def _parts(self, place: "_Place", k: int) -> "tuple[_Place, ...]":
        """The places of the parts of an alternative that are rules."""
        children, steps = self._grammar.children[place.symbol][k], self._grammar.steps[place.symbol][k]
        for (_, symbol), step in zip(children, steps, strict=True):
            if step not in place.below:
                place.below[step] = _Place(self._grammar, symbol, place.path + step, inside=place)
                self._kept += 1
        found = place.parts[k] = tuple([place.below[step] for step in steps])
        return found


class _Place:
    """A symbol at a path.

    Attributes:
        symbol: The symbol.
        path: The path.
        few: Whether the choices of its derivations are remembered: they are few, and not part of others that are.
        pairs: The choice of every alternative; none where there is a single one.
        numbers: The alternative of every choice.
        below: The places of parts, by what they add to the path.
        parts: Of every alternative the places of its parts that are rules, once they are known.
        choices: What is remembered: the choices of derivations.
        trees: The derivations of these choices.
        lengths: How many choices they have.
    """

    __slots__ = (
        "below",
        "choices",
        "few",
        "lengths",
        "numbers",
        "pairs",
        "parts",
        "path",
        "symbol",
        "trees",
    )

    def __init__(self, grammar: Grammar, symbol: str, path: str, inside: "_Place | None" = None) -> None:
        rules = grammar.rules[symbol]
        self.symbol, self.path = symbol, path
        self.few = symbol in grammar.few and (inside is None or inside.symbol not in grammar.few)
        self.pairs = [(path, a.text) for a in rules] if len(rules) > 1 else []
        self.numbers = {pair: k for k, pair in enumerate(self.pairs)}
        self.below: dict[str, _Place] = {}
        self.parts: list[tuple[_Place, ...] | None] = [None] * len(rules)
        self.choices: dict[Tree, Choices] = {}
        self.trees: dict[Choices, Tree] = {}
        self.lengths: list[int] = []
