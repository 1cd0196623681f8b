"""Whether an ensemble's weights should be learnt: equal ones, and those that cross-validation within the labels finds.

    python studies/stacked_weights.py --out docs/results/stacked-weights

The members of the default predictor (Gaussian process, trees, three GATES networks) are fitted once on each training
set and averaged both ways, on parts that settings may be chosen on. Finished fits are kept in OUT; the table is
written to OUT/table.md.
"""

from typing import Any

import depth_features
import grids
import numpy as np
import page

SIZES = {
    "nasbench101": (190,),
    "analog-nasbench": (156,),
    "nas-bench-graph-citeseer": (50, 150),
    "nas-bench-graph-photo": (50, 150),
}


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The tau of both averages and of the best single member, and the weights, for one training set."""
    from archrank.experiments.splits import drawn
    from archrank.predictors import Ensemble, auto
    from archrank.ranking import kendall_tau

    table, parts = depth_features.data(task["table"])
    chosen = parts.pool[drawn(len(parts.pool), task["size"], task["seed"], "random")]
    test, truth = table.rows[parts.test], table.column()[parts.test]
    members = auto(table.space).predictors
    ensemble = Ensemble(table.space, members, folds=5, stack=True, seed=task["seed"])
    ensemble.fit(table.space.architectures(table.rows[chosen]), table.column()[chosen])
    weights = ensemble.weights_
    stacked = ensemble.predict(test)
    ensemble.weights_ = np.full(len(members), 1 / len(members))
    alone = [kendall_tau(scores, truth) for scores in ensemble.predict_members(test)]
    return {
        "equal weights": kendall_tau(ensemble.predict(test), truth),
        "stacked": kendall_tau(stacked, truth),
        "best member": max(alone),
        **{f"weight {place}": weight for place, weight in enumerate(weights.tolist())},
    }


HEAD = """# Equal and learned weights of the ensemble

Kendall's tau on held-out architectures of the ensemble of effort `balanced`, with equal weights and with weights from
five-fold cross-validation within the labels, and of its best member in hindsight, by table and number of labels: mean
± standard deviation over {seeds} random training sets. The held-out architectures are parts that settings may be
chosen on: records 12,500 to 14,999 of the NAS-Bench-101 sample, and one random half of every other table.
"""


def main() -> None:
    args = grids.options(__doc__, seeds=4).parse_args()
    tasks = grids.tasks(grids.wanted(SIZES, args), args.seeds)
    rows = grids.finished(args.out, tasks, fit, args.workers)
    columns = ["equal weights", "stacked", "best member", *(name for name in rows[0] if "weight " in name)]
    names = dict(
        zip(columns[3:], ("weight of the Gaussian process", "of the trees", "of GATES"), strict=True)
    )
    lines = []
    for table, size in grids.columns(rows):
        mine = [row for row in rows if (row["table"], row["size"]) == (table, size)]
        lines.append((f"{table}, {size}", [grids.cell([r[name] for r in mine]) for name in columns]))
    shown = grids.table("table, labels", [names.get(name, name) for name in columns], lines)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(shown))


if __name__ == "__main__":
    main()
