"""Changes of derivations: mutation, crossover of subtrees, and neighbors.

A mutation proposes a change of one choice and accepts it by the rule of Metropolis and Hastings, so that the law that
derivations are drawn by is left as it is: mutations without selection make them neither larger nor smaller.
"""

import math
from collections.abc import Iterator

import numpy as np

from archrank.spaces.grammars.laws import Law
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.tree import Place, Tree, places, replaced

__all__ = ["crossed", "mutated", "neighbors"]


def mutated(tree: Tree, law: Law, depth: int, rng: np.random.Generator) -> Tree:
    """Change one choice: one step of a Markov chain, which may stay where it is.

    Of all choices of the tree one is drawn, uniformly, and of its other alternatives one, uniformly. Parts that both
    have at one place keep their derivations; the other ones are drawn.
    """
    grammar = law.counts.grammar
    free = _free(grammar, tree, depth)
    if not free:
        return tree
    place = free[int(rng.integers(len(free)))]
    left = depth - place.depth
    others = [k for k in grammar.possible(place.tree.symbol, left) if k != place.tree.alternative]
    k = others[int(rng.integers(len(others)))]
    kept = _children_at(grammar, place.tree)
    ratio, children = 0.0, []
    for key in grammar.children[place.tree.symbol][k]:
        child = kept.pop(key, None)
        if child is None:
            child = law.draw(key[1], left - 1, rng)
            ratio -= law.log_probability(child, left - 1)
        children.append(child)
    ratio += sum(law.log_probability(child, left - 1) for child in kept.values())
    other = replaced(tree, place.path, Tree(place.tree.symbol, k, tuple(children)))
    ratio += law.log_probability(other, depth) - law.log_probability(tree, depth)
    ratio += math.log(len(free)) - math.log(len(_free(grammar, other, depth)))
    return other if ratio >= 0 or rng.random() < math.exp(ratio) else tree


def crossed(a: Tree, b: Tree, depth: int, rng: np.random.Generator) -> Tree | None:
    """The first tree with a subtree of the second in the place of one of the same symbol; None where none differ.

    The place is drawn uniformly among those that have a partner, and so is the partner.
    """
    by_symbol: dict[str, list[Tree]] = {}
    for each in places(b):
        by_symbol.setdefault(each.tree.symbol, []).append(each.tree)
    pairs: list[tuple[Place, list[Tree]]] = []
    for place in places(a):
        left = depth - place.depth
        partners = [t for t in by_symbol.get(place.tree.symbol, ()) if t.depth <= left and t != place.tree]
        if partners and (place.path or len(a.children) == 0):
            pairs.append((place, partners))
    if not pairs:
        return None if a == b or b.depth > depth else b
    place, partners = pairs[int(rng.integers(len(pairs)))]
    return replaced(a, place.path, partners[int(rng.integers(len(partners)))])


def neighbors(grammar: Grammar, tree: Tree, depth: int) -> Iterator[Tree]:
    """The trees with one choice changed; parts that are new take their shallowest derivation, the first of these."""
    for place in places(tree):
        for k in grammar.possible(place.tree.symbol, depth - place.depth):
            if k == place.tree.alternative:
                continue
            kept = _children_at(grammar, place.tree)
            children = [
                kept[key] if key in kept else _shallowest(grammar, key[1])
                for key in grammar.children[place.tree.symbol][k]
            ]
            yield replaced(tree, place.path, Tree(place.tree.symbol, k, tuple(children)))


def _free(grammar: Grammar, tree: Tree, depth: int) -> list[Place]:
    """The places with more than one alternative."""
    return [p for p in places(tree) if len(grammar.possible(p.tree.symbol, depth - p.depth)) > 1]


def _children_at(grammar: Grammar, tree: Tree) -> dict[tuple[int, str], Tree]:
    """The derivations of a tree's parts by their places and symbols."""
    return dict(zip(grammar.children[tree.symbol][tree.alternative], tree.children, strict=True))


def _shallowest(grammar: Grammar, symbol: str) -> Tree:
    k = grammar.possible(symbol, grammar.shallowest[symbol])[0]
    return Tree(symbol, k, tuple(_shallowest(grammar, s) for _, s in grammar.children[symbol][k]))
