"""Graphs beside one another are the graphs that were given, whole or without what lies on no path."""

import graph_makers
import numpy as np
import pytest

from archrank import Cell, Graph, Site
from archrank.encoders import collate
from archrank.encoders.disjoint_union import disjoint_union

MAKERS = [graph_makers.on_edge, graph_makers.on_node, graph_makers.two_cells, graph_makers.two_inputs]


def unpacked(graphs, operations):
    """The graphs that a union holds, each as a Graph again: a cell's junctions follow one another, its inputs first."""
    firsts = np.concatenate([inputs[:, 0] for inputs in graphs.inputs])
    ends = np.append(firsts[1:], len(graphs.start))
    cells = []
    for owner, (first, end) in enumerate(zip(firsts, ends, strict=True)):
        c, b = divmod(owner, len(graphs.outputs[0]))
        sites = [
            Site(
                operations[graphs.operation[s]],
                tuple(int(j - first) for j in graphs.sources.row(s)),
                int(graphs.target[s] - first),
            )
            for s in np.flatnonzero(graphs.owner == owner)
        ]
        outputs = tuple(int(j - first) for j in graphs.outputs[c].row(b))
        cells.append(Cell(graphs.inputs[c].shape[1], int(end - first), tuple(sites), outputs))
    architectures = len(graphs.outputs[0])
    return [Graph(tuple(cells[b::architectures])) for b in range(architectures)]


def pruned(cell):
    """The cell without what lies on no path from an input to an output, found by following every path."""
    on_paths, reads = set(), set()

    def follow(junction, path):
        if junction in cell.outputs:
            reads.update(path)
            on_paths.update(j for s, j in path)
            on_paths.update(cell.sites[s].target for s, _ in path)
        for s, site in enumerate(cell.sites):
            if junction in site.sources:
                follow(site.target, [*path, (s, junction)])

    for start in range(cell.inputs):
        follow(start, [])
    kept = sorted(on_paths | set(cell.outputs) | set(range(cell.inputs)))
    sites = [
        Site(
            site.operation,
            tuple(kept.index(j) for j in site.sources if (s, j) in reads),
            kept.index(site.target),
        )
        for s, site in enumerate(cell.sites)
        if any((s, j) in reads for j in site.sources)
    ]
    return Cell(cell.inputs, len(kept), tuple(sites), tuple(kept.index(j) for j in cell.outputs))


@pytest.mark.parametrize("make", MAKERS)
def test_the_graphs_are_the_ones_given(make):
    graphs, operations = make(12)
    indices = np.array([3, 0, 3, 11])
    found = unpacked(disjoint_union(collate(graphs, operations), indices), operations)
    assert [graph.key for graph in found] == [graphs[i].key for i in indices]


@pytest.mark.parametrize("make", MAKERS)
def test_what_lies_on_no_path_is_left_out(make):
    graphs, operations = make(25)
    found = unpacked(disjoint_union(collate(graphs, operations), live=True), operations)
    assert [graph.key for graph in found] == [Graph(tuple(map(pruned, g.cells))).key for g in graphs]


def test_a_batch_without_any_operation():
    batch = collate([Graph((Cell(1, 2, (), (1,)),))] * 2, ("conv",))
    for live in (False, True):
        graphs = disjoint_union(batch, live=live)
        assert len(graphs.operation) == 0
        assert graphs.start.tolist() == [0, 1, 0, 1]
