"""Processor time of guided search for each proposal, in large spaces and with long histories.

    python benchmarks/search_speed.py --evaluations 20 500 2000

Every case fills a history with random architectures of a chain of operations, asks for two rounds of five proposals,
and prints the processor time of the second for each proposal and the peak memory of all cases so far. Next to them
stands a reference workload of the same run:
multiplying two matrices of 1,500 × 1,500, 20 times.
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

import archrank as ar
from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site
from archrank.predictors import Ensemble, NeuralPredictor, auto
from archrank.spaces import NASBench201
from archrank.strategies import Evaluated, GuidedSearch, History

ROUND = 5


class Chain(SearchSpace):
    """A chain of operations, each of which is a choice, with a connection around every fourth."""

    def __init__(self, sites: int, options: int) -> None:
        self.name = f"chain-{sites}-{options}"
        self.operations = tuple(f"operation {index}" for index in range(options))
        self.choices = tuple(Choice(f"site {index}", self.operations) for index in range(sites))

    def graph(self, architecture: Architecture) -> Graph:
        sites = tuple(
            Site(self.operations[option], (i,) if i % 4 or not i else (i, i - 1), i + 1)
            for i, option in enumerate(architecture.choices)
        )
        return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


def value(architecture: Architecture) -> float:
    """Early operations count more, and some do only beside others."""
    row = np.array(architecture.choices, dtype=float)
    return float((row / (1 + np.arange(len(row)))).sum() + (row[:-1] * row[1:]).mean())


def tuned() -> SearchSpace:
    """NAS-Bench-201's cells with ten hyper-parameters."""
    return NASBench201() & {
        "lr": ar.log(1e-4, 1e-1),
        "weight decay": ar.log(1e-6, 1e-2),
        "momentum": ar.number(0.5, 0.99),
        "dropout": ar.number(0.0, 0.6),
        "label smoothing": ar.number(0.0, 0.2),
        "warm-up": ar.integer(0, 10),
        "width": ar.integer(16, 512, log=True),
        "batch": ar.ordered(32, 64, 128, 256),
        "optimizer": ar.options("sgd", "adam", "rmsprop"),
        "schedule": ar.options("constant", "cosine", "linear"),
    }


def tuned_value(space: SearchSpace) -> Callable[[Architecture], float]:
    """A cell's convolutions, and how far the hyper-parameters are from good ones."""

    def of(architecture: Architecture) -> float:
        cell, params = space.split(architecture)
        found = sum(option == 3 for option in cell.choices) - (np.log10(params["lr"]) + 2.5) ** 2
        found -= abs(np.log10(params["weight decay"]) + 4) + 4 * params["label smoothing"]
        return float(found + params["momentum"] - params["dropout"] + (params["optimizer"] == "adam"))

    return of


def network(space: SearchSpace) -> NeuralPredictor:
    return NeuralPredictor(space, hidden=(64,), epochs=50, members=2, simplify=True)


def balanced(space: SearchSpace) -> Ensemble:
    return auto(space, "balanced")


CASES: dict[str, tuple[Callable[[], SearchSpace], Callable[[SearchSpace], object] | None]] = {
    "a cell and 10 hyper-parameters": (tuned, None),
    "1,000 choices of 2": (lambda: Chain(1000, 2), None),
    "1,000 choices of 2, network": (lambda: Chain(1000, 2), network),
    "1,000 choices of 4, balanced": (lambda: Chain(1000, 4), balanced),
    "200 sites of 4": (lambda: Chain(200, 4), None),
    "200 sites of 4, network": (lambda: Chain(200, 4), network),
    "30 choices of 10": (lambda: Chain(30, 10), None),
    "30 choices of 10, network": (lambda: Chain(30, 10), network),
    "12 choices of 4": (lambda: Chain(12, 4), None),
}


def seconds(case: str, evaluations: int) -> tuple[float, float]:
    """Of the first round, with all that is worked out once, and of each proposal of the second."""
    make, predictor = CASES[case]
    space, rng = make(), np.random.default_rng(0)
    strategy = GuidedSearch(space, None if predictor is None else predictor(space))
    worth = tuned_value(space) if make is tuned else value
    history = History(Evaluated(a, worth(a)) for a in space.sample(evaluations, rng))
    times = []
    for _ in range(2):
        begin = time.process_time()
        proposed = strategy.propose(history, ROUND, rng)
        times.append(time.process_time() - begin)
        for each in proposed:
            history.record(Evaluated(each.architecture, worth(each.architecture)))
    return times[0], times[1] / ROUND


def reference() -> float:
    """Seconds of the reference workload."""
    a = np.random.default_rng(0).random((1500, 1500))
    begin = time.process_time()
    for _ in range(20):
        a = a @ a
        a /= a.max()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evaluations", type=int, nargs="+", default=[20, 500, 2000])
    parser.add_argument("--cases", nargs="+", help="only those whose names begin with one of these words")
    args = parser.parse_args()
    print("case | evaluations | first round, s | each proposal, s | peak memory, GiB | reference, s")
    for case in CASES:
        if not args.cases or case.startswith(tuple(args.cases)):
            for evaluations in args.evaluations:
                first, each = seconds(case, evaluations)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of all cases so far
                print(
                    f"{case} | {evaluations} | {first:.1f} | {each:.2f} | {peak:.1f} | {reference():.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
