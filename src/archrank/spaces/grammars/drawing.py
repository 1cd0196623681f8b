"""Derivations drawn choice by choice, as ``rng.integers`` gives the choices one after the other, but many at a time.

``rng.integers(bound)`` takes the next word of 32 random bits times the bound, without the last 32 bits. So the words
are drawn in blocks, and the derivations of rules that have few are worked out for all words of a block at once, whether
a derivation begins there or not.
"""

from collections.abc import Generator
from itertools import accumulate, product

import numpy as np
import numpy.typing as npt

from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.tree import Tree

__all__ = ["Drawing"]

_LEAST, _MOST = 1_024, 65_536
"""Words of a block."""

Ints = npt.NDArray[np.int64]
Table = tuple[list[Tree], list[int], list[int]]
"""The derivations of a rule; of every word which of them begins there, and the word behind it."""


class Drawing:
    """Draws derivations of a grammar.

    Args:
        grammar: The rules.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        few: dict[str, _Few] = {}
        for symbol in grammar.few:
            few[symbol] = _Few(grammar, symbol, few)
        self._few = few
        self._rules: dict[tuple[str, int], _Rule] = {}

    def derivations(
        self, symbol: str, depth: int, rng: np.random.Generator, n: int
    ) -> Generator[Tree | None, None, None]:
        """Derivations of a symbol; None in the place of one that the caller must draw, choice by choice.

        When it is closed, and when it gives None, the generator is where drawing choice by choice leaves it.

        Args:
            symbol: What is derived.
            depth: The largest depth.
            rng: The random numbers.
            n: About how many are wanted.
        """
        rule = self._rule(symbol, depth)
        size = _LEAST
        while True:
            state = rng.bit_generator.state
            block = _Block(self, rng.integers(2**32, size=size, dtype=np.uint32))
            used = 0
            try:
                while (drawn := block.derived(rule, used)) is not None:
                    used = drawn[1]
                    yield drawn[0]
            finally:
                rng.bit_generator.state = state
                rng.integers(2**32, size=used, dtype=np.uint32)
            if used == 0:
                yield None
            size = min(4 * size, _MOST, _LEAST * n)

    def parts(self, rule: "_Rule", k: int) -> "tuple[_Rule, ...]":
        """The rules among the parts of an alternative."""
        children = self._grammar.children[rule.symbol][rule.possible[k]]
        found = rule.parts[k] = tuple([self._rule(part, rule.depth - 1) for _, part in children])
        return found

    def _rule(self, symbol: str, depth: int) -> "_Rule":
        rule = self._rules.get((symbol, depth))
        if rule is None:
            rule = self._rules[symbol, depth] = _Rule(symbol, depth, self._grammar.possible(symbol, depth))
            few = self._few.get(symbol)
            if few is not None and few.depth <= depth:
                rule.few = few
        return rule


class _Rule:
    """A rule where a depth is left.

    Attributes:
        symbol: Its symbol.
        depth: The largest depth of a derivation.
        possible: The alternatives that have one.
        parts: Of each of these the rules among its parts, once they are known.
        few: Its derivations; None where they are many.
    """

    __slots__ = ("depth", "few", "parts", "possible", "symbol")

    def __init__(self, symbol: str, depth: int, possible: list[int]) -> None:
        self.symbol, self.depth, self.possible = symbol, depth, possible
        self.parts: list[tuple[_Rule, ...] | None] = [None] * len(possible)
        self.few: _Few | None = None


class _Few:
    """A rule with few derivations, each of which is there once."""

    def __init__(self, grammar: Grammar, symbol: str, known: "dict[str, _Few]") -> None:
        self.symbol = symbol
        self._children = [[known[part] for _, part in parts] for parts in grammar.children[symbol]]
        listed = [
            [Tree(symbol, k, each) for each in product(*[child.trees for child in children])]
            for k, children in enumerate(self._children)
        ]
        self.trees: list[Tree] = [tree for trees in listed for tree in trees]
        self.depth = max(tree.depth for tree in self.trees)
        self._firsts = np.array([0, *accumulate(len(trees) for trees in listed)])

    def placed(self, block: "_Block") -> tuple[Ints, Ints]:
        """The derivation that begins at every word, and the word behind it: (size + 2,) each.

        Where it does not end within the block, the word behind it is ``size + 1``.
        """
        bound, size = len(self._children), block.size
        begins = np.arange(size + 2)
        drawn = np.zeros(size + 2, dtype=np.int64)
        if bound > 1:
            drawn[:size], drawn[size:] = block.below(bound), bound
            begins += 1
            begins[drawn == bound] = size + 1
        numbers, ends = self._firsts[drawn], begins
        numbers[begins > size] = 0
        for k, children in enumerate(self._children):
            if children:
                at = np.flatnonzero((drawn == k) & (begins <= size))
                number, end = np.zeros(len(at), dtype=np.int64), begins[at]
                for child in children:
                    child_numbers, child_ends = block.placed(child)
                    number = number * len(child.trees) + child_numbers[end]
                    end = child_ends[end]
                numbers[at] += number
                ends[at] = end
        return numbers, ends


class _Block:
    """Random words, and what they give.

    Args:
        drawing: The rules.
        words: (size,).
    """

    def __init__(self, drawing: Drawing, words: npt.NDArray[np.uint32]) -> None:
        self.size = len(words)
        self._words = words.astype(np.uint64)
        self._drawing = drawing
        self._numbers: dict[int, list[int]] = {}
        self._placed: dict[_Few, tuple[Ints, Ints]] = {}
        self._tables: dict[_Few, Table] = {}

    def placed(self, few: _Few) -> tuple[Ints, Ints]:
        """The derivation of a rule that begins at every word, and the word behind it: (size + 2,) each."""
        if few not in self._placed:
            self._placed[few] = few.placed(self)
        return self._placed[few]

    def _table(self, few: _Few) -> Table:
        numbers, ends = self.placed(few)
        table = self._tables[few] = few.trees, numbers.tolist(), ends.tolist()
        return table

    def below(self, bound: int) -> Ints:
        """The number below ``bound`` of every word; ``bound`` itself where it takes another word: (size,)."""
        found = self._words * np.uint64(bound)
        again = (found & np.uint64(2**32 - 1)) < 2**32 % bound
        found >>= np.uint64(32)
        found[again] = bound
        return found.astype(np.int64)

    def derived(self, rule: _Rule, at: int) -> tuple[Tree, int] | None:
        """The derivation that begins at a word, and the word behind it; None where the block does not tell it."""
        try:
            found = self._derived(rule, at)
        except IndexError:  # the block ends, or one number takes several words
            return None
        return found if found[1] <= self.size else None

    def _derived(self, rule: _Rule, at: int) -> tuple[Tree, int]:
        if rule.few is not None:
            trees, numbers, ends = self._tables.get(rule.few) or self._table(rule.few)
            return trees[numbers[at]], ends[at]
        k, bound = 0, len(rule.possible)
        if bound > 1:
            drawn = self._numbers.get(bound)
            if drawn is None:
                drawn = self._numbers[bound] = self.below(bound).tolist()
            k = drawn[at]
            at += 1
        children = []
        for part in rule.parts[k] or self._drawing.parts(rule, k):
            few = part.few
            if few is not None:
                trees, numbers, ends = self._tables.get(few) or self._table(few)
                children.append(trees[numbers[at]])
                at = ends[at]
            else:
                child, at = self._derived(part, at)
                children.append(child)
        return Tree(rule.symbol, rule.possible[k], tuple(children)), at
