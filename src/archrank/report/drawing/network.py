"""Drawings of networks: blocks as boxes with the name of their module, from top to bottom."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from archrank.errors import ArchrankError
from archrank.folding import fold, unfold
from archrank.graph import Cell, Graph, Node, Site
from archrank.plot.style import MUTED, NEUTRAL, operation_colors
from archrank.report.drawing.columns import Block, sketch_columns
from archrank.report.drawing.sketch import Sketch, figure_of
from archrank.system.text import shortened

__all__ = ["draw_network", "is_network", "sketch_network"]

_MOST_BOXES = 40
"""How many boxes a drawing has at most where no level is asked for."""
_LIMIT = 400
_LONGEST_NAME = 40
_SIGNS = {"add": "+", "mul": "×", "sub": "−"}
_LIGHT = frozenset(
    ("constant", "expand", "getitem", "identity", "parameter", "permute", "reshape", "split", "to", "unbind")
)
"""Operations that only hand numbers on."""


def is_network(graph: Graph) -> bool:
    """Whether a graph is that of a network of any kind, rather than of cells of a space."""
    return any(isinstance(site, Node) for cell in graph.cells for site in cell.sites)


def draw_network(graph: Graph, level: int | None = None) -> Figure:
    """Draw a network from top to bottom. A run of equal blocks is one box with their number.

    Args:
        graph: The graph, flat or folded.
        level: How many modules deep to look: 1 for the parts of the network, more for the parts of these. Without it,
            the deepest level that has a readable number of boxes.

    Returns:
        The figure, one data unit a point of type.

    Raises:
        ArchrankError: The level is below 1, or has too many boxes for a drawing.
    """
    return figure_of(sketch_network(graph, level))


def sketch_network(graph: Graph, level: int | None = None) -> Sketch:
    """The shapes of a drawing; the arguments and errors are those of :func:`draw_network`."""
    if level is not None and level < 1:
        raise ArchrankError(f"the level is {level}; expected at least 1, the parts of the network")
    flat = unfold(graph)
    shown = _at_level(flat, level)
    boxes = sum(len(items) for _, items in shown)
    if boxes > _LIMIT:
        fewest = sum(len(items) for _, items in _at_level(flat, 1))
        way = "give a lower level" if fewest <= _LIMIT else "its parts alone are too many: draw some of them"
        raise ArchrankError(f"the drawing would have {boxes} boxes, more than {_LIMIT}; {way}")
    nodes = [site for cell in flat.cells for site in cell.sites if isinstance(site, Node)]
    sizes = {
        "parameters": sum(node.parameters for node in nodes),
        "multiply-adds": sum(node.multiply_adds for node in nodes),
    }
    # A graph that was not traced from a network has no sizes.
    title = ", ".join(f"{_amount(size)} {name}" for name, size in sizes.items() if size)
    names = Counter(
        item.site.operation for _, items in shown for item in items if item.site.operation not in _LIGHT
    )
    colors = operation_colors([name for name, _ in names.most_common()])
    return sketch_columns([_plan(cell, items, colors) for cell, items in shown], title)


class _Item:
    """A node of the drawing: one site, or a run of equal ones.

    Attributes:
        site: The first of them.
        last: The last of them.
        times: How many there are.
    """

    def __init__(self, site: Site) -> None:
        self.site = self.last = site
        self.times = 1


def _at_level(flat: Graph, level: int | None) -> list[tuple[Cell, list[_Item]]]:
    """The cells at a level, and what of each becomes a box."""
    if level is not None:
        return [(cell, _items(cell)) for cell in fold(flat, depth=level).cells]
    paths = [site.path for cell in flat.cells for site in cell.sites if isinstance(site, Node)]
    shown = [(cell, _items(cell)) for cell in flat.cells]
    for depth in range(max(map(len, paths), default=0), 0, -1):
        if sum(len(items) for _, items in shown) <= _MOST_BOXES:
            break
        shown = [(cell, _items(cell)) for cell in fold(flat, depth=depth).cells]
    return shown


def _items(cell: Cell) -> list[_Item]:
    """The sites of a cell; of equal ones, each read by the next one only, the first."""
    reads = Counter(j for site in cell.sites for j in site.sources) + Counter(cell.outputs)
    items: list[_Item] = []
    by_target: dict[int, _Item] = {}
    for site in cell.sites:
        before = by_target.get(site.sources[0]) if len(site.sources) == 1 else None
        if before is not None and reads[site.sources[0]] == 1 and _is_like(before.site, site):
            before.times += 1
            before.last = site
            by_target[site.target] = before
            continue
        item = _Item(site)
        items.append(item)
        for junction in _targets(site):
            by_target[junction] = item
    return items


def _is_like(a: Site, b: Site) -> bool:
    if not (isinstance(a, Node) and isinstance(b, Node)) or a.weights or b.weights:
        return False
    return (
        (a.operation, a.attributes, a.inner) == (b.operation, b.attributes, b.inner)
        and len(a.targets) == len(b.targets) == 1
        and a.path[:-1] == b.path[:-1]
    )


def _targets(site: Site) -> tuple[int, ...]:
    return site.targets if isinstance(site, Node) else (site.target,)


def _plan(
    cell: Cell, items: Sequence[_Item], colors: Mapping[str, str]
) -> tuple[list[Block], list[tuple[int, int]]]:
    """The boxes of a cell, and the lines between them."""
    ends = ["input"] if cell.inputs == 1 else [f"input {i + 1}" for i in range(cell.inputs)]
    used = {j for site in cell.sites for j in site.sources} | set(cell.outputs)
    blocks: list[Block] = []
    writer: dict[int, list[int]] = {}
    for junction, name in enumerate(ends):
        if junction in used:
            writer[junction] = [len(blocks)]
            blocks.append(Block("end", name, "", MUTED))
    lines: dict[tuple[int, int], None] = {}
    for item in items:
        place = len(blocks)
        blocks.append(_block(item, colors))
        lines |= dict.fromkeys((start, place) for j in item.site.sources for start in writer.get(j, ()))
        for junction in _targets(item.last):
            writer.setdefault(junction, []).append(place)
    for number, junction in enumerate(cell.outputs):
        name = "output" if len(cell.outputs) == 1 else f"output {number + 1}"
        lines |= dict.fromkeys((start, len(blocks)) for start in writer.get(junction, ()))
        blocks.append(Block("end", name, "", MUTED))
    return blocks, list(lines)


def _block(item: _Item, colors: Mapping[str, str]) -> Block:
    site = item.site
    if not isinstance(site, Node):
        return Block("box", shortened(site.operation, _LONGEST_NAME), "", colors.get(site.operation, NEUTRAL))
    if site.operation in _SIGNS and len(site.sources) > 1 and not site.attributes:
        return Block("dot", _SIGNS[site.operation], "", MUTED)
    name = site.operation if site.inner is not None else _described(site)
    if item.times > 1:
        name += f" ×{item.times}"
    details = [_place(item)] if site.inner is not None else []
    last = item.last
    if isinstance(last, Node) and last.shape:
        details.append("×".join(map(str, last.shape)))
    color = NEUTRAL if site.operation in _LIGHT else colors.get(site.operation, NEUTRAL)
    return Block("box", shortened(name, _LONGEST_NAME), shortened(" · ".join(details), _LONGEST_NAME), color)


def _place(item: _Item) -> str:
    """Where the module of a box is, such as layer1.0, or layer1.1–2 for several."""
    first, last = item.site, item.last
    assert isinstance(first, Node)
    assert isinstance(last, Node)
    path = ".".join(first.path)
    return path if item.times == 1 else f"{path}–{last.path[-1].rpartition('.')[2]}"


def _described(node: Node) -> str:
    """An operation with its most telling numbers."""
    numbers = dict(node.attributes)
    name = node.operation
    if kernel := _sizes(numbers, "kernel", int(numbers.get("dimensions", 2))):
        name += f" {kernel}"
    if numbers.get("stride", 1) != 1 and node.operation.startswith("conv"):
        name += f" /{numbers['stride']:g}"
    if numbers.get("groups", 1) > 1:
        depthwise = numbers["groups"] == numbers.get("in_channels")
        name += " depthwise" if depthwise else f" {numbers['groups']:g} groups"
    if set(numbers) == {"other"} or set(numbers) == {"exponent"}:
        name += f" {next(iter(numbers.values())):.4g}"
    return name


def _sizes(numbers: Mapping[str, float], name: str, count: int) -> str:
    if name not in numbers:
        return ""
    sizes = [numbers[name], *(numbers.get(f"{name}{i}", numbers[name]) for i in range(1, count))]
    return "×".join(f"{size:g}" for size in sizes)


def _amount(number: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
