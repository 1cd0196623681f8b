"""Two objectives and a constraint: the Pareto front of accuracy and latency for small networks.

Run it with ``python examples/several_objectives.py``. Stop it with Ctrl-C, and run it again to continue.
"""

import sys
from pathlib import Path

import archrank as ar
from archrank import Architecture, SearchResult
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution

SPACE = NASBench201()
WORTH = {"nor_conv_3x3": 3.0, "nor_conv_1x1": 2.0, "skip_connect": 1.5, "none": 0.0, "avg_pool_3x3": -1.0}
COST = {"nor_conv_3x3": 9.0, "nor_conv_1x1": 1.0, "skip_connect": 0.0, "none": 0.0, "avg_pool_3x3": 0.5}


def evaluate(architecture: Architecture) -> dict[str, float]:
    """Stands for training and timing; returns the objectives, and the value that the constraint uses."""
    options = SPACE.options(architecture).values()
    convolutions = sum(option.startswith("nor_conv") for option in options)
    return {
        "accuracy": 80 + sum(WORTH[option] for option in options),
        "latency": 1 + sum(COST[option] for option in options),
        "convolutions": convolutions,
    }


def main(folder: Path = Path("runs/several-objectives"), budget: int = 80) -> SearchResult:
    """Search, and print the Pareto front."""
    strategy = RegularizedEvolution(SPACE, population=20, tournament=5)
    result = ar.search(
        SPACE,
        evaluate,
        strategy,
        budget=budget,
        objectives={"accuracy": "maximize", "latency": "minimize"},
        where=["convolutions <= 4"],
        folder=folder,
        resume=True,
    )
    for member in result.front:
        print(
            f"{member.values['accuracy']:6.2f} {member.values['latency']:6.2f}  {SPACE.format(member.architecture)}"
        )
    return result


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to continue")
