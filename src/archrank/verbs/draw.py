"""Draw one architecture, or a network of any kind."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archrank import benchmarks
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError
from archrank.given import architectures_of
from archrank.graph import Graph
from archrank.space import SearchSpace
from archrank.spaces.named import SPACES
from archrank.system.arguments import checked_path, checked_whole
from archrank.system.foreign import shown
from archrank.verbs.named import named_space_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archrank.report.drawing import Style

__all__ = ["Drawing", "draw"]

_NETWORK_NAME = re.compile(r"timm:.+|.+\.onnx|[^\s|]+:\w+", re.IGNORECASE)

_SAMPLE = 16
"""How many other architectures of a space the style of its drawings is chosen by."""


class Drawing:
    """A drawing of an architecture, which a notebook shows.

    Attributes:
        figure: The matplotlib figure.
        title: The architecture as text, or what is known of the graph.
    """

    def __init__(self, figure: "Figure", title: str) -> None:
        self.figure = figure
        self.title = title

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing to an ``.svg`` or ``.png`` file, whole or not at all.

        Raises:
            UnknownName: The file name ends otherwise.
            FileError: The file cannot be written.
        """
        from archrank.plot.style import save

        return save(self.figure, checked_path("path", path))

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        from archrank.plot.style import encode

        return encode(self.figure, ".svg").decode("utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        """What is drawn."""
        return f"<Drawing of {self.title}; save(path) writes .svg or .png>"


def draw(
    drawn: Any,
    other: Any = None,
    /,
    *,
    style: "Style | None" = None,
    level: int | None = None,
) -> Drawing:
    """Draw one architecture or network: ``draw(space, "…")``, ``draw(graph)`` or ``draw(module, example)``.

    An operation has the same color in every drawing of a space. Parts that no data reaches, or that do not reach the
    output, are pale. In the drawing of a network, a module is one box with the name of its class, and consecutive
    equal boxes are one box with their number.

    Args:
        drawn: The space or its name, the architecture, or a graph; a ``torch.nn.Module``, or the name of a network
            such as ``timm:resnet50``, ``file.onnx`` or ``path/to/file.py:Net``.
        other: The architecture in any form, where the space is first, or the space, where the architecture is; the
            example input of a network, as :func:`archrank.trace` takes it.
        level: For a network, the depth of modules to show: 1 for its parts, 2 for the parts of these; None for the
            deepest level that has a readable number of boxes.
        style: ``"edge"`` for operations on the arrows between junctions, ``"node"`` for operations as boxes; None for
            the one that suits the space.

    Raises:
        ArchrankError: The space or the architecture is missing, or there is more than one architecture; a level without
            a network, or one with too many boxes.
        ParseError: A text that is no architecture of the space.
        TraceError: The network cannot be read.

    >>> from archrank.spaces import NASBench201
    >>> draw(NASBench201(), "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|")
    <Drawing of |nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|; save(path) writes .svg or .png>
    """
    from archrank.report import drawing

    if style not in ("edge", "node", None):
        raise ArchrankError(f"the style is {style!r}; expected 'edge', 'node' or None")
    if level is not None:
        level = checked_whole("the level", level, error=ArchrankError)
    drawn, other = _with_space(drawn, other)
    if _is_network(drawn, other):
        from archrank.modules import trace

        drawn, other = trace(drawn, *([] if other is None else [other])), None
    if isinstance(drawn, Graph) and other is None and drawing.is_network(drawn):
        nodes = sum(len(cell.sites) for cell in drawn.cells)
        return Drawing(drawing.draw_network(drawn, level), f"a network of {nodes} operations")
    if isinstance(drawn, Graph) and other is None:
        _check_no_level(level)
        cells = len(drawn.cells)
        title = f"a graph of {cells} cell{'' if cells == 1 else 's'}"
        return Drawing(drawing.draw(drawn, style=style), title)
    space, architecture = (drawn, other) if isinstance(drawn, SearchSpace) else (other, drawn)
    if not isinstance(space, SearchSpace) or architecture is None:
        raise ArchrankError(
            f"{type(drawn).__name__} and {type(other).__name__} were given; expected draw(space, architecture), "
            "draw(architecture, space), draw(graph) or draw(module, example)"
        )
    given = architectures_of(space, architecture)
    if len(given) != 1:
        raise ArchrankError(f"{len(given)} architectures were given; draw them one by one")
    graph = space.graph(given[0])
    if not isinstance(graph, Graph):
        raise ArchrankError(
            f"the space {space.name} makes {shown(graph)} of an architecture; expected a Graph"
        )
    if drawing.is_network(graph):
        return Drawing(drawing.draw_network(graph, level), space.format(given[0]))
    _check_no_level(level)
    if style is None:
        # A single graph can suit both styles; several of the space decide.
        others = space.sample(_SAMPLE, np.random.default_rng(0))
        style = drawing.style_of([graph, *map(space.graph, others)])
    figure = drawing.draw(graph, operations=space.operations, style=style, titles=space.cell_names or None)
    return Drawing(figure, space.format(given[0]))


def _check_no_level(level: int | None) -> None:
    if level is not None:
        raise ArchrankError(f"the level is {level}, but only networks have levels, not cells of a space")


def _with_space(drawn: Any, other: Any) -> tuple[Any, Any]:
    """Both, with the space in the place of its name or of its table."""
    if isinstance(drawn, Table) or (isinstance(drawn, str) and other is not None and _names_space(drawn)):
        return named_space_of(drawn), other
    if isinstance(other, Table) or (isinstance(other, str) and _names_space(other)):
        return drawn, named_space_of(other)
    return drawn, other


def _names_space(text: str) -> bool:
    return text in SPACES or text in benchmarks.SOURCES


def _is_network(drawn: object, other: object) -> bool:
    """Whether a network was given: a module, or a name together with no space."""
    if isinstance(drawn, SearchSpace) or isinstance(other, SearchSpace):
        return False
    if isinstance(drawn, str | os.PathLike):
        return _NETWORK_NAME.fullmatch(os.fspath(drawn)) is not None
    # Who has a module has imported torch.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(drawn, torch.nn.Module)
