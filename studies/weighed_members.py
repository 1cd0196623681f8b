"""Whether held-out labels should move the weights of the Gaussian process and of the trees, and from which evidence on.

    python studies/weighed_members.py --data FOLDER --out docs/results/weighed-members

FOLDER holds ``nas-bench-macro.parquet`` and ``accel-nasbench-1700.parquet``. All tables may choose settings. The effort
``fast`` of the default predictor is fitted once on each training set, and its two members are averaged with equal
weights, and with weights that move once they differ by 2, 2.5 or 3 standard errors. Finished fits are kept in OUT; the
table is written to OUT/table.md.
"""

from functools import cache, partial
from pathlib import Path
from typing import Any

import grids
import numpy as np
import page
from predictor_suite import chains
from seen_groups import MACRO, difference

SIZES = dict.fromkeys(
    [
        *MACRO,
        "hpolib-protein-structure",
        "nas-bench-201-cifar10",
        "analog-nasbench",
        *(f"nas-bench-graph-{name}" for name in ("cora", "citeseer", "pubmed", "cs", "photo")),
    ],
    (50, 100, 200, 400),
)
CERTAINTIES = (2.0, 2.5, 3.0)
TESTED, SPLIT_SEED = 4_000, 2020


@cache
def data(folder: Path, name: str) -> Any:
    """The table, and the indices of the rows that may be trained on and of those that are ranked."""
    from archrank.benchmarks import load_benchmark

    table = next(chains(folder, [name])) if name in MACRO else load_benchmark(name)
    measured = np.flatnonzero(~np.isnan(table.scores(None)))
    order = np.random.default_rng(SPLIT_SEED).permutation(measured)
    tested = min(TESTED, len(order) // 2)
    return table, order[tested:], order[:tested]


def fit(folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    """The tau of every average and of the members, and the seconds of fit and weights, for one training set."""
    import time

    from archrank.predictors import auto, member_weights
    from archrank.ranking import kendall_tau

    table, pool, test = data(folder, task["table"])
    drawn = np.random.default_rng([task["seed"], task["size"]]).choice(len(pool), task["size"], replace=False)
    rows, targets = table.rows[pool[drawn]], table.scores(None)[pool[drawn]]
    began = time.process_time()
    ensemble = auto(table.space, "fast", seed=task["seed"]).fit(rows, targets)
    found = {"seconds of the fit": time.process_time() - began}
    equal = np.full(2, 0.5)
    by = {"equal weights": equal}
    for certainty in CERTAINTIES:
        member_weights._CERTAINTY = certainty
        ensemble.weights_ = equal
        began = time.process_time()
        by[f"from {certainty} standard errors on"] = ensemble._weighed(rows, targets)
        found["seconds of the weights"] = time.process_time() - began
    by |= {"the Gaussian process": np.array([1.0, 0.0]), "the trees": np.array([0.0, 1.0])}
    for name, weights in by.items():
        ensemble.weights_ = weights
        found[name] = kendall_tau(ensemble.predict(table.rows[test]), table.scores(None)[test])
    return found


HEAD = """# Weights of the Gaussian process and of the trees

Kendall's tau on up to 4,000 held-out architectures of the effort `fast`, mean over {seeds} random training sets, by
table and number of labels: with equal weights; how much is gained by weights that move toward the member that predicts
held-out labels better, once it does so by a number of standard errors; and by one of the members alone: mean paired
difference ± half of its 95% interval. All tables may choose settings.
"""


def main() -> None:
    parser = grids.options(__doc__, seeds=10)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the two chains")
    args = parser.parse_args()
    tasks = grids.tasks(grids.wanted(SIZES, args), args.seeds)
    rows = grids.finished(args.out, tasks, partial(fit, args.data), args.workers)
    others = [f"from {each} standard errors on" for each in CERTAINTIES] + [
        "the Gaussian process",
        "the trees",
    ]
    times = ["seconds of the fit", "seconds of the weights"]
    lines = []
    for table, size in sorted(grids.columns(rows)):
        mine = [row for row in rows if (row["table"], row["size"]) == (table, size)]
        gains = [difference([row[name] - row["equal weights"] for row in mine]) for name in others]
        equal = grids.cell([row["equal weights"] for row in mine])
        cells = [equal, *gains, *(f"{np.mean([row[t] for row in mine]):.2f}" for t in times)]
        lines.append((f"{table}, {size}", cells))
    shown = grids.table("table, labels", ["equal weights", *others, *times], lines)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(shown))


if __name__ == "__main__":
    main()
