"""Random networks for tests: ordered arguments, numbers, several outputs, constants, dead ends, cells in cells."""

import numpy as np

from archrank import Cell, Graph, Site
from archrank.graph import Node

KINDS = ("conv", "pool", "sub", "chunk")


def random_cell(rng, inputs, outputs=1, depth=2):
    """A cell; up to ``depth`` levels of cells are in its nodes, and some of these are the same one."""
    junctions, nodes = inputs, []
    shared = [random_cell(rng, 1, depth=depth - 1) for _ in range(2)] if depth else []
    for _ in range(rng.integers(1, 5)):
        kind = KINDS[rng.integers(len(KINDS))]
        sources = tuple(rng.integers(0, junctions, size=rng.integers(0 if kind == "conv" else 1, 4)).tolist())
        attributes = (("kernel", float(rng.integers(1, 6))),) if kind in ("conv", "pool") else ()
        if shared and rng.random() < 0.4:
            inner = shared[rng.integers(len(shared))]
            nodes.append(Node("block", (int(rng.integers(junctions)),), junctions, inner=inner))
        elif depth and rng.random() < 0.2:
            inner = random_cell(rng, 2, outputs=2, depth=depth - 1)
            pair = tuple(rng.integers(0, junctions, size=2).tolist())
            targets = (junctions, (junctions + 1,))
            nodes.append(Node("pair", pair, targets[0], ordered=True, more_targets=targets[1], inner=inner))
            junctions += 1
        elif kind == "chunk":
            more = (junctions + 1,)
            nodes.append(Node(kind, sources[:1], junctions, ordered=True, more_targets=more))
            junctions += 1
        else:
            ordered = kind == "sub"
            parameters = int(rng.integers(0, 50))
            nodes.append(
                Node(kind, sources, junctions, attributes=attributes, ordered=ordered, parameters=parameters)
            )
        junctions += 1
    if rng.random() < 0.5:
        nodes.append(Site("skip", (0,), junctions - 1))
    last = rng.choice(np.arange(inputs, junctions), size=outputs).tolist()
    return Cell(inputs, junctions, tuple(nodes), tuple(last), ordered=outputs > 1)


def networks(n=24, seed=0, depth=2):
    """Networks of one cell with two inputs; all different."""
    rng = np.random.default_rng(seed)
    made = [Graph((random_cell(rng, 2, outputs=int(rng.integers(1, 3)), depth=depth),)) for _ in range(3 * n)]
    return list({graph.key: graph for graph in made}.values())[:n]
