"""Derivation trees, and their choices by path."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from archrank.spaces.grammars.rules import Grammar

__all__ = ["Place", "Tree", "choice_points", "derived", "places", "replaced", "taken_alternatives"]


class Tree:
    """A derivation: which alternative a symbol takes, and the derivations of the rules among its parts.

    Attributes:
        symbol: The symbol of the rule.
        alternative: The number of the alternative, from 0 on.
        children: The derivations of its parts that are rules, in their order.
    """

    __slots__ = ("_depth", "_hash", "alternative", "children", "symbol")

    def __init__(self, symbol: str, alternative: int, children: tuple["Tree", ...] = ()) -> None:
        self.symbol = symbol
        self.alternative = alternative
        self.children = children
        self._depth = self._hash = 0

    @property
    def depth(self) -> int:
        """How many rules are within each other, at least 1."""
        if not self._depth:
            depth = 0
            for child in self.children:
                depth = max(depth, child._depth or child.depth)
            self._depth = depth + 1
        return self._depth

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Tree)
            and hash(self) == hash(other)
            and self.alternative == other.alternative
            and self.symbol == other.symbol
            and self.children == other.children
        )

    def __hash__(self) -> int:
        if not self._hash:
            inside = [child._hash or hash(child) for child in self.children]
            self._hash = hash((self.symbol, self.alternative, *inside)) or 1
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """What it is made of: another process hashes symbols differently."""
        return Tree, (self.symbol, self.alternative, self.children)

    def __repr__(self) -> str:
        inside = "".join(f", {child!r}" for child in self.children)
        return f"Tree({self.symbol!r}, {self.alternative}{inside})"


class Place(NamedTuple):
    """A subtree within a tree.

    Attributes:
        tree: The subtree.
        path: The way to it: of every tree on it, the number of the child.
        depth: How many rules are around it.
    """

    tree: Tree
    path: tuple[int, ...]
    depth: int


def places(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[Place]:
    """All subtrees, the tree itself first."""
    yield Place(tree, path, len(path))
    for number, child in enumerate(tree.children):
        yield from places(child, (*path, number))


def taken_alternatives(tree: Tree) -> dict[tuple[str, int], int]:
    """How often each alternative of a symbol is taken, in the order of their first subtrees."""
    taken: dict[tuple[str, int], int] = {}
    pending = [tree]
    while pending:
        each = pending.pop()
        key = each.symbol, each.alternative
        taken[key] = taken.get(key, 0) + 1
        pending += reversed(each.children)
    return taken


def replaced(tree: Tree, path: tuple[int, ...], new: Tree) -> Tree:
    """The tree with another subtree at a path."""
    if not path:
        return new
    at, rest = path[0], path[1:]
    child = replaced(tree.children[at], rest, new)
    return Tree(tree.symbol, tree.alternative, (*tree.children[:at], child, *tree.children[at + 1 :]))


def derived(grammar: Grammar, choose: Callable[[str, str, int], int], depth: int) -> Tree:
    """Derive a tree by asking for the alternative of every rule that is reached.

    Args:
        grammar: The rules.
        choose: Gives the number of an alternative, from the path, the symbol, and the depth that is left.
        depth: The largest depth.
    """

    def derive(symbol: str, path: str, left: int) -> Tree:
        alternative = choose(path, symbol, left)
        below = zip(grammar.children[symbol][alternative], grammar.steps[symbol][alternative], strict=True)
        return Tree(symbol, alternative, tuple([derive(s, path + step, left - 1) for (_, s), step in below]))

    return derive(grammar.start, grammar.start, depth)


def choice_points(grammar: Grammar, tree: Tree) -> list[tuple[str, Tree, int]]:
    """Every choice of a derivation, in the order in which :func:`derived` asks.

    Returns:
        For each its path, the subtree that it begins, and how many rules are around it.
    """
    found: list[tuple[str, Tree, int]] = []

    def visit(tree: Tree, path: str, depth: int) -> None:
        if len(grammar.rules[tree.symbol]) > 1:
            found.append((path, tree, depth))
        for step, child in zip(grammar.steps[tree.symbol][tree.alternative], tree.children, strict=True):
            visit(child, path + step, depth + 1)

    visit(tree, grammar.start, 0)
    return found
