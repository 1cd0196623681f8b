"""Searches that stop trainings early, replayed on tables with values after several numbers of epochs.

    python studies/fidelity_search.py --data DATA --seeds 20 --out docs/results/fidelity

Guided search with whole trainings spends BUDGET of them; the other methods are run for half as many epochs, with the
same seeds. ``OUT/runs.jsonl`` keeps every search, so that an interrupted study goes on; ``OUT/table.md`` is the result.
The tables are NAS-Bench-201 (12 and 200 epochs), the last 5,001 records of the NAS-Bench-101 sample (4, 12, 36 and 108
epochs; separate trainings, paid in full), and the learning curves of NAS-Bench-NLP (a training goes on). Optuna's TPE
needs a space whose architectures were all measured, so it is run on NAS-Bench-201 only.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import page
from grids import table as markdown

import archrank as ar
from archrank.strategies.fidelities import Fidelities

ETA = 3


@dataclass(frozen=True)
class Replayed:
    """A table.

    Attributes:
        table: What a search looks up.
        columns: The column for each number of epochs.
        continued: Whether a longer training goes on where the shorter one stopped.
        complete: Whether it holds the whole space.
        maximize: The direction.
    """

    table: ar.Table
    columns: dict[int, str]
    continued: bool
    complete: bool
    maximize: bool = True


def nas_bench_201(data: Path, images: str) -> Replayed:
    import pyarrow.parquet as pq

    known = ar.load_benchmark(f"nas-bench-201-{images}")
    file = pq.read_table(
        data / "nasbench201" / "nasbench201.parquet", columns=["arch_str", f"{images}_valid_accuracy_12"]
    )
    short = dict(zip(*(file.column(i).to_pylist() for i in range(2)), strict=True))
    architectures = known.architectures
    columns = {
        "architecture": architectures,
        "accuracy_12": [short[known.space.format(a)] for a in architectures],
        "accuracy_200": known.column().tolist(),
    }
    return Replayed(
        ar.as_table(known.space, columns, metrics=["accuracy_200", "accuracy_12"]),
        {12: "accuracy_12", 200: "accuracy_200"},
        False,
        True,
    )


def nas_bench_101(data: Path) -> Replayed:
    known = ar.load_benchmark("nasbench101")
    rows = known.source_order[15_000:]
    names = {4: "validation_accuracy_at_4", 12: "validation_accuracy_at_12", 36: "validation_accuracy_at_36"}
    columns = {f"accuracy_{epochs}": known.column(name)[rows].tolist() for epochs, name in names.items()}
    columns |= {"accuracy_108": known.column("validation_accuracy")[rows].tolist()}
    architectures = [known.architectures[row] for row in rows.tolist()]
    table = ar.as_table(known.space, {"architecture": architectures, **columns}, metrics=list(columns)[::-1])
    return Replayed(table, {epochs: f"accuracy_{epochs}" for epochs in (4, 12, 36, 108)}, False, False)


def nas_bench_nlp(data: Path) -> Replayed:
    from nas_bench_nlp import cells_of

    from archrank.network_pool import NetworkPool

    rows = cells_of(data / "nas-bench-nlp" / "wikitext-2.parquet")
    pool = NetworkPool({f"cell {i}": graph for i, (graph, _, _) in enumerate(rows)})
    levels = (2, 6, 17, 50)
    # A practitioner keeps the best epoch so far.
    columns: dict[str, Any] = {f"loss_{n}": [min(losses[:n]) for _, _, losses in rows] for n in levels}
    columns["architecture"] = [pool.member(f"cell {i}") for i in range(len(rows))]
    table = ar.as_table(
        pool, columns, metrics=[f"loss_{n}" for n in levels[::-1]], minimize=[f"loss_{n}" for n in levels]
    )
    return Replayed(table, {n: f"loss_{n}" for n in levels}, True, False, maximize=False)


def made_up(data: Path) -> Replayed:
    """A small table for a trial run: the number of convolutions, with less noise after more epochs."""
    from archrank.spaces import NASBench201

    space = NASBench201()
    architectures = space.architectures(space.rows()[::40])
    rng = np.random.default_rng(0)
    true = np.array([sum(choice in (2, 3) for choice in a.choices) for a in architectures], dtype=float)
    columns = {f"accuracy_{n}": (true + rng.normal(size=len(true)) / n).tolist() for n in (1, 3, 9)}
    table = ar.as_table(space, {"architecture": architectures, **columns}, metrics=list(columns)[::-1])
    return Replayed(table, {n: f"accuracy_{n}" for n in (1, 3, 9)}, True, False)


TABLES: dict[str, Callable[[Path], Replayed]] = {
    "nas-bench-201-cifar100": lambda data: nas_bench_201(data, "cifar100"),
    "nas-bench-101": nas_bench_101,
    "nas-bench-nlp": nas_bench_nlp,
    "nas-bench-201-cifar10": lambda data: nas_bench_201(data, "cifar10"),
    "made-up": made_up,
}
CHOSE = ("nas-bench-nlp", "nas-bench-201-cifar10")
"""Tables that settings were chosen on, so that their figures are optimistic."""

Curve = list[tuple[float, float]]
"""Epochs, and the best value after whole trainings up to then."""


def whole(replayed: Replayed, budget: int, seed: int) -> Curve:
    """Guided search with whole trainings alone."""
    full = max(replayed.columns)
    result = ar.search(replayed.table, metric=replayed.columns[full], budget=budget, seed=seed)
    return _measured((full * (i + 1), e.value) for i, e in enumerate(result.evaluations))


def by(promotion: str, strategy: str = "guided") -> Callable[[Replayed, int, int], Curve]:
    """Archrank's search with fidelities."""

    def run(replayed: Replayed, budget: int, seed: int) -> Curve:
        result = ar.search(
            replayed.table,
            strategy=strategy,
            fidelities=replayed.columns,
            continued=replayed.continued,
            promotion=promotion,
            budget=budget,
            seed=seed,
        )
        spent = np.cumsum([e.epochs for e in result.evaluations]).tolist()
        return _measured(
            (epochs, e.value if e.whole else None)
            for epochs, e in zip(spent, result.evaluations, strict=True)
        )

    return run


def optuna_search(sampler: str, hyperband: bool) -> Callable[[Replayed, int, int], Curve]:
    """Optuna's own pruners; a trial is trained from rung to rung until it is pruned."""

    def run(replayed: Replayed, budget: int, seed: int) -> Curve:
        levels = sorted(replayed.columns)
        table, space = replayed.table, replayed.table.space
        columns = {level: table.column(name) for level, name in replayed.columns.items()}
        fidelities = Fidelities(tuple(levels), replayed.continued)
        order, steps = (
            np.random.default_rng(seed).permutation(len(table)),
            [ETA**i for i in range(len(levels))],
        )
        pruner = (
            optuna.pruners.HyperbandPruner(1, steps[-1], ETA)
            if hyperband
            else optuna.pruners.SuccessiveHalvingPruner(1, ETA)
        )
        made = {"TPE": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[sampler](
            seed=seed
        )
        study = optuna.create_study(
            direction="maximize" if replayed.maximize else "minimize", sampler=made, pruner=pruner
        )
        spent, found = 0, []

        def objective(trial: optuna.Trial) -> float:
            nonlocal spent
            # A pool has no choices that a sampler could learn.
            drawn = order[trial.number % len(order)]
            index = table.index(space.suggest(trial)) if replayed.complete else int(drawn)
            for i, level in enumerate(levels):
                spent += fidelities.cost(level, levels[:i])
                if spent > budget * levels[-1]:
                    study.stop()
                    raise optuna.TrialPruned
                value = float(columns[level][index])
                trial.report(value, steps[i])
                if level != levels[-1] and trial.should_prune():
                    raise optuna.TrialPruned
            found.append((spent, value))
            return value

        study.optimize(objective, n_trials=100_000)
        return found

    return run


def _measured(values: Iterator[tuple[float, float | None]]) -> Curve:
    """What was measured after whole trainings."""
    return [(float(epochs), float(value)) for epochs, value in values if value is not None]


METHODS: dict[str, Callable[[Replayed, int, int], Curve]] = {
    "guided, whole trainings": whole,
    "model (default)": by("model"),
    "halving, guided": by("halving"),
    "hyperband, guided": by("hyperband"),
    "halving, random": by("halving", "random"),
    "Optuna ASHA, TPE": optuna_search("TPE", hyperband=False),
    "Optuna Hyperband, TPE": optuna_search("TPE", hyperband=True),
    "Optuna ASHA, random": optuna_search("random", hyperband=False),
    "Optuna Hyperband, random": optuna_search("random", hyperband=True),
}
PLAIN = "guided, whole trainings"


HEAD = """# Searches that stop training early: all methods

Searches replayed on tables with values after several numbers of epochs, without a split, over {seeds} seeds. Values
are those of each table, and costs are counted in whole training runs. A gain is paired with guided search by seed, ±
half of its 95% interval.
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path())
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES)[:4])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=50, help="whole trainings of plain guided search")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "runs.jsonl"
    load = cache(lambda name: TABLES[name](options.data))
    done = read(file)
    for seed in range(options.seeds):
        for name in options.tables:
            for method in options.methods:
                if (name, method, seed) in done or ("TPE" in method and not load(name).complete):
                    continue
                budget = options.budget if method == PLAIN else options.budget // 2
                curve = METHODS[method](load(name), budget, seed)
                row = {"table": name, "method": method, "seed": seed, "curve": curve}
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(row) + "\n")
                done[name, method, seed] = curve
                print(f"{name}, {method}, seed {seed}: {curve[-1] if curve else 'nothing'}", file=sys.stderr)
    text = "\n".join(
        line for name in options.tables for line in section(name, load(name), done, options.budget)
    )
    print(page.write(options.out, HEAD.format(seeds=options.seeds), text))


def read(file: Path) -> dict[tuple[str, str, int], Curve]:
    """The searches that are done."""
    if not file.exists():
        return {}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {(row["table"], row["method"], row["seed"]): [tuple(at) for at in row["curve"]] for row in rows}


def best(curve: Curve, epochs: float, maximize: bool) -> float:
    """The best value up to a number of epochs."""
    values = [value for at, value in curve if at <= epochs]
    return (max if maximize else min)(values) if values else math.nan


def reached(curve: Curve, target: float, maximize: bool) -> float:
    """The epochs after which a value as good as the target was known."""
    return next((at for at, value in curve if (value >= target if maximize else value <= target)), math.inf)


def section(name: str, replayed: Replayed, done: dict[tuple[str, str, int], Curve], budget: int) -> list[str]:
    """The result of a table, in Markdown: values at equal epochs, and epochs to the same value."""
    full, up = max(replayed.columns), replayed.maximize
    points = [budget // 5, budget // 3, budget // 2]
    plain = {seed: curve for (table, method, seed), curve in done.items() if (table, method) == (name, PLAIN)}
    lines = []
    for method in METHODS:
        curves = {s: c for (t, m, s), c in done.items() if (t, m) == (name, method) and s in plain}
        if not curves:
            continue
        cells = [_mean([best(c, p * full, up) for c in curves.values()]) for p in points]
        sign = 1 if up else -1
        for point in points:
            gains = [
                sign * (best(c, point * full, up) - best(plain[s], point * full, up))
                for s, c in curves.items()
            ]
            gains = [gain for gain in gains if not math.isnan(gain)]
            half = 1.96 * np.std(gains, ddof=1) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
            cells.append("–" if method == PLAIN else f"{np.mean(gains):+.4f} ± {half:.4f}")
        cells.append(_epochs(list(curves.values()), list(plain.values()), budget, full, up))
        times = [reached(c, best(plain[s], budget * full, up), up) / full for s, c in curves.items()]
        median = float(np.median(times))
        cells.append(f"{median:.1f}" if math.isfinite(median) else f"> {budget / 2:.0f}")
        cells.append(str(len(curves)))
        lines.append((method, cells))
    headings = [
        *(f"best at {p}" for p in points),
        *(f"gain at {p}, paired" for p in points),
        f"mean reaches that of {budget}",
        f"median until its own seed's at {budget}",
        "seeds",
    ]
    remark = " (settings were chosen on this table)" if name in CHOSE else ""
    return [f"## {name}{remark}", "", *markdown("method", headings, lines), ""]


def _mean(values: list[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{np.mean(known):.4f}" if known else "–"


def _epochs(curves: list[Curve], plain: list[Curve], budget: int, full: int, up: bool) -> str:
    """The whole trainings' worth of epochs after which the mean is that of plain guided search at its end."""
    target = np.mean([best(curve, budget * full, up) for curve in plain])
    for at in sorted({epochs for curve in curves for epochs, _ in curve}):
        mean = np.mean([best(curve, at, up) for curve in curves])
        if mean >= target if up else mean <= target:
            return f"{at / full:.1f}"
    return f"> {max(at for curve in curves for at, _ in curve) / full:.0f}"


if __name__ == "__main__":
    main()
