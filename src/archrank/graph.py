"""Graphs of junctions and operation sites: the common form that every search space is lowered to.

Junctions hold data. A site reads the sum of its source junctions, applies its operation, and adds the result to
its target junction. Operation-on-edge cells have one site per edge; operation-on-node cells have one site per
node, whose target is the node itself. A :class:`Node` is a site of any network: it may read its sources as ordered
arguments, have numbers as attributes, several outputs, shared weights, and a whole cell in place of an operation.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from functools import lru_cache

from archrank.canonical import Wiring, certificate, number_of
from archrank.errors import SpaceError
from archrank.system.foreign import shown

__all__ = ["Cell", "Graph", "Node", "Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """One operation of a cell.

    Attributes:
        operation: Name of the operation.
        sources: Junctions whose sum the operation reads; a junction listed twice counts twice.
        target: Junction that the result is added to.
    """

    operation: str
    sources: tuple[int, ...]
    target: int

    @property
    def wiring(self) -> Wiring:
        """What it computes and how it is connected, for a canonical form."""
        return Wiring(self.operation, number_of(self.operation), self.sources, (self.target,))


@dataclass(frozen=True, slots=True)
class Node(Site):
    """A site of a network of any kind.

    The last five fields describe the node for people and for predictors; they follow from the others and from the shape
    of the network's inputs, so they are not part of its identity.

    Attributes:
        attributes: Numbers that describe the operation, by name, such as ``(("kernel", 3.0), ("stride", 2.0))``;
            sorted by name.
        ordered: Whether the sources are arguments in this order, as of a subtraction or a concatenation; otherwise
            their order does not count, as in a sum. There may be none, as for a constant.
        more_targets: The junctions of the second and further outputs, in this order.
        weights: Numbers of the weights that other nodes of the cell use too, or that come from outside the cell (see
            :attr:`Cell.weights`), in the order of their use; empty for an operation whose weights are its own.
        inner: The cell that the operation computes, whose inputs are the sources in their order, whose outputs are
            the targets, and whose weights from outside are ``weights``; None for a plain operation.
        path: The module calls that it belongs to, from the outermost, such as ``("layer1", "0", "conv1")``; the
            second call of a module within its caller is ``"conv1#2"``.
        classes: The class of each module of the path, such as ``("Sequential", "BasicBlock", "Conv2d")``.
        shape: Shape of the first output, without the batch, such as channels, height and width.
        parameters: Number of its trainable parameters; shared ones are counted where they are used first.
        multiply_adds: Number of multiply-adds for one input.

    >>> a, b = (Node("sub", pair, 2, ordered=True) for pair in ((0, 1), (1, 0)))
    >>> Cell(2, 3, (a,), (2,)).key == Cell(2, 3, (b,), (2,)).key
    False
    """

    attributes: tuple[tuple[str, float], ...] = ()
    ordered: bool = False
    more_targets: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()
    inner: "Cell | None" = None
    path: tuple[str, ...] = field(default=(), compare=False)
    classes: tuple[str, ...] = field(default=(), compare=False)
    shape: tuple[int, ...] = field(default=(), compare=False)
    parameters: int = field(default=0, compare=False)
    multiply_adds: int = field(default=0, compare=False)

    @classmethod
    def between(
        cls,
        operation: str,
        sources: tuple[int, ...],
        target: int,
        inner: "Cell | None",
        path: tuple[str, ...],
        classes: tuple[str, ...],
    ) -> "Node":
        """A node without attributes and sizes, made faster than by its class."""
        node = object.__new__(cls)
        values = (operation, sources, target, (), False, (), (), inner, path, classes, (), 0, 0)
        for fill, value in zip(_NODE, values, strict=True):
            fill(node, value)
        return node

    @property
    def targets(self) -> tuple[int, ...]:
        """The junctions of all outputs."""
        return (self.target, *self.more_targets)

    @property
    def wiring(self) -> Wiring:
        """What it computes and how it is connected, for a canonical form."""
        number, inner = (0, None) if self.inner is None else _inner(self.inner)
        label = (self.operation, self.attributes, self.ordered, len(self.targets))
        return Wiring(
            (*label, inner),
            number_of((*label, number)),
            self.sources,
            self.targets,
            self.ordered,
            self.weights,
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A directed acyclic graph of N junctions and S sites.

    Junctions are numbered in topological order: a site's sources all come before its targets.

    Attributes:
        inputs: How many junctions, the first ones, carry what comes into the cell.
        junctions: N, how many junctions there are.
        sites: The S operations.
        outputs: Junctions that leave the cell; several are concatenated, in any order unless ``ordered``.
        ordered: Whether the outputs are several results in this order.
        weights: How many of the numbers of shared weights, the first ones, come from outside the cell.

    Raises:
        SpaceError: A list in place of a tuple, a junction that does not exist, a source that does not come before its
            target, a site that writes to an input, or an inner cell that does not fit its node.
    """

    inputs: int
    junctions: int
    sites: tuple[Site, ...]
    outputs: tuple[int, ...]
    ordered: bool = False
    weights: int = 0

    def __post_init__(self) -> None:
        # Every graph of a space comes by here: a wrong item shows where it is used, its type is not looked at.
        if type(self.sites) is not tuple or type(self.outputs) is not tuple:
            raise SpaceError(
                f"a cell has the sites {shown(self.sites)} and the outputs {shown(self.outputs)}; expected a tuple of "
                "each, such as (Site(…),) and (1,)"
            )
        try:
            for site in self.sites:
                if isinstance(site, Node):
                    self._check_node(site)
                    continue
                if not site.sources or min(site.sources) < 0 or max(site.sources) >= site.target:
                    raise SpaceError(
                        f"{site}: sources must be junctions numbered below the target {site.target}, at least one"
                    )
                if not self.inputs <= site.target < self.junctions:
                    raise SpaceError(
                        f"{site}: the target must be one of the junctions {self.inputs} to {self.junctions - 1}, "
                        f"because the first {self.inputs} are inputs"
                    )
            if not self.outputs or min(self.outputs) < 0 or max(self.outputs) >= self.junctions:
                raise SpaceError(
                    f"outputs {self.outputs} must be among the {self.junctions} junctions, at least one"
                )
        except (AttributeError, TypeError) as error:
            raise SpaceError(
                f"{shown(self)} is not made of whole numbers and of sites whose sources are tuples of them: {error}"
            ) from None

    @classmethod
    def unchecked(
        cls, inputs: int, junctions: int, sites: tuple[Site, ...], outputs: tuple[int, ...], ordered: bool
    ) -> "Cell":
        """A cell that is right by the way in which it was made; the checks take longer than all the rest."""
        cell = object.__new__(cls)
        for fill, value in zip(_CELL, (inputs, junctions, sites, outputs, ordered, 0), strict=True):
            fill(cell, value)
        return cell

    def _check_node(self, node: Node) -> None:
        what = f"the node {node.operation!r} with the sources {node.sources} and the targets {node.targets}"
        first = min(node.targets)
        if node.sources and (min(node.sources) < 0 or max(node.sources) >= first):
            raise SpaceError(f"{what}: sources must be junctions numbered below the targets")
        if first < self.inputs or max(node.targets) >= self.junctions:
            raise SpaceError(
                f"{what}: the targets must be among the junctions {self.inputs} to {self.junctions - 1}, "
                f"because the first {self.inputs} are inputs"
            )
        if node.inner is not None and (
            node.inner.inputs != len(node.sources)
            or len(node.inner.outputs) != len(node.targets)
            or node.inner.weights != len(node.weights)
        ):
            raise SpaceError(
                f"{what}: its cell has {node.inner.inputs} inputs, {len(node.inner.outputs)} outputs and "
                f"{node.inner.weights} weights from outside, but the node has {len(node.sources)}, "
                f"{len(node.targets)} and {len(node.weights)}"
            )

    @property
    def key(self) -> Hashable:
        """A canonical form of the cell, see :attr:`Graph.key`."""
        wirings = [site.wiring for site in self.sites]
        return certificate(self.inputs, self.junctions, wirings, self.outputs, self.ordered, self.weights)


# What fills the fields of one that is made without its class, in their order.
_NODE, _CELL = ([getattr(made, entry.name).__set__ for entry in fields(made)] for made in (Node, Cell))


@dataclass(frozen=True, slots=True)
class Graph:
    """The computation of an architecture: C cells of junctions and sites.

    Attributes:
        cells: The cells; most spaces have one, others a normal and a reduction cell.

    >>> chain = Cell(1, 3, (Site("conv", (0,), 1), Site("pool", (1,), 2)), (2,))
    >>> Graph((chain,)).key == Graph((chain,)).key
    True
    """

    cells: tuple[Cell, ...]

    @property
    def key(self) -> Hashable:
        """A canonical form: graphs with equal keys differ in the numbering of junctions and weights only.

        It is an exact certificate, not a hash: a description of the graph over an order of the junctions that does not
        depend on their numbers. Where a large graph has more symmetries than can be tried, the order of the junctions
        decides, so that two graphs of one structure may then have different keys. Equal keys always mean equal graphs.
        """
        return tuple(cell.key for cell in self.cells)


@lru_cache(maxsize=16_384)
def _inner(cell: Cell) -> tuple[int, Hashable]:
    """The key of an inner cell, computed once for all of its uses, and a number that stands for it."""
    return number_of(cell.key), cell.key
