"""Context-free grammars of architectures: what each symbol may become."""

import math
import warnings
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from archrank.errors import SpaceError, UnknownName
from archrank.spaces.grammars.topologies import Topology
from archrank.spaces.grammars.words import quoted
from archrank.system.foreign import bounded

__all__ = ["Alternative", "Grammar"]

_NAMED = 10
"""Rules that an error names."""

_FEW = 256
"""Derivations of a rule that are listed."""

_LONGEST_CHAIN = 100
"""Rules of which each may become the next one and nothing else; each takes several calls within each other."""


@dataclass(frozen=True)
class Alternative:
    """One of the right-hand sides of a rule.

    Attributes:
        topology: How the parts are wired; None for a single part that stands for itself.
        parts: Names of rules or operations.
    """

    topology: str | None
    parts: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """It as in the text form of a grammar."""
        words = self.parts if self.topology is None else (self.topology, *self.parts)
        return " ".join(map(quoted, words))


class Grammar:
    """Rules that derive architectures from a start symbol.

    Args:
        rules: The alternatives of every rule by its symbol.
        start: The symbol that derivations begin with.
        topologies: Those that the alternatives use, by name.
        operations: The names that may stand for operations; every name that is no rule for None.

    Attributes:
        rules: The rules that can be reached.
        start: The start symbol.
        operations: The operations of these rules, in the order of the text.
        shallowest: The depth of the shallowest derivation of every symbol.
        deepest: The depth of the deepest derivation of the start symbol; None where it is infinite.

    Raises:
        SpaceError: Rules that do not fit together; the message names the rule.
    """

    def __init__(
        self,
        rules: Mapping[str, tuple[Alternative, ...]],
        start: str,
        topologies: Mapping[str, Topology],
        operations: Iterable[str] | None = None,
    ) -> None:
        if start not in rules:
            raise SpaceError(f"the start symbol has no rule: {UnknownName('rule', start, rules)}")
        self.start = start
        self.topologies = topologies
        self._check_alternatives(rules, topologies, operations)
        reached = _reached(rules, start)
        if unused := [symbol for symbol in rules if symbol not in reached]:
            warnings.warn(
                f"no derivation from {start} reaches the rules {_listed(unused)}; remove them, or use them in a rule",
                stacklevel=3,
            )
        self.rules = {symbol: rules[symbol] for symbol in rules if symbol in reached}
        names = [part for alternatives in self.rules.values() for a in alternatives for part in a.parts]
        self.operations = tuple(dict.fromkeys(name for name in names if name not in rules))
        self.children = {
            symbol: tuple(
                tuple((place, part) for place, part in enumerate(a.parts) if part in rules)
                for a in alternatives
            )
            for symbol, alternatives in self.rules.items()
        }
        """Of every alternative, the parts that are rules, with their places."""
        self.steps = {
            symbol: tuple(tuple(f"/{place + 1}.{part}" for place, part in parts) for parts in alternatives)
            for symbol, alternatives in self.children.items()
        }
        """What these parts add to the path of their rule."""
        self.shallowest = self._shallowest()
        self._heights = {
            symbol: [1 + max((self.shallowest[part] for _, part in c), default=0) for c in alternatives]
            for symbol, alternatives in self.children.items()
        }
        # The depth from which on every alternative is possible, and all of them.
        self._every = {symbol: (max(h), list(range(len(h)))) for symbol, h in self._heights.items()}
        self._refuse_loops()
        self.deepest = self._deepest()

    @property
    def text(self) -> str:
        """The rules in the text form, one a line."""
        return "\n".join(
            f"{quoted(symbol)} -> {' | '.join(a.text for a in alternatives)}"
            for symbol, alternatives in self.rules.items()
        )

    @cached_property
    def heads(self) -> dict[str, dict[str | None, list[int]]]:
        """Of every rule, the alternatives that a text with a topology or an operation in front may stand for.

        Those that are a rule alone, for which that rule's text stands, are under None.
        """
        found: dict[str, dict[str | None, list[int]]] = {}
        for symbol, alternatives in self.rules.items():
            mine = found[symbol] = {}
            for k, a in enumerate(alternatives):
                single = a.topology is None and a.parts[0] in self.rules
                mine.setdefault(None if single else a.topology or a.parts[0], []).append(k)
        return found

    @cached_property
    def few(self) -> dict[str, int]:
        """The rules with at most 256 derivations of any depth, each with their number, parts before the whole."""
        parts = {s: [part for c in children for _, part in c] for s, children in self.children.items()}
        found: dict[str, int] = {}
        for symbol in _longest_ways(parts):
            counts = [math.prod([found.get(part, _FEW + 1) for _, part in c]) for c in self.children[symbol]]
            if sum(counts) <= _FEW:
                found[symbol] = sum(counts)
        return found

    def expected(self, symbol: str) -> str:
        """The alternatives of a rule, for an error."""
        texts = [bounded(a.text, 100) for a in self.rules[symbol][:_NAMED]]
        more = len(self.rules[symbol]) - len(texts)
        return " | ".join(texts) + (f" | … and {more} more" if more else "")

    def possible(self, symbol: str, depth: int) -> list[int]:
        """The alternatives from which a derivation no deeper than ``depth`` follows."""
        highest, every = self._every[symbol]
        return every if depth >= highest else [k for k, h in enumerate(self._heights[symbol]) if h <= depth]

    @staticmethod
    def _check_alternatives(
        rules: Mapping[str, tuple[Alternative, ...]],
        topologies: Mapping[str, Topology],
        operations: Iterable[str] | None,
    ) -> None:
        allowed = None if operations is None else dict.fromkeys([*rules, *operations])
        if both := [symbol for symbol in rules if symbol in topologies]:
            raise SpaceError(f"{both[0]!r} is a rule and a topology; give the rule another name")
        for symbol, alternatives in rules.items():
            if not alternatives:
                raise SpaceError(f"the rule {symbol} has no alternative; it needs at least one")
            counts = Counter(a.text for a in alternatives)
            if twice := [text for text, count in counts.items() if count > 1]:
                raise SpaceError(f"the rule {symbol} lists the alternative {bounded(twice[0], 200)!r} twice")
            for a in alternatives:
                if a.topology is not None and len(a.parts) != topologies[a.topology].arity:
                    raise SpaceError(
                        f"the rule {symbol}: {a.topology} takes {topologies[a.topology].arity} parts, but "
                        f"{bounded(a.text, 200)!r} has {len(a.parts)}"
                    )
                for part in a.parts:
                    if part in topologies:
                        raise SpaceError(
                            f"the rule {symbol}: the topology {part} is a part in {a.text!r}; give it a rule of its own"
                        )
                    if allowed is not None and part not in allowed:
                        raise SpaceError(
                            f"the rule {symbol}: {UnknownName('rule or operation', part, allowed)}"
                        )

    def _shallowest(self) -> dict[str, int]:
        """By rising depth: an alternative is possible one rule above the last of its parts to be so."""
        missing: dict[tuple[str, int], int] = {}
        users: dict[str, list[tuple[str, int]]] = {symbol: [] for symbol in self.rules}
        found: dict[str, int] = {}
        for symbol, alternatives in self.children.items():
            for k, children in enumerate(alternatives):
                parts = {part for _, part in children}
                missing[symbol, k] = len(parts)
                for part in parts:
                    users[part].append((symbol, k))
                if not parts:
                    found[symbol] = 1
        pending = deque(found)
        while pending:
            part = pending.popleft()
            for symbol, k in users[part]:
                missing[symbol, k] -= 1
                if missing[symbol, k] == 0 and symbol not in found:
                    found[symbol] = found[part] + 1
                    pending.append(symbol)
        if endless := [symbol for symbol in self.rules if symbol not in found]:
            raise SpaceError(
                f"the rule {endless[0]} has no finite derivation: each of its alternatives leads to rules that never "
                f"end ({_listed(endless)}); give one of them an alternative of operations alone"
            )
        return found

    def _refuse_loops(self) -> None:
        """Refuse a rule that may become itself and nothing else, which makes infinitely many equal derivations."""
        single = {
            symbol: [a.parts[0] for a in alternatives if a.topology is None and a.parts[0] in self.rules]
            for symbol, alternatives in self.rules.items()
        }
        longest = _longest_ways(single)
        if left := [symbol for symbol in self.rules if symbol not in longest]:
            # Each of them leads to another one of them, so the way from any of them comes back to where it was.
            way = [left[0]]
            while (following := next(s for s in single[way[-1]] if s not in longest)) not in way:
                way.append(following)
            loop = way[way.index(following) :]
            symbol = min(loop, key=left.index)
            raise SpaceError(
                f"the rule {symbol} may become {symbol} again without end; remove that alternative"
            )
        for symbol, length in longest.items():
            if length > _LONGEST_CHAIN:
                raise SpaceError(
                    f"from the rule {symbol} on, {length} rules in a row may each become the next one alone; expected "
                    f"at most {_LONGEST_CHAIN}: put their alternatives into fewer rules"
                )

    def _deepest(self) -> int | None:
        parts = {
            symbol: [part for children in alternatives for _, part in children]
            for symbol, alternatives in self.children.items()
        }
        # What is in no order is recursive, and everything leads on from the start.
        return _longest_ways(parts).get(self.start)


def _longest_ways(following: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How many symbols the longest way from each has, itself included; without those that ways without end begin at."""
    left = {symbol: set(others) for symbol, others in following.items()}
    before: dict[str, list[str]] = {symbol: [] for symbol in left}
    for symbol, others in left.items():
        for other in others:
            before[other].append(symbol)
    missing = {symbol: len(others) for symbol, others in left.items()}
    found = {symbol: 1 for symbol, count in missing.items() if count == 0}
    longest = dict.fromkeys(left, 1)
    pending = deque(found)
    while pending:
        other = pending.popleft()
        for symbol in before[other]:
            longest[symbol] = max(longest[symbol], longest[other] + 1)
            missing[symbol] -= 1
            if missing[symbol] == 0:
                found[symbol] = longest[symbol]
                pending.append(symbol)
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _reached(rules: Mapping[str, tuple[Alternative, ...]], start: str) -> set[str]:
    reached, pending = {start}, [start]
    while pending:
        for a in rules[pending.pop()]:
            for part in a.parts:
                if part in rules and part not in reached:
                    reached.add(part)
                    pending.append(part)
    return reached
