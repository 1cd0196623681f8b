"""A table of trained hierarchical architectures on CIFAR-10: which are trained, by which recipe, and the trainings.

    python studies/hierarchical_table.py recipes --out docs/results/hierarchical-table
    python studies/hierarchical_table.py order --architectures 1200 --twice 150 --out docs/results/hierarchical-table
    python studies/hierarchical_table.py train --recipe adamw --out docs/results/hierarchical-table
    python studies/hierarchical_table.py describe --out docs/results/hierarchical-table

``recipes`` trains architectures of the space twice by each recipe, and prints Kendall's tau between the two trainings,
with which no ranking by one training can agree better. ``order`` draws other architectures, as ``space.sample`` does,
each of a different function, and writes ``order-SPACE.csv``: all trainings in the order in which they are run, some
architectures with a second seed, by the digests of their texts. ``train`` draws them again, goes through the order,
and writes the table, ``SPACE.parquet`` or another ``--table``. It continues where it was stopped; a failed training is
a row with its error, and every row is on disk before the next training begins. ``recipe.json`` has the settings of the
recipe. ``describe`` writes ``SPACE.md``: how many architectures there are, how good and how costly they are, and how
noisy their accuracies.

Trainings use one thread; ``seconds`` are those of the processor. ``--processes`` trains several at a time, and keeps
the order of the rows. Images are those of the data folder.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import csv_rows
import numpy as np
import page
import pyarrow as pa
import torch
from grids import table
from parquet_rows import Rows

from archrank import Architecture
from archrank.benchmarks.grammar_tables import CHOOSING
from archrank.images import ImageData, load_images
from archrank.networks import HierarchySkeleton, build, multiply_adds, outline, parameters
from archrank.ranking import kendall_tau
from archrank.spaces.named import named_space
from archrank.system.files import write_whole
from archrank.training import Recipe, accuracy, image_shape, train, weights_generator

WIDE = Recipe(
    "wide",
    epochs=3,
    batch=64,
    learning_rate=0.1,
    schedule="one-cycle",
    weight_decay=5e-4,
    flip=True,
    channels=16,
    image_size=8,
    train_images=5_000,
    mixed_precision="off",
)
NARROW = WIDE.but(name="many-images", channels=8, train_images=7_500)
RECIPES = {
    recipe.name: recipe
    for recipe in (
        WIDE,
        NARROW,
        NARROW.but(name="many-epochs", train_images=3_200, epochs=7),
        NARROW.but(name="sharp", image_size=16, train_images=3_000),
        WIDE.but(name="adamw", optimizer="adamw", learning_rate=0.01, weight_decay=0.05),
    )
}
"""Of similar cost: 15 to 20 processor seconds on a busy core, of which evaluation takes 4 to 6."""

VALIDATION = 5_000
KINDS = {
    "number": pa.int32(),
    "architecture": pa.string(),
    "valid_accuracy": pa.float32(),
    "test_accuracy": pa.float32(),
    "curve": pa.list_(pa.float32()),
    "parameters": pa.int64(),
    "multiply_adds": pa.int64(),
    "seconds": pa.float32(),
    "seed": pa.int32(),
    "recipe": pa.string(),
    "error": pa.string(),
}
"""The columns; ``number`` is that of an architecture in the order, and ``curve`` has an accuracy for each epoch."""

RECIPES_SHOWN = """Kendall's tau between the validation, or test, accuracies of two trainings of the same
architectures with different seeds; the noise is the standard deviation of a training."""
TABLE_SHOWN = """Ranges are the least, the quartiles and the greatest, of the first training of each architecture. Tau
is Kendall's, on validation accuracies unless it says otherwise; the first trainings may choose settings, the others
only report."""

Training = tuple[int, Architecture, Recipe, int]
"""The number of an architecture, the architecture, the recipe and the seed."""

RECIPE_SEED, ORDER_SEED = 1, 2
"""Of the architectures that recipes are compared on, and of those of the table."""


class Trainer:
    """Trains architectures of a space by recipes, with the images that a recipe needs."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.space = named_space(args.space)
        self._args = args
        self._images: dict[int | None, ImageData] = {}

    def __call__(self, number: int, architecture: Architecture, recipe: Recipe, seed: int) -> dict[str, Any]:
        """The row of a training, also of one that fails; without images nothing is trained."""
        data = self._data(recipe)
        row = dict.fromkeys(KINDS) | {"number": number, "recipe": recipe.name, "seed": seed}
        row["architecture"] = self.space.format(architecture)
        began = time.process_time()
        try:
            row |= self._trained(architecture, recipe, data, seed)
        except Exception as error:  # a failed training is a row too
            row["error"] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
        return row | {"seconds": round(time.process_time() - began, 1)}

    def _data(self, recipe: Recipe) -> ImageData:
        if recipe.train_images not in self._images:
            self._images[recipe.train_images] = load_images(
                "cifar10", train=recipe.train_images, validation=self._args.validation
            )
        return self._images[recipe.train_images]

    def _trained(
        self, architecture: Architecture, recipe: Recipe, data: ImageData, seed: int
    ) -> dict[str, Any]:
        shape = image_shape(recipe, data)
        skeleton = HierarchySkeleton(recipe.channels or 16, len(data.classes), data.channels, shape[1:])
        graph = self.space.graph(architecture)
        sizes = outline(graph, skeleton)
        row = {"parameters": parameters(sizes), "multiply_adds": multiply_adds(sizes, shape)}
        network = build(graph, skeleton, weights_generator(seed))
        curve = train(network, data, recipe, seed=seed, device="cpu").curve
        tested = accuracy(network, data.test, data, side=recipe.image_size)
        return row | {
            "valid_accuracy": curve[-1].valid_accuracy,
            "test_accuracy": tested.accuracy,
            "curve": [epoch.valid_accuracy for epoch in curve],
        }


trainers: list[Trainer] = []
"""That of this process."""


def prepare(args: argparse.Namespace) -> None:
    """Make this process ready to train."""
    torch.set_num_threads(1)
    trainers[:] = [Trainer(args)]


def run(training: Training) -> dict[str, Any]:
    """The row of a training."""
    return trainers[0](*training)


def run_all(trainings: Iterable[Training], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rows of trainings, in their order."""
    if args.processes == 1:
        prepare(args)
        yield from map(run, trainings)
        return
    with ProcessPoolExecutor(args.processes, get_context("spawn"), prepare, (args,)) as pool:
        try:
            yield from pool.map(run, trainings)
        finally:  # what is not begun is not run
            pool.shutdown(wait=False, cancel_futures=True)


def rows_of(path: Path) -> Rows:
    """The trainings in a file."""
    return Rows(path, KINDS, ("number", "recipe", "seed"))


def drawn(space: Any, count: int, seed: int) -> list[Architecture]:
    """Architectures of different functions, in the order of the sample."""
    rng, found = np.random.default_rng(seed), dict[Any, Architecture]()
    while len(found) < count:
        (architecture,) = space.sample(1, rng)
        found.setdefault(space.function_key(architecture), architecture)
    return list(found.values())


def order(args: argparse.Namespace) -> None:
    """Fix the architectures and the order of trainings."""
    path = args.out / f"order-{args.space}.csv"
    if path.exists():
        raise SystemExit(f"{path} exists; an order is fixed once")
    space = named_space(args.space)
    architectures = drawn(space, args.architectures, ORDER_SEED)
    twice = set(range(0, args.architectures, 3)[: args.twice])  # soon, so that the noise is known early
    trainings = [
        {"number": number, "seed": seed, "digest": digest(space.format(architecture))}
        for number, architecture in enumerate(architectures)
        for seed in range(1 + (number in twice))
    ]
    csv_rows.append(path, ("number", "seed", "digest"), trainings)
    print(f"{len(trainings)} trainings of {len(architectures)} architectures in {path}")


def digest(text: str) -> str:
    """What the order keeps of the text of an architecture."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def ordered(args: argparse.Namespace, space: Any) -> list[tuple[int, Architecture, int]]:
    """The trainings of the order: the number, the architecture and the seed."""
    path = args.out / f"order-{args.space}.csv"
    rows = csv_rows.read(path)
    architectures = drawn(space, 1 + max((int(row["number"]) for row in rows), default=-1), ORDER_SEED)
    if any(digest(space.format(architectures[int(row["number"])])) != row["digest"] for row in rows):
        raise SystemExit(
            f"{path} has other architectures than the space draws now; take the release it is from"
        )
    return [(int(row["number"]), architectures[int(row["number"])], int(row["seed"])) for row in rows]


def recipes(args: argparse.Namespace) -> None:
    """Measure how well two trainings of a recipe agree."""
    rows = rows_of(args.out / f"recipes-{args.space}.parquet")
    trainings = [
        (number, architecture, changed(RECIPES[name], args), seed)
        for number, architecture in enumerate(drawn(named_space(args.space), args.architectures, RECIPE_SEED))
        for name in args.recipes
        for seed in (0, 1)
    ]
    train_missing(rows, trainings, args)
    text = page.text(f"# Recipes for {args.space}\n\n{RECIPES_SHOWN}", "\n".join(agreement(rows.rows)))
    write_whole(args.out / f"recipes-{args.space}.md", text)
    print(text)


def agreement(rows: list[dict[str, Any]]) -> list[str]:
    """A table of recipes: tau of repeats, the spread of accuracies and their noise, and the cost."""
    lines = []
    for name in dict.fromkeys(row["recipe"] for row in rows):
        mine = [row for row in rows if row["recipe"] == name]
        found = {(row["number"], row["seed"]): row for row in mine if not row["error"]}
        both = [number for number, seed in found if seed == 0 and (number, 1) in found]
        if len(both) < 2:
            continue
        valid = np.array([[found[n, s]["valid_accuracy"] for s in (0, 1)] for n in both])
        test = np.array([[found[n, s]["test_accuracy"] for s in (0, 1)] for n in both])
        sizes = [found[n, 0]["parameters"] for n in both]
        cells = [
            str(len(both)),
            f"{kendall_tau(*valid.T):.2f}",
            f"{kendall_tau(*test.T):.2f}",
            f"{kendall_tau(sizes, valid.mean(1)):.2f}",
            f"{valid.mean():.3f} ({valid.mean(1).min():.3f}–{valid.mean(1).max():.3f})",
            f"{np.sqrt((np.diff(valid) ** 2).mean() / 2):.4f}",
            str(sum(bool(row["error"]) for row in mine)),
            f"{statistics.mean(float(row['seconds']) for row in mine):.0f}",
        ]
        lines.append((f"`{name}`", cells))
    heads = [
        "architectures",
        "tau of repeats",
        "by test accuracy",
        "tau with parameters",
        "accuracy (range)",
        "noise",
        "failed",
        "processor seconds",
    ]
    return table("recipe", heads, lines)


def train_table(args: argparse.Namespace) -> None:
    """Run the trainings of the order that are not done yet."""
    rows = rows_of(args.table or args.out / f"{args.space}.parquet")
    recipe = changed(RECIPES[args.recipe], args)
    write_whole(args.out / "recipe.json", json.dumps(recipe.as_dict(), indent=2) + "\n")
    trainings = [
        (number, architecture, recipe, seed)
        for number, architecture, seed in ordered(args, named_space(args.space))[: args.trainings]
    ]
    train_missing(rows, trainings, args)


def describe(args: argparse.Namespace) -> None:
    """Write what the trainings of the table are like, those that may choose settings and those that only report."""
    rows = rows_of(args.table or args.out / f"{args.space}.parquet").rows
    groups = {"all": rows, f"the first {CHOOSING}": rows[:CHOOSING], "the others": rows[CHOOSING:]}
    columns = {name: described(group) for name, group in groups.items() if group}
    lines = [(name, [column[name] for column in columns.values()]) for name in columns["all"]]
    text = page.text(
        f"# The table of {args.space}\n\n{TABLE_SHOWN}", "\n".join(table("", list(columns), lines))
    )
    write_whole(args.out / f"{args.space}.md", text)
    print(text)


def described(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Numbers about trainings, each with its name."""
    trained = [row for row in rows if not row["error"]]
    first = {row["number"]: row for row in trained if row["seed"] == 0}
    both = [(first[row["number"]], row) for row in trained if row["seed"] == 1 and row["number"] in first]

    def column(name: str) -> np.ndarray:
        return np.array([row[name] for row in first.values()], dtype=np.float64)

    def again(name: str) -> np.ndarray:
        return np.array([[one[name] for one in pair] for pair in both], dtype=np.float64).reshape(-1, 2)

    def quartiles(values: np.ndarray, form: str) -> str:
        values = np.percentile(values, [0, 25, 50, 75, 100]) if len(values) else values
        return ", ".join(form.format(value) for value in values) or "–"

    def tau(a: np.ndarray, b: np.ndarray) -> str:
        return f"{kendall_tau(a, b):.3f}" if len(a) > 1 else "–"

    valid, twice = column("valid_accuracy"), again("valid_accuracy")
    seconds = np.array([row["seconds"] for row in rows])
    return {
        "trainings": str(len(rows)),
        "failed trainings": str(len(rows) - len(trained)),
        "architectures": str(len(first)),
        "architectures trained twice": str(len(both)),
        "validation accuracy": quartiles(valid, "{:.3f}"),
        "test accuracy": quartiles(column("test_accuracy"), "{:.3f}"),
        "parameters": quartiles(column("parameters"), "{:,.0f}"),
        "multiply-adds": quartiles(column("multiply_adds"), "{:,.0f}"),
        "processor seconds of a training": quartiles(seconds, "{:.0f}"),
        "processor hours": f"{seconds.sum() / 3600:.1f}",
        "tau of two trainings": tau(*twice.T),
        "tau of two trainings, test accuracy": tau(*again("test_accuracy").T),
        "standard deviation of a training": f"{np.sqrt((np.diff(twice) ** 2).mean() / 2):.4f}"
        if both
        else "–",
        "tau of validation and test accuracy": tau(valid, column("test_accuracy")),
        "tau of accuracy after 1 epoch and the last": tau(
            np.array([r["curve"][0] for r in first.values()]), valid
        ),
        "tau with parameters": tau(column("parameters"), valid),
        "tau with multiply-adds": tau(column("multiply_adds"), valid),
    }


def train_missing(rows: Rows, trainings: list[Training], args: argparse.Namespace) -> None:
    """Run the trainings that have no row yet, and add their rows."""
    missing = [
        training
        for training in trainings
        if not rows.has(number=training[0], recipe=training[2].name, seed=training[3])
    ]
    for row in run_all(missing, args):
        rows.add(row)
        told = row["error"] or f"{row['valid_accuracy']:.4f}"
        print(f"{row['number']} {row['recipe']} seed {row['seed']}: {told} in {row['seconds']} s", flush=True)


def changed(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """The recipe with the sizes that the arguments give."""
    return recipe.but(epochs=args.epochs, train_images=args.images)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = {"order": order, "recipes": recipes, "train": train_table, "describe": describe}
    parser.add_argument("commands", nargs="+", choices=commands)
    parser.add_argument("--space", default="hierarchical-nas-bench-201")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--table", type=Path, help="the Parquet file of the trainings")
    parser.add_argument("--architectures", type=int, help="of the order (1200), or of a recipe (40)")
    parser.add_argument("--twice", type=int, default=150, help="architectures of the order with two seeds")
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--recipe", choices=RECIPES, default="adamw")
    parser.add_argument("--trainings", type=int, help="only the first of the order")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--images", type=int, help="for training")
    parser.add_argument("--validation", type=int, default=VALIDATION)
    parser.add_argument("--processes", type=int, default=1, help="how many trainings run at a time")
    args = parser.parse_args()
    for command in args.commands:
        given = args.architectures or (40 if command == "recipes" else 1_200)
        commands[command](argparse.Namespace(**{**vars(args), "architectures": given}))


if __name__ == "__main__":
    main()
