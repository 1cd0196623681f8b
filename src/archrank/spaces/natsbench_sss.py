"""The size space of NATS-Bench: how many channels each of five layers has.

Reference: Dong et al., NATS-Bench (TPAMI 2021).
"""

from types import MappingProxyType

from archrank.architecture import Architecture
from archrank.errors import ParseError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.system.foreign import shown

__all__ = ["NATSBenchSize"]

LAYERS = 5
_AROUND = " \t\n'\"[]()"
WIDTHS = tuple(str(width) for width in range(8, 65, 8))


class NATSBenchSize(SearchSpace):
    """The 32,768 sizes of one network: a width of 8, 16, … 64 channels for each of five layers.

    The network is always the same: a stem, three stages of one fixed cell with a reduction block before the second
    and the third. The text form is the benchmark's own:

    >>> space = NATSBenchSize()
    >>> space.parse("8:64:16:8:64").choices
    (0, 7, 1, 0, 7)
    """

    name = "nats-bench-size"
    choices = tuple(Choice(f"layer {layer} channels", WIDTHS) for layer in range(1, LAYERS + 1))
    operations = tuple(f"{width} channels" for width in WIDTHS)
    attributes = MappingProxyType({f"{width} channels": {"channels": int(width)} for width in WIDTHS})
    summary = "a chain of 5 layers, 8 widths for each"

    def graph(self, architecture: Architecture) -> Graph:
        """A chain of five sites, whose operation is the layer's width: that is all in which networks differ."""
        sites = tuple(
            Site(self.operations[option], (index,), index + 1)
            for index, option in enumerate(architecture.choices)
        )
        return Graph((Cell(1, LAYERS + 1, sites, (LAYERS,)),))

    def format(self, architecture: Architecture) -> str:
        """The widths with colons between them, ``64:64:32:8:16``."""
        return ":".join(WIDTHS[option] for option in architecture.choices)

    def parse(self, text: str) -> Architecture:
        """Read the widths with colons between them; quotes and brackets around them are passed over.

        Raises:
            ParseError: Not five widths, or a width that the space does not have.
        """
        widths = [width.strip() for width in text.strip(_AROUND).split(":")]
        if len(widths) != LAYERS:
            raise ParseError(
                f"{shown(text)} is not a size of {self.name}: {len(widths)} widths between ':' signs, "
                f"expected {LAYERS}, as in 64:64:32:8:16"
            )
        return self.architecture([self.option_index(index, width) for index, width in enumerate(widths)])
