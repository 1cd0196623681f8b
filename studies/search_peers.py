"""Guided search beside Optuna's samplers and other libraries, on tables: HPOlib's four, or any benchmarks.

    python studies/search_peers.py --seeds 20 --out docs/results/joint-search
    python studies/search_peers.py --tables nas-bench-201-cifar100 --within 0 --seeds 10 --out search-peers

Writes ``searches.parquet``, a row for each search and budget, and ``table.md``. Rows that are there already are kept,
so an interrupted run continues. HPOlib's tables have architecture and hyper-parameters together;
``protein-structure`` may choose settings, the other three only report. SMAC3 and HEBO are run where they are named,
and need packages of their own:

    pip install smac HEBO
    python studies/search_peers.py --seeds 10 --methods SMAC3 HEBO --out docs/results/joint-search
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import page
import peers
import pyarrow as pa
from parquet_rows import Rows

from archrank.benchmarks import hpolib, load_benchmark
from archrank.benchmarks.catalog import SOURCES
from archrank.benchmarks.table import Table
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution
from archrank.study import search

KINDS = {
    "table": pa.string(),
    "method": pa.string(),
    "seed": pa.int32(),
    "budget": pa.int32(),
    "regret": pa.float64(),
    "close_after": pa.int32(),
    "seconds": pa.float32(),
}


def strategy(kind: Any) -> Callable[[Table, int, int], list[float]]:
    def run(table: Table, budget: int, seed: int) -> list[float]:
        chosen = kind(table.space, candidates=table.candidates)
        result = search(table, strategy=chosen, budget=budget, seed=seed)
        return [peers.loss(table, evaluation.architecture) for evaluation in result.evaluations]

    return run


def sampler(make: Callable[[int], optuna.samplers.BaseSampler]) -> Callable[[Table, int, int], list[float]]:
    def run(table: Table, budget: int, seed: int) -> list[float]:
        study = optuna.create_study(sampler=make(seed))
        study.optimize(lambda trial: peers.loss(table, table.space.suggest(trial)), n_trials=budget)
        return [trial.value for trial in study.trials if trial.value is not None]

    return run


METHODS: dict[str, Callable[[Table, int, int], list[float]]] = {
    "guided": strategy(GuidedSearch),
    "evolution": strategy(RegularizedEvolution),
    "random": strategy(RandomSearch),
    "TPE": sampler(lambda seed: optuna.samplers.TPESampler(seed=seed)),
    "TPE, multivariate": sampler(lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True)),
    "GPSampler": sampler(lambda seed: optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)),
}
"""What is run unless ``--methods`` says otherwise; the peers are run by name."""


HEAD = """# Searches side by side: all searches

Searches of tables, which are replayed whole, without a split. Regret is how much worse the best architecture so far is
than the best of the table, by the metric that search selects by (of HPOlib's tables, the mean squared error): mean ±
standard error over up to {seeds} seeds. The second table pairs each method with guided search by seed; its intervals
are bootstrapped.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tables = [*hpolib.DATASETS, *SOURCES]
    parser.add_argument("--tables", nargs="+", default=list(hpolib.DATASETS), choices=tables, metavar="TABLE")
    parser.add_argument(
        "--within", type=float, default=0.01, help="the share of the optimum that is close to it"
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=[*METHODS, *peers.PEERS])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budgets", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kept = Rows(args.out / "searches.parquet", KINDS, ("table", "method", "seed"))
    loaded = {n: load_benchmark(f"hpolib-{n}" if n in hpolib.DATASETS else n) for n in args.tables}
    for seed in range(args.seeds):
        for name, table in loaded.items():
            for method in args.methods:
                if kept.has(table=name, method=method, seed=seed):
                    continue
                began = time.process_time()
                losses = {**METHODS, **peers.PEERS}[method](table, max(args.budgets), seed)
                seconds = time.process_time() - began
                kept.add(*_rows(name, method, seed, losses, -np.nanmax(table.scores()), args, seconds))
                print(f"{name}, {method}, seed {seed}: {min(losses):.5g} in {seconds:.0f} s", flush=True)
    tables = _table(kept.rows, args) + "\n" + _paired(kept.rows, args)
    page.write(args.out, HEAD.format(seeds=args.seeds), tables)


def _rows(
    table: str,
    method: str,
    seed: int,
    losses: Sequence[float],
    optimum: float,
    args: argparse.Namespace,
    seconds: float,
) -> list[dict[str, Any]]:
    best = np.fmin.accumulate(losses)
    close = np.flatnonzero(best - optimum <= args.within * abs(optimum))
    within = int(close[0]) + 1 if len(close) else None
    return [
        {
            "table": table,
            "method": method,
            "seed": seed,
            "budget": budget,
            "regret": best[min(budget, len(best)) - 1] - optimum,
            "close_after": within,
            "seconds": round(seconds, 2),
        }
        for budget in args.budgets
    ]


def _table(rows: list[dict[str, Any]], args: argparse.Namespace) -> str:
    """Mean regret ± standard error at each budget, and in how many searches came close to the optimum."""
    heads = [f"regret at {budget}" for budget in args.budgets]
    near = f"within {100 * args.within:g}% of the optimum" if args.within else "found the optimum"
    lines = [
        f"| table | method | {' | '.join(heads)} | {near} | seconds |",
        "|---|---|" + "---|" * (len(heads) + 2),
    ]
    for table in args.tables:
        for method in dict.fromkeys([*args.methods, *peers.PEERS]):
            mine = [row for row in rows if (row["table"], row["method"]) == (table, method)]
            if not mine:
                continue
            cells = [_mean([r["regret"] for r in mine if r["budget"] == budget]) for budget in args.budgets]
            last = [row for row in mine if row["budget"] == max(args.budgets)]
            hits = [row["close_after"] for row in last if row["close_after"]]
            middle = f", median after {statistics.median(hits):g}" if 2 * len(hits) > len(last) else ""
            seconds = statistics.mean(row["seconds"] for row in last)
            lines.append(
                f"| {table} | {method} | {' | '.join(cells)} | {len(hits)} of {len(last)}{middle} | {seconds:.0f} |"
            )
    return "\n".join(lines) + "\n"


def _paired(rows: list[dict[str, Any]], args: argparse.Namespace) -> str:
    """How much larger the regret of each method is than that of guided search: mean and 95% interval, by bootstrap."""
    found = {(row["table"], row["method"], row["budget"], row["seed"]): row["regret"] for row in rows}
    lines = [
        "| table | method | budget | seeds | more regret than guided | 95% interval |",
        "|---|---|---|---|---|---|",
    ]
    for table in args.tables:
        for method in dict.fromkeys([*args.methods, *peers.PEERS]):
            for budget in args.budgets:
                more = [
                    regret - found[table, "guided", budget, seed]
                    for (of, by, at, seed), regret in found.items()
                    if (of, by, at) == (table, method, budget) and (table, "guided", budget, seed) in found
                ]
                if method == "guided" or len(more) < 5:
                    continue
                rng = np.random.default_rng(0)
                means = rng.choice(more, (4000, len(more))).mean(axis=1)
                low, high = np.quantile(means, [0.025, 0.975])
                lines.append(
                    f"| {table} | {method} | {budget} | {len(more)} | {np.mean(more):.3g} | {low:.3g} to {high:.3g} |"
                )
    return "\n".join(lines) + "\n"


def _mean(values: list[float]) -> str:
    if len(values) < 2:
        return f"{statistics.mean(values):.3g}"
    return f"{statistics.mean(values):.3g} ± {statistics.stdev(values) / len(values) ** 0.5:.2g}"


if __name__ == "__main__":
    main()
