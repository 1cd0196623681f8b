"""NAS-Bench-201: four junctions, an operation on each of the six edges.

Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020).
"""

import re
from functools import cached_property
from random import Random

import numpy as np

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import ParseError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, Rows, SearchSpace
from archrank.system.foreign import shown
from archrank.system.literals import read_printed

__all__ = ["NASBench201"]

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
OPTIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

OFFICIAL_SEED = 88
"""What the authors shuffled the list of all cells by; its indices name the cells in their files."""

NASLIB_OPTIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

_TOKEN = re.compile(r"\s*([^|~+\s]*)\s*~\s*(\d{1,3})\s*")
_INPUT = r"\s*\w+\s*~\s*\d\s*\|"
_CELL = re.compile(r"\s*\+\s*".join(rf"\|{_INPUT * inputs}" for inputs in (1, 2, 3)))
_BEFORE = re.compile(r"[^|~+]*")
_BEHIND = re.compile(r"[\s'\")\]},;.]*")
_INDEX = re.compile(r"\s*(?:\w*(?:ind|idx|arch)\w*\s*[=:])?\s*['\"]?(\d{1,9})['\"]?\s*", re.IGNORECASE)
_NAMED_INDEX = re.compile(
    r"""(?<!\w)(?:arch|\w*(?:index|idx|_ind)|ind)['"]?(?:\s*[=:]\s*|\s+)['"]?(\d{1,9})(?![\w.])""",
    re.IGNORECASE,
)
_TUPLE = re.compile(r"\s*(nats|naslib)\s*[=:]\s*(.+)", re.DOTALL | re.IGNORECASE)


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
        """Read the benchmark's own string, or another way in which the field names a cell.

        Blanks, quotes, a list of one, ``arch_str=`` and what a log writes around the string are passed over. A number
        alone, such as ``11`` or ``arch_index=11``, is the index in the benchmark's official order. Six numbers mean
        different cells in different programs, so it must be said whose they are: ``nats:(…)`` numbers the operations
        and the edges as this space does, ``naslib:(…)`` as NASLib's ``op_indices`` do.

        Raises:
            ParseError: Not three groups, a token in the wrong position, an operation or an index that the space does
                not have, several cells, an index beside the string of another cell, or six numbers without a name.

        >>> NASBench201().format(NASBench201().parse("arch_index=9"))
        '|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|'
        """
        known = self._written.get(text)
        if known is not None:
            return Architecture(self.name, known, self.fingerprint)
        if "~" not in text:
            return self._numbered(text)
        found = list(_CELL.finditer(text))
        if len(cells := dict.fromkeys("".join(match[0].split()) for match in found)) > 1:
            raise ParseError(
                f"{shown(text)} holds {len(cells)} cells of {self.name}; give one of them: {'; '.join([*cells][:3])}"
            )
        if (
            found
            and _BEFORE.fullmatch(text, 0, found[0].start())
            and _BEHIND.fullmatch(text, found[-1].end())
        ):
            read = self.architecture(self._row(text, *cells))
            self._check_index(text, text[: found[0].start()], read)
            return read
        return self.architecture(self._row(text, text.strip()))

    def _check_index(self, text: str, before: str, read: Architecture) -> None:
        """Refuse an index in front of a string that is another cell."""
        for match in _NAMED_INDEX.finditer(before):
            if (named := self._numbered(match[1])) != read:
                raise ParseError(
                    f"{shown(text)} names two cells of {self.name}: {shown(match[0])} is {self.format(named)}, and the "
                    f"string is {self.format(read)}; give one of them"
                )

    def _row(self, text: str, cell: str) -> list[int]:
        groups = cell.split("+")
        if len(groups) != 3:
            raise ParseError(
                f"{shown(text)} is not a {self.name} cell: {len(groups)} groups between '+' signs, expected 3, "
                "as in |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            )
        row: list[int] = []
        for target, group in enumerate(groups, start=1):
            tokens = group.strip().strip("|").split("|")
            if len(tokens) != target:
                raise ParseError(
                    f"{shown(text)}: junction {target} has {len(tokens)} inputs in {shown(group, 100)}, "
                    f"expected {target}"
                )
            for source, token in enumerate(tokens):
                match = _TOKEN.fullmatch(token)
                if match is None or int(match[2]) != source:
                    raise ParseError(
                        f"{shown(text)}: {shown(token, 60)} in {shown(group, 100)} should be 'operation~{source}'"
                    )
                row.append(self.option_index(len(row), match[1]))
        return row

    def _numbered(self, text: str) -> Architecture:
        """The cell of an official index, or of six numbers whose order is named."""
        if (index := _INDEX.fullmatch(text)) is not None:
            if int(index[1]) >= len(self._official_order):
                raise ParseError(
                    f"{shown(text)}: {self.name} has the indices 0 to {len(self._official_order) - 1}"
                )
            return self.architecture(self.rows()[self._official_order[int(index[1])]].tolist())
        named = _TUPLE.fullmatch(text)
        try:
            numbers = read_printed(text if named is None else named[2])
        except ParseError:
            numbers = None
        if type(numbers) is int and numbers >= 0 and text.lstrip()[:1] in ("[", "(", "'", '"'):
            return self._numbered(str(numbers))
        six = isinstance(numbers, list | tuple) and len(numbers) == len(EDGES)
        if not six or any(type(n) is not int for n in numbers):
            self._row(text, text.strip())  # names the difference to the benchmark's own string
        if named is None:
            raise ParseError(
                f"{shown(text)}: six numbers mean different cells in different programs; write nats:{tuple(numbers)} "
                f"for the operations {', '.join(OPTIONS)} on the edges {_arrows(EDGES)}, or naslib:{tuple(numbers)} "
                f"for {', '.join(NASLIB_OPTIONS)} on {_arrows(NASLIB_EDGES)}"
            )
        options, edges = (OPTIONS, EDGES) if named[1].lower() == "nats" else (NASLIB_OPTIONS, NASLIB_EDGES)
        if wrong := [number for number in numbers if not 0 <= number < len(options)]:
            raise ParseError(f"{shown(text)}: operation {wrong[0]}, expected 0 to {len(options) - 1}")
        chosen = {edge: OPTIONS.index(options[n]) for edge, n in zip(edges, numbers, strict=True)}
        return self.architecture([chosen[edge] for edge in EDGES])

    @cached_property
    def _official_order(self) -> list[int]:
        """Which row each official index means."""
        order = list(range(len(self.rows())))
        Random(OFFICIAL_SEED).shuffle(order)
        return order

    @cached_property
    def _written(self) -> dict[str, tuple[int, ...]]:
        """Every cell by its string: tables hold millions of these."""
        rows = map(tuple, self.rows().tolist())
        return {self.format(Architecture(self.name, row)): row for row in rows}


def _arrows(edges: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{source}→{target}" for source, target in edges)


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
