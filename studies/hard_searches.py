"""Searches in which evaluations fail, are pruned or break a bound: guided, evolution and random side by side.

    python studies/hard_searches.py --seeds 20 --out docs/results/hard-searches

Writes ``searches.parquet``, one row for each search, and ``table.md``. Rows that are there already are kept, so an
interrupted run continues. ``--before FILE`` adds the rows that another checkout wrote to the table.
"""

import argparse
import math
import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import optuna
import page
import pyarrow as pa
import pyarrow.parquet as pq
from grids import cell, table
from parquet_rows import Rows

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site
from archrank.benchmarks import load_benchmark
from archrank.benchmarks.table import Table
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution, Strategy
from archrank.study import ArchrankSampler, SearchResult, search

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "guided": GuidedSearch,
    "evolution": RegularizedEvolution,
    "random": RandomSearch,
}
INITIAL = 10
"""Evaluations that are random in guided search; waste is counted after them."""

CONV3X3, SKIP = 3, 1


class Stages(SearchSpace):
    """Four stages, each with depth, width, kernel and block type."""

    name = "stages"
    choices = tuple(
        choice
        for stage in range(4)
        for choice in (
            Choice(f"stage {stage} depth", ("1", "2", "3", "4")),
            Choice(f"stage {stage} width", ("32", "64", "128", "256")),
            Choice(f"stage {stage} kernel", ("3", "5", "7")),
            Choice(f"stage {stage} block", ("conv", "mb")),
        )
    )
    operations = tuple(
        f"{b} {k}x{k} {w}" for b in ("conv", "mb") for k in (3, 5, 7) for w in (32, 64, 128, 256)
    )

    def stages(self, architecture: Architecture) -> list[tuple[int, int, int, str]]:
        options = list(self.options(architecture).values())
        return [
            (int(options[i]), int(options[i + 1]), int(options[i + 2]), options[i + 3])
            for i in range(0, 16, 4)
        ]

    def graph(self, architecture: Architecture) -> Graph:
        kinds = [f"{b} {k}x{k} {w}" for d, w, k, b in self.stages(architecture) for _ in range(d)]
        sites = tuple(Site(kind, (i,), i + 1) for i, kind in enumerate(kinds))
        return Graph((Cell(1, len(kinds) + 1, sites, (len(kinds),)),))


class CountedStages(Stages):
    """The same, with the parameters known before training."""

    name = "counted-stages"

    def known_values(self, architecture: Architecture) -> dict[str, float]:
        return {"parameters": parameters(self.stages(architecture))}


def parameters(stages: list[tuple[int, int, int, str]]) -> float:
    count, channels = 10, 3
    for depth, width, kernel, block in stages:
        for _ in range(depth):
            if block == "conv":
                count += channels * width * kernel**2 + 2 * width
            else:
                count += channels * width + 2 * width + width * kernel**2 + 2 * width
            channels = width
    return float(count + channels * 10)


def measured_stages(architecture: Architecture) -> dict[str, float]:
    """Accuracy, parameters and latency by formulas."""
    stages = Stages().stages(architecture)
    latency = sum(d * w * k * (3 if b == "conv" else 1) for d, w, k, b in stages) / 400
    gains = [(d * w) ** 0.5 * (1.1 if k == 5 else 1) * (1.2 if b == "mb" else 1) for d, w, k, b in stages]
    return {"accuracy": 0.6 + 0.0025 * sum(gains), "parameters": parameters(stages), "latency": latency}


def count(architecture: Architecture, option: int) -> int:
    return sum(choice == option for choice in architecture.choices)


@cache
def benchmark(name: str) -> Table:
    return load_benchmark(name)


Row = dict[str, float]
Case = Callable[[str, int, int], Row]


Fails = Callable[[Architecture], bool]


def failing_search(name: str | None, fails: Fails, strategy: str, seed: int, budget: int) -> SearchResult:
    """A search in which evaluations run out of memory: of a table, or of a formula where no table is named."""
    space = NASBench201() if name is None else benchmark(name).space

    def evaluate(architecture: Architecture) -> float:
        if fails(architecture):
            raise RuntimeError("CUDA out of memory")
        if name is None:
            last = architecture.choices[5] == 4
            return count(architecture, CONV3X3) + 0.1 * count(architecture, SKIP) - 0.2 * last
        known = benchmark(name)
        return float(known.column()[known.index(architecture)])

    candidates = {} if name is None else {"candidates": benchmark(name).candidates}
    return search(space, evaluate, STRATEGIES[strategy](space, **candidates), budget=budget, seed=seed)


def failing(name: str | None, fails: Fails) -> Case:
    def run(strategy: str, seed: int, budget: int) -> Row:
        found = failing_search(name, fails, strategy, seed, budget)
        failed = sum(e.value is None for e in found.evaluations[INITIAL:])
        return {"value": _best(found), "wasted": failed}

    return run


def large(architecture: Architecture) -> bool:
    """Whether it has three 3×3 convolutions or more."""
    return count(architecture, CONV3X3) >= 3


def slow(architecture: Architecture) -> bool:
    """Whether it is among the slower half of the graph neural networks on Cora."""
    known = benchmark("nas-bench-graph-cora")
    return bool(known.column("latency")[known.index(architecture)] > 0.0037)


def bounded(name: str, *where: str) -> Case:
    """A table with bounds on measured columns."""

    def run(strategy: str, seed: int, budget: int) -> Row:
        known = benchmark(name)
        chosen = STRATEGIES[strategy](known.space, candidates=known.candidates)
        found = search(known, None, chosen, budget=budget, seed=seed, where=where)
        return {"value": _best(found), "wasted": sum(e.violation > 0 for e in found.evaluations[INITIAL:])}

    return run


def bounded_stages(space: SearchSpace, *where: str) -> Case:
    def run(strategy: str, seed: int, budget: int) -> Row:
        chosen, by = STRATEGIES[strategy](space), {"accuracy": "maximize"}
        found = search(space, measured_stages, chosen, budget=budget, seed=seed, objectives=by, where=where)
        return {"value": _best(found), "wasted": sum(e.violation > 0 for e in found.evaluations)}

    return run


def pruned(make: Callable[[], optuna.pruners.BasePruner]) -> Case:
    """An Optuna study whose trials report nine times and are pruned."""

    def run(strategy: str, seed: int, budget: int) -> Row:
        space, spent = NASBench201(), 0

        def objective(trial: optuna.Trial) -> float:
            nonlocal spent
            architecture = space.suggest(trial)
            top, value = count(architecture, CONV3X3) + 0.1 * count(architecture, SKIP), 0.0
            for epoch in range(1, 10):
                spent += 1
                value = top * (1 - 0.5**epoch)
                trial.report(value, epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned
            return value

        sampler = ArchrankSampler(space, STRATEGIES[strategy](space), seed=seed)
        study = optuna.create_study(direction="maximize", pruner=make(), sampler=sampler)
        study.optimize(objective, n_trials=budget)
        return {"value": study.best_value, "wasted": spent}

    return run


def _best(found: Any) -> float:
    return float("nan") if found.best_value is None else found.best_value


FAILURES: dict[str, tuple[int, str | None, Fails]] = {
    "failures: formula, three 3×3 convolutions or more": (40, None, large),
    "failures: analog-nasbench, three 3×3 convolutions or more": (60, "analog-nasbench", large),
    "failures: nas-bench-graph-cora, the slower half": (60, "nas-bench-graph-cora", slow),
}
"""The budget, the table and what fails there, by case."""

CASES: dict[str, tuple[str, int, Case]] = {
    **{case: ("failed", budget, failing(name, fails)) for case, (budget, name, fails) in FAILURES.items()},
    "bounds: four stages, parameters < 5e6 and latency < 15": (
        "infeasible", 60, bounded_stages(Stages(), "parameters < 5e6", "latency < 15")),
    "bounds: analog-nasbench, noisy_accuracy > 80 and analog_drift_2592000 > 82": (
        "infeasible", 60, bounded("analog-nasbench", "noisy_accuracy > 80", "analog_drift_2592000 > 82")),
    "bounds: nas-bench-graph-cora, latency < 0.0032 and para < 1": (
        "infeasible", 60, bounded("nas-bench-graph-cora", "latency < 0.0032", "para < 1")),
    "bounds: nas-bench-graph-arxiv, latency < 0.0378 and para < 0.138": (
        "infeasible", 60, bounded("nas-bench-graph-arxiv", "latency < 0.0378", "para < 0.138")),
    "pruned: median": ("epochs", 50, pruned(lambda: optuna.pruners.MedianPruner(n_startup_trials=5))),
    "pruned: successive halving": ("epochs", 50, pruned(optuna.pruners.SuccessiveHalvingPruner)),
    "pruned: Hyperband": (
        "epochs", 50, pruned(lambda: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9))),
    "pruned: nothing": ("epochs", 50, pruned(optuna.pruners.NopPruner)),
    "known: four stages, parameters < 3e5": (
        "infeasible", 60, bounded_stages(CountedStages(), "parameters < 3e5")),
}  # fmt: skip
KINDS = {
    "case": pa.string(),
    "strategy": pa.string(),
    "seed": pa.int32(),
    "budget": pa.int32(),
    "value": pa.float64(),
    "wasted": pa.int32(),
}


HEAD = """# Hard searches: all cases

Guided search, evolution and random search in searches in which evaluations fail, are pruned or break a bound. *Best
value* is the best feasible value of a search (higher is better, in the unit of the case): mean ± standard deviation
over up to {seeds} seeds, whose number is the last column; *worst seed* is the lowest. *Failed* and *infeasible* are
mean numbers of evaluations that were lost, and *epochs* the mean number that was trained. Tables are replayed whole,
without a split. Rows with *before* are from an earlier commit.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--cases", nargs="+", help="only those whose names begin with one of these words")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--budget", type=int, help="evaluations of every search instead of the case's own")
    parser.add_argument("--out", type=Path, required=True, help="folder, new or to continue")
    parser.add_argument("--before", type=Path, help="rows of another checkout, for the table")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    cases = [name for name in CASES if not args.cases or name.startswith(tuple(args.cases))]
    args.out.mkdir(parents=True, exist_ok=True)
    kept = Rows(args.out / "searches.parquet", KINDS, ("case", "strategy", "seed"))
    for seed in range(args.seeds):
        for case in cases:
            for strategy in args.strategies:
                if not kept.has(case=case, strategy=strategy, seed=seed):
                    _, usual, run = CASES[case]
                    budget = args.budget or usual
                    key = {"case": case, "strategy": strategy, "seed": seed, "budget": budget}
                    kept.add({**key, **run(strategy, seed, budget)})
    rows = {"": kept.rows}
    if args.before:
        rows["before"] = pq.read_table(args.before).to_pylist()
    tables = "\n".join(line for case in cases for line in case_table(case, rows, args.seeds))
    print(page.write(args.out, HEAD.format(seeds=args.seeds), tables))


def case_table(case: str, rows: dict[str, list[dict[str, Any]]], seeds: int) -> list[str]:
    """Best value and waste of each strategy: mean ± standard deviation, and the worst seed's value."""
    waste, lines = CASES[case][0], []
    for when, known in rows.items():
        for strategy in STRATEGIES:
            of = [r for r in known if (r["case"], r["strategy"]) == (case, strategy) and r["seed"] < seeds]
            values = [r["value"] for r in of if not math.isnan(r["value"])]
            if of:
                lost = statistics.fmean(r["wasted"] for r in of)
                name = f"{strategy}, {when}" if when else strategy
                least = f"{min(values):.4f}" if values else "–"
                lines.append((name, [cell(values, 4), least, f"{lost:.1f}", str(len(of))]))
    return [
        f"## {case[0].upper()}{case[1:]}",
        "",
        *table("strategy", ["best value", "worst seed", waste, "seeds"], lines),
        "",
    ]


if __name__ == "__main__":
    main()
