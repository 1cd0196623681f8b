"""The text form of derivations: ``Linear2(Cell(id, zero, …), resBlock)``.

Where other alternatives of a rule would read the same, the number of the right one, from 1 on, stands in front:
``2:conv``.
"""

from collections.abc import Sequence
from functools import lru_cache

from archrank.errors import ParseError
from archrank.spaces.grammars.quick_texts import Heads, heads_of, read_quickly, written_quickly
from archrank.spaces.grammars.rules import Alternative, Grammar
from archrank.spaces.grammars.tree import Tree
from archrank.spaces.grammars.words import LONGEST, Word, misread, quoted, words
from archrank.system.foreign import bounded, shown

__all__ = ["read_tree", "written"]

_DEEPEST = 200
_LARGEST = 200_000
"""Readings that are tried for one text."""


class _Term:
    """A name with parts in parentheses.

    Attributes:
        name: The name of a topology or an operation.
        parts: What is in the parentheses; None without them.
        at: Where it begins in its text.
        marks: Numbers of alternatives that stand in front of it, the outermost first.
    """

    __slots__ = ("at", "marks", "name", "parts")

    def __init__(
        self, name: str, parts: "tuple[_Term, ...] | None", at: int, marks: tuple[int, ...] = ()
    ) -> None:
        self.name = name
        self.parts = parts
        self.at = at
        self.marks = marks


def written(grammar: Grammar, tree: Tree) -> str:
    """The text of a derivation; :func:`read_tree` reads it back."""
    text = written_quickly(grammar, tree)
    if read_quickly(grammar, _heads(grammar), text) == tree:
        return text
    return _spell(_marked(grammar, tree, _Readings(grammar, "")))


@lru_cache(maxsize=32)
def _heads(grammar: Grammar) -> Heads:
    return heads_of(grammar)


def _spell(term: _Term) -> str:
    marks = "".join(f"{mark + 1}:" for mark in term.marks)
    inside = "" if term.parts is None else f"({', '.join(map(_spell, term.parts))})"
    return f"{marks}{quoted(term.name)}{inside}"


def _marked(grammar: Grammar, tree: Tree, readings: "_Readings") -> _Term:
    a = grammar.rules[tree.symbol][tree.alternative]
    children = iter(tree.children)
    parts = tuple(
        _marked(grammar, next(children), readings) if part in grammar.rules else _Term(part, None, 0)
        for part in a.parts
    )
    if a.topology is None:
        (only,) = parts
        term = _Term(only.name, only.parts, 0, only.marks)
    else:
        term = _Term(a.topology, parts, 0)
    if len(readings.of(tree.symbol, term, 0)) > 1 or term.marks:
        term.marks = (tree.alternative, *term.marks)
    return term


def read_tree(grammar: Grammar, text: str) -> Tree:
    """The derivation that a text denotes.

    Raises:
        ParseError: It denotes none, or several.
    """
    if len(text) <= LONGEST and (quick := read_quickly(grammar, _heads(grammar), text)) is not None:
        return quick
    term = _parsed(text)
    readings = _Readings(grammar, text)
    try:
        found = readings.of(grammar.start, term, 0)
    except RecursionError:
        raise misread(text, term.at, "too many rules are within each other") from None
    if not found:
        raise readings.failure()
    if len(found) > 1:
        one, other = (bounded(written(grammar, tree), 200) for tree in found)
        raise misread(
            text,
            term.at,
            f"the text denotes several derivations of {grammar.start}; write the number of the alternative in front of "
            f"a part: {one} or {other}",
        )
    return found[0]


class _Readings:
    """The derivations that terms may denote, at most two of each: more do not matter."""

    def __init__(self, grammar: Grammar, text: str) -> None:
        self._grammar, self._text = grammar, text
        self._known: dict[tuple[str, int, int, tuple[int, ...]], tuple[_Term, list[Tree]]] = {}
        self._furthest: tuple[int, bool] = (-1, False)
        self._reason = ""

    def failure(self) -> ParseError:
        """Where reading came furthest, and what was expected there."""
        return misread(self._text, max(self._furthest[0], 0), self._reason)

    def of(self, symbol: str, term: _Term, used: int) -> list[Tree]:
        """The derivations of a symbol that a term denotes; ``used`` of its marks are read already."""
        key = (symbol, id(term), used, term.marks)  # a term gets its marks after it was read without them
        if key in self._known:
            return self._known[key][1]
        if len(self._known) > _LARGEST:
            raise ParseError(f"the text is too large: more than {_LARGEST} readings of its parts were tried")
        alternatives = self._grammar.rules[symbol]
        marked = used < len(term.marks)
        tried: Sequence[int]
        if marked:
            number = term.marks[used]
            tried = [number] if 0 <= number < len(alternatives) else []
            if not tried:
                self._fail(term.at, symbol, f"{symbol} has the alternatives 1 to {len(alternatives)}")
        else:
            heads = self._grammar.heads[symbol]
            tried = sorted(heads.get(term.name, []) + heads.get(None, []))
            if 0 not in tried[:1]:
                self._fail(term.at, symbol)
        found: list[Tree] = []
        for k in tried:
            found += self._alternative(symbol, k, alternatives[k], term, used + marked)
        if len(tried) < len(alternatives):
            self._fail(term.at, symbol)
        self._known[key] = (term, found[:2])
        return found[:2]

    def _alternative(self, symbol: str, k: int, a: Alternative, term: _Term, used: int) -> list[Tree]:
        if a.topology is None:
            (part,) = a.parts
            if part in self._grammar.rules:
                return [Tree(symbol, k, (child,)) for child in self.of(part, term, used)]
            return [Tree(symbol, k)] if self._operation(part, term, used, symbol) else []
        if self._has_more_marks(term, used):
            return []
        if term.name != a.topology or term.parts is None:
            self._fail(term.at, symbol)
            return []
        if len(term.parts) != len(a.parts):
            reason = (
                f"{a.topology} has {len(term.parts)} parts, expected {len(a.parts)}: {bounded(a.text, 200)}"
            )
            self._fail(term.at, symbol, reason)
            return []
        options: list[tuple[Tree, ...]] = [()]
        for part, inner in zip(a.parts, term.parts, strict=True):
            if part not in self._grammar.rules:
                if not self._operation(part, inner, 0, symbol):
                    return []
                continue
            children = self.of(part, inner, 0)
            options = [(*before, child) for before in options for child in children][:2]
            if not options:
                return []
        return [Tree(symbol, k, children) for children in options]

    def _operation(self, name: str, term: _Term, used: int, symbol: str) -> bool:
        if self._has_more_marks(term, used):
            return False
        if term.name == name and term.parts is None:
            return True
        self._fail(term.at, symbol)
        return False

    def _has_more_marks(self, term: _Term, used: int) -> bool:
        if used == len(term.marks):
            return False
        number = term.marks[used] + 1
        reason = f"the number {number}: is one too many: {shown(term.name)} is no rule with alternatives; remove it"
        self._fail(term.at, "", reason)
        return True

    def _fail(self, at: int, symbol: str, reason: str = "") -> None:
        """Keep the furthest failure; at one position, that of a part that is nearly right, for which there is a reason.

        Without one, an alternative of the symbol was expected.
        """
        if (at, bool(reason)) > self._furthest:
            self._furthest = at, bool(reason)
            self._reason = reason or f"expected {symbol}: {self._grammar.expected(symbol)}"


def _parsed(text: str) -> _Term:
    tokens = [token for token in words(text) if token.kind != "\n"]
    term, at = _term(text, tokens, 0, 0)
    if tokens[at].kind != "end":
        raise misread(
            text,
            tokens[at].at,
            "expected the end of the text; the parts of a topology stand in parentheses, such as Linear2(conv, conv)",
        )
    return term


def _term(text: str, tokens: Sequence[Word], at: int, depth: int) -> tuple[_Term, int]:
    if depth > _DEEPEST:
        raise misread(text, tokens[at].at, f"more than {_DEEPEST} parentheses are within each other")
    begin, marks = tokens[at].at, []
    while tokens[at].kind == "word" and tokens[at + 1].kind == ":":
        if not tokens[at].text.isascii() or not tokens[at].text.isdigit() or len(tokens[at].text) > 6:
            raise misread(text, tokens[at].at, "expected the number of an alternative in front of ':'")
        marks.append(int(tokens[at].text) - 1)
        at += 2
    name = tokens[at]
    if name.kind != "word":
        raise misread(text, name.at, "expected a topology or an operation")
    at += 1
    if tokens[at].kind != "(":
        return _Term(name.text, None, begin, tuple(marks)), at
    parts: list[_Term] = []
    while True:
        part, at = _term(text, tokens, at + 1, depth + 1)
        parts.append(part)
        if tokens[at].kind == ")":
            return _Term(name.text, tuple(parts), begin, tuple(marks)), at + 1
        if tokens[at].kind != ",":
            raise misread(text, tokens[at].at, "expected ',' or ')'")
