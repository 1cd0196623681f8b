"""How well predictors rank trained hierarchical architectures, from few labels, and from shallow ones only.

    python studies/hierarchical_ranking.py --table TABLE --out docs/results/hierarchical-ranking

TABLE is what ``hierarchical_table.py`` writes. Its first 300 trainings may choose settings; the others only report.
Every subset of labels is drawn at random from all trainings, and Kendall's tau is of the validation accuracies of the
reporting ones that are not in it. "Flat" predictors see the graph of operations without its levels. The ceiling is the
tau between two trainings of the same architectures. ``--transfer`` trains on the architectures with the fewest
operations instead, and ranks the reporting ones among the half with the most. Finished fits are kept in OUT.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import csv_rows
import numpy as np
import page
import pyarrow.parquet as pq
from grids import table
from scipy.stats import t as student

from archrank import Architecture, SearchSpace
from archrank.benchmarks.grammar_tables import CHOOSING
from archrank.network_pool import NetworkPool
from archrank.predictors import BoostedTrees, GaussianProcess, NeuralPredictor, Predictor, auto
from archrank.predictors.neural import FOR_NETWORKS
from archrank.predictors.weisfeiler_lehman import WeisfeilerLehman
from archrank.ranking import kendall_tau
from archrank.spaces.named import named_space

SPACE = "hierarchical-nas-bench-201"
COLUMNS = ("labels", "subset", "method", "tau")


@dataclass(frozen=True)
class Measured:
    """The architectures of a table, each once, and what was measured in its first training.

    Attributes:
        space: Their space.
        architectures: The architectures.
        flat: A pool of the graphs of what they compute, without levels, and its members.
        valid: Validation accuracies.
        sizes: What is known without training, by name.
        reports: Whether an architecture only reports.
        twice: The validation accuracies of the first two trainings of those with two.
    """

    space: SearchSpace
    architectures: list[Architecture]
    flat: tuple[NetworkPool, list[Architecture]]
    valid: np.ndarray
    sizes: dict[str, np.ndarray]
    reports: np.ndarray
    twice: np.ndarray

    @classmethod
    def read(cls, path: Path, space_name: str, choosing: int) -> "Measured":
        space = named_space(space_name)
        rows = pq.read_table(path).to_pylist()
        trained = [row for row in rows if row["error"] is None]
        first = [row for row in trained if row["seed"] == 0]
        chosen_on = {row["number"] for row in rows[:choosing]}
        second = {row["number"]: row["valid_accuracy"] for row in trained if row["seed"] == 1}
        architectures = [space.parse(row["architecture"]) for row in first]
        graphs = {f"network {i}": space.function(a) for i, a in enumerate(architectures)}
        pool = NetworkPool(graphs)
        sizes = {
            "parameters": np.array([float(row["parameters"]) for row in first]),
            "multiply-adds": np.array([float(row["multiply_adds"]) for row in first]),
            "operations": np.array([float(len(g.cells[0].sites)) for g in graphs.values()]),
        }
        return cls(
            space,
            architectures,
            (pool, [pool.member(name) for name in graphs]),
            np.array([row["valid_accuracy"] for row in first]),
            sizes,
            np.array([row["number"] not in chosen_on for row in first]),
            np.array(
                [(r["valid_accuracy"], second[r["number"]]) for r in first if r["number"] in second]
            ).reshape(-1, 2),
        )


PREDICTORS: dict[str, tuple[bool, Callable[[Any, int], Predictor]]] = {
    "hierarchical GATES": (False, lambda s, seed: NeuralPredictor(s, members=3, seed=seed, **FOR_NETWORKS)),
    "flat GATES": (True, lambda s, seed: NeuralPredictor(s, members=3, seed=seed, **FOR_NETWORKS)),
    "trees": (False, lambda s, seed: BoostedTrees(s, seed=seed)),
    "Gaussian process": (False, lambda s, seed: GaussianProcess(s, seed=seed)),
    "Weisfeiler–Lehman kernel": (False, lambda s, seed: WeisfeilerLehman(s, seed=seed)),
    "auto, fast": (False, lambda s, seed: auto(s, "fast", seed=seed)),
    "auto, balanced": (False, lambda s, seed: auto(s, "balanced", seed=seed)),
}
"""Whether each sees the flat graphs, and what makes it."""


def subset(measured: Measured, labels: int, seed: int, transfer: bool) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the architectures to learn from, and of those to rank."""
    rng = np.random.default_rng(seed)
    if not transfer:
        order = rng.permutation(len(measured.valid))
        return order[:labels], order[labels:][measured.reports[order[labels:]]]
    by_size = np.argsort(measured.sizes["operations"], kind="stable")
    small, large = np.array_split(by_size, 2)
    return rng.permutation(small)[:labels], large[measured.reports[large]]


def run(measured: Measured, args: argparse.Namespace, path: Path) -> None:
    """Fit and rank, as far as it is not done."""
    done = {(row["labels"], row["subset"], row["method"]) for row in csv_rows.read(path)}
    for seed in range(args.subsets):
        for labels in args.labels:
            known, new = subset(measured, labels, seed, args.transfer)
            if len(known) < labels or len(new) < 2:
                continue
            for method in (*measured.sizes, *args.predictors):
                if (str(labels), str(seed), method) in done:
                    continue
                if method in PREDICTORS:
                    flat, make = PREDICTORS[method]
                    space, given = measured.flat if flat else (measured.space, measured.architectures)
                    predictor = make(space, seed)
                    predictor.fit([given[i] for i in known], measured.valid[known])
                    scores = predictor.predict([given[i] for i in new])
                else:
                    scores = measured.sizes[method][new]
                tau = kendall_tau(scores, measured.valid[new])
                csv_rows.append(
                    path,
                    COLUMNS,
                    [{"labels": labels, "subset": seed, "method": method, "tau": f"{tau:.4f}"}],
                )
                print(f"{labels} labels, subset {seed}, {method}: {tau:.3f}", flush=True)


def results(rows: list[dict[str, str]]) -> str:
    """Mean tau and standard deviation, and the paired difference to hierarchical GATES with its 95% interval."""
    found = {(row["method"], int(row["labels"]), row["subset"]): float(row["tau"]) for row in rows}
    sizes = sorted({labels for _, labels, _ in found})
    lines = []
    for method in dict.fromkeys(row["method"] for row in rows):
        cells = []
        for labels in sizes:
            mine = {s: tau for (name, n, s), tau in found.items() if (name, n) == (method, labels)}
            less = [
                tau - found["hierarchical GATES", labels, s]
                for s, tau in mine.items()
                if ("hierarchical GATES", labels, s) in found
            ]
            cell = spread(list(mine.values()), statistics.stdev) if mine else "–"
            if method != "hierarchical GATES" and len(less) > 1:
                half = student.ppf(0.975, len(less) - 1) * statistics.stdev(less) / len(less) ** 0.5
                cell += f" ({statistics.mean(less):+.3f} ± {half:.3f})"
            cells.append(cell)
        lines.append((method, cells))
    return "\n".join(table("predictor", [f"{n} labels" for n in sizes], lines))


def spread(values: list[float], how: Callable[[list[float]], float]) -> str:
    """A mean and a spread."""
    return f"{statistics.mean(values):.3f}" + (f" ± {how(values):.3f}" if len(values) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--space", default=SPACE)
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument(
        "--choosing", type=int, default=CHOOSING, help="the first trainings, which do not report"
    )
    parser.add_argument("--subsets", type=int, default=10)
    parser.add_argument("--predictors", nargs="+", default=list(PREDICTORS), choices=list(PREDICTORS))
    parser.add_argument("--transfer", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    measured = Measured.read(args.table, args.space, args.choosing)
    path = args.out / f"{'transfer' if args.transfer else 'fits'}.csv"
    run(measured, args, path)
    ceiling = kendall_tau(*measured.twice.T) if len(measured.twice) > 1 else float("nan")
    head = f"""# Ranking hierarchical architectures

Kendall's tau on the reporting architectures, mean ± standard deviation over {args.subsets} subsets of labels; in
parentheses the paired difference to hierarchical GATES with half of its 95% interval. {len(measured.valid)}
architectures, of which {int(measured.reports.sum())} report. Two trainings of the same {len(measured.twice)}
architectures have a tau of {ceiling:.3f}.
"""
    print(page.write(args.out, head, results(csv_rows.read(path))))


if __name__ == "__main__":
    main()
