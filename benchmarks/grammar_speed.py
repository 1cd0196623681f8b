"""How long architectures of a grammar take to draw, describe, lower and collate.

    python benchmarks/grammar_speed.py --architectures 1000

Prints the processor time for each architecture, and how many states their batch has for how many junctions of their
cells. Next to them stands a reference workload of the same run: multiplying two matrices of 1,500 × 1,500, 20 times.
"""

import argparse
import time

import numpy as np
from search_speed import reference

from archrank.encoders.networks import collate_networks
from archrank.spaces.named import named_space


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--space", default="hierarchical-nas-bench-201")
    parser.add_argument("--architectures", type=int, default=1_000)
    args = parser.parse_args()
    space, n = named_space(args.space), args.architectures
    clock = [time.process_time()]
    drawn = space.sample(n, np.random.default_rng(0))
    clock.append(time.process_time())
    graphs = [space.graph(architecture) for architecture in drawn]
    clock.append(time.process_time())
    batch = collate_networks(graphs)
    clock.append(time.process_time())
    for architecture in drawn:
        space.features(architecture)
    clock.append(time.process_time())
    for what, seconds in zip(("sample", "lower", "collate", "features"), np.diff(clock), strict=True):
        print(f"{what}: {1000 * seconds / n:.2f} ms")
    print(f"{len(batch.start):,} states for {batch.sizes.sum():,} junctions; reference {reference():.1f} s")


if __name__ == "__main__":
    main()
