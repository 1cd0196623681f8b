"""What trainings at full size cost: the arithmetic of each stage, and the GPU hours it takes at a given speed.

    python studies/full_size_cost.py --out docs/results/full-size-cost

Multiply-adds are counted on the networks that recipes make of random ENAS cells; nothing is trained. A training step
costs three times what looking costs: forwards, and backwards to the inputs and to the weights.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import page
from grids import table

from archrank.networks import multiply_adds, outline, parameters
from archrank.networks.stacked_cells import StackedCells
from archrank.spaces import Enas
from archrank.training import RECIPES, Recipe


@dataclass(frozen=True)
class Stage:
    """What is trained, and how often."""

    name: str
    recipe: Recipe
    trainings: int
    images: int
    looked_at: int  # after every epoch
    classes: int
    side: int


PROXY = RECIPES["gates-proxy"]
CIFAR = {"classes": 10, "side": 32}
IMAGENET = {"images": 1_281_167, "looked_at": 0, "classes": 1000}

STAGES = [
    Stage("search, as the paper says", PROXY.but(cells=8, epochs=80), 800, 45_000, 5_000, **CIFAR),
    Stage("search, as the authors' code says", PROXY, 800, 45_000, 5_000, **CIFAR),
    Stage("the best cell on CIFAR-10", RECIPES["cifar-final"], 1, 50_000, 0, **CIFAR),
    Stage("the best cell on ImageNet", RECIPES["imagenet-mobile"], 1, side=224, **IMAGENET),
    Stage("likewise, as the authors' code says", RECIPES["imagenet-gates"], 1, side=299, **IMAGENET),
]


HEAD = """# Arithmetic and GPU hours of full-size training

Multiply-adds and parameters are counted on the networks of {cells} random ENAS cells (mean; in parentheses, the
smallest and largest); nothing is trained, so there is no split and no seed but that of the cells. Operations are two
per multiply-add, over all epochs, images and training runs; GPU hours are operations divided by the rate.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100, help="random cells that are counted")
    parser.add_argument("--tflops", type=float, nargs="+", default=[0.7, 1.1, 5.0])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    space = Enas()
    graphs = [space.graph(a) for a in space.sample(asked.cells, np.random.default_rng(0))]
    lines = []
    for stage in STAGES:
        recipe = stage.recipe
        skeleton = StackedCells(recipe.channels, recipe.cells, recipe.stem, classes=stage.classes)
        networks = [outline(graph, skeleton) for graph in graphs]
        counts = np.array([multiply_adds(network, (3, stage.side, stage.side)) for network in networks])
        sizes = np.array([parameters(network) for network in networks])
        images = recipe.epochs * (3 * stage.images + stage.looked_at)
        operations = 2 * counts.mean() * images * stage.trainings
        hours = [operations / (rate * 1e12) / 3600 for rate in asked.tflops]
        lines.append(
            (
                stage.name,
                [
                    f"{stage.trainings} × {recipe.epochs} epochs of `{recipe.name}`, {recipe.cells} cells",
                    f"{sizes.mean() / 1e6:.2f} M",
                    f"{counts.mean() / 1e6:.0f} M ({counts.min() / 1e6:.0f}–{counts.max() / 1e6:.0f})",
                    f"{operations:.1e}",
                    *(f"{h:,.0f}" for h in hours),
                ],
            )
        )
    columns = ["trainings", "parameters", "multiply-adds an image (range)", "operations"]
    columns += [f"GPU hours at {rate:g} TFLOP/s" for rate in asked.tflops]
    asked.out.mkdir(parents=True, exist_ok=True)
    print(page.write(asked.out, HEAD.format(cells=asked.cells), "\n".join(table("stage", columns, lines))))


if __name__ == "__main__":
    main()
