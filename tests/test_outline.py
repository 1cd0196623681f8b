"""The outline of a network: main operations between junctions, like those of a cell."""

import numpy as np
import pytest

from archrank.graph import Cell, Graph, Node, Site
from archrank.outline import SKIP, outline


def conv(source, target, kernel=3.0):
    return Node("conv", (source,), target, attributes=(("kernel", kernel),), multiply_adds=9)


def outlined(nodes, outputs, inputs=1):
    junctions = 1 + max((node.target for node in nodes), default=inputs - 1)
    (cell,) = outline(Graph((Cell(inputs, junctions, tuple(nodes), outputs),))).cells
    return cell


def test_activations_are_passed_through():
    cell = outlined([conv(0, 1), Node("relu", (1,), 2), conv(2, 3, kernel=1.0)], (3,))
    assert cell.sites == (Site("conv kernel 3", (0,), 1), Site("conv kernel 1", (1,), 2))
    assert cell.outputs == (2,)


def test_a_residual_connection_is_an_identity_into_the_sum():
    cell = outlined([conv(0, 1), Node("add", (0, 1), 2)], (2,))
    assert set(cell.sites) == {Site("conv kernel 3", (0,), 1), Site(SKIP, (0,), 1)}


def test_nested_sums_are_one():
    nodes = [conv(0, 1), conv(0, 2), conv(0, 3), Node("add", (1, 2), 4), Node("add", (3, 4), 5)]
    cell = outlined(nodes, (5,))
    assert cell.junctions == 2
    assert cell.sites == (Site("conv kernel 3", (0,), 1),) * 3


def test_a_sum_that_is_read_twice_stays():
    nodes = [conv(0, 1), conv(0, 2), Node("add", (1, 2), 3), conv(3, 4), Node("add", (3, 4), 5)]
    cell = outlined(nodes, (5,))
    assert sorted(site.operation for site in cell.sites) == ["conv kernel 3"] * 3 + [SKIP]
    assert cell.junctions == 3


def test_what_no_output_depends_on_is_left_out():
    assert outlined([conv(0, 1), conv(0, 2)], (2,)).sites == (Site("conv kernel 3", (0,), 1),)


def test_inner_cells_are_opened():
    inner = Cell(1, 3, (conv(0, 1), Node("relu", (1,), 2)), (2,))
    nodes = [Node("block", (0,), 1, inner=inner), Node("block", (1,), 2, inner=inner)]
    cell = outlined(nodes, (2,))
    assert cell.sites == (Site("conv kernel 3", (0,), 1), Site("conv kernel 3", (1,), 2))


def test_a_constant_is_no_operation():
    nodes = [Node("weights", (), 1, multiply_adds=3), conv(0, 2), Node("add", (1, 2), 3)]
    assert outlined(nodes, (3,)).sites == (Site("conv kernel 3", (0,), 1),)


def test_it_is_equal_for_equal_graphs_that_are_numbered_otherwise():
    one = outlined([conv(0, 1), conv(0, 2, 1.0), Node("add", (1, 2), 3), conv(3, 4)], (4,))
    other = outlined([conv(0, 1, 1.0), conv(0, 2), Node("add", (2, 1), 3), conv(3, 4)], (4,))
    assert one.key == other.key


@pytest.mark.parametrize("seed", range(5))
def test_the_outline_of_a_cell_of_nodes_has_its_paths(seed):
    """Of a network that sums explicitly, paths through main operations are those of the cell with sums in junctions."""
    rng = np.random.default_rng(seed)
    nodes, last = [], {0: 0}
    number = 1
    for target in (1, 2, 3):
        terms = []
        for source in range(target):
            if rng.random() < 0.7:
                nodes.append(conv(last[source], number, float(rng.choice([1, 3]))))
                terms.append(number)
                number += 1
        if not terms:
            terms = [last[0]]
        if len(terms) > 1:
            nodes.append(Node("add", tuple(terms), number))
            terms = [number]
            number += 1
        last[target] = terms[0]
    cell = outlined(nodes, (last[3],))

    def paths(sites, ends, junctions, inputs=1):
        count = [1 if junction < inputs else 0 for junction in range(junctions)]
        for junction in range(inputs, junctions):
            for site in sites:
                if site.target == junction:
                    count[junction] += sum(count[source] for source in site.sources)
        return sum(count[end] for end in ends)

    assert paths(cell.sites, cell.outputs, cell.junctions) == paths(nodes, (last[3],), number)
    assert sum(site.operation != SKIP for site in cell.sites) <= len(nodes)


def test_predictors_see_the_outlines_of_small_networks_only():
    from archrank.predictors.outline_columns import OutlineColumns

    def chain(length, kernels=(1.0, 3.0)):
        nodes = [conv(place, place + 1, kernels[place % len(kernels)]) for place in range(length)]
        return Graph((Cell(1, length + 1, tuple(nodes), (length,)),))

    small = OutlineColumns([chain(2), chain(3)])
    found = dict(zip(small.names, small([chain(3)])[0].tolist(), strict=True))
    assert found["conv kernel 1 → conv kernel 3 (outline)"] == 1
    assert found["longest path through conv kernel 1, conv kernel 3 (outline)"] == 3
    unseen = dict(zip(small.names, small([chain(2, kernels=(1.0, 7.0))])[0].tolist(), strict=True))
    assert unseen["other operation (outline)"] == 1
    assert OutlineColumns([chain(2), chain(500)]).names == ()
    by_kind = OutlineColumns([chain(30, tuple(range(1, 31)))]).names
    assert "conv (outline)" in by_kind
    assert not any("kernel" in name for name in by_kind)
    assert small([]).shape == (0, len(small.names))
