"""Searches replayed in a pool of architectures that were evaluated once, as if the pool were the space.

A strategy that scores candidates gets the pool. One that proposes freely gets the nearest architecture of the pool
that was not evaluated, by the number of choices that differ, and is told of that one.
"""

import statistics
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import csv_rows
import numpy as np
import optuna

from archrank import Architecture
from archrank.strategies.base import Evaluated, History
from archrank.study import search

Pool = Mapping[Architecture, float]
Method = Callable[[Any, Pool, int, int], Iterator[float]]
"""The values that are found: of a space, a pool, a budget and a seed."""
COLUMNS = ("method", "seed", "budget", "best")


def candidates(kind: Any) -> Method:
    """A strategy that gets the pool as its candidates."""

    def run(space: Any, pool: Pool, budget: int, seed: int) -> Iterator[float]:
        def known(first: Any, report: Any = None) -> float:  # spaces of modules give the network first
            return pool[first if report is None else report.architecture]

        result = search(space, known, kind(space, candidates=list(pool)), budget=budget, seed=seed)
        return (evaluation.value for evaluation in result.evaluations)

    return run


def nearest(kind: Any) -> Method:
    """A strategy that proposes from the whole space."""

    def run(space: Any, pool: Pool, budget: int, seed: int) -> Iterator[float]:
        strategy, history, rng = kind(space), History(), np.random.default_rng(seed)
        left = {architecture: space.options(architecture) for architecture in pool}
        while len(history) < budget:
            (proposal,) = strategy.propose(history, 1, rng)
            found = closest(space.options(proposal.architecture), left, {})
            del left[found]
            history.record(Evaluated(found, pool[found]))
            yield pool[found]

    return run


def sampler(make: Callable[[int], Any], settings: Mapping[str, Any] | None = None) -> Method:
    """A sampler of Optuna, which draws choice by choice; ``settings`` are choices that are numbers, by their names."""

    def run(space: Any, pool: Pool, budget: int, seed: int) -> Iterator[float]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=make(seed))
        left = {architecture: space.options(architecture) for architecture in pool}
        while len(pool) - len(left) < budget:
            trial = study.ask()
            asked = space.options(space.suggest(trial))
            study.tell(trial, state=optuna.trial.TrialState.FAIL)  # which samplers do not learn from
            found = closest(asked, left, settings or {})
            taken = optuna.trial.FixedTrial(left.pop(found))
            space.suggest(taken)
            study.add_trial(
                optuna.trial.create_trial(
                    params=taken.params, distributions=taken.distributions, value=pool[found]
                )
            )
            yield pool[found]

    return run


def gaussian_process(seed: int) -> Any:
    """Optuna's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)


def closest(
    asked: Mapping[str, Any], left: Mapping[Architecture, Mapping[str, Any]], settings: Mapping[str, Any]
) -> Architecture:
    """The architecture whose choices differ least, those that only one of the two has included.

    Settings that are numbers differ by their logarithms, as a part of their range.
    """

    def distance(architecture: Architecture) -> float:
        one = left[architecture]
        differ: float = sum(
            asked.get(name) != one.get(name) for name in (asked.keys() | one.keys()) - settings.keys()
        )
        for name in settings.keys() & one.keys():
            numbers = zip(
                settings[name].features(asked[name]), settings[name].features(one[name]), strict=True
            )
            differ += max(abs(a - b) for a, b in numbers)
        return differ

    return min(left, key=distance)


def run(
    path: Path,
    methods: Mapping[str, Method],
    space: Any,
    pool: Pool,
    seeds: int,
    budgets: Sequence[int],
) -> list[dict[str, str]]:
    """Run the searches that ``path`` lacks; the rows of all that it has then."""
    done = {(row["method"], int(row["seed"])) for row in csv_rows.read(path)}
    for seed in range(seeds):
        for method in methods:
            if (method, seed) in done:
                continue
            values = list(methods[method](space, pool, min(max(budgets), len(pool)), seed))
            csv_rows.append(
                path,
                COLUMNS,
                [
                    {"method": method, "seed": seed, "budget": budget, "best": max(values[:budget])}
                    for budget in budgets
                ],
            )
            print(f"{method}, seed {seed}: {max(values):.4f}", flush=True)
    return csv_rows.read(path)


def table(
    rows: Sequence[Mapping[str, str]], best: float, methods: Sequence[str], budgets: Sequence[int]
) -> str:
    """Mean regret and its standard error; and how much more than guided search's, paired by seed."""
    found = {(row["method"], int(row["budget"]), int(row["seed"])): best - float(row["best"]) for row in rows}
    lines = [
        "| method | " + " | ".join(f"{budget} evaluations" for budget in budgets) + " |",
        "|---|" + "---|" * len(budgets),
    ]
    most = seeds_of(rows)
    for method in methods:
        cells, count = [], seeds_of([row for row in rows if row["method"] == method])
        for budget in budgets:
            seeds = sorted(seed for name, n, seed in found if (name, n) == (method, budget))
            cell = mean([found[method, budget, seed] for seed in seeds]) if seeds else "–"
            more = [
                found[method, budget, seed] - found["guided", budget, seed]
                for seed in seeds
                if ("guided", budget, seed) in found
            ]
            cells.append(cell if method == "guided" or not more else f"{cell} ({mean(more, sign='+')})")
        named = method if count == most else f"{method}, {count} seeds"
        lines.append(f"| {named} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def seeds_of(rows: Sequence[Mapping[str, str]]) -> int:
    """How many seeds there are."""
    return len({row["seed"] for row in rows})


def mean(values: Sequence[float], sign: str = "") -> str:
    """A mean and its standard error, in percentage points."""
    spread = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{100 * statistics.mean(values):{sign}.2f} ± {100 * spread:.2f}"
