"""The macro space of ENAS: a chain of layers, an operation for each, and skip connections between them.

Reference: Pham et al., ENAS (ICML 2018), section 2.3.
"""

import json
from itertools import pairwise

from archrank.architecture import Architecture
from archrank.errors import ParseError, SpaceError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.system.foreign import shown
from archrank.system.literals import read_literal

__all__ = ["OPERATIONS", "EnasMacro"]

OPERATIONS = ("conv3x3", "sep_conv3x3", "conv5x5", "sep_conv5x5", "avg_pool3x3", "max_pool3x3")
"""In the order of ENAS's own numbers, 0 to 5."""

SKIP = "skip_connect"


class EnasMacro(SearchSpace):
    """Networks of some layers, each with one of six operations and skip connections from earlier ones.

    A layer applies its operation to what the layer before it gives, and adds what its skip connections bring: from
    the stem, which is counted as 0, and from any layer but the one just before. The text form is a list of layers,
    each the number of its operation and then, for the stem and every layer up to the last but one, 1 for a skip
    connection and 0 for none:

    >>> space = EnasMacro(layers=3)
    >>> architecture = space.parse("[[1], [4, 0], [5, 1, 0]]")
    >>> space.options(architecture)["skip 0→3"]
    'yes'
    >>> space.format(architecture)
    '[[1], [4, 0], [5, 1, 0]]'

    Args:
        layers: How many layers there are.

    Raises:
        SpaceError: No layer.
    """

    operations = (*OPERATIONS, SKIP)
    summary = "operation on node, a chain of layers with skip connections, 6 operations"

    def __init__(self, layers: int = 6) -> None:
        if layers < 1:
            raise SpaceError(f"layers={layers}: expected 1 or more")
        self.layers = layers
        self.name = "enas-macro" + ("" if layers == 6 else f"-{layers}-layers")
        self.choices = tuple(
            choice
            for layer in range(1, layers + 1)
            for choice in (
                Choice(f"layer {layer}", OPERATIONS),
                *(Choice(f"skip {source}→{layer}", ("no", "yes")) for source in range(layer - 1)),
            )
        )
        starts = [layer * (layer + 1) // 2 for layer in range(layers + 1)]
        self._spans = tuple(slice(start, end) for start, end in pairwise(starts))

    def __len__(self) -> int:
        """How many architectures there are: every encoding is one."""
        return self.encodings

    def graph(self, architecture: Architecture) -> Graph:
        """Junction 0 is the stem; layer i writes its operation's result and its skip connections to junction i."""
        sites: list[Site] = []
        for layer, span in enumerate(self._spans, start=1):
            operation, *skips = architecture.choices[span]
            sites.append(Site(OPERATIONS[operation], (layer - 1,), layer))
            sites += [Site(SKIP, (source,), layer) for source, skip in enumerate(skips) if skip]
        return Graph((Cell(1, self.layers + 1, tuple(sites), (self.layers,)),))

    def format(self, architecture: Architecture) -> str:
        """The list of layers, ``[[op], [op, skip], [op, skip, skip], …]``."""
        return json.dumps([list(architecture.choices[span]) for span in self._spans])

    def parse(self, text: str) -> Architecture:
        """Read the list of layers, as JSON, Python or NumPy write it.

        Raises:
            ParseError: Not a list of that many layers, a layer of another length, an operation other than 0 to 5, or a
                skip other than 0 and 1; the message names the layer.
        """
        try:
            record = read_literal(text)
        except ParseError as error:
            raise ParseError(f"{shown(text)} is not an architecture of {self.name}: {error}") from None
        if not isinstance(record, list | tuple) or len(record) != self.layers:
            raise ParseError(
                f"{shown(text)} is not an architecture of {self.name}: expected a list of {self.layers} layers"
            )
        row: list[int] = []
        for layer, numbers in enumerate(record, start=1):
            if not isinstance(numbers, list | tuple) or len(numbers) != layer:
                raise ParseError(
                    f"{shown(text)}: layer {layer} is {shown(numbers, 60)}, expected {layer} numbers: an operation, "
                    "then a skip from the stem and from each layer but the one just before"
                )
            for index, number in enumerate(numbers):
                allowed = len(self.choices[len(row)].options)
                if type(number) is not int or not 0 <= number < allowed:
                    what = "skip" if index else "operation"
                    raise ParseError(
                        f"{shown(text)}: {what} {shown(number, 60)} in layer {layer}, expected 0 to {allowed - 1}"
                    )
                row.append(number)
        return self.architecture(row)
