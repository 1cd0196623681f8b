"""What trainings at full size cost: the arithmetic of each stage, and the GPU hours it takes at a given speed.

    python benchmarks/full_size_cost.py --out docs/results/full-size-cost

Multiply-adds are counted on the networks that recipes make of random ENAS cells; nothing is trained. A training step
costs three times what looking costs: forwards, and backwards to the inputs and to the weights.
"""

import argparse
from pathlib import Path

import numpy as np
from grids import table

from archrank.spaces import Enas
from archrank.training import RECIPES, multiply_adds, outline, parameters
from archrank.training.stacked_cells import StackedCells

STAGES = [
    # stage, recipe, trainings, training images, images looked at after every epoch, classes, side
    ("search: 800 cells trained", "gates-proxy", 800, 45_000, 5_000, 10, 32),
    ("CIFAR-10, the best cell", "cifar-final", 1, 50_000, 0, 10, 32),
    ("ImageNet, mobile", "imagenet-mobile", 1, 1_281_167, 0, 1000, 224),
    ("ImageNet, as GATES's code", "imagenet-gates", 1, 1_281_167, 0, 1000, 299),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=100, help="random cells that are counted")
    parser.add_argument("--tflops", type=float, nargs="+", default=[0.7, 1.1, 5.0])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    space = Enas()
    graphs = [space.graph(a) for a in space.sample(asked.cells, np.random.default_rng(0))]
    lines = []
    for stage, name, trainings, images, looked_at, classes, side in STAGES:
        recipe = RECIPES[name]
        skeleton = StackedCells(
            channels=recipe.channels, cells=recipe.cells, stem=recipe.stem, classes=classes
        )
        networks = [outline(graph, skeleton) for graph in graphs]
        counts = np.array([multiply_adds(network, (3, side, side)) for network in networks])
        sizes = np.array([parameters(network) for network in networks])
        operations = 2 * counts.mean() * recipe.epochs * (3 * images + looked_at) * trainings
        hours = [operations / (rate * 1e12) / 3600 for rate in asked.tflops]
        lines.append(
            (
                stage,
                [
                    f"`{name}`",
                    f"{sizes.mean() / 1e6:.2f} M",
                    f"{counts.mean() / 1e6:.0f} M ({counts.min() / 1e6:.0f}–{counts.max() / 1e6:.0f})",
                    f"{operations:.1e}",
                    *(f"{h:,.0f}" for h in hours),
                ],
            )
        )
    columns = ["recipe", "parameters", "multiply-adds an image (range)", "operations"]
    columns += [f"GPU hours at {rate:g} TFLOP/s" for rate in asked.tflops]
    page = "\n".join(table("stage", columns, lines)) + "\n"
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "table.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
