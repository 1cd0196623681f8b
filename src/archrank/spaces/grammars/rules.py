"""Context-free grammars of architectures: what each symbol may become."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from archrank.errors import SpaceError, UnknownName
from archrank.spaces.grammars.topologies import Topology
from archrank.spaces.grammars.words import quoted

__all__ = ["Alternative", "Grammar"]


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
                f"no derivation from {start} reaches the rules {', '.join(unused)}; remove them, or use them in a rule",
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
        allowed = None if operations is None else {*operations, *rules}
        if both := [symbol for symbol in rules if symbol in topologies]:
            raise SpaceError(f"{both[0]!r} is a rule and a topology; give the rule another name")
        for symbol, alternatives in rules.items():
            if not alternatives:
                raise SpaceError(f"the rule {symbol} has no alternative; it needs at least one")
            texts = [a.text for a in alternatives]
            if twice := [text for text in texts if texts.count(text) > 1]:
                raise SpaceError(f"the rule {symbol} lists the alternative {twice[0]!r} twice")
            for a in alternatives:
                if a.topology is not None and len(a.parts) != topologies[a.topology].arity:
                    raise SpaceError(
                        f"the rule {symbol}: {a.topology} takes {topologies[a.topology].arity} parts, but {a.text!r} "
                        f"has {len(a.parts)}"
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
        found: dict[str, int] = {}
        while True:
            depths = {
                symbol: min(
                    (
                        1 + max((found[part] for _, part in children), default=0)
                        for children in alternatives
                        if all(part in found for _, part in children)
                    ),
                    default=None,
                )
                for symbol, alternatives in self.children.items()
            }
            new = {symbol: depth for symbol, depth in depths.items() if depth is not None}
            if new == found:
                break
            found = new
        if endless := [symbol for symbol in self.rules if symbol not in found]:
            raise SpaceError(
                f"the rule {endless[0]} has no finite derivation: each of its alternatives leads to rules that never "
                f"end ({', '.join(endless)}); give one of them an alternative of operations alone"
            )
        return found

    def _refuse_loops(self) -> None:
        """Refuse a rule that may become itself and nothing else, which makes infinitely many equal derivations."""
        single = {
            symbol: [a.parts[0] for a in alternatives if a.topology is None and a.parts[0] in self.rules]
            for symbol, alternatives in self.rules.items()
        }
        for symbol in self.rules:
            pending, seen = list(single[symbol]), set()
            while pending:
                other = pending.pop()
                if other == symbol:
                    raise SpaceError(
                        f"the rule {symbol} may become {symbol} again without end; remove that alternative"
                    )
                if other not in seen:
                    seen.add(other)
                    pending += single[other]

    def _deepest(self) -> int | None:
        """By as many rounds as there are symbols: what still grows then is recursive."""
        depths = dict(self.shallowest)
        for _ in range(len(self.rules) + 1):
            before = depths
            depths = {
                symbol: max(1 + max((before[p] for _, p in children), default=0) for children in alternatives)
                for symbol, alternatives in self.children.items()
            }
            if depths == before:
                return depths[self.start]
        return None


def _reached(rules: Mapping[str, tuple[Alternative, ...]], start: str) -> set[str]:
    reached, pending = {start}, [start]
    while pending:
        for a in rules[pending.pop()]:
            for part in a.parts:
                if part in rules and part not in reached:
                    reached.add(part)
                    pending.append(part)
    return reached
