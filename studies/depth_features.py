"""What features of depth are worth: the default search's predictor with and without them, from few labels.

    python studies/depth_features.py --out docs/results/depth-features

The Gaussian process, the trees and their ensemble, on the parts that settings may be chosen on: those of
``predictor_members.py``, and random halves of five tables of NAS-Bench-Graph. GATES, which sees depth by itself, stands
beside them. Every seed is another training set. Finished fits are kept in OUT; the table is written to OUT/table.md.
"""

from functools import cache
from typing import Any

import grids
import page
import predictor_members

SIZES = predictor_members.SIZES | {
    f"nas-bench-graph-{name}": (50, 150, 400) for name in ("cora", "citeseer", "pubmed", "cs", "photo")
}


@cache
def data(name: str) -> tuple[Any, Any]:
    """The table and its split."""
    from archrank.benchmarks import load_benchmark
    from archrank.experiments.splits import split

    if name in predictor_members.SIZES:
        table, parts, _ = predictor_members.data(name)
        return table, parts
    table = load_benchmark(name)
    return table, split(table, "random")


def leave_out(space: Any, *groups: str) -> None:
    """Take the groups whose names begin so out of the space's features in this process."""
    from archrank.predictors.feature_map import feature_map
    from archrank.predictors.groups import grouped

    features = feature_map(space)
    names = [""] * len(features.names)
    for group in features.groups:
        for column in group.columns:
            names[column] = group.name
    kept = [place for place, name in enumerate(names) if not name.startswith(groups)]
    features._kept, features._mean, features._std = (
        each[kept] for each in (features._kept, features._mean, features._std)
    )
    features.names = tuple(features.names[place] for place in kept)
    features.groups = grouped([names[place] for place in kept])


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The tau of every predictor, for one training set."""
    from archrank.encoders import GATES
    from archrank.experiments.splits import drawn
    from archrank.predictors import BoostedTrees, GaussianProcess, NeuralPredictor, auto
    from archrank.ranking import kendall_tau

    table, parts = data(task["table"])
    space = type(table.space)() if task["features"] == "without" else table.space
    if task["features"] == "without":
        leave_out(space, "depth")
    chosen = parts.pool[drawn(len(parts.pool), task["size"], task["seed"], "random")]
    known, targets = table.space.architectures(table.rows[chosen]), table.column()[chosen]
    predictors = {
        "Gaussian process": GaussianProcess(space, seed=task["seed"]),
        "trees": BoostedTrees(space, seed=task["seed"]),
        "both (effort fast)": auto(space, "fast", seed=task["seed"]),
    }
    if task["features"] == "with":
        predictors["GATES"] = NeuralPredictor(
            space, GATES, hidden=(300, 300), epochs=150, members=3, simplify=True, seed=task["seed"]
        )
    return {
        f"{name}, {task['features']} depth" if name != "GATES" else name: kendall_tau(
            predictor.fit(known, targets).predict(table.rows[parts.test]), table.column()[parts.test]
        )
        for name, predictor in predictors.items()
    }


HEAD = """# Features of depth

Kendall's tau on held-out architectures with and without features of depth, by table and number of labels: mean ±
standard deviation over {seeds} random training sets. The held-out architectures are parts that settings may be chosen
on: records 12,500 to 14,999 of the NAS-Bench-101 sample, and one random half of every other table.
"""


def main() -> None:
    args = grids.options(__doc__, seeds=4).parse_args()
    tasks = grids.tasks(grids.wanted(SIZES, args), args.seeds, features=("with", "without"))
    rows = grids.finished(args.out, tasks, fit, args.workers)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(table_of(rows)))


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau over the seeds; predictors are the columns."""
    apart = {"table", "size", "seed", "features", "seconds", "error"}
    names = sorted({name for row in rows for name in row} - apart)
    lines = [
        (
            f"{table}, {size}",
            [
                grids.cell(
                    [r[name] for r in rows if (r["table"], r["size"]) == (table, size) and r.get(name)]
                )
                for name in names
            ],
        )
        for table, size in grids.columns(rows)
    ]
    return grids.table("table, labels", names, lines)


if __name__ == "__main__":
    main()
