"""Laws of spaces and graph keys over random architectures."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank import Architecture, Cell, Graph, Site
from archrank.spaces import Darts, Enas, EnasMacro, NASBench101, NASBench201, NASBenchGraph, NATSBenchSize
from archrank.spaces.nasbench_graph import OPERATIONS

SPACES = [
    NASBench201(),
    NASBenchGraph(),
    NASBenchGraph.proteins(),
    NASBench101(vertices=6),
    NATSBenchSize(),
    EnasMacro(),
    Enas(),
    Enas.original(),
    Darts(),
]
NAMES = ("conv", "pool", "skip")

seeds = st.integers(0, 2**32 - 1)


@st.composite
def cells(draw):
    """Any cell of up to eight junctions: sites on edges and on nodes, parallel, dead, and read twice."""
    inputs = draw(st.integers(1, 2))
    junctions = inputs + draw(st.integers(1, 6))
    sites = []
    for target in range(inputs, junctions):
        for _ in range(draw(st.integers(0, 3))):
            sources = draw(st.lists(st.integers(0, target - 1), min_size=1, max_size=3))
            sites.append(Site(draw(st.sampled_from(NAMES)), tuple(sources), target))
    outputs = draw(st.lists(st.integers(0, junctions - 1), min_size=1, max_size=3, unique=True))
    return Cell(inputs, junctions, tuple(sites), tuple(outputs))


@st.composite
def relabelled(draw, cell):
    """The same cell with its junctions in another topological order, its sites and sources in any order."""
    waiting = list(range(cell.inputs, cell.junctions))
    place = {j: j for j in range(cell.inputs)}
    before = {j: {s for site in cell.sites if site.target == j for s in site.sources} for j in waiting}
    while waiting:
        ready = [j for j in waiting if before[j] <= place.keys()]
        chosen = draw(st.sampled_from(ready))
        place[chosen] = len(place)
        waiting.remove(chosen)
    sites = [
        Site(s.operation, tuple(place[j] for j in draw(st.permutations(s.sources))), place[s.target])
        for s in draw(st.permutations(cell.sites))
    ]
    return Cell(cell.inputs, cell.junctions, tuple(sites), tuple(place[j] for j in cell.outputs))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_relabelling_leaves_the_key(data):
    cell = data.draw(cells())
    assert Graph((data.draw(relabelled(cell)),)).key == Graph((cell,)).key


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_another_operation_gives_another_key(data):
    cell = data.draw(cells().filter(lambda cell: cell.sites))
    place = data.draw(st.integers(0, len(cell.sites) - 1))
    site = cell.sites[place]
    other = Site("conv of another kind", site.sources, site.target)
    changed = Cell(
        cell.inputs, cell.junctions, (*cell.sites[:place], other, *cell.sites[place + 1 :]), cell.outputs
    )
    assert Graph((changed,)).key != Graph((cell,)).key


@given(st.sampled_from(SPACES), seeds)
@settings(max_examples=60, deadline=None)
def test_text_reads_back(space, seed):
    (architecture,) = space.sample(1, np.random.default_rng(seed))
    assert space.parse(space.format(architecture)) == architecture


@given(st.sampled_from(SPACES), seeds)
@settings(max_examples=60, deadline=None)
def test_a_mutation_is_a_valid_neighbor(space, seed):
    rng = np.random.default_rng(seed)
    (architecture,) = space.sample(1, rng)
    other = space.mutate(architecture, rng)
    assert other != architecture
    assert other in space.neighbors(architecture)
    assert space.architecture(other.choices) == other


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_mutation_of_a_cell_differs_in_one_choice(seed):
    rng = np.random.default_rng(seed)
    (architecture,) = SPACES[0].sample(1, rng)
    other = SPACES[0].mutate(architecture, rng)
    assert sum(a != b for a, b in zip(architecture.choices, other.choices, strict=True)) == 1


graph_rows = st.tuples(*(st.integers(0, n - 1) for n in (2, 3, 4, 9, 9, 9, 9))).filter(
    lambda row: any(option != OPERATIONS.index("skip") for option in row[3:])
)


@given(graph_rows, graph_rows)
@settings(max_examples=150, deadline=None)
def test_canonical_rows_agree_exactly_where_functions_do(one, other):
    space = SPACES[1]
    keys = [space.function_key(Architecture(space.name, row)) for row in (one, other)]
    assert (keys[0] == keys[1]) == (space.canonical(one) == space.canonical(other))
    assert space.canonical(space.canonical(one)) == space.canonical(one)


@given(graph_rows)
@settings(max_examples=100, deadline=None)
def test_a_canonical_row_computes_what_every_row_of_it_does(row):
    space = SPACES[1]
    assert space.function_key(Architecture(space.name, row)) == space.function_key(space.architecture(row))
