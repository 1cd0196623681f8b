"""A built network of DARTS cells beside the same network written by hand: building, and steps of training.

    OMP_NUM_THREADS=1 python benchmarks/network_speed.py --cells 8 --channels 16 --batch 64 --steps 6

Steps of the two alternate, and the fastest of each is compared: other work on the machine hits both alike.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "training"))

import torch
import torch.nn.functional as F
from plain_darts import PlainDartsV2

from archrank.networks import StackedCells, build
from archrank.spaces import Darts
from genotypes import DARTS_V2


def step(network: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    start = time.process_time()
    network.zero_grad()
    F.cross_entropy(network(images), labels).backward()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("cells", 8), ("channels", 16), ("batch", 64), ("steps", 6)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    space = Darts()
    graph = space.graph(space.parse(DARTS_V2))
    generator = torch.Generator().manual_seed(0)
    skeleton = StackedCells(chosen.channels, chosen.cells)

    building = []
    for _ in range(10):
        start = time.process_time()
        built = build(graph, skeleton, generator)
        building.append(time.process_time() - start)
    start = time.process_time()
    plain = PlainDartsV2(chosen.channels, chosen.cells)
    by_hand = time.process_time() - start
    print(f"building: {1e3 * min(building):.0f} ms; by hand {1e3 * by_hand:.0f} ms (processor time)")

    images = torch.randn(chosen.batch, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (chosen.batch,), generator=generator)
    ours, theirs = [], []
    for _ in range(chosen.steps):
        ours.append(step(built, images, labels))
        theirs.append(step(plain, images, labels))
    print(f"a step: {min(ours):.3f} s; by hand {min(theirs):.3f} s; ratio {min(ours) / min(theirs):.3f}")


if __name__ == "__main__":
    main()
