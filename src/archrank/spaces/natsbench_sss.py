"""The size space of NATS-Bench: how many channels each of five layers has.

Reference: Dong et al., NATS-Bench (TPAMI 2021).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import ParseError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace

__all__ = ["NATSBenchSize"]

LAYERS = 5
REDUCTIONS = (1, 3)
"""The places, from 0, of the layers that halve the image."""

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
    summary = "a chain of 5 layers, 8 widths for each"

    def graph(self, architecture: Architecture) -> Graph:
        """A chain of five sites, whose operation is the layer's width: that is all in which networks differ."""
        sites = tuple(
            Site(self.operations[option], (place,), place + 1)
            for place, option in enumerate(architecture.choices)
        )
        return Graph((Cell(1, LAYERS + 1, sites, (LAYERS,)),))

    def network_sizes(self, cells: Sequence[CellArrays]) -> npt.NDArray[np.float64]:
        """Those of the benchmark's CIFAR-10 network."""
        widths = np.array(WIDTHS, dtype=np.float64)[cells[0].operation.T]
        given, pixels = widths[0], 32 * 32
        parameters = (9 * 3 + 2) * given
        multiply_adds = 9 * 3 * given * pixels
        for place, (before, width) in enumerate(pairwise([given, *widths])):
            if place in REDUCTIONS:  # two 3×3 convolutions beside a 1×1 one, which is not normalised
                pixels //= 4
                weights, normalised = (9 + 1) * before * width + 9 * width**2, 2
            else:  # five 3×3 convolutions, two of them from the cell's input, and a skip connection
                widens = before != width
                weights, normalised = (18 + widens) * before * width + 27 * width**2, 5 + widens
            parameters += weights + 2 * normalised * width
            multiply_adds += weights * pixels
        parameters += 2 * widths[-1] + (widths[-1] + 1) * 10
        return np.stack([parameters, multiply_adds + widths[-1] * 10], axis=1)

    def format(self, architecture: Architecture) -> str:
        """The widths with colons between them, ``64:64:32:8:16``."""
        return ":".join(WIDTHS[option] for option in architecture.choices)

    def parse(self, text: str) -> Architecture:
        """Read the widths with colons between them.

        Raises:
            ParseError: Not five widths, or a width that the space does not have.
        """
        widths = [width.strip() for width in text.split(":")]
        if len(widths) != LAYERS:
            raise ParseError(
                f"{text!r} is not a size of {self.name}: {len(widths)} widths between ':' signs, expected {LAYERS}, "
                "as in 64:64:32:8:16"
            )
        return self.architecture([self.option_index(place, width) for place, width in enumerate(widths)])
