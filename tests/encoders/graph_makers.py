"""Graphs for tests of encoders: cells of the benchmarks, and random ones of every shape that a graph may have."""

import numpy as np

from archrank import Architecture, Cell, Graph, Site
from archrank.encoders.incidence import Incidence
from archrank.errors import ParseError
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph

OPERATIONS = ("conv", "pool", "skip")


def on_edge(n=7):
    """NAS-Bench-201: nothing at all, a chain, everything, an output that is cut off, a dead end; and random ones."""
    space = NASBench201()
    rows = [(0,) * 6, (3, 0, 3, 0, 0, 3), (3, 2, 1, 4, 3, 2), (3, 3, 3, 0, 0, 0), (3, 3, 1, 2, 0, 0)]
    indices = [Architecture(space.name, row) for row in rows] + space.sample(n, np.random.default_rng(0))
    return [space.graph(a) for a in indices], space.operations


def on_node(n=7):
    """NAS-Bench-101: random cells of up to seven vertices."""
    space, rng, graphs = NASBench101(), np.random.default_rng(0), []
    names = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]
    while len(graphs) < n:
        size = int(rng.integers(2, 8))
        matrix = np.triu(rng.random((size, size)) < 0.45, k=1).astype(int)
        try:
            labels = ["input", *rng.choice(names, size - 2).tolist(), "output"]
            graphs.append(space.graph(space.from_matrix(matrix.tolist(), labels)))
        except ParseError:  # no path, or too many edges
            continue
    return graphs, space.operations


def trees(n=7):
    """NAS-Bench-Graph: an operation on each of four nodes."""
    space = NASBenchGraph()
    return [space.graph(a) for a in space.sample(n, np.random.default_rng(0))], space.operations


def two_cells(n=7, seed=0):
    """Two cells of two and one inputs: on nodes and edges, parallel, dead, and read twice."""
    rng = np.random.default_rng(seed)
    return [Graph((random_cell(rng, 2), random_cell(rng, 1))) for _ in range(n)], OPERATIONS


def two_inputs(n=7, seed=0):
    """A normal and a reduction cell as in the spaces of ENAS and DARTS: every node sums two operations on edges.

    Among them are two edges between one pair of nodes, and the same operation twice on one edge.
    """
    rng = np.random.default_rng(seed)
    twice = Cell(2, 4, (Site("conv", (0,), 2),) * 2 + (Site("conv", (2,), 3), Site("pool", (2,), 3)), (2, 3))

    def cell():
        sites = [
            Site(OPERATIONS[rng.integers(3)], (int(rng.integers(target)),), target)
            for target in range(2, 6)
            for _ in range(2)
        ]
        return Cell(2, 6, tuple(sites), (2, 3, 4, 5))

    return [Graph((twice, cell())), *(Graph((cell(), cell())) for _ in range(n))], OPERATIONS


def random_cell(rng, inputs):
    junctions = inputs + int(rng.integers(1, 6))
    sites = []
    for target in range(inputs, junctions):
        for _ in range(rng.integers(0, 4)):
            sources = rng.integers(0, target, size=rng.integers(1, 4)).tolist()
            sites.append(Site(OPERATIONS[rng.integers(3)], tuple(sources), target))
    outputs = rng.choice(junctions, size=int(rng.integers(1, 3)), replace=False).tolist()
    return Cell(inputs, junctions, tuple(sites), tuple(outputs))


def incidence(lists):
    """The sparse matrix of one list of columns a row."""
    starts = np.cumsum([0, *(len(row) for row in lists)])
    return Incidence(starts, np.array([column for row in lists for column in row], dtype=np.int64))
