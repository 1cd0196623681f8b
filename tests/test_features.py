"""Features against a naive count over all paths of each graph, written down one at a time."""

import numpy as np
import pytest

from archrank.arrays import stack
from archrank.features import depth_features, feature_names, graph_features
from archrank.graph import Cell, Graph, Site
from archrank.spaces import EnasMacro, NASBench101, NASBench201, NASBenchGraph
from archrank.testing.encoders import _relabelled

SPACES = [NASBench201(), NASBench101(vertices=6), NASBenchGraph(), EnasMacro()]


def random_graph(rng):
    """One cell of two inputs: parallel, dead and unfed sites, sources read twice, one or two outputs."""
    junctions = 2 + int(rng.integers(1, 5))
    sites = [
        Site("abc"[rng.integers(3)], tuple(rng.integers(0, target, size=rng.integers(1, 3)).tolist()), target)
        for target in range(2, junctions)
        for _ in range(rng.integers(0, 3))
    ]
    outputs = rng.choice(junctions, size=int(rng.integers(1, 3)), replace=False).tolist()
    return Graph((Cell(2, junctions, tuple(sites), tuple(outputs)),))


def paths_of(cell):
    """Every path from an input to an output as the list of its sites."""
    found = []

    def walk(junction, before):
        found.extend([before] * cell.outputs.count(junction))
        for place, site in enumerate(cell.sites):
            for _ in range(site.sources.count(junction)):
                walk(site.target, [*before, place])

    for junction in range(cell.inputs):
        walk(junction, [])
    return found


def naive(cell, operations):
    """Feature by feature, from the definitions."""
    paths = paths_of(cell)
    live = {place for path in paths for place in path}
    values = {
        "junctions": cell.junctions,
        "operations": len(cell.sites),
        "live operations": len(live),
        "reads": sum(len(site.sources) for site in cell.sites),
    }
    written = [sum(s.target == j for s in cell.sites) + (j < cell.inputs) for j in range(cell.junctions)]
    read = [
        sum(s.sources.count(j) for s in cell.sites) + cell.outputs.count(j) for j in range(cell.junctions)
    ]
    for kind in operations:
        mine = [place for place, site in enumerate(cell.sites) if site.operation == kind]
        values[kind], values[f"live {kind}"] = len(mine), len(live & set(mine))
        inputs = [sum(written[j] for j in cell.sites[place].sources) for place in mine]
        readers = [read[cell.sites[place].target] for place in mine]
        for side, degrees in (("inputs", inputs), ("readers", readers)):
            values[f"mean {side} of {kind}"] = np.mean(degrees) if mine else 0
            values[f"max {side} of {kind}"] = max(degrees, default=0)
        values[f"cell input → {kind}"] = sum(
            j < cell.inputs for place in mine for j in cell.sites[place].sources
        )
        values[f"{kind} → cell output"] = sum(cell.outputs.count(cell.sites[place].target) for place in mine)
        for other in operations:
            values[f"{kind} → {other}"] = sum(
                site.sources.count(cell.sites[place].target)
                for place in mine
                for site in cell.sites
                if site.operation == other
            )
        lengths_around = {
            place: [(path.index(place), len(path) - 1 - path.index(place)) for path in paths if place in path]
            for place in mine
            if place in live
        }
        for side, (which, extreme) in {
            "shortest path in": (0, min),
            "longest path in": (0, max),
            "shortest path out": (1, min),
            "longest path out": (1, max),
        }.items():
            depths = [extreme(around[which] for around in each) for each in lengths_around.values()]
            for depth in range(5):
                values[f"{kind}: {side} {depth}"] = depths.count(depth)
            values[f"{kind}: {side} 5 or more"] = sum(depth >= 5 for depth in depths)
    for name in feature_names(operations):
        if name.startswith("paths through "):
            through = name.removeprefix("paths through ")
            allowed = set(through.split(", "))
            lengths = [len(p) for p in paths if {cell.sites[i].operation for i in p} <= allowed]
            values[name] = np.log1p(len(lengths))
            values[f"shortest path through {through}"] = min(lengths, default=0)
            values[f"longest path through {through}"] = max(lengths, default=0)
    return values


def assert_as_defined(graphs, operations):
    names = feature_names(operations)
    computed = graph_features(stack(graphs, operations), operations)
    assert computed.shape == (len(graphs), len(names))
    for graph, row in zip(graphs, computed, strict=True):
        expected = naive(graph.cells[0], operations)
        assert list(expected) != []
        for name, value in zip(names, row, strict=True):
            assert value == pytest.approx(expected[name], rel=1e-5), f"{name} of {graph}"


def test_features_of_random_graphs_are_as_defined():
    rng = np.random.default_rng(0)
    assert_as_defined([random_graph(rng) for _ in range(60)], ("a", "b", "c"))


@pytest.mark.parametrize("space", SPACES[:3], ids=lambda s: s.name)
def test_features_of_benchmark_cells_are_as_defined(space):
    graphs = [space.graph(a) for a in space.sample(15, np.random.default_rng(1))]
    assert_as_defined(graphs, space.operations)


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_isomorphic_graphs_have_equal_features_and_parts_make_no_difference(space, monkeypatch):
    rng = np.random.default_rng(2)
    graphs = [space.graph(a) for a in space.sample(25, rng)]
    features = graph_features(stack(graphs, space.operations), space.operations)
    others = [_relabelled(graph, rng) for graph in graphs]
    np.testing.assert_allclose(
        graph_features(stack(others, space.operations), space.operations), features, rtol=1e-6
    )
    monkeypatch.setattr("archrank.features._PART", 7)
    assert np.array_equal(graph_features(stack(graphs, space.operations), space.operations), features)


def test_every_cell_has_features_of_its_own():
    rng = np.random.default_rng(3)
    pairs = [Graph((random_graph(rng).cells[0], random_graph(rng).cells[0])) for _ in range(9)]
    both = graph_features(stack(pairs, "abc"), "abc")
    singles = [graph_features(stack([Graph((p.cells[c],)) for p in pairs], "abc"), "abc") for c in (0, 1)]
    assert np.array_equal(both, np.concatenate(singles, axis=1))
    names = feature_names("abc", cells=2)
    assert len(names) == both.shape[1]
    assert names[0] == "cell 0: junctions"
    assert len(set(names)) == len(names)


def test_features_of_depth_are_told_from_the_others():
    names = np.array(feature_names("ab", cells=2))
    deep = depth_features("ab", cells=2)
    assert deep.shape == names.shape
    assert all(
        any(way in name for way in (" path in ", " path out ")) == is_deep
        for name, is_deep in zip(names, deep, strict=True)
    )
