"""Lowering architectures of a space of modules: building and tracing each, and from parts that were seen before.

    OMP_NUM_THREADS=1 python benchmarks/lowering_speed.py --architectures 500 --repeats 5
    OMP_NUM_THREADS=1 python benchmarks/lowering_speed.py --net residual_cnn.residual_cnn

It also times a round of proposals of guided search in a space of 10^12 mobile networks. All times are processor times,
the smallest of the repetitions.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "modules"))

import numpy as np
import torch
from mobile import Bottleneck
from torch import nn

import archrank as ar
from archrank.chooser import Chooser
from archrank.strategies import Evaluated, GuidedSearch, History

SHAPES = {"tabular_mlp.Perceptron": (2, 30)}
STAGES = 8
WIDTHS = (16, 24, 24, 32, 32, 40, 48, 64)


def large(choose: Chooser) -> nn.Module:
    """A mobile network of eight stages: 2 × 36^8 architectures, 6 · 10^12."""
    channels = choose("stem", [8, 16])
    layers = [nn.Conv2d(1, channels, 3, padding=1), nn.ReLU6()]
    for index, out in enumerate(WIDTHS):
        stage = choose.within(f"stage {index}")
        shape = (stage("expansion", [2, 3, 4]), stage("kernel", [3, 5]), stage("squeeze", [False, True]))
        for block in range(stage.integer("depth", 1, 3)):
            layers.append(Bottleneck(channels, out, *shape, stride=1 + (index in (2, 5) and block == 0)))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def smallest(repeats: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def lowered(space: ar.ModuleSpace, architectures: list[ar.Architecture]) -> None:
    """Lower architectures whose graphs are not remembered."""
    space._graphs.clear()
    for architecture in architectures:
        space.graph(architecture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", default="mobile.mobile", help="a file of examples/modules and a name in it")
    parser.add_argument("--architectures", type=int, default=500)
    parser.add_argument("--seen", type=int, default=1_500, help="architectures lowered before")
    parser.add_argument("--evaluated", type=int, default=50, help="what guided search has evaluated before")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    file, _, name = chosen.net.partition(".")
    net, shape = getattr(importlib.import_module(file), name), SHAPES.get(chosen.net, (1, 1, 8, 8))
    space, whole = ar.ModuleSpace(net, shape), ar.ModuleSpace(net, shape)
    whole._code = None  # nothing that it could build from parts
    space.sample(chosen.seen, np.random.default_rng(0))
    architectures = list(dict.fromkeys(space.sample(chosen.architectures, np.random.default_rng(1))))
    count = len(architectures)
    fast = smallest(chosen.repeats, lambda: lowered(space, architectures)) / count
    few = architectures[: max(1, count // 10)]
    slow = smallest(chosen.repeats, lambda: lowered(whole, few)) / len(few)
    same = all(repr(space.graph(a)) == repr(whole.graph(a)) for a in few)
    print(f"{chosen.net}: {count} architectures, graphs {'equal' if same else 'NOT EQUAL'}")
    print(f"built and traced: {1e3 * slow:.2f} ms each, {1 / slow:.0f} a second")
    print(
        f"from parts:       {1e3 * fast:.2f} ms each, {1 / fast:.0f} a second; {slow / fast:.0f} times as fast"
    )

    wide = ar.ModuleSpace(large, (1, 1, 32, 32))
    search = GuidedSearch(wide)
    rng, history, times = np.random.default_rng(0), History(), []
    scores = np.random.default_rng(1)
    while len(history) < chosen.evaluated:
        start = time.process_time()
        proposals = search.propose(history, search.batch, rng)
        times.append(time.process_time() - start)
        for proposal in proposals:
            parameters = wide.known_values(proposal.architecture)["parameters"]
            history.record(
                Evaluated(proposal.architecture, float(np.log(parameters) + 0.3 * scores.random()))
            )
    first, *later = times[search.initial // search.batch :]
    print(
        f"a round of proposals among 6 · 10^12: the first {first:.2f} s, then {np.median(later or [first]):.2f} s"
    )


if __name__ == "__main__":
    main()
