"""Plain texts of derivations, read and written in one pass; :mod:`~archrank.spaces.grammars.texts` has the rest."""

import re
from collections.abc import Mapping, Sequence

from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.tree import Tree
from archrank.spaces.grammars.words import quoted

__all__ = ["Heads", "heads_of", "read_quickly", "written_quickly"]

Heads = Mapping[str, Mapping[str, Sequence[int]]]
"""Of every rule the alternatives that each first word may begin."""

_PLAIN = re.compile(r"[\w.\-,() \n]*", re.ASCII)
_TOKEN = re.compile(r"[\w.\-]+|[,()]", re.ASCII)


def heads_of(grammar: Grammar) -> Heads:
    """The first words of every rule."""
    found: dict[str, dict[str, list[int]]] = {}

    def of(symbol: str) -> dict[str, list[int]]:
        if symbol not in found:
            mine: dict[str, list[int]] = {}
            for k, a in enumerate(grammar.rules[symbol]):
                alone = a.topology is None and a.parts[0] in grammar.rules
                # This ends, because no rule becomes itself alone.
                for word in of(a.parts[0]) if alone else (a.topology or a.parts[0],):
                    mine.setdefault(word, []).append(k)
            found[symbol] = mine
        return found[symbol]

    for symbol in grammar.rules:
        of(symbol)
    return found


def read_quickly(grammar: Grammar, heads: Heads, text: str) -> Tree | None:
    """The only derivation of a text; None where there is none or several, or where the text is not plain."""
    if _PLAIN.fullmatch(text) is None:
        return None
    reader = _Reader(grammar, heads, [*_TOKEN.findall(text), ""])
    try:
        tree, end = reader.read(grammar.start, 0)
    except (_Misread, _Several, RecursionError):
        return None
    return tree if reader.tokens[end] == "" else None


class _Misread(Exception):
    """No derivation begins here."""


class _Several(Exception):
    """Several derivations begin here."""


class _Reader:
    """Reads the tokens of one text; the last token is empty."""

    def __init__(self, grammar: Grammar, heads: Heads, tokens: list[str]) -> None:
        self.tokens = tokens
        self._grammar, self._heads = grammar, heads
        self._known: dict[tuple[str, int], list[tuple[Tree, int]]] = {}

    def read(self, symbol: str, at: int) -> tuple[Tree, int]:
        """The derivation of a symbol that begins at a token, and where the rest begins."""
        readings = self._known.get((symbol, at))
        if readings is None:
            readings = []
            for k in self._heads[symbol].get(self.tokens[at], ()):
                try:
                    readings.append(self._alternative(symbol, k, at))
                except _Misread:
                    continue
            self._known[symbol, at] = readings
        if not readings:
            raise _Misread
        if len(readings) > 1:
            raise _Several
        return readings[0]

    def _alternative(self, symbol: str, k: int, at: int) -> tuple[Tree, int]:
        a, rules, tokens = self._grammar.rules[symbol][k], self._grammar.rules, self.tokens
        if a.topology is None:
            (part,) = a.parts
            if part not in rules:
                return Tree(symbol, k), at + 1
            child, at = self.read(part, at)
            return Tree(symbol, k, (child,)), at
        children = []
        at += 1
        for place, part in enumerate(a.parts):
            if tokens[at] != ("," if place else "("):
                raise _Misread
            at += 1
            if part in rules:
                child, at = self.read(part, at)
                children.append(child)
            elif tokens[at] == part:
                at += 1
            else:
                raise _Misread
        if tokens[at] != ")":
            raise _Misread
        return Tree(symbol, k, tuple(children)), at + 1


def written_quickly(grammar: Grammar, tree: Tree) -> str:
    """The text of a derivation, without numbers of alternatives."""
    a = grammar.rules[tree.symbol][tree.alternative]
    children = iter(tree.children)
    parts = [
        written_quickly(grammar, next(children)) if part in grammar.rules else quoted(part)
        for part in a.parts
    ]
    return parts[0] if a.topology is None else f"{quoted(a.topology)}({', '.join(parts)})"
