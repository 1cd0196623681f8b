"""A space of free form: networks of branches, sequences and routed parts, nested in any way.

The idea that few fundamental ways of composition reach very different networks (convolutions, attention, mixers,
gates) is that of Ericsson et al., einspace (NeurIPS 2024); the rules are archrank's own.
"""

from collections.abc import Sequence

from archrank.graph import Cell, Node
from archrank.spaces.grammars.effects import Effect
from archrank.spaces.grammars.space import GrammarSpace, Sampling
from archrank.spaces.grammars.topologies import Part, Topology

__all__ = ["FreeForm"]

_RULES = """
NET   -> Linear3 STAGE down STAGE | Linear5 STAGE down STAGE down STAGE | Linear2 STAGE STAGE
STAGE -> Linear2 M M | Linear3 M M M | Residual2 M id M
M     -> OP | down
       | Linear2 M M | Linear3 M M M
       | SplitJoin2 M M | Residual2 M id M | Gate M M | Concat M M | Halves P P
       | {routes} | Attention K K K
K     -> OP | Linear2 K K | SplitJoin2 K K | Residual2 K id K | Gate K K | Halves P P | Attention P P P
P     -> OP | Linear2 OP OP | Linear3 OP OP OP
OP    -> MIX | POINT
MIX   -> conv1x1 | conv3x3 | dconv3x3 | avg_pool | max_pool
POINT -> relu | gelu | batch | layer
"""


def _rows(parts: Sequence[Part]) -> Cell:
    """A part that sees rows as channels."""
    return _between("swap_rows", parts[0], "swap_rows")


def _columns(parts: Sequence[Part]) -> Cell:
    """A part that sees columns as channels."""
    return _between("swap_columns", parts[0], "swap_columns")


def _patches(parts: Sequence[Part]) -> Cell:
    """A part that sees 2×2 pixels as one, with four times the channels."""
    return _between("patches", parts[0], "unpatch")


def _pairs(parts: Sequence[Part]) -> Cell:
    """A part that sees two neighbors of a signal as one."""
    return _between("pairs", parts[0], "unpair")


def _between(before: str, part: Part, after: str) -> Cell:
    return Cell(1, 4, (Node(before, (0,), 1), part(1, 2), Node(after, (2,), 3)), (3,))


def _gate(parts: Sequence[Part]) -> Cell:
    """The first part's result times a sigmoid of the second's."""
    return Cell(1, 4, (parts[0](0, 1), parts[1](0, 2), Node("gate", (1, 2), 3, ordered=True)), (3,))


def _concat(parts: Sequence[Part]) -> Cell:
    """Two results side by side, brought back to the channels of one."""
    joined = Node("concat", (1, 2), 3, ordered=True)
    return Cell(1, 5, (parts[0](0, 1), parts[1](0, 2), joined, Node("narrow", (3,), 4)), (4,))


def _halves(parts: Sequence[Part]) -> Cell:
    """Each half of the channels through a part of its own."""
    split = Node("first_half", (0,), 1), Node("second_half", (0,), 2)
    joined = Node("concat", (3, 4), 5, ordered=True)
    return Cell(1, 6, (*split, parts[0](1, 3), parts[1](2, 4), joined), (5,))


def _attention(parts: Sequence[Part]) -> Cell:
    """Queries, keys and values along each row."""
    made = [part(0, i) for i, part in enumerate(parts, start=1)]
    weights = Node("attention_weights", (1, 2), 4, ordered=True)
    return Cell(1, 6, (*made, weights, Node("weighted_sum", (4, 3), 5, ordered=True)), (5,))


_TOPOLOGIES = {
    "Gate": Topology(2, _gate),
    "Concat": Topology(2, _concat),
    "Halves": Topology(2, _halves),
    "Attention": Topology(3, _attention),
    "Rows": Topology(1, _rows),
    "Columns": Topology(1, _columns),
    "Patches": Topology(1, _patches),
    "Pairs": Topology(1, _pairs),
}

_EFFECTS = {
    "down": Effect(halves=1, widens=2),
    # A node with several arguments has all of their channels.
    "gate": Effect(widens=0.5),
    "narrow": Effect(widens=0.5),
    "first_half": Effect(widens=0.5),
    "second_half": Effect(widens=0.5),
    "attention_weights": Effect(widens=0.5),
    "weighted_sum": Effect(widens=0.5),
}


class FreeForm(GrammarSpace):
    """Networks of free form: branches, sequences and routed parts, nested in any way, for images or for signals.

    - Sequences: ``Linear2``, ``Linear3``.
    - Branches: results added (``SplitJoin2``, ``Residual2``), gated by each other (``Gate``), side by side
      (``Concat``), or attended to (``Attention``: queries, keys, values along each row); or a part for each of the
      ``Halves`` of the channels.
    - Routing: in ``Rows`` and ``Columns`` a part sees rows or columns as channels, in ``Patches`` 2×2 pixels, in
      ``Pairs`` two neighbors of a signal.

    Operations are single layers. Branches of different resolution, and more than two halvings, are refused.

    Args:
        signals: Whether the inputs are signals, which have columns alone.
        max_depth: The largest depth of nested rules.
        sampling: As in :class:`GrammarSpace`. Drawn uniformly over derivations, nearly all are of the largest depth.

    >>> space = FreeForm()
    >>> space.size > 10**100
    True
    """

    summary = "grammar of branches, sequences and routed parts, from single layers to whole networks"

    def __init__(self, *, signals: bool = False, max_depth: int = 9, sampling: Sampling = "choices") -> None:
        routes = ("Columns", "Pairs") if signals else ("Rows", "Columns", "Patches")
        super().__init__(
            _RULES.format(routes=" | ".join(f"{route} K" for route in routes)),
            name="free-form-signals" if signals else "free-form",
            topologies=_TOPOLOGIES,
            max_depth=max_depth,
            effects=_EFFECTS,
            max_halvings=2,
            sampling=sampling,
        )

    @classmethod
    def signals(cls) -> "FreeForm":
        """The space for signals."""
        return cls(signals=True)
