"""Guided search beside random search where every evaluation was a real training: two run folders as a table and a plot.

    archrank search enas --evaluator train --data cifar10 --recipe proxy --budget 120 --out guided
    archrank search enas --evaluator train --data cifar10 --recipe proxy --budget 120 --out random --strategy random
    python studies/real_search.py guided random --out docs/results/search-cifar10

Writes ``trainings.parquet`` (all trainings of both), ``random.parquet`` (the random ones, as a table that
``archrank compare`` reads), ``table.md`` and ``curves.svg``. What random search would have found with fewer trainings
follows exactly from the order of those that it made: any subset of them was as likely to come first.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import page
import pyarrow as pa
import pyarrow.parquet as pq
from grids import table
from matplotlib.figure import Figure

from archrank.plot.style import RANDOM, RUN, save, theme
from archrank.simulation import best_so_far, random_search_curve

COLUMNS = ("valid_accuracy", "valid_loss", "parameters", "multiply_adds", "seconds")


HEAD = """# Guided and random search by training

Each evaluation is a training run on CIFAR-10 images; one search of each kind. The first table shows the best
validation accuracy after a number of training runs; for random search, it is the median and the middle half over all
orders of its runs. The second table describes all training runs of each search.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("guided", type=Path)
    parser.add_argument("random", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    made = {name: trainings(getattr(asked, name)) for name in ("guided", "random")}
    asked.out.mkdir(parents=True, exist_ok=True)
    both = [{"search": name, **row} for name, rows in made.items() for row in rows]
    pq.write_table(pa.Table.from_pylist(both), asked.out / "trainings.parquet", compression="zstd")
    random = [{n: row[n] for n in ("architecture", *COLUMNS)} for row in made["random"]]
    pq.write_table(pa.Table.from_pylist(random), asked.out / "random.parquet", compression="zstd")
    found = {name: np.array([row["valid_accuracy"] for row in rows]) for name, rows in made.items()}
    save(curves(found), asked.out / "curves.svg")
    print(page.write(asked.out, HEAD, "\n".join([*best_table(found), "", *all_table(made)])))


def trainings(folder: Path) -> list[dict[str, Any]]:
    """The evaluations of a run that did not fail, in the order of proposing."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return [
        {"number": e["number"], "reason": e["reason"], "architecture": e["architecture"]}
        | {name: e["values"][name] for name in COLUMNS}
        for e in result["evaluations"]
        if e["state"] == "measured"
    ]


def best_table(found: dict[str, np.ndarray]) -> list[str]:
    """The best validation accuracy after so many trainings."""
    guided = best_so_far(found["guided"])
    _, (low, middle, high) = random_search_curve(found["random"], len(found["random"]))
    places = [n for n in (10, 20, 40, 60, 80, 100, 120) if n <= min(len(guided), len(middle))]
    lines = [
        ("guided", [f"{guided[n - 1]:.4f}" for n in places]),
        ("random", [f"{middle[n - 1]:.4f} ({low[n - 1]:.4f}–{high[n - 1]:.4f})" for n in places]),
    ]
    return table("trainings", list(map(str, places)), lines)


def all_table(made: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What was trained."""
    lines = []
    for name, rows in made.items():
        accuracies = np.array([row["valid_accuracy"] for row in rows])
        best = max(rows, key=lambda row: row["valid_accuracy"])
        lines.append(
            (
                name,
                [
                    str(len(rows)),
                    f"{accuracies.mean():.3f} ± {accuracies.std(ddof=1):.3f}",
                    f"{accuracies[len(rows) // 2 :].mean():.3f}",
                    f"{best['valid_accuracy']:.4f} (number {best['number'] + 1})",
                    f"{best['parameters'] / 1e3:.1f}",
                    f"{best['multiply_adds'] / 1e6:.2f}",
                    f"{np.mean([row['seconds'] for row in rows]):.0f}",
                ],
            )
        )
    columns = [
        "trainings", "accuracy, mean ± deviation", "mean of the second half", "best",
        "its parameters, thousands", "its multiply-adds, millions", "seconds a training",
    ]  # fmt: skip
    return table("search", columns, lines)


def curves(found: dict[str, np.ndarray]) -> Figure:
    """Every training, and the best so far."""
    _, (low, middle, high) = random_search_curve(found["random"], len(found["random"]))
    with theme():
        figure = Figure(figsize=(7.4, 4.4), layout="constrained")
        axes = figure.subplots()
        for name, color in (("random", RANDOM), ("guided", RUN)):
            numbers = np.arange(1, len(found[name]) + 1)
            axes.plot(numbers, found[name], ".", color=color, alpha=0.5, label=f"{name}: a training")
        axes.fill_between(
            np.arange(1, len(middle) + 1), low, high, step="post", color=RANDOM, alpha=0.25, linewidth=0
        )
        label = "random: best so far, median and quartiles"
        axes.step(np.arange(1, len(middle) + 1), middle, where="post", color=RANDOM, label=label)
        guided = best_so_far(found["guided"])
        axes.step(np.arange(1, len(guided) + 1), guided, where="post", color=RUN, label="guided: best so far")
        axes.set_xlabel("trainings")
        axes.set_ylabel("validation accuracy")
        figure.legend(loc="outside upper left", ncols=2)
    return figure


if __name__ == "__main__":
    main()
