"""The outline of a network: its main operations between junctions, like the operations of a cell.

Graphs of cells have sums in their junctions, and identities between them. A traced network has a node for every sum and
every activation, which hides the paths that matter. Its outline has the operations that compute with weights or over
windows only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from archrank.graph import Cell, Graph, Node, Site

__all__ = ["SKIP", "is_main", "outline", "plain_sites", "shape_name"]

SKIP = "skip"
"""The operation that carries a value unchanged into a sum, where something else reads it too."""

_SHAPE = ("kernel", "stride", "dilation")


@dataclass(frozen=True, slots=True)
class _Value:
    """What a junction holds: an input, the result of a main operation with a name, or a sum of others."""

    name: str | None
    arguments: tuple[int, ...]
    is_input: bool = False

    @property
    def is_sum(self) -> bool:
        return self.name is None and not self.is_input


def is_main(site: Site) -> bool:
    """Whether an operation computes with weights or over windows."""
    return not isinstance(site, Node) or site.multiply_adds > 0 or shape_name(site) != site.operation


def shape_name(site: Site) -> str:
    """The operation with the shape of its window, such as ``"conv kernel 3"``.

    >>> shape_name(Node("conv", (0,), 1, attributes=(("channels", 16.0), ("kernel", 3.0), ("stride", 1.0))))
    'conv kernel 3'
    """
    attributes = site.attributes if isinstance(site, Node) else ()
    shape = [f"{name} {value:g}" for name, value in attributes if name.startswith(_SHAPE)]
    usual = ("stride 1", "dilation 1")
    return " ".join((site.operation, *(word for word in shape if word not in usual)))


def plain_sites(cell: Cell) -> Iterator[Site]:
    """The operations of a cell, and of the cells within its nodes."""
    for site in cell.sites:
        if isinstance(site, Node) and site.inner is not None:
            yield from plain_sites(site.inner)
        else:
            yield site


def outline(
    graph: Graph, name_of: Callable[[Site], str] = shape_name, main: Callable[[Site], bool] = is_main
) -> Graph:
    """The outline of a graph, whose sites are its main operations and identities into sums.

    Other operations pass on what they read; if they read several results, they count as a sum of them. A result that
    only a sum reads is added to the sum's junction; one that others read too is carried there by an identity,
    :data:`SKIP`.

    Args:
        graph: Of a network.
        name_of: Names the operation of a site.
        main: Tells which operations are main ones.

    >>> nodes = [
    ...     Node("conv", (0,), 1, multiply_adds=9),
    ...     Node("relu", (1,), 2),
    ...     Node("add", (0, 2), 3),
    ... ]
    >>> outline(Graph((Cell(1, 4, tuple(nodes), (3,)),))).cells[0].sites
    (Site(operation='conv', sources=(0,), target=1), Site(operation='skip', sources=(0,), target=1))
    """
    return Graph(tuple(_outline(cell, name_of, main) for cell in graph.cells))


def _outline(cell: Cell, name_of: Callable[[Site], str], main: Callable[[Site], bool]) -> Cell:
    values = [_Value(None, (), is_input=True)] * cell.inputs
    outputs = _read(cell, range(cell.inputs), values, name_of, main)
    live = _live(values, outputs)
    reads = Counter(argument for value in live for argument in values[value].arguments)
    reads.update(outputs)
    into = {
        argument: value
        for value in live
        if values[value].is_sum
        for argument in values[value].arguments
        if reads[argument] == 1 and not values[argument].is_input
    }
    ends: dict[int, int] = {}
    for value in sorted(live, reverse=True):  # a sum comes after what it adds
        ends[value] = ends[into[value]] if value in into else value
    junctions = {end: number for number, end in enumerate(sorted({*range(cell.inputs), *ends.values()}))}
    sites = []
    for value in sorted(live):
        target = junctions[ends[value]]
        carried = [a for a in values[value].arguments if values[value].is_sum and into.get(a) != value]
        sites += [Site(SKIP, (junctions[ends[argument]],), target) for argument in carried]
        if (name := values[value].name) is not None:
            sources = tuple(sorted(junctions[ends[argument]] for argument in values[value].arguments))
            sites.append(Site(name, sources, target))
    leaving = tuple(sorted({junctions[ends[value]] for value in outputs}))
    return Cell(cell.inputs, len(junctions), tuple(sites), leaving)


def _read(
    cell: Cell,
    inputs: Sequence[int],
    values: list[_Value],
    name_of: Callable[[Site], str],
    main: Callable[[Site], bool],
) -> list[int]:
    """Appends the values of a cell, given the numbers of its inputs; returns the numbers of its outputs."""
    writers: list[list[int]] = [[] for _ in range(cell.junctions)]
    for junction, value in enumerate(inputs):
        writers[junction] = [value]

    def sum_of(terms: Sequence[int]) -> int:
        if len(terms) == 1:
            return terms[0]
        values.append(_Value(None, tuple(terms)))
        return len(values) - 1

    def at(junction: int) -> int:
        writers[junction] = [sum_of(writers[junction])]
        return writers[junction][0]

    for site in sorted(cell.sites, key=lambda site: site.target):
        arguments = [at(junction) for junction in site.sources]
        targets = site.targets if isinstance(site, Node) else (site.target,)
        if isinstance(site, Node) and site.inner is not None:
            results = _read(site.inner, arguments, values, name_of, main)
        else:
            if arguments and main(site):
                values.append(_Value(name_of(site), tuple(arguments)))
                results = [len(values) - 1]
            else:
                results = [sum_of(arguments)]
            results *= len(targets)
        for junction, value in zip(targets, results, strict=True):
            writers[junction].append(value)
    return [at(junction) for junction in cell.outputs]


def _live(values: Sequence[_Value], outputs: Sequence[int]) -> set[int]:
    """The numbers of the values that an output depends on."""
    live: set[int] = set()
    ahead = list(outputs)
    while ahead:
        value = ahead.pop()
        if value not in live:
            live.add(value)
            ahead += values[value].arguments
    return live
