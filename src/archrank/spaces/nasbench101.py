"""NAS-Bench-101: up to seven vertices and nine edges, an operation on each inner vertex.

Reference: Ying et al., NAS-Bench-101 (ICML 2019).
"""

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.arrays import CellArrays
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, Rows, SearchSpace
from archrank.spaces.cache import cached
from archrank.spaces.nasbench101_hash import module_hash
from archrank.spaces.nasbench101_modules import (
    Module,
    canonical_module,
    every_module,
    pruned,
    pruned_matrices,
)
from archrank.spaces.nasbench101_parameters import trainable_parameters
from archrank.spaces.nasbench101_texts import (
    KEYS,
    OPERATIONS,
    checked_labels,
    checked_sources,
    hash_in,
    matrix_and_operations,
)

__all__ = ["OPERATIONS", "NASBench101"]

MOST_VERTICES = 7
MOST_EDGES = 9
LISTING = 1
"""Increase it when the canonical rows change, so that no list of the old ones is read."""


class NASBench101(SearchSpace):
    """The 423,624 cells of NAS-Bench-101.

    The text form has the official record's own fields, and any numbering of the vertices is understood, with or
    without vertices that lie on no path from the input to the output:

    >>> space = NASBench101()
    >>> text = (
    ...     '{"module_adjacency": [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], '
    ...     '"module_operations": ["input", "maxpool3x3", "conv3x3-bn-relu", "output"]}'
    ... )
    >>> space.format(space.parse(text))
    '{"module_adjacency": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "module_operations": ["input", "maxpool3x3", "output"]}'

    A row encodes, for seven vertices, which of the 21 upward edges are there, column by column of the adjacency
    matrix, and the operation of the five inner vertices. A vertex whose operation is ``none`` is absent,
    whatever its edges, and vertices on no path from the input to the output are pruned. So any official matrix,
    pruned or not, is a row as it stands, and every row is read by the same rule. It is valid if the input reaches
    the output and, after pruning, at most nine edges are left (the official order of these two steps).

    The canonical row has

    - the numbering that the official enumeration meets first: it is the one in the official records, and the
      parameter count, which gives the remainder of a channel split to the first vertices, is the published one;
    - absent vertices after the present ones, just before the output, which is always vertex 6;
    - for each absent vertex, the edges from the input and to the output, and no other: they mean nothing while
      it is absent, and make it a branch of the cell as soon as an operation is chosen for it. Otherwise no change
      of one choice could ever add a vertex, and a chain of mutations would only shrink cells.

    Rows are sorted in lexicographic order, which is the order of :meth:`codes`: ``np.searchsorted`` finds the index
    of any row among the codes of all.

    Args:
        vertices: The most vertices a cell may have, input and output included; fewer than 7 make a small space
            of the same kind.

    Raises:
        SpaceError: Not 2 to 7 vertices.
    """

    operations = (*OPERATIONS, "output")
    summary = "operation on node, up to 7 vertices and 9 edges, 3 operations"

    def __init__(self, vertices: int = MOST_VERTICES) -> None:
        if not 2 <= vertices <= MOST_VERTICES:
            raise SpaceError(
                f"vertices={vertices}: expected 2 to {MOST_VERTICES}, with the input and the output"
            )
        self.vertices = vertices
        self.name = "nas-bench-101" + ("" if vertices == MOST_VERTICES else f"-{vertices}-vertices")
        self._edges = tuple((source, target) for target in range(vertices) for source in range(target))
        self.choices = (
            *(Choice(f"{source}→{target}", ("absent", "present")) for source, target in self._edges),
            *(Choice(f"vertex {vertex}", ("none", *OPERATIONS)) for vertex in range(1, vertices - 1)),
        )

    def graph(self, architecture: Architecture) -> Graph:
        """One junction and site for each vertex that is left after pruning, and an ``output`` site.

        Junction 0 is the input, the last one the output.

        Raises:
            InvalidArchitecture: The row is none of this space's.
        """
        module = self._module(architecture.choices)
        names = (*(OPERATIONS[label] for label in module.labels), "output")
        sites = tuple(
            Site(name, tuple(s for s in range(target) if module.sources[target] >> s & 1), target)
            for target, name in enumerate(names, start=1)
        )
        last = len(module.sources) - 1
        return Graph((Cell(1, last + 1, sites, (last,)),))

    def arrays(self, rows: Rows) -> tuple[CellArrays, ...]:
        """One site for each vertex but the input; absent vertices have no junction either."""
        adjacency, operations = self.matrices(rows)
        last = self.vertices - 1
        # Vertex t reads at most t others: those that are its sources, then -1.
        ranked = np.where(
            adjacency, np.arange(self.vertices, dtype=np.int16)[:, None], np.int16(self.vertices)
        )
        sources = np.sort(ranked[:, :last, 1:], axis=1).transpose(0, 2, 1)
        present = operations >= 0
        present[:, 0] = True
        return (
            CellArrays(
                inputs=1,
                present=present,
                operation=operations[:, 1:].astype(np.int16),
                target=np.arange(1, self.vertices, dtype=np.int16),
                sources=np.where(sources < self.vertices, sources, np.int16(-1)),
                outputs=np.full((len(rows), 1), last, dtype=np.int16),
            ),
        )

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        """Whether the input reaches the output, over at most nine edges after pruning."""
        module = _read(choices, self.vertices)
        return module is not None and module.edges <= MOST_EDGES

    def canonical(self, choices: tuple[int, ...]) -> tuple[int, ...]:
        """The row of the pruned cell, numbered as in the official records."""
        return self._row(canonical_module(self._module(choices)))

    def relabelled(self, choices: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
        """Another row of the same cell: its vertices in a random order in which edges still lead upwards.

        The cell is pruned; absent vertices stand and look as in the canonical row. Every such order can come, also
        the one that gives the same row again.

        Args:
            choices: A valid row, canonical or not.
            rng: The source of randomness.

        Raises:
            InvalidArchitecture: The row is none of this space's.
        """
        module = self._module(choices)
        last = len(module.sources) - 1
        order = [0]
        waiting = rng.permutation(np.arange(1, last)).tolist()
        while waiting:
            numbered = sum(1 << vertex for vertex in order)
            order.append(next(v for v in waiting if not module.sources[v] & ~numbered))
            waiting.remove(order[-1])
        order.append(last)
        return self._row(
            Module(
                tuple(
                    sum(1 << new for new, old in enumerate(order) if module.sources[vertex] >> old & 1)
                    for vertex in order
                ),
                tuple(module.labels[vertex - 1] for vertex in order[1:-1]),
            )
        )

    def format(self, architecture: Architecture) -> str:
        """``{"module_adjacency": [[0, 1, …], …], "module_operations": ["input", …, "output"]}``, pruned."""
        module = self._module(architecture.choices)
        size = len(module.sources)
        return json.dumps(
            {
                "module_adjacency": [
                    [mask >> vertex & 1 for mask in module.sources] for vertex in range(size)
                ],
                "module_operations": ["input", *(OPERATIONS[label] for label in module.labels), "output"],
            }
        )

    def parse(self, text: str) -> Architecture:
        """Read a cell as :meth:`format` writes it, or as papers, logs and programs do.

        ``matrix`` and ``ops`` name the fields too, and ``ModelSpec(matrix, ops)`` or the two in a list are read as
        Python or NumPy print them. 32 hexadecimal digits are the official hash of a cell; the first time ever that one
        is looked up, the hashes of all cells are worked out, which takes a minute or two.

        Raises:
            ParseError: None of these, a hash of no cell, or as for :meth:`from_matrix`.
        """
        if (digits := hash_in(text)) is not None:
            return self._of_hash(digits)
        return self.from_matrix(*matrix_and_operations(text, self.name))

    def _of_hash(self, digits: str) -> Architecture:
        rows = self.rows()
        begin = np.uint32(int(digits[:8], 16))
        for row in rows[self._hash_beginnings == begin]:
            architecture = Architecture(self.name, tuple(row.tolist()), self.fingerprint)
            if self.module_hash(architecture) == digits:
                return architecture
        raise ParseError(f"{digits!r} is the official hash of no cell of {self.name}")

    @cached_property
    def _hash_beginnings(self) -> npt.NDArray[np.uint32]:
        """The first 32 bits of each cell's official hash: (M,)."""

        def make() -> npt.NDArray[np.uint32]:
            modules = (self._module(tuple(row)) for row in self.rows().tolist())
            return np.array([int(module_hash(module)[:8], 16) for module in modules], dtype=np.uint32)

        return cached(f"{self.name}-hashes", f"{LISTING} {self.digest}", make)

    def from_matrix(self, adjacency: Any, operations: Any) -> Architecture:
        """Read a cell from an adjacency matrix and the names of its vertices.

        Args:
            adjacency: V lists of V numbers, or an array; 1 in row s and column t is an edge from vertex s to vertex t.
            operations: V names, the first ``"input"``, the last ``"output"``.

        Raises:
            ParseError: Not square, entries other than 0 and 1, edges that do not lead upwards, an unknown
                operation (also on a vertex that would be pruned), no path from the input to the output, or too many
                vertices or edges after pruning; the message names the position.
        """
        sources = checked_sources(adjacency)
        module = pruned(sources, checked_labels(operations, len(sources)))
        if module is None:
            raise ParseError(
                f"{KEYS[0]}: no path leads from vertex 0, the input, to the last one, the output"
            )
        for count, most, what in (
            (len(module.sources), self.vertices, "vertices"),
            (module.edges, MOST_EDGES, "edges"),
        ):
            if count > most:
                raise ParseError(
                    f"{KEYS[0]}: {count} {what} after pruning, but {self.name} has at most {most}"
                )
        return Architecture(self.name, self._row(canonical_module(module)), self.fingerprint)

    def module_hash(self, architecture: Architecture) -> str:
        """The official MD5 hash, by which NAS-Bench-101's files name a cell."""
        return module_hash(self._module(architecture.choices))

    def trainable_parameters(self, architecture: Architecture) -> int:
        """The official count of the trainable parameters of the CIFAR-10 network built from the cell."""
        return trainable_parameters(canonical_module(self._module(architecture.choices)))

    def known_values(self, architecture: Architecture) -> Mapping[str, float]:
        """The ``trainable_parameters``."""
        return {"trainable_parameters": float(self.trainable_parameters(architecture))}

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Draw ``n`` architectures independently and uniformly, from the list of all."""
        rows = self.rows()
        return self.architectures(rows[rng.integers(len(rows), size=n)])

    def codes(self, rows: Rows) -> npt.NDArray[np.uint32]:
        """One number a row, in the order of the rows: (M, number of choices) to (M,)."""
        return np.asarray(rows, dtype=np.uint32) @ self._weights

    def matrices(self, rows: Rows) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
        """The pruned adjacency matrices and operations of many rows at once.

        Vertex 0 is the input, vertex N - 1 the output; the vertices that are left are numbered upwards from 1 in
        topological order, absent ones stand just before the output.

        Args:
            rows: Valid rows, canonical or not: (M, number of choices).

        Returns:
            Whether there is an edge from vertex s to vertex t, (M, N, N) with N the space's ``vertices``; and each
            vertex's index in ``operations``, (M, N), -1 for the input and for absent vertices.
        """
        options = rows[:, len(self._edges) :]
        operations = np.full((len(rows), self.vertices), -1, dtype=np.int8)
        operations[:, 1:-1] = options - 1
        operations[:, -1] = len(OPERATIONS)
        present = operations >= 0
        adjacency = np.zeros((len(rows), self.vertices, self.vertices), dtype=bool)
        for index, (source, target) in enumerate(self._edges):
            # An absent vertex reads nothing, so it is pruned.
            adjacency[:, source, target] = (rows[:, index] != 0) & present[:, target]
        return pruned_matrices(adjacency, operations)

    @cached_property
    def _weights(self) -> npt.NDArray[np.uint32]:
        sizes = [len(choice.options) for choice in self.choices]
        return np.cumprod([1, *sizes[:0:-1]], dtype=np.uint32)[::-1]

    @cached_property
    def _rows(self) -> Rows:
        codes = cached(f"{self.name}-cells", f"{LISTING} {self.digest}", self._every_code)
        rows = np.empty((len(codes), len(self.choices)), dtype=np.int16)
        for index, (weight, choice) in enumerate(zip(self._weights, self.choices, strict=True)):
            rows[:, index] = codes // weight % np.uint32(len(choice.options))
        rows.setflags(write=False)
        return rows

    def _every_code(self) -> npt.NDArray[np.uint32]:
        found = []
        for vertices in range(2, self.vertices + 1):
            modules = every_module(vertices, MOST_EDGES, len(OPERATIONS))
            rows = np.zeros((len(modules.labels), len(self.choices)), dtype=np.int16)
            self._write(rows.T, modules.sources.T, modules.labels.T)
            found.append(self.codes(rows))
        return np.sort(np.concatenate(found))

    def _write(self, row: Any, sources: Any, labels: Any) -> None:
        """Write a module into a row of zeros, or many into the columns of an array: (number of choices, B)."""
        output = len(sources) - 1
        last = self.vertices - 1
        for index, (source, target) in enumerate(self._edges):
            if output <= source or output <= target < last:
                row[index] = int(source == 0 or target == last)  # what an absent vertex looks like
            else:
                row[index] = sources[min(target, output)] >> source & 1
        for index, label in enumerate(labels, start=len(self._edges)):
            row[index] = label + 1

    def _row(self, module: Module) -> tuple[int, ...]:
        row = [0] * len(self.choices)
        self._write(row, module.sources, module.labels)
        return tuple(row)

    def _module(self, choices: tuple[int, ...]) -> Module:
        module = _read(choices, self.vertices)
        if module is None or module.edges > MOST_EDGES:
            what = "no path from the input" if module is None else f"{module.edges} edges"
            raise InvalidArchitecture(f"{choices} is no cell of {self.name}: {what}")
        return module


@lru_cache(maxsize=1 << 12)  # a row is looked at for validity, and then for its canonical form
def _read(choices: tuple[int, ...], vertices: int) -> Module | None:
    """The pruned module that a row encodes, or None if its output is out of reach."""
    options = choices[vertices * (vertices - 1) // 2 :]
    sources, first = [], 0
    for target, option in enumerate((1, *options, 1)):
        mask = sum(1 << source for source in range(target) if choices[first + source])
        sources.append(mask if option else 0)  # an absent vertex reads nothing, so it is pruned
        first += target
    return pruned(sources, [option - 1 for option in options])
