import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from archrank.errors import SpaceError, UnknownName
from archrank.networks import OPERATIONS, NASBench101Skeleton, NASBench201Skeleton, build, outline, parameters
from archrank.spaces import NASBench101, NASBench201

CELLS = NASBench101()
EDGES = NASBench201()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_published_counts_of_nasbench101(shared):
    import pyarrow.parquet as pq

    table = pq.read_table(
        shared("nasbench101/nasbench101-20k.parquet"),
        columns=["module_adjacency", "module_operations", "trainable_parameters"],
    )
    for record in table.take(np.random.default_rng(0).choice(len(table), 200, replace=False)).to_pylist():
        size = len(record["module_operations"])
        matrix = np.reshape(record["module_adjacency"], (size, size)).tolist()
        graph = CELLS.graph(CELLS.from_matrix(matrix, record["module_operations"]))
        network = NASBench101Skeleton().assemble(graph, OPERATIONS)
        assert parameters(network) == record["trainable_parameters"], record


def test_published_counts_of_nasbench201(shared):
    import pyarrow.parquet as pq

    table = pq.read_table(
        shared("nasbench201/nasbench201.parquet"), columns=["arch_str", "parameters_millions"]
    )
    for record in table.take(np.random.default_rng(0).choice(len(table), 200, replace=False)).to_pylist():
        network = NASBench201Skeleton().assemble(EDGES.graph(EDGES.parse(record["arch_str"])), OPERATIONS)
        assert round(parameters(network) / 1e6, 6) == record["parameters_millions"], record


def test_a_vertex_of_nasbench101_needs_a_channel():
    matrix = np.zeros((6, 6), int)
    matrix[0, 1:5] = matrix[1:5, 5] = 1
    wide = CELLS.graph(CELLS.from_matrix(matrix.tolist(), ["input", *["maxpool3x3"] * 4, "output"]))
    with pytest.raises(SpaceError, match=r"3 channels are too few for this cell .* give 4 or more"):
        outline(wide, NASBench101Skeleton(channels=3))
    network = build(wide, NASBench101Skeleton(channels=4, stacks=2), generator())
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_counts_by_the_space_s_own_formula():
    space = NASBench101(vertices=5)
    direct = space.from_matrix([[0, 1], [0, 0]], ["input", "output"])
    for architecture in (direct, *space.sample(12, np.random.default_rng(2))):
        network = outline(space.graph(architecture), NASBench101Skeleton())
        assert parameters(network) == space.trainable_parameters(architecture)


def test_a_module_of_nasbench101_by_hand():
    matrix = [[0, 1, 1, 1, 1], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    names = ["input", "conv3x3-bn-relu", "maxpool3x3", "conv1x1-bn-relu", "output"]
    graph = CELLS.graph(CELLS.from_matrix(matrix, names))
    assert [site.operation for site in graph.cells[0].sites] == [*names[1:-1], "output"]
    network = build(graph, NASBench101Skeleton(channels=5, stacks=1, modules=1), generator()).eval()
    module = network.layers[0]
    x = torch.randn(2, 5, 8, 8, generator=generator(1))
    first, pool, last, out = module.sites
    # The output's five channels: three of vertex 2 and two of vertex 3; vertex 1 is as wide as the wider reader.
    one = first.operation(first.adapters[0](x))
    two = F.max_pool2d(pool.adapters[0](x) + one, 3, 1, 1)
    three = last.operation(last.adapters[0](x) + one[:, :2] + two[:, :2])
    assert (one.shape[1], two.shape[1], three.shape[1]) == (3, 3, 2)
    assert torch.equal(module(x), out.projection(x) + torch.cat([two, three], dim=1))


def test_a_cell_of_nasbench201_by_hand():
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|nor_conv_3x3~1|skip_connect~2|"
    network = build(EDGES.graph(EDGES.parse(text)), NASBench201Skeleton(4, 1), generator()).eval()
    cell = network.layers[0]
    x = torch.randn(2, 4, 8, 8, generator=generator(1))
    pool, narrow, _, wide, _ = cell.sites
    one = pool(x)
    two = narrow(x) + one
    assert torch.equal(cell(x), wide(one) + two)


def test_what_none_feeds_is_zero():
    nothing = build(EDGES.graph(EDGES.architecture((0,) * 6)), NASBench201Skeleton(4, 1), generator())
    assert not nothing.layers[0](torch.ones(2, 4, 8, 8)).any()
    assert nothing(torch.ones(2, 3, 32, 32)).shape == (2, 10)
    # The convolution reads zeros, but the shift after it is learnt: its parameters count, as in the published table.
    dead = EDGES.parse("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|")
    cell = build(EDGES.graph(dead), NASBench201Skeleton(4, 1), generator()).layers[0]
    with torch.no_grad():
        cell.sites[0][-1].bias.fill_(3.0)
    assert torch.equal(cell(torch.ones(2, 4, 8, 8)), torch.full((2, 4, 8, 8), 3.0))


@pytest.mark.parametrize(
    ("space", "skeleton"),
    [(CELLS, NASBench101Skeleton(6, 2, 2, 4, 1)), (EDGES, NASBench201Skeleton(4, 1, 4, 1))],
    ids=["NAS-Bench-101", "NAS-Bench-201"],
)
def test_any_architecture_trains_forward_and_backward(space, skeleton):
    for place, architecture in enumerate(space.sample(6, np.random.default_rng(4))):
        network = build(space.graph(architecture), skeleton, generator(place))
        logits = network(torch.randn(3, 1, 16, 16, generator=generator(place)))
        assert logits.shape == (3, 4)
        logits.square().sum().backward()
        assert network.stem[0].weight.grad.isfinite().all()


def test_official_records_give_their_parameters(shared):
    records = json.loads(shared("nasbench101/official-records-52.json").read_text())
    for fixed, _ in list(records.values())[:20]:
        graph = CELLS.graph(CELLS.from_matrix(fixed["module_adjacency"], fixed["module_operations"]))
        assert parameters(outline(graph, NASBench101Skeleton())) == fixed["trainable_parameters"]


def test_what_cannot_be_stacked_is_refused():
    one = EDGES.graph(EDGES.architecture((1,) * 6))
    with pytest.raises(SpaceError, match="'output' on the last"):
        outline(one, NASBench101Skeleton())
    two = CELLS.graph(CELLS.from_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["input", "maxpool3x3", "output"]))
    with pytest.raises(UnknownName, match="unknown operation of a network 'output'"):
        outline(two, NASBench201Skeleton())
    with pytest.raises(SpaceError, match="stacks=0"):
        NASBench101Skeleton(stacks=0)
    with pytest.raises(SpaceError, match="cells=-1"):
        NASBench201Skeleton(cells=-1)
