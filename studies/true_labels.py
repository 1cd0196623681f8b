"""Evaluations that guided search needs on NAS-Bench-201's own validation accuracies, and what one run's label costs.

    python studies/true_labels.py --out true-labels

Compares guided search and evolution on each table (``archrank compare strategies``; an interrupted comparison
continues), and prints for each: the evaluations until the best label, with quartiles and the 90th percentile; in how
many searches the second best cell came before the best; and the regret of what the search returns, by the mean of all
runs.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import archrank as ar

TABLES = ("nas-bench-201-cifar10", "nas-bench-201-cifar100", "nas-bench-201-imagenet16-120")
MEAN, ONE_RUN = "validation_accuracy", "validation_accuracy_1"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--seeds", type=int, default=50, help="searches by the mean of the runs")
    parser.add_argument("--one-run", type=int, default=20, help="searches by the label of the first run")
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    for metric, seeds in ((MEAN, args.seeds), (ONE_RUN, args.one_run)):
        for name in args.tables:
            folder = args.out / f"{name}-{metric}"
            ar.compare_strategies(
                name,
                "guided,evolution",
                metric=metric,
                test_metric=None if metric == MEAN else MEAN,
                seeds=seeds,
                budget=args.budget,
                workers=args.workers,
                folder=folder,
                resume=True,
            )
            for strategy in ("guided", "evolution"):
                print(
                    f"{name}, {metric}, {strategy}: {described(name, metric, folder, strategy)}", flush=True
                )


def described(name: str, metric: str, folder: Path, strategy: str) -> str:
    """What the searches of one strategy found."""
    table = ar.load_benchmark(name)
    labels, means = table.column(metric), table.column(MEAN)
    second, best = np.sort(labels[~np.isnan(labels)])[-2:]
    found, before, regrets = [], 0, []
    for row in pq.read_table(folder / "results.parquet").to_pylist():
        if row["strategy"] != strategy:
            continue
        seen = np.array(row["valid"], dtype=float)
        at, earlier = _first(seen, best), _first(seen, second)
        found.append(at)
        before += earlier < at
        regrets.append(float(means.max() - means[row["index"][int(np.nanargmax(seen))]]))
    low, high, late = (float(np.quantile(found, q, method="nearest")) for q in (0.25, 0.75, 0.9))
    return (
        f"the best after a median of {np.median(found):g} ({low:g} to {high:g}), 90th percentile {late:g}, in "
        f"{np.isfinite(found).sum()} of {len(found)}; the second best first in {before}; "
        f"median regret by the mean {np.median(regrets):.3f}"
    )


def _first(seen: np.ndarray, label: float) -> float:
    """The number of the first evaluation with a label; infinity where there is none."""
    places = np.flatnonzero(np.isclose(seen, label, rtol=0, atol=1e-6))
    return float(places[0]) + 1 if len(places) else float("inf")


if __name__ == "__main__":
    main()
