"""What parameters and multiply-adds are worth as features: to the Gaussian process, and to the trees.

    python studies/size_features.py --out docs/results/size-features

On the parts that settings may be chosen on of the two tables whose spaces know their network: those of
``predictor_members.py``. Every seed is another training set. Finished fits are kept in OUT; the table is written to
OUT/table.md, with differences taken training set by training set.
"""

from typing import Any

import grids
import predictor_members

NAMES = ("Gaussian process", "trees", "both (effort fast)")
VARIANTS = {
    "none": "sizes in neither",
    "kernel": "in the Gaussian process",
    "both": "in the trees too",
}


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The tau of both and of their ensemble, for one training set."""
    from archrank.experiments.splits import drawn
    from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess
    from archrank.ranking import kendall_tau

    table, parts, _ = predictor_members.data(task["table"])
    chosen = parts.pool[drawn(len(parts.pool), task["size"], task["seed"], "random")]
    known, targets = table.space.architectures(table.rows[chosen]), table.column()[chosen]
    seed, space = task["seed"], table.space
    kernel = GaussianProcess(space, seed=seed, sizes=task["variant"] != "none")
    trees = BoostedTrees(space, seed=seed, sizes=task["variant"] == "both")
    predictors = (kernel, trees, Ensemble(space, (kernel, trees), seed=seed))
    return {
        name: kendall_tau(
            predictor.fit(known, targets).predict(table.rows[parts.test]), table.column()[parts.test]
        )
        for name, predictor in zip(NAMES, predictors, strict=True)
    }


def main() -> None:
    args = grids.options(__doc__, seeds=10).parse_args()
    sizes = grids.wanted(predictor_members.SIZES, args)
    tasks = grids.tasks(sizes, args.seeds, variant=tuple(VARIANTS))
    rows = grids.finished(args.out, tasks, fit, args.workers)
    (args.out / "table.md").write_text("\n".join(table_of(rows)) + "\n")


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Tau without sizes, and what they add to it, mean ± standard deviation over the seeds."""
    columns = grids.columns(rows)
    tau = {(r["table"], r["size"], r["seed"], r["variant"], name): r[name] for r in rows for name in NAMES}
    seeds = sorted({row["seed"] for row in rows})
    lines = []
    for name in NAMES:
        without = [[tau[*column, seed, "none", name] for seed in seeds] for column in columns]
        lines.append((f"{name}, sizes in neither", [grids.cell(each, 4) for each in without]))
        for variant in ("kernel", "both"):
            cells = []
            for column, before in zip(columns, without, strict=True):
                after = [tau[*column, seed, variant, name] for seed in seeds]
                cells.append(grids.cell([a - b for a, b in zip(after, before, strict=True)], 4))
            lines.append((f"… added by sizes {VARIANTS[variant]}", cells))
    return grids.table("predictor", [f"{table}, {size}" for table, size in columns], lines)


if __name__ == "__main__":
    main()
