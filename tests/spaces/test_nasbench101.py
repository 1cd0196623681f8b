import itertools
import json
import os
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank import Architecture
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.spaces import NASBench101
from archrank.spaces.nasbench101 import OPERATIONS
from archrank.testing import check_space

DATA = Path(os.environ.get("ARCHRANK_DATA", Path(__file__).parents[3] / "shared" / "data")) / "nasbench101"
SPACE = NASBench101()
SMALL = NASBench101(vertices=5)


@pytest.fixture(scope="module", autouse=True)
def _cache_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHRANK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def matrix(size, *edges):
    adjacency = [[0] * size for _ in range(size)]
    for source, target in edges:
        adjacency[source][target] = 1
    return adjacency


def parse(adjacency, *operations):
    return SPACE.from_matrix(adjacency, ["input", *operations, "output"])


@pytest.mark.parametrize("vertices", [2, 3, 5, 7])
def test_it_keeps_what_every_space_must(vertices):
    check_space(NASBench101(vertices))


def test_it_has_as_many_cells_as_published():
    rows = SPACE.rows()
    assert rows.shape == (423_624, 26)
    codes = SPACE.codes(rows)
    assert (codes[1:] > codes[:-1]).all()
    places = np.random.default_rng(0).integers(len(rows), size=500)
    assert np.array_equal(np.searchsorted(codes, SPACE.codes(rows[places])), places)
    for architecture in SPACE.architectures(rows[places]):
        assert SPACE.architecture(architecture.choices) == architecture


def test_the_rows_are_the_canonical_rows_of_all_encodings():
    canonical = {SMALL.canonical(row) for row in SMALL.all_encodings() if SMALL.is_valid(row)}
    assert sorted(canonical) == [tuple(row) for row in SMALL.rows().tolist()]
    assert len(canonical) == 2_532


def test_every_row_is_a_graph_of_its_own():
    architectures = SMALL.architectures(SMALL.rows())
    assert len({SMALL.graph(a).key for a in architectures}) == len(architectures)


def test_fewer_vertices_make_a_space_of_another_name():
    assert SPACE.name == "nas-bench-101"
    assert SMALL.name == "nas-bench-101-5-vertices"
    for vertices in (1, 8):
        with pytest.raises(SpaceError, match=f"vertices={vertices}: expected 2 to 7"):
            NASBench101(vertices)


@st.composite
def cells(draw):
    """A record with a path from input to output and vertices that may lie on none, and the cell that it says."""
    n = draw(st.integers(2, 7))
    path = [0, *sorted(draw(st.sets(st.sampled_from(range(1, n - 1))) if n > 2 else st.just(()))), n - 1]
    upwards = [(s, t) for t in range(n) for s in range(t)]
    others = draw(st.sets(st.sampled_from(upwards), max_size=10 - len(path)))
    adjacency = matrix(n, *itertools.pairwise(path), *others)
    operations = draw(st.lists(st.sampled_from(OPERATIONS), min_size=n - 2, max_size=n - 2))
    return adjacency, operations, parse(adjacency, *operations)


@given(cells(), st.data())
@settings(max_examples=150, deadline=None)
def test_any_numbering_is_the_same_cell(cell, data):
    adjacency, operations, architecture = cell
    n = len(adjacency)
    order = [0]
    while len(order) < n - 1:
        ready = [
            v
            for v in range(1, n - 1)
            if v not in order and all(s in order for s in range(n) if adjacency[s][v])
        ]
        order.append(data.draw(st.sampled_from(ready)))
    order.append(n - 1)
    renumbered = [[adjacency[s][t] for t in order] for s in order]
    assert parse(renumbered, *(operations[v - 1] for v in order[1:-1])) == architecture


@given(cells(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_a_relabelled_row_is_the_same_cell(cell, seed):
    architecture = cell[2]
    row = SPACE.relabelled(architecture.choices, np.random.default_rng(seed))
    assert SPACE.architecture(row) == architecture
    assert SPACE.graph(Architecture(SPACE.name, row)).key == SPACE.graph(architecture).key


def test_relabelling_finds_every_numbering_from_any_of_them():
    """Input, two chains of two, output: the six ways to interleave them."""
    chains = matrix(6, (0, 1), (1, 2), (2, 5), (0, 3), (3, 4), (4, 5))
    names = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3", "conv3x3-bn-relu")
    architecture = parse(chains, *names)
    rng = np.random.default_rng(0)
    found = {SPACE.relabelled(architecture.choices, rng) for _ in range(200)}
    assert len(found) == 6
    assert {SPACE.relabelled(row, rng) for row in found for _ in range(40)} == found
    straight = parse(matrix(4, (0, 1), (1, 2), (2, 3)), *names[:2]).choices
    assert {SPACE.relabelled(straight, rng) for _ in range(5)} == {straight}
    with pytest.raises(InvalidArchitecture, match="no path from the input"):
        SPACE.relabelled((0,) * 26, rng)


@given(cells(), st.data())
@settings(max_examples=150, deadline=None)
def test_vertices_off_every_path_change_nothing(cell, data):
    adjacency, operations, architecture = cell
    n = len(adjacency)
    place = data.draw(st.integers(1, n - 1))
    operation = data.draw(st.sampled_from(OPERATIONS))
    reads = data.draw(st.booleans())
    others = data.draw(st.sets(st.integers(0, n - 1)))
    wider = np.insert(np.insert(np.array(adjacency), place, 0, axis=0), place, 0, axis=1)
    for other in others:  # either it reads and nothing reads it, or the other way round
        position = other + (other >= place)
        if reads and position < place:
            wider[position, place] = 1
        elif not reads and position > place:
            wider[place, position] = 1
    named = [*operations[: place - 1], operation, *operations[place - 1 :]]
    assert parse(wider.tolist(), *named) == architecture


@given(cells())
@settings(max_examples=100, deadline=None)
def test_an_official_matrix_is_a_row_as_it_stands(cell):
    adjacency, operations, architecture = cell
    absent = 7 - len(adjacency)
    wider = np.insert(np.array(adjacency), [len(adjacency) - 1] * absent, 0, axis=0)
    wider = np.insert(wider, [len(adjacency) - 1] * absent, 0, axis=1)
    row = [int(wider[s, t]) for t in range(7) for s in range(t)]
    row += [1 + OPERATIONS.index(o) for o in operations] + [0] * absent
    assert SPACE.architecture(row) == architecture
    raw = Architecture(SPACE.name, tuple(row))
    assert SPACE.graph(raw).key == SPACE.graph(architecture).key
    assert SPACE.module_hash(raw) == SPACE.module_hash(architecture)
    assert SPACE.trainable_parameters(raw) == SPACE.trainable_parameters(architecture)


def drawn_from(adjacency, operations):
    """The graph's sites, (operation, sources, target), that matrices describe."""
    live = [v for v in range(7) if v in (0, 6) or operations[v] >= 0]
    place = {vertex: new for new, vertex in enumerate(live)}
    return [
        (SPACE.operations[operations[t]], tuple(place[s] for s in live if adjacency[s][t]), place[t])
        for t in live[1:]
    ]


def sites(architecture):
    (cell,) = SPACE.graph(architecture).cells
    return [(site.operation, site.sources, site.target) for site in cell.sites]


def test_matrices_are_what_the_graphs_are():
    rng = np.random.default_rng(3)
    canonical = SPACE.rows()[rng.integers(len(SPACE), size=300)]
    raw = rng.integers([len(choice.options) for choice in SPACE.choices], size=(2_000, 26))
    raw = np.array([row for row in raw.tolist() if SPACE.is_valid(tuple(row))])
    assert len(raw) > 100
    for rows in (canonical, raw):
        adjacency, operations = SPACE.matrices(rows)
        assert (adjacency.dtype, operations.dtype) == (bool, np.int8)
        present = operations[:, 1:6] >= 0
        assert (present[:, :-1] >= present[:, 1:]).all()  # absent ones just before the output
        for row, *arrays in zip(rows.tolist(), adjacency.tolist(), operations.tolist(), strict=True):
            assert drawn_from(*arrays) == sites(Architecture(SPACE.name, tuple(row)))


def test_the_graph_has_a_site_for_each_vertex_and_the_output():
    diamond = matrix(4, (0, 1), (0, 2), (1, 3), (2, 3), (0, 3))
    architecture = parse(diamond, "maxpool3x3", "conv1x1-bn-relu")
    assert sites(architecture) == [
        ("conv1x1-bn-relu", (0,), 1),
        ("maxpool3x3", (0,), 2),
        ("output", (0, 1, 2), 3),
    ]
    assert sites(parse(matrix(2, (0, 1)))) == [("output", (0,), 1)]


def test_pruning_comes_before_the_limits():
    chain = [(v, v + 1) for v in range(6)]
    unread = parse(matrix(8, *chain[:-1], (5, 7), *((v, 6) for v in range(6))), *["maxpool3x3"] * 6)
    assert unread == parse(matrix(7, *chain), *["maxpool3x3"] * 5)


def test_a_row_without_a_path_or_with_ten_edges_is_refused():
    nothing = (0,) * 26
    everything = (1,) * 26
    for row in (nothing, everything):
        assert not SPACE.is_valid(row)
        with pytest.raises(InvalidArchitecture):
            SPACE.architecture(row)
        with pytest.raises(InvalidArchitecture):
            SPACE.graph(Architecture(SPACE.name, row))
    # All vertices but two are absent, and so are their edges.
    assert SPACE.is_valid((1,) * 21 + (1, 1, 0, 0, 0))


def test_single_changes_lead_from_the_smallest_cell_to_all_others():
    (smallest,) = [a for a in SMALL.architectures(SMALL.rows()) if SMALL.graph(a).cells[0].junctions == 2]
    seen, waiting = {smallest}, deque([smallest])
    into_smallest = 0
    while waiting:
        for neighbor in SMALL.neighbors(waiting.popleft()):
            into_smallest += neighbor == smallest
            if neighbor not in seen:
                seen.add(neighbor)
                waiting.append(neighbor)
    assert len(seen) == len(SMALL)
    assert into_smallest > 0


def test_a_mutation_differs_in_one_edge_or_one_vertex():
    rng = np.random.default_rng(5)
    for architecture in SPACE.sample(100, rng):
        other = SPACE.mutate(architecture, rng)
        assert other != architecture
        assert SPACE.architecture(other.choices) == other
        changes = itertools.chain.from_iterable(
            [(*architecture.choices[:p], i, *architecture.choices[p + 1 :]) for i in range(len(c.options))]
            for p, c in enumerate(SPACE.choices)
        )
        assert other in {SPACE.architecture(row) for row in changes if SPACE.is_valid(row)}


STRAIGHT = "[[0, 1, 0], [0, 0, 1], [0, 0, 0]]"
NAMES = '["input", "maxpool3x3", "output"]'


def record(adjacency=STRAIGHT, operations=NAMES, more=""):
    return f'{{"module_adjacency": {adjacency}, "module_operations": {operations}{more}}}'


def test_an_official_record_may_hold_the_parameter_count():
    with_count = record(more=', "trainable_parameters": 1')
    assert SPACE.parse(with_count) == SPACE.parse(record())
    assert SPACE.format(SPACE.parse(with_count)) == record()


def full(size):
    return json.dumps([[int(s < t) for t in range(size)] for s in range(size)])


def named(size):
    return json.dumps(["input", *["maxpool3x3"] * (size - 2), "output"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            record(matrix(8, *((v, v + 1) for v in range(7))), named(8)),
            "8 vertices after pruning, .* at most 7",
        ),
        (record(full(5), named(5)), "10 edges after pruning, .* at most 9"),
        (record("[[0, 1, 0], [0, 0, 1], [0, 1, 0]]"), "row 2, column 1 .* vertex 2 to vertex 1.*cycle"),
        (record("[[0, 1, 0], [0, 1, 1], [0, 0, 0]]"), "row 1, column 1 .* vertex 1 to vertex 1"),
        (record("[[0, 1, 0], [0, 0, 1]]"), r"row 0 is \[0, 1, 0\], expected 2 numbers"),
        (record("[[0, 1, 0], [0, 0], [0, 0, 0]]"), r"row 1 is \[0, 0\], expected 3 numbers"),
        (record("[[0, 1, 0], 5, [0, 0, 0]]"), "row 1 is 5"),
        (record('["010", "001", "000"]'), "row 0 is '010'"),
        (record("[[0, 2, 0], [0, 0, 1], [0, 0, 0]]"), "row 0, column 1 is 2, expected 0 or 1"),
        (record("[[0, 1, 0], [0, 0, 0.5], [0, 0, 0]]"), "row 1, column 2 is 0.5"),
        (record("[[0, 1, 0], [0, 0, null], [0, 0, 0]]"), "row 1, column 2 is None"),
        (record("[[0]]", '["input"]'), "at least 2"),
        (record("[]", "[]"), "at least 2"),
        (record("7"), "module_adjacency is 7"),
        (
            record(operations='["input", "maxpool3x4", "output"]'),
            "vertex 1 'maxpool3x4'; did you mean 'maxpool3x3'",
        ),
        (record(operations='["input", "input", "output"]'), "unknown operation of vertex 1 'input'"),
        (record(operations='["input", ["maxpool3x3"], "output"]'), "unknown operation of vertex 1"),
        (
            record(operations='["maxpool3x3", "maxpool3x3", "output"]'),
            "vertex 0 is 'maxpool3x3', expected 'input'",
        ),
        (record(operations='["input", "maxpool3x3", "maxpool3x3"]'), "vertex 2 is .*, expected 'output'"),
        (record(operations='["input", "output"]'), "expected 3 names"),
        (record(operations='"abc"'), "module_operations is 'abc', expected 3 names"),
        (record("[[0, 1, 0], [0, 0, 0], [0, 0, 0]]"), "no path leads from vertex 0"),
        (record("[[0, 0, 0], [0, 0, 1], [0, 0, 0]]"), "no path leads from vertex 0"),
        (record(more=', "module_operation": []'), "did you mean 'module_operations'"),
        (f'{{"module_adjacency": {STRAIGHT}}}', "'module_operations' is missing"),
        (f'{{"module_operations": {NAMES}}}', "'module_adjacency' is missing"),
    ],
)
def test_a_wrong_record_says_where(text, message):
    with pytest.raises(ParseError, match=message):
        SPACE.parse(text)


def cells_as_printed(adjacency, operations):
    matrix = np.array(adjacency)
    names = {"input": "INPUT", "output": "OUTPUT", "conv3x3-bn-relu": "CONV3X3", "maxpool3x3": "MAXPOOL3X3"}
    constants = ", ".join(names[name] for name in operations)
    return [
        str({"matrix": adjacency, "ops": operations}),
        json.dumps({"adjacency": adjacency, "operations": operations}),
        f"ModelSpec(matrix={adjacency}, ops={operations})",
        f"cell = api.ModelSpec(\n  matrix={matrix!r},\n  ops=[{constants}], data_format='channels_last')",
        f"ModelSpec({matrix.astype(bool).tolist()}, {operations})",
        f"INFO best: model_spec.ModelSpec(matrix={matrix}, ops={np.array(operations)})",
        repr(str({"matrix": matrix.astype(float), "ops": tuple(operations)})),
        str((adjacency, operations)),
    ]


def test_a_cell_in_the_spellings_of_the_field():
    adjacency = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    operations = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]
    expected = SPACE.from_matrix(adjacency, operations)
    for text in cells_as_printed(adjacency, operations):
        assert SPACE.parse(text) == expected, text
    assert SPACE.from_matrix(np.array(adjacency), np.array(operations)) == expected
    assert SPACE.from_matrix(np.array(adjacency, dtype=bool), operations) == expected


def test_the_official_hash_names_a_cell():
    for architecture in SMALL.sample(20, np.random.default_rng(4)):
        assert SMALL.parse(SMALL.module_hash(architecture)) == architecture
        assert SMALL.parse(f"['{SMALL.module_hash(architecture)}']") == architecture
    with pytest.raises(ParseError, match="hash of no cell of nas-bench-101-"):
        SMALL.parse("0" * 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"matrix": [[0]], "adjacency": [[0]]}', "'module_adjacency' is there twice, as 'adjacency' too"),
        (
            '{"matrix": [[0]], "matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]}',
            "'matrix' is there twice",
        ),
        ("{'matrix': [[0]], 'matrix': [[0, 1], [0, 0]], 'ops': []}", "'matrix' is there twice"),
        ("ModelSpec([[0, 1], [0, 0]], ['input', 'output'], 3)", "expected a JSON object"),
        ("ModelSpec(matrix=[[0, 1], [0, 0]], ops=[INPUT, CONV5X5])", "the name 'CONV5X5' is not known"),
        ("ModelSpec(matrix=open('x'), ops=[])", "calls of 'open' are not read"),
        ("9" * 5_000, "a number of 5,000 characters"),
        ('{"matrix": ' + "[" * 3_000, "not an architecture"),
        ('{"matrix": "' + "x" * 3_000_000 + '"}', "characters long"),
    ],
)
def test_other_texts_are_refused_in_few_words(text, message):
    with pytest.raises(ParseError, match=message) as refused:
        SPACE.parse(text)
    assert len(str(refused.value)) < 1_000


@given(
    st.lists(st.lists(st.integers(-1, 2) | st.none(), max_size=4), max_size=4),
    st.lists(st.text(), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_any_record_is_read_or_refused(adjacency, operations):
    try:
        architecture = SPACE.parse(record(json.dumps(adjacency), json.dumps(operations)))
    except ParseError:
        return
    assert SPACE.is_valid(architecture.choices)


C1, C3, POOL = "conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3"


# Three published records whose channels divide unevenly, two vertices of different width reading one of the first.
@pytest.mark.parametrize(
    ("edges", "operations", "module_hash", "parameters"),
    [
        (
            [(0, 1), (1, 2), (1, 6), (2, 3), (2, 4), (3, 6), (4, 5), (5, 6)],
            [C1, C3, POOL, C3, POOL],
            "000191735c964ed3522167de6c847cfe",
            2_479_416,
        ),
        (
            [(0, 1), (0, 4), (1, 2), (1, 4), (2, 3), (2, 6), (3, 6), (4, 5), (5, 6)],
            [C3, C3, C3, C1, C3],
            "00064eefcede9aa4d7ce0f738b377f51",
            4_849_361,
        ),
        (
            [(0, 1), (0, 3), (1, 2), (1, 4), (2, 6), (3, 4), (3, 5), (4, 6), (5, 6)],
            [C3, POOL, POOL, POOL, C1],
            "00083009f84f8841ca96ee3064cea6b3",
            1_749_031,
        ),
    ],
)
def test_hash_and_parameters_are_the_published_ones(edges, operations, module_hash, parameters):
    architecture = parse(matrix(7, *edges), *operations)
    assert SPACE.module_hash(architecture) == module_hash
    assert SPACE.trainable_parameters(architecture) == parameters


def published(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs nasbench101/{name} in the folder that ARCHRANK_DATA names")
    return path


def test_hash_parameters_and_numbering_agree_with_the_published_sample():
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = ["module_hash", "module_adjacency", "module_operations", "trainable_parameters"]
    table = parquet.read_table(published("nasbench101-20k.parquet"), columns=columns)
    assert table.num_rows == 20_001
    for row in table.to_pylist():
        names, flat = row["module_operations"], row["module_adjacency"]
        adjacency = [flat[i : i + len(names)] for i in range(0, len(flat), len(names))]
        architecture = SPACE.from_matrix(adjacency, names)
        assert SPACE.module_hash(architecture) == row["module_hash"]
        assert SPACE.trainable_parameters(architecture) == row["trainable_parameters"]
        assert json.loads(SPACE.format(architecture))["module_adjacency"] == adjacency


def test_the_official_records_agree_too():
    official = json.loads(published("official-records-52.json").read_text())
    assert len(official) == 52
    for module_hash, (fixed, _) in official.items():
        architecture = SPACE.parse(json.dumps(fixed))
        assert SPACE.module_hash(architecture) == module_hash
        assert SPACE.trainable_parameters(architecture) == fixed["trainable_parameters"]
        assert json.loads(SPACE.format(architecture)) == {
            k: v for k, v in fixed.items() if k.startswith("module")
        }
