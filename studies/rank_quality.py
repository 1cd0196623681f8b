"""Whether the cross-validated Kendall's tau of ``archrank rank`` is right, and how often its interval covers the truth.

    python studies/rank_quality.py --out docs/results/rank-quality

The Gaussian process alone, fitted to random architectures; the truth is its tau on 2,000 other architectures. *Plain*
is the interval of a sample of the same size (Fieller et al.), *shown* the wider one that is shown to users.
"""

from typing import Any

import grids
import numpy as np
import page

SIZES = {"analog-nasbench": (20, 50, 120), "nas-bench-graph-cora": (20, 50, 120)}
TESTED = 2_000


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The estimate of one training set, and the truth."""
    from archrank.benchmarks import load_benchmark
    from archrank.predictors import GaussianProcess
    from archrank.predictors.unit import InUnit
    from archrank.ranking.metrics import kendall_tau, tau_interval
    from archrank.verbs.ranked import RankingQuality

    table = load_benchmark(task["table"])
    order = np.random.default_rng(99).permutation(len(table))
    chosen = np.random.default_rng(task["seed"]).choice(order[TESTED:], task["size"], replace=False)
    fitted = InUnit(GaussianProcess(table.space), task["seed"])
    fitted.fit(table.space.architectures(table.rows[chosen]), table.scores()[chosen])
    quality = RankingQuality.of(*fitted.held_out_)
    if quality.tau is None or quality.interval is None:
        return {"difference": None, "plain": None, "shown": None, "width": None}
    test = order[:TESTED]
    truth = kendall_tau(fitted.predictor_.predict(table.rows[test]), table.scores()[test])
    low, high = tau_interval(quality.tau, quality.measured)
    return {
        "difference": quality.tau - truth,
        "plain": float(low <= truth <= high),
        "shown": float(quality.interval[0] <= truth <= quality.interval[1]),
        "width": quality.interval[1] - quality.interval[0],
    }


HEAD = """# How well `rank` estimates its own Kendall's tau

The cross-validated Kendall's tau of a Gaussian process, compared with its tau on 2,000 architectures that were not
measured, by table and number of labels, over {seeds} random training sets. *Estimate minus truth* is mean ± standard
deviation; *covered* is the share of the sets in which a 95% interval covers the truth, for the interval of a sample
of that size (plain) and for the wider one that users see (shown); the last column is the latter's width.
"""


def main() -> None:
    args = grids.options(__doc__, seeds=25).parse_args()
    rows = grids.finished(args.out, grids.tasks(grids.wanted(SIZES, args), args.seeds), fit, args.workers)
    lines = []
    for table, size in grids.columns(rows):
        mine = [r for r in rows if (r["table"], r["size"]) == (table, size) and r["difference"] is not None]
        shares = [f"{np.mean([r[name] for r in mine]):.0%}" for name in ("plain", "shown")]
        widths = f"{np.mean([r['width'] for r in mine]):.2f}"
        lines.append((f"{table}, {size}", [grids.cell([r["difference"] for r in mine], 3), *shares, widths]))
    columns = ["estimate minus truth", "covered, plain", "covered, shown", "mean width, shown"]
    print(
        page.write(
            args.out, HEAD.format(seeds=args.seeds), "\n".join(grids.table("table, labels", columns, lines))
        )
    )


if __name__ == "__main__":
    main()
