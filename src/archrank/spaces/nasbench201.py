"""NAS-Bench-201: four junctions, an operation on each of the six edges.

Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020).
"""

import re

import numpy as np

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import ParseError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, Rows, SearchSpace

__all__ = ["NASBench201"]

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
OPTIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

_TOKEN = re.compile(r"([^|~+]*)~(\d+)")


class NASBench201(SearchSpace):
    """The 15,625 cells of NAS-Bench-201, also known as the NATS-Bench topology space.

    The text form is the benchmark's own, one group of ``operation~source`` a junction:

    >>> space = NASBench201()
    >>> text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"
    >>> space.format(space.parse(text)) == text
    True
    """

    name = "nas-bench-201"
    choices = tuple(Choice(f"{source}→{target}", OPTIONS) for source, target in EDGES)
    operations = OPTIONS[1:]
    summary = "operation on edge, 4 junctions, 5 operations on 6 edges"

    def graph(self, architecture: Architecture) -> Graph:
        """One site an edge; ``none`` is no site, for nothing flows."""
        sites = tuple(
            Site(OPTIONS[option], (source,), target)
            for (source, target), option in zip(EDGES, architecture.choices, strict=True)
            if option
        )
        return Graph((Cell(1, 4, sites, (3,)),))

    def arrays(self, rows: Rows) -> tuple[CellArrays, ...]:
        """Six sites a cell, those of ``none`` left out."""
        sources, targets = np.array(EDGES, dtype=np.int16).T
        return (
            CellArrays(
                inputs=1,
                present=np.ones((len(rows), 4), dtype=bool),
                operation=rows - np.int16(1),
                target=targets,
                sources=np.broadcast_to(sources[:, None], (len(rows), 6, 1)),
                outputs=np.full((len(rows), 1), 3, dtype=np.int16),
            ),
        )

    def function(self, architecture: Architecture) -> Graph:
        """The operations that reach the output, each one node that reads a sum of others.

        ``none`` propagates, ``skip_connect`` is transparent; an operation whose result is used twice stays one,
        two equal operations stay two. The benchmark's 15,625 cells make 5,425 such functions.
        """
        terms: list[list[int]] = [[0], [], [], []]
        sites: list[Site] = []
        for (source, target), option in zip(EDGES, architecture.choices, strict=True):
            if OPTIONS[option] == "skip_connect":
                terms[target] += terms[source]
            elif option and terms[source]:
                sites.append(Site(OPTIONS[option], tuple(terms[source]), len(sites) + 1))
                terms[target].append(len(sites))
        return Graph((_live_cell(sites, terms[3]),))

    def format(self, architecture: Architecture) -> str:
        """The benchmark's own string, ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``."""
        named = iter(OPTIONS[option] for option in architecture.choices)
        return "+".join("|" + "".join(f"{next(named)}~{s}|" for s in range(t)) for t in (1, 2, 3))

    def parse(self, text: str) -> Architecture:
        """Read the benchmark's own string.

        Raises:
            ParseError: Not three groups, a token in the wrong position, or an operation that the space does not have.
        """
        groups = text.strip().split("+")
        if len(groups) != 3:
            raise ParseError(
                f"{text!r} is not a {self.name} cell: {len(groups)} groups between '+' signs, expected 3, "
                "as in |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            )
        row: list[int] = []
        for target, group in enumerate(groups, start=1):
            tokens = group.strip().strip("|").split("|")
            if len(tokens) != target:
                raise ParseError(
                    f"{text!r}: junction {target} has {len(tokens)} inputs in {group!r}, expected {target}"
                )
            for source, token in enumerate(tokens):
                match = _TOKEN.fullmatch(token)
                if match is None or int(match[2]) != source:
                    raise ParseError(f"{text!r}: {token!r} in {group!r} should be 'operation~{source}'")
                row.append(self.option_index(len(row), match[1]))
        return self.architecture(row)


def _live_cell(sites: list[Site], terms: list[int]) -> Cell:
    """A cell of the sites that ``terms`` need, with one junction a site and an output junction that sums the terms."""
    live: set[int] = set()
    pending = list(terms)
    while pending:
        junction = pending.pop()
        if junction and junction not in live:
            live.add(junction)
            pending += sites[junction - 1].sources
    index = {0: 0} | {junction: i for i, junction in enumerate(sorted(live), start=1)}
    kept = [
        Site(s.operation, tuple(index[j] for j in s.sources), index[s.target])
        for s in sites
        if s.target in live
    ]
    output = len(live) + 1
    # The output sums its terms: one transparent site a term.
    kept += [Site("skip_connect", (index[j],), output) for j in terms]
    return Cell(1, output + 1, tuple(kept), (output,))
