"""How long architectures of a grammar take to draw, lower, collate, score and describe.

    OMP_NUM_THREADS=1 python benchmarks/grammar_speed.py --architectures 10000

Prints the processor time for each architecture, and how many states their batch has, for how many junctions of their
cells, once for every node that holds a cell. Graphs are collated one after the other, as a predictor does it, so that
none is kept. Scoring is one forward pass of hierarchical GATES with random weights, its schedule included. Describing
is done for one in ten. Next to the times stands a reference workload of the same run: multiplying two matrices of 1,500
× 1,500, 20 times.
"""

import argparse
import time

import numpy as np
import torch
from search_speed import reference

from archrank.encoders import HierarchicalGATES
from archrank.encoders.networks import Networks
from archrank.graph import Cell, Node
from archrank.spaces.named import named_space

STATES = 50_000
"""States that are computed together."""


def expanded(cell: Cell, known: dict[int, int]) -> int:
    """The junctions of a cell and of all cells inside of it, once for every node that holds one."""
    if id(cell) not in known:
        inside = (site.inner for site in cell.sites if isinstance(site, Node) and site.inner is not None)
        known[id(cell)] = cell.junctions + sum(expanded(inner, known) for inner in inside)
    return known[id(cell)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--space", default="hierarchical-nas-bench-201")
    parser.add_argument("--architectures", type=int, default=1_000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    space, n = named_space(args.space), args.architectures
    space.sample(100, np.random.default_rng(1))
    clock = [time.process_time()]
    drawn = space.sample(n, np.random.default_rng(0))
    clock.append(time.process_time())
    for architecture in drawn:
        space.graph(architecture)
    clock.append(time.process_time())
    networks = Networks()
    batch = networks.batch(networks.add_all(map(space.graph, drawn)))
    clock.append(time.process_time())
    encoder = HierarchicalGATES().build(batch, 1, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for part in batch.parts(STATES):
            encoder(encoder.prepare(batch, part))
    clock.append(time.process_time())
    described = drawn[::10]
    for architecture in described:
        space.features(architecture)
    clock.append(time.process_time())
    sample, lower, both, score, features = np.diff(clock) * 1000 / n
    times = {
        "sample": sample,
        "lower": lower,
        "lower and collate": both,
        "score": score,
        "features": features * n / len(described),
    }
    for what, each in times.items():
        print(f"{what}: {each:.2f} ms")
    graphs = map(space.graph, drawn)
    junctions = sum(expanded(cell, {}) for graph in graphs for cell in graph.cells)
    print(f"{len(batch.start):,} states for {junctions:,} junctions; reference {reference():.1f} s")


if __name__ == "__main__":
    main()
