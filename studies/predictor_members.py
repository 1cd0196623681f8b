"""What to average: single predictors and means of several, from few labels.

    python studies/predictor_members.py --out docs/results/predictor-members

Trained on random subsets of what settings may be chosen on: the first 12,500 records of NAS-Bench-101, ranking records
12,500 to 14,999, which no result is reported on; and one half of `analog-nasbench`, ranking the other. Every seed is
another subset and another initialisation. Finished fits are kept in OUT, so that the command can be killed and started
again; the table is written to OUT/table.md. It needs the table `nasbench101`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import grids
import numpy as np
import numpy.typing as npt
import page

Floats = npt.NDArray[np.float64]

SIZES = {"nasbench101": (100, 190, 381), "analog-nasbench": (78, 156, 390)}

MEANS = (
    ("gp", "trees"),
    ("gp", "trees", "gates"),
    ("gp", "trees", "gates, head of five layers, 200 epochs"),
    ("gp", "trees", "biflow"),
    ("gp", "trees", "gates", "biflow"),
    ("gp", "trees", "gates + features"),
    ("gates", "trees"),
)
"""Whose standardised scores are averaged."""


def members(space: Any, written: Any) -> dict[str, Callable[[int], Any]]:
    """What makes each single predictor from a seed; ``written`` is the space without its function rules."""
    from archrank.encoders import GATES, BiFlow
    from archrank.predictors import BoostedTrees, GaussianProcess, NeuralPredictor
    from archrank.ranking import PairwiseBCE, PairwiseHinge

    def gates_with_features(seed: int) -> Any:
        return NeuralPredictor(
            space, GATES, PairwiseBCE(), hidden=(200,), epochs=100, learning_rate=5e-3, schedule="one-cycle",
            weight_decay=0.01, members=4, simplify=True, features=True, seed=seed,
        )  # fmt: skip

    def network(encoder: Any, **settings: Any) -> Callable[[int], Any]:
        return lambda seed: NeuralPredictor(
            space, encoder, PairwiseHinge(), members=3, simplify=True, seed=seed, **settings
        )

    small = {"hidden": (300, 300), "epochs": 150}

    return {
        "gp": lambda seed: GaussianProcess(space, seed=seed),
        "gp, cells as written": lambda seed: GaussianProcess(written, seed=seed),
        "trees": lambda seed: BoostedTrees(space, seed=seed),
        "trees, cells as written": lambda seed: BoostedTrees(written, seed=seed),
        "trees, ranking objective": lambda seed: BoostedTrees(space, "ranking", seed=seed),
        "gates": network(GATES, **small),
        "gates, head of five layers, 200 epochs": network(GATES),
        "biflow": network(BiFlow, **small),
        "gates + features": gates_with_features,
    }


@cache
def data(name: str) -> tuple[Any, Any, Any]:
    """The table, its split, and its space without function rules."""
    from archrank.benchmarks import load_benchmark
    from archrank.experiments.splits import split
    from archrank.space import SearchSpace

    table = load_benchmark(name)
    kept_apart = {"kind": "source", "pool": "12500", "test": "12500:15000"}
    parts = split(table, **kept_apart) if name == "nasbench101" else split(table, "random")
    kind = type(table.space)
    return table, parts, type(kind.__name__, (kind,), {"function": SearchSpace.function})()


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The tau of every single predictor and of every mean, for one training set."""
    from scipy.stats import rankdata

    from archrank.experiments.splits import drawn
    from archrank.ranking import kendall_tau

    table, parts, written = data(task["table"])
    chosen = parts.pool[drawn(len(parts.pool), task["size"], task["seed"], "random")]
    known, targets = table.space.architectures(table.rows[chosen]), table.column()[chosen]
    test, truth = table.rows[parts.test], table.column()[parts.test]
    scores: dict[str, Floats] = {}
    for name, make in members(table.space, written).items():
        scores[name] = make(task["seed"]).fit(known, targets).predict(test)
    found = {name: kendall_tau(each, truth) for name, each in scores.items()}
    for names in MEANS:
        standard = [(scores[name] - scores[name].mean()) / scores[name].std() for name in names]
        found[f"mean of {', '.join(names)}"] = kendall_tau(np.mean(standard, axis=0), truth)
    ranks = [rankdata(scores[name]) for name in MEANS[1]]
    found[f"mean rank of {', '.join(MEANS[1])}"] = kendall_tau(np.mean(ranks, axis=0), truth)
    return found


HEAD = """# Single predictors and means of several

Kendall's tau on held-out architectures, by table and number of labels: mean ± standard deviation over {seeds} random
training sets. The held-out architectures are parts that settings may be chosen on: records 12,500 to 14,999 of the
NAS-Bench-101 sample, and one half of `analog-nasbench`.
"""


def main() -> None:
    args = grids.options(__doc__, seeds=4).parse_args()
    rows = grids.finished(args.out, grids.tasks(grids.wanted(SIZES, args), args.seeds), fit, args.workers)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(table_of(rows)))


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau over the seeds."""
    columns = grids.columns(rows)
    apart = ("table", "size", "seed", "seconds", "error")
    lines = [
        (
            name,
            [grids.cell([r[name] for r in rows if (r["table"], r["size"]) == column]) for column in columns],
        )
        for name in rows[0]
        if name not in apart
    ]
    return grids.table("predictor", [f"{table}, {size}" for table, size in columns], lines)


if __name__ == "__main__":
    main()
