"""Which recipe ranks cells reliably for the least time: random ENAS cells, each trained twice from different seeds.

    python studies/proxy_recipes.py --out docs/results/proxy-recipes \\
        --recipes proxy proxy:epochs=2 proxy:image_size=12:channels=8

A ranking by one training cannot agree with anything better than with that by another training of the same recipe:
Kendall's tau between the two is what a recipe is judged by. A ranking may be reliable and of no use, so the last column
is the tau between the mean accuracies of a recipe and those of a reference, over the cells that both trained twice.
A recipe is written as the name of one and its changes. Trainings are on CIFAR-10 of the data folder, one thread each;
each is kept, so that the script can be killed and gone on with.
"""

import statistics
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import page
from grids import finished, options, table

from archrank.images import load_images
from archrank.ranking import kendall_tau
from archrank.spaces import Enas
from archrank.training import RECIPES, Recipe, TrainingEvaluator

REPEATS = 2


class Repeats:
    """Trains a cell by a recipe, once for each repeat."""

    def __init__(self, out: Path, recipes: dict[str, Recipe], cells: int) -> None:
        self.out, self.recipes = out, recipes
        self.space = Enas()
        self.cells = self.space.sample(cells, np.random.default_rng(0))

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        recipe = self.recipes[task["recipe"]]
        data = partial(load_images, "cifar10", train=recipe.train_images)
        folder = (
            self.out / "trainings" / task["recipe"].replace(":", ",") / f"{task['cell']}-{task['repeat']}"
        )
        evaluate = TrainingEvaluator(
            self.space, data, recipe, folder, seed=task["repeat"], threads=1, device="cpu"
        )
        values = evaluate(self.cells[task["cell"]])
        return {
            "accuracy": values["valid_accuracy"],
            "loss": values["valid_loss"],
            "training_seconds": values["seconds"],
            "parameters": values["parameters"],
        }


HEAD = """# Recipes of short training

Random ENAS cells, each trained twice on CIFAR-10 with different seeds. Accuracy is on validation images: mean, and
the range of the cells' means. *Tau of repeats* is Kendall's tau between the two accuracies, *tau by loss* that
between the two validation losses, *noise* the standard deviation of an accuracy between repeats, and *seconds* the
mean time of a training run. The last column is Kendall's tau with the reference recipe, and the number of cells that
both trained.
"""


def main() -> None:
    parser = options(__doc__, seeds=1)
    parser.add_argument("--recipes", nargs="+", default=["proxy"])
    parser.add_argument("--cells", type=int, default=24)
    parser.add_argument(
        "--reference", help="a recipe of this folder that others are compared with (the first)"
    )
    asked = parser.parse_args()
    recipes = {text: recipe_from(text) for text in asked.recipes}
    tasks = [
        {
            "recipe": text,
            "cell": cell,
            "repeat": repeat,
            "size": recipe.epochs * (recipe.train_images or 45_000),
        }
        for text, recipe in recipes.items()
        for cell in range(asked.cells)
        for repeat in range(REPEATS)
    ]
    rows = finished(asked.out, tasks, Repeats(asked.out, recipes, asked.cells), asked.workers)
    lines = []
    reference = asked.reference or asked.recipes[0]
    expected = means([row for row in rows if row["recipe"] == reference])
    for text in dict.fromkeys(row["recipe"] for row in rows):
        made = [row for row in rows if row["recipe"] == text]
        both = paired(made, "accuracy")
        mine = means(made)
        shared = sorted(expected.keys() & mine.keys())
        seconds = [row["training_seconds"] for row in made]
        lines.append(
            (
                f"`{text}`",
                [
                    str(len(both)),
                    f"{statistics.mean(seconds):.0f}",
                    f"{kendall_tau(both[:, 0], both[:, 1]):.2f}",
                    f"{kendall_tau(*paired(made, 'loss').T):.2f}",
                    f"{both.mean():.3f} ({both.mean(1).min():.3f}–{both.mean(1).max():.3f})",
                    f"{np.sqrt((np.diff(both) ** 2).mean() / 2):.4f}",
                    "–"
                    if text == reference
                    else f"{kendall_tau([mine[c] for c in shared], [expected[c] for c in shared]):.2f} ({len(shared)})",
                ],
            )
        )
    columns = [
        "cells",
        "seconds",
        "tau of repeats",
        "tau by loss",
        "accuracy (range)",
        "noise",
        "tau with the reference",
    ]
    print(page.write(asked.out, HEAD, "\n".join(table("recipe", columns, lines))))


def paired(rows: list[dict[str, Any]], name: str) -> np.ndarray:
    """The values of all cells that were trained twice: (cells, 2)."""
    values = {(row["cell"], row["repeat"]): row[name] for row in rows}
    cells = sorted({cell for cell, _ in values if all((cell, r) in values for r in range(REPEATS))})
    return np.array([[values[cell, r] for r in range(REPEATS)] for cell in cells])


def means(rows: list[dict[str, Any]]) -> dict[int, float]:
    """The mean accuracy of every cell that was trained twice."""
    cells = sorted(cell for cell, count in Counter(row["cell"] for row in rows).items() if count == REPEATS)
    return dict(zip(cells, paired(rows, "accuracy").mean(1), strict=True))


def recipe_from(text: str) -> Recipe:
    """The recipe that ``name:setting=value`` says."""
    name, *changes = text.split(":")
    pairs = (change.split("=") for change in changes)
    return RECIPES[name].but(**{key: float(value) if "." in value else int(value) for key, value in pairs})


if __name__ == "__main__":
    main()
