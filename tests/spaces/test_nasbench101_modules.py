import itertools
import math

import numpy as np
import pytest

from archrank.spaces.nasbench101_hash import module_hash
from archrank.spaces.nasbench101_modules import Module, canonical_module, every_module, pruned
from archrank.spaces.nasbench101_parameters import trainable_parameters


def acyclic_graphs(nodes):
    """The adjacency matrices of all acyclic graphs of numbered nodes."""
    upper = [(s, t) for t in range(nodes) for s in range(t)]
    graphs = np.zeros((2 ** len(upper), nodes, nodes), dtype=bool)
    for place, (s, t) in enumerate(upper):
        graphs[:, s, t] = np.arange(len(graphs)) >> place & 1
    orders = [list(order) for order in itertools.permutations(range(nodes))]
    return np.unique(np.concatenate([graphs[:, order][:, :, order] for order in orders]), axis=0)


def cycles(permutation):
    seen, found = set(), []
    for start in range(len(permutation)):
        cycle = []
        while start not in seen:
            seen.add(start)
            cycle.append(start)
            start = permutation[start]
        if cycle:
            found.append(cycle)
    return found


def unions(parts):
    """Every union of some of the parts, as a bit mask."""
    for chosen in itertools.product((False, True), repeat=len(parts)):
        yield sum(1 << node for part, taken in zip(parts, chosen, strict=True) if taken for node in part)


def count_by_burnside(vertices, edges, kinds):
    """How many modules there are: the mean, over all ways to renumber, of how many numbered modules stay the same."""
    inner = vertices - 2
    if inner == 0:
        return 1
    graphs = acyclic_graphs(inner)
    bits = 1 << np.arange(inner)
    fixed = 0
    for permutation in itertools.permutations(range(inner)):
        order = list(permutation)
        same = graphs[(graphs[:, order][:, :, order] == graphs).all(axis=(1, 2))]
        sources = ~same.any(axis=1) @ bits
        sinks = ~same.any(axis=2) @ bits
        size = same.sum(axis=(1, 2))
        parts = cycles(permutation)
        # The input must feed every source, every sink must feed the output, and an edge may join the two.
        for fed, feeding, direct in itertools.product(unions(parts), unions(parts), (0, 1)):
            total = size + fed.bit_count() + feeding.bit_count() + direct
            fits = (sources & ~fed == 0) & (sinks & ~feeding == 0) & (total <= edges)
            fixed += int(fits.sum()) * kinds ** len(parts)
    return fixed // math.factorial(inner)


@pytest.mark.parametrize(
    ("vertices", "expected"), [(2, 1), (3, 6), (4, 84), (5, 2_441), (6, 62_010), (7, 359_082)]
)
def test_there_are_as_many_modules_as_burnsides_lemma_says(vertices, expected):
    assert count_by_burnside(vertices, 9, 3) == expected
    assert len(every_module(vertices, 9, 3).labels) == expected


@pytest.mark.parametrize(("vertices", "edges", "kinds"), [(5, 10, 2), (6, 7, 1), (4, 4, 5)])
def test_other_limits_count_by_the_same_lemma(vertices, edges, kinds):
    assert len(every_module(vertices, edges, kinds).labels) == count_by_burnside(vertices, edges, kinds)


@pytest.mark.parametrize("vertices", [2, 3, 4, 5])
def test_the_listed_modules_are_the_canonical_ones(vertices):
    listed = every_module(vertices, 9, 3)
    modules = [
        Module(tuple(s), tuple(v))
        for s, v in zip(listed.sources.tolist(), listed.labels.tolist(), strict=True)
    ]
    assert [canonical_module(m) for m in modules] == modules
    assert [pruned(*m) for m in modules] == modules
    assert len({module_hash(m) for m in modules}) == len(modules)


@pytest.mark.parametrize("vertices", [3, 4])
def test_each_is_the_first_of_its_relabelled_forms_in_the_official_order(vertices):
    inner, met = range(1, vertices - 1), {}
    for bits in range(2 ** (vertices * (vertices - 1) // 2)):
        sources = [bits >> t * (t - 1) // 2 & (1 << t) - 1 for t in range(vertices)]
        for labels in itertools.product(range(3), repeat=len(inner)):
            module = Module(tuple(sources), labels)
            if pruned(*module) != module:
                continue
            forms = {
                tuple(
                    sorted(
                        (place[s], place[t]) for t in range(vertices) for s in range(t) if sources[t] >> s & 1
                    )
                )
                + tuple(labels[order.index(v)] for v in inner)
                for order in itertools.permutations(inner)
                for place in [(0, *order, vertices - 1)]
            }
            met.setdefault(min(forms), module)
    listed = every_module(vertices, 9, 3)
    found = zip(listed.sources.tolist(), listed.labels.tolist(), strict=True)
    assert {Module(tuple(s), tuple(v)) for s, v in found} == set(met.values())


def test_vertices_off_every_path_are_pruned():
    sources = [0, 0b1, 0b1, 0b10, 0, 0b10010]
    # vertex 2 and 3 are read by nothing that reaches the output, vertex 4 does not see the input
    assert pruned(sources, [0, 1, 2, 1]) == Module((0, 0b1, 0b10), (0,))


def test_without_a_path_there_is_no_module():
    assert pruned([0, 0b1, 0, 0b100], [0, 0]) is None


def convolution(area, channels, out):
    return area * channels * out + 2 * out


def test_an_uneven_split_gives_the_first_vertices_one_channel_more():
    # Three vertices side by side: 128 channels are 43 + 43 + 42, 256 are 86 + 85 + 85, 512 are 171 + 171 + 170.
    module = Module((0, 1, 1, 1, 0b1110), (2, 2, 1))
    stem_and_dense = convolution(9, 3, 128) + 513 * 10
    widths = {128: (43, 43, 42), 256: (86, 85, 85), 512: (171, 171, 170)}
    expected = stem_and_dense
    for channels, out in (
        [(128, 128)] * 3 + [(128, 256), (256, 256), (256, 256)] + [(256, 512)] + [(512, 512)] * 2
    ):
        expected += sum(convolution(1, channels, width) for width in widths[out])
        expected += convolution(1, widths[out][2], widths[out][2])
    assert trainable_parameters(module) == expected
