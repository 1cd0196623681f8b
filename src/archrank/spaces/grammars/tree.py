"""Derivation trees, and their choices by path."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archrank.spaces.grammars.rules import Grammar

__all__ = ["Place", "Tree", "choice_points", "derived", "places", "replaced"]


class Tree:
    """A derivation: which alternative a symbol takes, and the derivations of the rules among its parts.

    Attributes:
        symbol: The symbol of the rule.
        alternative: The number of the alternative, from 0 on.
        children: The derivations of its parts that are rules, in their order.
        depth: How many rules are within each other, at least 1.
    """

    __slots__ = ("_hash", "alternative", "children", "depth", "symbol")

    depth: int

    def __init__(self, symbol: str, alternative: int, children: tuple["Tree", ...] = ()) -> None:
        self.symbol = symbol
        self.alternative = alternative
        self.children = children
        self.depth = 1 + max((child.depth for child in children), default=0)
        self._hash = hash((symbol, alternative, children))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Tree)
            and self._hash == other._hash
            and self.alternative == other.alternative
            and self.symbol == other.symbol
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return self._hash

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
        children = grammar.children[symbol][alternative]
        return Tree(
            symbol, alternative, tuple([derive(s, _below(path, n, s), left - 1) for n, s in children])
        )

    return derive(grammar.start, grammar.start, depth)


def choice_points(grammar: Grammar, tree: Tree) -> Iterator[tuple[str, Tree, int]]:
    """Every choice of a derivation, in the order in which :func:`derived` asks.

    Yields:
        Its path, the subtree that it begins, and how many rules are around it.
    """

    def visit(tree: Tree, path: str, depth: int) -> Iterator[tuple[str, Tree, int]]:
        if len(grammar.rules[tree.symbol]) > 1:
            yield path, tree, depth
        children = grammar.children[tree.symbol][tree.alternative]
        for (place, symbol), child in zip(children, tree.children, strict=True):
            yield from visit(child, _below(path, place, symbol), depth + 1)

    return visit(tree, grammar.start, 0)


def _below(path: str, place: int, symbol: str) -> str:
    return f"{path}/{place + 1}.{symbol}"
