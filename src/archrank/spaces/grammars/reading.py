"""Grammars from text and from Python."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from archrank.errors import ParseError, SpaceError, UnknownName
from archrank.spaces.grammars.rules import Alternative
from archrank.spaces.grammars.topologies import Topology, built_in
from archrank.spaces.grammars.words import Word, check_name, misread, words
from archrank.system.foreign import bounded, shown

__all__ = ["read_rules"]

Rules = dict[str, tuple[Alternative, ...]]

_MOST = 1_000
"""Parts of one alternative, to which repetitions may lead."""

_ALL = 1_000_000
"""The sum of all repetitions of a text."""

_STEP = re.compile(r"/\d+\.")


def read_rules(rules: object, topologies: dict[str, Topology]) -> Rules:
    """Read the rules of a grammar.

    Args:
        rules: The text form, or a mapping of symbols to alternatives: a text with ``|`` between them, or a list of
            texts and of lists of words.
        topologies: The user's own; the built-in ones that are used are added.

    Raises:
        ParseError: A text that cannot be read; the message says where and why.
        SpaceError: Something else than these, or a rule that is given twice.
    """
    if isinstance(rules, str):
        found = _read_text(rules)
    elif isinstance(rules, Mapping):
        found = {}
        for symbol, given in rules.items():
            if not isinstance(symbol, str):
                raise SpaceError(f"the rule {shown(symbol)} needs a text as its symbol")
            found[str.__str__(symbol)] = _listed(symbol, given)
    else:
        raise SpaceError(
            f"the rules are {shown(rules)}; expected a text or a mapping of symbols to alternatives"
        )
    for symbol in found:
        check_name(symbol)
        if _STEP.search(symbol):
            raise SpaceError(
                f"the rule {shown(symbol)} looks like a path such as S/2.C, by which choices are named; call it "
                f"{_STEP.sub('_', symbol)!r}"
            )
    if not found:
        raise SpaceError(
            "the grammar has no rules; write at least one, such as 'S -> Linear2 conv conv | conv'"
        )
    return {
        symbol: tuple(_alternative(symbol, parts, found, topologies) for parts in alternatives)
        for symbol, alternatives in found.items()
    }


def _read_text(text: str) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    tokens = _tokens(text)
    at = 0
    while True:
        while tokens[at].kind in ("\n", ";"):
            at += 1
        symbol = tokens[at]
        if symbol.kind == "end":
            return found
        if symbol.kind != "word":
            raise misread(text, symbol.at, "expected the symbol of a rule")
        if symbol.text in found:
            raise misread(
                text, symbol.at, f"the rule {symbol.text!r} is given twice; put its alternatives together"
            )
        if tokens[at + 1].kind != "arrow":
            raise misread(text, tokens[at + 1].at, f"expected '->' after the symbol {symbol.text!r}")
        found[symbol.text], at = _read_alternatives(text, tokens, at + 2)


def _tokens(text: str) -> list[Word]:
    """The words and marks of a text; of several ends of lines in a row the first."""
    found: list[Word] = []
    repeated = 0
    for word in words(text):
        if word.kind == "times" and len(word.text) <= 6:
            repeated += int(word.text)
            if repeated > _ALL:
                raise misread(
                    text, word.at, f"the repetitions add up to more than {_ALL}; write fewer of them"
                )
        if word.kind != "\n" or not found or found[-1].kind != "\n":
            found.append(word)
    return found


def _read_alternatives(text: str, tokens: Sequence[Word], at: int) -> tuple[list[list[str]], int]:
    """The alternatives from a token on, and the token behind them."""
    found: list[list[str]] = [[]]
    while True:
        token = tokens[at]
        following = tokens[at + 1].kind if token.kind == "\n" else ""
        if token.kind == "word":
            found[-1].append(token.text)
        elif token.kind == "times":
            if not found[-1]:
                raise misread(text, token.at, "a number of repetitions needs a word in front of it")
            most = _MOST + 1 - (len(found[-1]) - 1)  # the first word is the topology
            if len(token.text) > 6 or not 0 < int(token.text) <= most:
                raise misread(text, token.at, f"an alternative has from 1 to {_MOST} parts")
            found[-1] += [found[-1][-1]] * (int(token.text) - 1)
        elif token.kind == "\n" and (following == "|" or (not found[-1] and following == "word")):
            pass  # the rule goes on
        elif token.kind in ("|", "\n", ";", "end"):
            if not found[-1]:
                raise misread(
                    text, token.at, "an alternative is empty; name what computes nothing, such as id"
                )
            if token.kind != "|":
                return found, at
            found.append([])
        else:
            raise misread(text, token.at, "expected a topology, a symbol, an operation, or '|'")
        at += 1


def _listed(symbol: str, given: Any) -> list[list[str]]:
    """The alternatives of a rule that is given in Python."""
    if isinstance(given, str):
        try:
            tokens = _tokens(given)
            found, at = _read_alternatives(given, tokens, 0)
            _check_end(given, tokens, at)
        except ParseError as error:
            raise ParseError(f"the rule {symbol}: {error}") from None
        return found
    if not isinstance(given, Iterable) or isinstance(given, bytes | Mapping | Set):  # a set has no order
        raise SpaceError(f"the rule {symbol} is {shown(given)}; expected a text or a list of alternatives")
    alternatives: list[list[str]] = []
    for each in given:
        if isinstance(each, str):
            alternatives += _listed(symbol, each)
        elif isinstance(each, list | tuple) and each and all(isinstance(w, str) and w.strip() for w in each):
            alternatives.append([str.__str__(word) for word in each])  # of a subclass, such as an enum
        else:
            raise SpaceError(
                f"the rule {symbol}: the alternative is {shown(each)}; expected a text or a list of words"
            )
    return alternatives


def _check_end(text: str, tokens: Sequence[Word], at: int) -> None:
    """Refuse what stands behind the alternatives of a rule that is given in Python."""
    while tokens[at].kind in ("\n", ";"):
        at += 1
    if tokens[at].kind == "end":
        return
    if tokens[at].kind == "word" and tokens[at + 1].kind == "arrow":
        reason = f"another rule begins here; make {tokens[at].text!r} a key of the mapping"
    else:
        reason = "expected '|' between alternatives; the end of a line and ';' end a rule"
    raise misread(text, tokens[at].at, reason)


def _alternative(
    symbol: str, parts: list[str], rules: Mapping[str, object], topologies: dict[str, Topology]
) -> Alternative:
    for part in set(parts):
        check_name(part)
    head = parts[0]
    first = head.split()[0]
    if head != first and (first in topologies or built_in(first) is not None):
        raise SpaceError(
            f"the rule {symbol}: {bounded(head, 200)!r} is a single name, but begins like a topology with parts; write "
            f"a text, or a list of its words such as {shown(head.split())}"
        )
    if head not in topologies and head not in rules and (made := built_in(head)) is not None:
        topologies[head] = made
    if head in topologies:
        return Alternative(head, tuple(parts[1:]))
    if len(parts) > 1:
        if head in rules and built_in(head) is not None:
            raise SpaceError(
                f"the rule {symbol}: {bounded(' '.join(parts), 200)!r} begins with {head}, which is a rule here and "
                "so no topology; give that rule another name"
            )
        allowed = [*topologies, "LinearN", "ResidualN", "SplitJoinN", "SplitConcatN", "Cell"]
        raise SpaceError(
            f"the rule {symbol}: {bounded(' '.join(parts), 200)!r} must begin with a topology: "
            f"{UnknownName('topology', head, allowed)}"
        )
    return Alternative(None, tuple(parts))
