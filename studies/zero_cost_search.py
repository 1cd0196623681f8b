"""What a guided search on NAS-Bench-201 saves by beginning from zero-cost scores.

    python studies/zero_cost_search.py --scores docs/results/zero-cost/nas-bench-201.parquet --out zero-cost-search

Searches are replayed on the mean validation accuracies after 200 epochs: guided search with its defaults; as with
``--first zero-cost``, where 200 random cells are scored, every other one of the initial cells is one of the best of
them, and the scores are the prior of the predictor; and the same with the scores of all cells. ``--scores`` is a file
of ``zero_cost_scores.py``. Writes ``searches.parquet``, a row for each search, and ``table.md``. Searches that are
there already are kept, so an interrupted run continues.
"""

import argparse
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import page
import pyarrow as pa
import pyarrow.parquet as pq
from grids import table as markdown
from parquet_rows import Rows
from scipy.stats import t as student

from archrank.benchmarks import Table, load_benchmark
from archrank.proxies import DEFAULTS, standardized_ranks
from archrank.simulation import replay
from archrank.strategies import GuidedSearch
from archrank.verbs.zero_cost_prior import ZeroCostPrior

TABLES = tuple(f"nas-bench-201-{name}" for name in ("cifar10", "cifar100", "imagenet16-120"))
METRIC = "validation_accuracy"
NEAR = 16
"""The best 0.1% of the cells."""

REGRETS = (15, 25, 50)
KINDS = {
    "table": pa.string(),
    "method": pa.string(),
    "seed": pa.int32(),
    "best_after": pa.int32(),
    "near_after": pa.int32(),
    **{f"regret_{budget}": pa.float32() for budget in REGRETS},
}

Floats = npt.NDArray[np.float64]

HEAD = """# Guided search that begins from zero-cost scores: all searches

Replayed on NAS-Bench-201's mean validation accuracies after 200 epochs, {seeds} seeds. Evaluations until the best cell
and until one of the best 16 of 15,625 is met: median (quartiles), 90th percentile. Regret is the distance of the best
cell so far from the best accuracy, in percentage points: mean ± standard error. The second table pairs each method with
guided search without scores by seed: mean difference ± half of its 95% interval (Student's t); a search that did not
find the best counts as one more than the budget.
"""


@cache
def expected(scores: Path, table: str) -> Floats:
    """The S default zero-cost scores of a table's M cells, NaN where there is none: (S, M)."""
    known = pq.read_table(scores, columns=["architecture", *DEFAULTS])
    loaded = load_benchmark(table)
    place = {text: at for at, text in enumerate(known["architecture"].to_pylist())}
    at = np.array([place.get(loaded.space.format(cell), -1) for cell in loaded.architectures])
    found = np.full((len(DEFAULTS), len(at)), np.nan)
    for row, name in zip(found, DEFAULTS, strict=True):
        row[at >= 0] = known[name].to_numpy()[at[at >= 0]]
    return found


def beginning(sample: int | None) -> Callable[[Table, Floats, int], GuidedSearch]:
    """Guided search that begins from the scores of a random sample, or of all for None."""

    def made(table: Table, scores: Floats, seed: int) -> GuidedSearch:
        scored = np.flatnonzero(~np.isnan(scores).any(axis=0))
        if sample is not None:
            scored = np.random.default_rng(seed).choice(scored, sample, replace=False)
        ranks = standardized_ranks(dict(zip(DEFAULTS, scores[:, scored], strict=True)))
        best = scored[np.argsort(-ranks, kind="stable")]
        cells = table.architectures
        prior = ZeroCostPrior.of(table.space, [cells[i] for i in scored], ranks, (), seed)
        assert prior is not None
        plain = guided(table, scores, seed)
        started = GuidedSearch(
            table.space, first=[cells[i] for i in best[: plain.initial]], candidates=table.candidates
        )
        return started.expecting(prior.given_to)

    return made


def guided(table: Table, scores: Floats, seed: int) -> GuidedSearch:
    """Guided search with its defaults."""
    return GuidedSearch(table.space, candidates=table.candidates)


METHODS: dict[str, Callable[[Table, Floats, int], GuidedSearch]] = {
    "guided": guided,
    "200 scored": beginning(200),
    "all scored": beginning(None),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--scores", type=Path, required=True, help="a file of zero_cost_scores.py")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    kept = Rows(args.out / "searches.parquet", KINDS, ("table", "method", "seed"))
    for seed in range(args.seeds):
        for name in args.tables:
            table = load_benchmark(name)
            for method in args.methods:
                if kept.has(table=name, method=method, seed=seed):
                    continue
                strategy = METHODS[method](table, expected(args.scores, name), seed)
                labels = table.scores(METRIC)
                found = replay(table, METRIC, strategy, args.budget, seed, enough=float(np.nanmax(labels)))
                row = measured(labels, labels[found.indices])
                kept.add({"table": name, "method": method, "seed": seed, **row})
                print(f"{name}, {method}, seed {seed}: {row['best_after']}", flush=True)
    print(page.write(args.out, HEAD.format(seeds=args.seeds), written(kept.rows, args)))


def measured(labels: Floats, seen: Floats) -> dict[str, Any]:
    """What one search found, by the labels of all cells and those in the order of its evaluations."""
    ordered = np.sort(labels[~np.isnan(labels)])[::-1]
    best = np.fmax.accumulate(seen)
    return {
        "best_after": _first(best >= ordered[0]),
        "near_after": _first(best >= ordered[NEAR - 1]),
        **{f"regret_{budget}": float(ordered[0] - best[min(budget, len(best)) - 1]) for budget in REGRETS},
    }


def _first(met: npt.NDArray[np.bool_]) -> int | None:
    return int(met.argmax()) + 1 if met.any() else None


def written(rows: list[dict[str, Any]], args: argparse.Namespace) -> str:
    """The table of means, and that of paired differences."""
    heads = ["evaluations to the best", "found", "to the best 0.1%", *(f"regret at {b}" for b in REGRETS)]
    lines, pairs = [], []
    for name in args.tables:
        of = {
            method: {r["seed"]: r for r in rows if (r["table"], r["method"]) == (name, method)}
            for method in args.methods
        }
        for method, mine in of.items():
            best = [row["best_after"] for row in mine.values()]
            cells = [
                middle(best, args.budget),
                f"{sum(at is not None for at in best)} of {len(best)}",
                middle([row["near_after"] for row in mine.values()], args.budget),
                *(mean([row[f"regret_{b}"] for row in mine.values()]) for b in REGRETS),
            ]
            lines.append((f"{name}, {method}", cells))
            both = sorted(mine.keys() & of["guided"].keys()) if "guided" in of else []
            if method != "guided" and len(both) > 1:
                differences = [
                    [
                        value(mine[s], what, args.budget) - value(of["guided"][s], what, args.budget)
                        for s in both
                    ]
                    for what in ("best_after", "near_after", *(f"regret_{b}" for b in REGRETS))
                ]
                pairs.append((f"{name}, {method}", [paired(each) for each in differences]))
    kinds = ["evaluations to the best", "to the best 0.1%", *heads[3:]]
    return "\n".join([*markdown("table, method", heads, lines), "", *markdown("minus guided", kinds, pairs)])


def value(row: dict[str, Any], what: str, budget: int) -> float:
    """A measure of one search, beyond the budget where what it counts to was not met."""
    return float(budget + 1 if row[what] is None else row[what])


def middle(counts: list[int | None], budget: int) -> str:
    """Median, quartiles and 90th percentile of numbers of evaluations."""
    numbers = [np.inf if each is None else each for each in counts]
    median = float(np.median(numbers))
    low, high, late = (float(np.quantile(numbers, q, method="nearest")) for q in (0.25, 0.75, 0.9))
    shown = [f"> {budget}" if np.isinf(each) else f"{each:g}" for each in (median, low, high, late)]
    return f"{shown[0]} ({shown[1]}–{shown[2]}), {shown[3]}"


def mean(values: list[float]) -> str:
    """Mean and standard error."""
    spread = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{np.mean(values):.3f} ± {spread:.3f}"


def paired(values: list[float]) -> str:
    """Mean difference and half of its 95% interval."""
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):+.3g} ± {half:.2g}"


if __name__ == "__main__":
    main()
