"""How derivations are drawn: uniformly, uniformly over depths, or choice by choice.

Counts are exact integers, and drawing by them is exact: a derivation is its number among all.
"""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from itertools import accumulate
from typing import Any

import numpy as np

from archrank.errors import SpaceError
from archrank.spaces.grammars.drawing import Drawing
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.tree import Tree

__all__ = ["ByChoice", "ByDepth", "Counts", "Law", "Uniform"]

_BITS = 1_000_000
"""The longest count that is worked with."""

_SHORT = 2**64
"""Below it, where the numbers of each alternative end is kept."""


class Counts:
    """How many derivations every symbol has, by their largest depth.

    >>> from archrank.spaces.grammars.reading import read_rules
    >>> topologies = {}
    >>> rules = read_rules("S -> Linear2 S S | a", topologies)
    >>> Counts(Grammar(rules, "S", topologies), 4).up_to("S", 4)
    26
    """

    def __init__(self, grammar: Grammar, depth: int) -> None:
        self.grammar = grammar
        # How often each symbol is a part of an alternative.
        self._parts = {
            symbol: [tuple(Counter(part for _, part in children).items()) for children in alternatives]
            for symbol, alternatives in grammar.children.items()
        }
        self._ends: dict[tuple[str, int], list[int]] = {}
        self._table: list[dict[str, int]] = [dict.fromkeys(grammar.rules, 0)]
        for _ in range(depth):
            self._refuse_long(self._least_bits())
            row = {
                symbol: sum(self._product(symbol, k, len(self._table)) for k in range(len(alternatives)))
                for symbol, alternatives in grammar.rules.items()
            }
            self._refuse_long(max(row.values()).bit_length())
            self._table.append(row)

    def _least_bits(self) -> int:
        """How long the longest product of the next row is at least, before it is multiplied out."""
        bits = {symbol: count.bit_length() for symbol, count in self._table[-1].items()}
        return max(
            sum(times * (bits[part] - 1) for part, times in parts) + 1
            for alternatives in self._parts.values()
            for parts in alternatives
            if all(bits[part] for part, _ in parts)
        )

    def _refuse_long(self, bits: int) -> None:
        if bits > _BITS:
            raise SpaceError(
                f"the rules have more than 2^{_BITS} derivations up to the depth {len(self._table)}; "
                "give a smaller max_depth"
            )

    def __getstate__(self) -> dict[str, Any]:
        """The counts, without what follows from them."""
        return self.__dict__ | {"_ends": {}}

    def up_to(self, symbol: str, depth: int) -> int:
        """How many derivations of a symbol are no deeper than ``depth``."""
        return self._table[max(depth, 0)][symbol]

    def at(self, symbol: str, depth: int) -> int:
        """How many have exactly this depth."""
        return self.up_to(symbol, depth) - self.up_to(symbol, depth - 1)

    def with_alternative(self, symbol: str, alternative: int, depth: int) -> int:
        """How many of those no deeper than ``depth`` begin with an alternative."""
        return self._product(symbol, alternative, depth)

    def numbered(self, symbol: str, depth: int, number: int) -> Tree:
        """The derivation of a number from 0 to ``up_to(symbol, depth) - 1``."""
        if self.up_to(symbol, depth) < _SHORT:
            if (symbol, depth) not in self._ends:
                counts = (self._product(symbol, k, depth) for k in range(len(self._parts[symbol])))
                self._ends[symbol, depth] = list(accumulate(counts))
            ends = self._ends[symbol, depth]
            k = bisect_right(ends, number)
            return Tree(symbol, k, self._children(symbol, k, depth, number - (ends[k - 1] if k else 0)))
        for k in range(len(self._parts[symbol])):
            count = self._product(symbol, k, depth)
            if number < count:
                return Tree(symbol, k, self._children(symbol, k, depth, number))
            number -= count
        raise IndexError(number)

    def numbered_at(self, symbol: str, depth: int, number: int) -> Tree:
        """The derivation of a number from 0 to ``at(symbol, depth) - 1`` among those of exactly this depth."""
        for k, children in enumerate(self.grammar.children[symbol]):
            count = self._product(symbol, k, depth) - self._product(symbol, k, depth - 1)
            if number >= count:
                number -= count
                continue
            # The first child that is as deep as possible decides: those before it are shallower, those behind it any.
            found: list[Tree] = []
            symbols = [symbol for _, symbol in children]
            while symbols:
                first, rest = symbols[0], symbols[1:]
                behind = math.prod(self.up_to(s, depth - 1) for s in rest)
                if number < self.at(first, depth - 1) * behind:
                    mine, number = divmod(number, behind)
                    found.append(self.numbered_at(first, depth - 1, mine))
                    found += self._listed(rest, depth - 1, number)
                    break
                number -= self.at(first, depth - 1) * behind
                deep = behind - math.prod(self.up_to(s, depth - 2) for s in rest)
                mine, number = divmod(number, deep)
                found.append(self.numbered(first, depth - 2, mine))
                symbols = rest
            return Tree(symbol, k, tuple(found))
        raise IndexError(number)

    def _product(self, symbol: str, alternative: int, depth: int) -> int:
        if depth < 1:
            return 0
        before = self._table[depth - 1]
        return math.prod([before[part] ** times for part, times in self._parts[symbol][alternative]])

    def _children(self, symbol: str, alternative: int, depth: int, number: int) -> tuple[Tree, ...]:
        symbols = [s for _, s in self.grammar.children[symbol][alternative]]
        return tuple(self._listed(symbols, depth - 1, number))

    def _listed(self, symbols: list[str], depth: int, number: int) -> list[Tree]:
        found: list[Tree] = []
        for symbol in symbols:
            number, mine = divmod(number, self.up_to(symbol, depth))
            found.append(self.numbered(symbol, depth, mine))
        return found


class Law(ABC):
    """A distribution of the derivations of a symbol no deeper than a limit."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts

    @abstractmethod
    def draw(self, symbol: str, depth: int, rng: np.random.Generator) -> Tree:
        """Draw a derivation of a symbol that is no deeper than ``depth``."""

    def drawn(self, symbol: str, depth: int, rng: np.random.Generator, n: int) -> Generator[Tree, None, None]:
        """Draw one derivation after the other, about ``n``; until it is closed, ``rng`` is not to be used."""
        while True:
            yield self.draw(symbol, depth, rng)

    @abstractmethod
    def log_probability(self, tree: Tree, depth: int) -> float:
        """The logarithm of how probable a derivation is."""


class Uniform(Law):
    """Every derivation is as probable as every other one."""

    def draw(self, symbol: str, depth: int, rng: np.random.Generator) -> Tree:
        """Draw a derivation."""
        return self.counts.numbered(symbol, depth, _below(self.counts.up_to(symbol, depth), rng))

    def log_probability(self, tree: Tree, depth: int) -> float:
        """The logarithm of one by their number."""
        return -math.log(self.counts.up_to(tree.symbol, depth))


class ByDepth(Law):
    """Every depth is as probable as every other one, and every derivation of that depth."""

    def draw(self, symbol: str, depth: int, rng: np.random.Generator) -> Tree:
        """Draw a derivation."""
        depths = self._depths(symbol, depth)
        drawn = depths[int(rng.integers(len(depths)))]
        return self.counts.numbered_at(symbol, drawn, _below(self.counts.at(symbol, drawn), rng))

    def log_probability(self, tree: Tree, depth: int) -> float:
        """The logarithm of one by the number of depths and that of derivations of this depth."""
        depths = len(self._depths(tree.symbol, depth))
        return -math.log(depths) - math.log(self.counts.at(tree.symbol, tree.depth))

    def _depths(self, symbol: str, depth: int) -> list[int]:
        return [d for d in range(1, depth + 1) if self.counts.at(symbol, d)]


class ByChoice(Law):
    """Every alternative of a rule that can end within the depth is as probable as every other one."""

    def __init__(self, counts: Counts) -> None:
        super().__init__(counts)
        children = counts.grammar.children
        self._parts = {s: [tuple(part for _, part in each) for each in children[s]] for s in children}
        # Alternatives without rules among their parts, which are drawn most often.
        self._ends = {s: {k: Tree(s, k) for k, each in enumerate(children[s]) if not each} for s in children}
        self._drawing = Drawing(counts.grammar)

    def draw(self, symbol: str, depth: int, rng: np.random.Generator) -> Tree:
        """Draw a derivation."""
        possible = self.counts.grammar.possible(symbol, depth)
        k = possible[int(rng.integers(len(possible)))] if len(possible) > 1 else possible[0]
        end = self._ends[symbol].get(k)
        if end is not None:
            return end
        return Tree(symbol, k, tuple([self.draw(part, depth - 1, rng) for part in self._parts[symbol][k]]))

    def drawn(self, symbol: str, depth: int, rng: np.random.Generator, n: int) -> Generator[Tree, None, None]:
        """Draw one derivation after the other, many choices at a time."""
        with closing(self._drawing.derivations(symbol, depth, rng, n)) as found:
            for tree in found:
                yield self.draw(symbol, depth, rng) if tree is None else tree

    def log_probability(self, tree: Tree, depth: int) -> float:
        """The sum of the logarithms of the choices' probabilities."""
        mine = math.log(len(self.counts.grammar.possible(tree.symbol, depth)))
        return -mine + sum(self.log_probability(child, depth - 1) for child in tree.children)


def _below(bound: int, rng: np.random.Generator) -> int:
    """An integer from 0 to ``bound - 1``, uniformly, however large."""
    if bound <= 2**63:
        return int(rng.integers(bound))
    bits = (bound - 1).bit_length()
    while True:
        number = int.from_bytes(rng.bytes((bits + 7) // 8), "little") >> (-bits % 8)
        if number < bound:
            return number
