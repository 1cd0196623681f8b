"""Search spaces from context-free grammars."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.chooser import Chooser, Given
from archrank.domains import Domain, Options
from archrank.errors import InvalidArchitecture, ParseError, SpaceError, UnknownName
from archrank.graph import Graph
from archrank.network_features import network_features
from archrank.open_space import OpenSpace
from archrank.spaces.grammars import moves
from archrank.spaces.grammars.arguments import (
    checked_count,
    checked_effects,
    checked_factor,
    checked_names,
    checked_topologies,
    depth_limit,
)
from archrank.spaces.grammars.effects import Effect, Shapes
from archrank.spaces.grammars.laws import ByChoice, ByDepth, Counts, Law, Uniform
from archrank.spaces.grammars.lowering import Lowering, flat_function
from archrank.spaces.grammars.names import Names
from archrank.spaces.grammars.reading import read_rules
from archrank.spaces.grammars.rules import Grammar
from archrank.spaces.grammars.texts import read_tree, written
from archrank.spaces.grammars.tree import Tree, choice_points, derived, places, taken_alternatives
from archrank.spaces.grammars.words import renamed
from archrank.system.arguments import checked_flag
from archrank.system.foreign import kind_of, shown
from archrank.system.garbage import without_collection

__all__ = ["GrammarSpace", "Sampling"]

Sampling = Literal["uniform", "depth", "choices"]
"""How derivations are drawn."""

_LAWS: dict[str, type[Law]] = {"uniform": Uniform, "depth": ByDepth, "choices": ByChoice}
_TRIES = 500
_LISTED = 20_000
_KEPT = 20_000
_TOGETHER = 1_000
"""Samples between collections of garbage."""
_FLAT = 1_024
"""Flat graphs that are kept: several things are asked of an architecture, one soon after the other."""


class GrammarSpace(OpenSpace):
    """A search space whose architectures are the derivations of a context-free grammar.

    A rule lists the alternatives of a symbol. An alternative is a topology with its parts, or a single part; a part is
    the symbol of a rule, or else an operation. ``LinearN`` is a chain; ``ResidualN`` is a chain of N parts with a skip
    connection around it, which is the second-to-last of its N + 1 parts; ``SplitJoinN`` adds parallel parts,
    ``SplitConcatN`` concatenates them; ``Cell`` is the NAS-Bench-201 cell, whose six parts are its edges.

    The choices of an architecture are the alternatives of its rules, named by their paths: ``S/2.C`` is that of the
    symbol ``C``, the second part of the start symbol ``S``.

    Args:
        rules: Text with one rule per line, or a mapping of symbols to alternatives.
        start: The symbol that architectures are derived from; that of the first rule for None.
        name: The space's name.
        topologies: Your own topologies by name: pairs of a source and a target junction, one for each part, or a
            :class:`~archrank.spaces.grammars.topologies.Topology`.
        operations: The names of the operations, so that any other symbol without a rule is an error; any name for None.
        max_depth: The largest depth of nested rules; required if rules are recursive.
        max_operations: The largest number of operations of an architecture.
        effects: What operations do to the shape of an image, those of your own topologies too; the others keep it.
            Branches of different shapes cannot be joined. A node with several ordered arguments has all of their
            channels.
        max_halvings: The largest number of times an image may be halved.
        max_widening: The largest factor of the number of channels.
        identities: Operations that return their input.
        zeros: Operations that return zero.
        connected: Whether architectures are refused whose zeros disconnect the output.
        sampling: ``"uniform"``: exactly uniform over derivations; ``"depth"``: uniform over the depths that occur, then
            over the derivations of that depth; ``"choices"``: uniform over the alternatives of every rule that is
            reached. Samples that violate the rules of shapes, sizes and zeros are drawn again.

    Raises:
        ParseError: A text that cannot be read; the message says where and why.
        SpaceError: Rules that do not fit together.

    >>> space = GrammarSpace("S -> Linear2 S OP | OP; OP -> conv | pool", max_depth=4, name="chains")
    >>> space.size
    14
    >>> space.format(space.parse("Linear2(conv, pool)"))
    'Linear2(conv, pool)'
    """

    has_choices = False

    def __init__(
        self,
        rules: str | Mapping[str, Any],
        *,
        start: str | None = None,
        name: str = "grammar",
        topologies: Mapping[str, Any] | None = None,
        operations: Iterable[str] | None = None,
        max_depth: int | None = None,
        max_operations: int | None = None,
        effects: Mapping[str, Effect] | None = None,
        max_halvings: int | None = None,
        max_widening: float | None = None,
        identities: Iterable[str] = ("id", "identity", "skip_connect"),
        zeros: Iterable[str] = ("zero", "none"),
        connected: bool = True,
        sampling: Sampling = "uniform",
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise SpaceError(f"name is {shown(name)}; expected a text, which names the space")
        super().__init__(name)
        if not isinstance(sampling, str) or sampling not in _LAWS:
            raise UnknownName("sampling", sampling, _LAWS)
        if start is not None and not isinstance(start, str):
            raise SpaceError(f"start is {shown(start)}; expected the symbol of a rule")
        known = checked_topologies(topologies)
        read = read_rules(rules, known)
        named = None if operations is None else checked_names("operations", operations)
        self.grammar = Grammar(read, next(iter(read)) if start is None else start, known, named)
        self.operations = self.grammar.operations
        self.max_depth = depth_limit(self.grammar, name, max_depth)
        self.max_operations = checked_count("max_operations", max_operations, 1)
        self._identities = frozenset(checked_names("identities", identities))
        self._zeros = frozenset(checked_names("zeros", zeros))
        inside = dict.fromkeys(each for topology in known.values() for each in topology.operations)
        effects = checked_effects(effects, [*self.operations, *inside])
        max_halvings = checked_count("max_halvings", max_halvings, 0)
        max_widening = checked_factor("max_widening", max_widening)
        self._shapes = Shapes(self.grammar, effects, self._zeros, max_halvings, max_widening)
        connected = checked_flag("connected", connected, SpaceError)
        self._connected = connected and not self._zeros.isdisjoint(self.operations)
        limited = max_halvings is not None or max_widening is not None
        # Without effects the nodes of one's own topologies may do anything; what is built in is known.
        self._shaped = self._connected or bool(effects) or limited or self._concatenates(topologies or {})
        self._counts = Counts(self.grammar, self.max_depth)
        self.sampling = sampling
        self._law = _LAWS[sampling](self._counts)
        self._lowering = Lowering(self.grammar)
        self._trees: dict[Architecture, Tree] = {}
        self._remember()

    # Derivations and architectures.

    def tree(self, architecture: Architecture) -> Tree:
        """The derivation of an architecture."""
        if architecture not in self._trees:
            read = self._names.tree(architecture.choices) if architecture.space == self.name else None
            if read is not None and read.depth <= self.max_depth and self._is_valid(read):
                self._keep(architecture, read)
                return read
            again, tree = self.built(Given(dict(architecture.choices)))
            if again != architecture:
                raise InvalidArchitecture(
                    f"the choices {shown(dict(architecture.choices))} of an architecture of {architecture.space} are "
                    f"not those of a derivation of {self.name}, which are {shown(dict(again.choices))}"
                )
            self._keep(architecture, tree)
        return self._trees[architecture]

    def of_tree(self, tree: Tree) -> Architecture:
        """The architecture of a derivation.

        Raises:
            InvalidArchitecture: The space's rules refuse it.
        """
        self._refuse(tree)
        return self._named(tree)

    def construct(self, choose: Chooser) -> Tree:
        """Derive a tree, asking for every alternative that is reached."""

        def alternative(path: str, symbol: str, depth: int) -> int:
            texts = [a.text for a in self.grammar.rules[symbol]]
            if len(texts) == 1:
                return 0
            return texts.index(str(choose(path, self._domain(symbol, depth).values)))

        return derived(self.grammar, alternative, self.max_depth)

    def check(self, architecture: Architecture, built: Any) -> None:
        """Refuse what breaks the rules of sizes, shapes and zeros."""
        self._refuse(built)
        self._keep(architecture, built)

    def domains(self, architecture: Architecture) -> dict[str, Domain]:
        """The possible alternatives of every active choice, by name."""
        points = choice_points(self.grammar, self.tree(architecture))
        return {name: self._domain(tree.symbol, self.max_depth - depth) for name, tree, depth in points}

    def format(self, architecture: Architecture) -> str:
        """The derivation as text: ``Linear2(Cell(id, zero, …), resBlock)``."""
        return written(self.grammar, self.tree(architecture))

    def parse(self, text: str) -> Architecture:
        """Read a derivation from its text, or from a JSON object of its choices.

        Raises:
            ParseError: The text denotes none or several; the message says where and what was expected.
            InvalidArchitecture: It breaks the rules of sizes, shapes and zeros.
        """
        if not isinstance(text, str):
            raise ParseError(
                f"{shown(text)} is of type {kind_of(text)}; expected a text of the space {self.name}"
            )
        if text.lstrip()[:1] == "{":
            return super().parse(text)
        tree = read_tree(self.grammar, text)
        if tree.depth > self.max_depth:
            raise InvalidArchitecture(
                f"the derivation has the depth {tree.depth}; max_depth is {self.max_depth}"
            )
        return self.of_tree(tree)

    def graph(self, architecture: Architecture) -> Graph:
        """The derivation as a graph: a rule with a topology is a node with a cell in it, and equal cells are one."""
        return self._lowering.graph(self.tree(architecture))

    def renamed(self, text: str, names: Mapping[str, str]) -> str:
        """A derivation's text, or that of an alternative, with the present names of operations and topologies."""
        return renamed(text, names)

    def function(self, architecture: Architecture) -> Graph:
        """The flat graph of the operations that reach the output; identities are transparent, zeros no edges."""
        return self._flat(architecture)

    def function_key(self, architecture: Architecture) -> Any:
        """Equal for derivations that compute the same function."""
        return self.function(architecture).key

    def features(self, architecture: Architecture) -> dict[str, float]:
        """What predictors see: how often each alternative is taken, and the features of the flat graph."""
        taken = taken_alternatives(self.tree(architecture))
        found = {
            f"{symbol} → {self.grammar.rules[symbol][k].text}": math.log1p(count)
            for (symbol, k), count in taken.items()
            if len(self.grammar.rules[symbol]) > 1
        }
        return found | network_features(self.function(architecture))

    # What a search needs.

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures independently; ``sampling`` says how.

        Raises:
            SpaceError: The rules of sizes, shapes and zeros refuse nearly all derivations.
        """
        with closing(self._law.drawn(self.grammar.start, self.max_depth, rng, n)) as trees:
            found: list[Architecture] = []
            while len(found) < n:
                with without_collection():
                    found += [self._first_valid(trees) for _ in range(min(n - len(found), _TOGETHER))]
            return found

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one alternative, drawn uniformly among all choices; new parts are drawn as in a sample.

        Changes of size are accepted by the Metropolis–Hastings rule, so a chain of mutations has approximately the
        size distribution of :meth:`sample`: without selection, architectures do not grow.

        Raises:
            SpaceError: No other architecture was found.
        """
        tree = self.tree(architecture)
        for _ in range(_TRIES):
            other = moves.mutated(tree, self._law, self.max_depth, rng)
            if other != tree and self._is_valid(other):
                return self._named(other)
        for _ in range(_TRIES):
            (drawn,) = self.sample(1, rng)
            if drawn != architecture:
                return drawn
        raise SpaceError(f"no architecture of {self.name} other than {self.format(architecture)} was found")

    def crossover(self, a: Architecture, b: Architecture, rng: np.random.Generator) -> Architecture:
        """The first architecture with one of its subtrees replaced by one of the second that has the same symbol.

        The subtree is drawn uniformly among those with a replacement, and the replacement uniformly.

        Raises:
            SpaceError: The two have no subtrees to exchange, such as two equal ones.
        """
        first, second = self.tree(a), self.tree(b)
        for _ in range(_TRIES):
            child = moves.crossed(first, second, self.max_depth, rng)
            if child is None:
                break
            if self._is_valid(child):
                return self._named(child)
        raise SpaceError(
            f"{shown(self.format(a))} and {shown(self.format(b))} have no different parts of one symbol that can be "
            "exchanged; mutate one of them instead"
        )

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """The valid architectures with one alternative changed, in a fixed order.

        Parts that are new take their shallowest derivation, the first of these.
        """
        tree = self.tree(architecture)
        found = dict.fromkeys(moves.neighbors(self.grammar, tree, self.max_depth))
        return [self._named(other) for other in found if other != tree and self._is_valid(other)]

    # How large it is.

    @property
    def derivations(self) -> int:
        """How many derivations there are, before the rules of sizes, shapes and zeros."""
        return self._counts.up_to(self.grammar.start, self.max_depth)

    @property
    def size(self) -> int:
        """How many architectures there are; of more than 20,000, how many derivations."""
        return self.derivations if self.derivations > _LISTED else len(self.rows())

    @property
    def encodings(self) -> Any:
        """How many derivations there are where they can be listed; else infinity."""
        return self.derivations if self.derivations <= _LISTED else math.inf

    def rows(self) -> npt.NDArray[Any]:
        """All valid architectures: (M,).

        Raises:
            SpaceError: There are too many to list.
        """
        if self.derivations > _LISTED:
            raise SpaceError(
                f"the space {self.name} has more than {_LISTED} derivations, too many to list; sample it, or give "
                "candidates"
            )
        if self._listed is None:
            numbers = range(self.derivations)
            trees = [self._counts.numbered(self.grammar.start, self.max_depth, i) for i in numbers]
            self._listed = self.pack([self._named(tree) for tree in trees if self._is_valid(tree)])
        return self._listed

    @property
    def source(self) -> str:
        """The rules, the topologies and the limits."""
        used = {a.topology for alternatives in self.grammar.rules.values() for a in alternatives} - {None}
        topologies = [f"{title}: {self.grammar.topologies[title].source}" for title in sorted(map(str, used))]
        limits = json.dumps(
            {
                "start": self.grammar.start,
                "max_depth": self.max_depth,
                "max_operations": self.max_operations,
                "shapes": self._shapes.text,
                "identities": sorted(self._identities),
                "zeros": sorted(self._zeros),
                "connected": self._connected,
            }
        )
        return "\n".join([self.grammar.text, *topologies, limits])

    def __getstate__(self) -> dict[str, Any]:
        """What defines the space, without what was found out about it."""
        kept = super().__getstate__() | {"_trees": {}, "_lowering": Lowering(self.grammar)}
        del kept["_names"], kept["_domain"], kept["_flat"]
        return kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what defines the space."""
        self.__dict__.update(state)
        self._remember()

    # Inside.

    def _concatenates(self, own: Collection[str]) -> bool:
        """Whether a rule takes a built-in topology that changes the number of channels."""
        used = {a.topology for alternatives in self.grammar.rules.values() for a in alternatives} - {None}
        return any(str(name).startswith("SplitConcat") for name in used.difference(own))

    def _remember(self) -> None:
        self._names = Names(self.grammar)
        self._domain = lru_cache(maxsize=None)(self._domain_of)
        self._flat = lru_cache(maxsize=_FLAT)(self._flat_of)

    def _flat_of(self, architecture: Architecture) -> Graph:
        return flat_function(self.graph(architecture), self._identities, self._zeros)

    def _domain_of(self, symbol: str, depth: int) -> Options:
        alternatives = self.grammar.rules[symbol]
        return Options(tuple(alternatives[k].text for k in self.grammar.possible(symbol, depth)))

    def _named(self, tree: Tree) -> Architecture:
        architecture = Architecture(self.name, self._names.choices(tree))
        self._keep(architecture, tree)
        return architecture

    def _keep(self, architecture: Architecture, tree: Tree) -> None:
        if len(self._trees) >= _KEPT:
            self._trees.clear()
        self._trees[architecture] = tree

    def _first_valid(self, trees: Iterator[Tree]) -> Architecture:
        reason = ""
        for tree in islice(trees, _TRIES):
            try:
                return self.of_tree(tree)
            except InvalidArchitecture as error:
                reason = str(error)
        raise SpaceError(
            f"none of {_TRIES} derivations drawn from the space {self.name} is valid, the last one because: {reason}. "
            "Write rules that keep to the limits, loosen the limits, or give a smaller max_depth"
        )

    def _is_valid(self, tree: Tree) -> bool:
        try:
            self._refuse(tree)
        except InvalidArchitecture:
            return False
        return True

    def _refuse(self, tree: Tree) -> None:
        if self.max_operations is not None:
            count = self._operations_in(tree)
            if count > self.max_operations:
                raise InvalidArchitecture(
                    f"it has {count} operations; max_operations is {self.max_operations}"
                )
        if self._shaped and self._shapes.of(tree) is None and self._connected:
            raise InvalidArchitecture("nothing reaches its output, because of zeros")

    def _operations_in(self, tree: Tree) -> int:
        rules = self.grammar.rules
        return sum(len(rules[t.symbol][t.alternative].parts) - len(t.children) for t, _, _ in places(tree))
