"""Best found against evaluations: guided search, evolution and random search on complete tables.

    python benchmarks/search_quality.py --tables analog-nasbench nas-bench-graph-cora --seeds 20 --budget 150 \
        --out docs/results/search-quality

Guided search and evolution are replayed in memory by the strategy code that real studies run; random search is
computed exactly from the table. Finished runs are kept in OUT.csv, so that the command can be killed and started again.
"""

import argparse
import csv
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np

FIELDS = ("table", "strategy", "seed", "scores")
STRATEGIES = ("guided", "evolution")


def run(task: tuple[str, str, int, int]) -> dict[str, object]:
    """One search: the row of the results."""
    import torch

    from archrank.benchmarks import load
    from archrank.experiments import simulate
    from archrank.predictors import NeuralPredictor
    from archrank.strategies import GuidedSearch, RegularizedEvolution

    torch.set_num_threads(1)
    name, strategy, seed, budget = task
    table = load(name)
    if strategy == "guided":
        searcher = GuidedSearch(table.space, NeuralPredictor(table.space, members=3))
    else:
        searcher = RegularizedEvolution(table.space)
    scores = simulate(table, table.metric().name, searcher, budget, seed)
    return {"table": name, "strategy": strategy, "seed": seed, "scores": " ".join(map(repr, scores.tolist()))}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    kept = args.out.with_suffix(".csv")
    rows = list(csv.DictReader(kept.open())) if kept.exists() else []
    done = {(r["table"], r["strategy"], int(r["seed"])) for r in rows}
    tasks = [
        (table, strategy, seed, args.budget)
        for seed in range(args.seeds)
        for table in args.tables
        for strategy in STRATEGIES
        if (table, strategy, seed) not in done
    ]
    if not rows:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(",".join(FIELDS) + "\n")
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as executor, kept.open("a") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        for future in as_completed([executor.submit(run, task) for task in tasks]):
            row = future.result()
            writer.writerow(row)
            file.flush()
            print(row["table"], row["strategy"], row["seed"], flush=True)
    rows = [row for row in csv.DictReader(kept.open()) if int(row["seed"]) < args.seeds]
    write_page(args.out, rows, args)


def write_page(out: Path, rows: list[dict[str, str]], args: argparse.Namespace) -> None:
    """Tables of regrets and of evaluations needed, and a picture a table."""
    from archrank.benchmarks import load
    from archrank.experiments import best_so_far, random_search_curve
    from archrank.report.comparison import metric_label
    from archrank.report.style import EVOLUTION, RANDOM, RUN, save, theme

    with theme():
        from matplotlib.figure import Figure

    budgets = [b for b in (50, 100, 150, 300) if b <= args.budget]
    lines = [
        "# Search: guided by GATES against evolution and random search",
        "",
        f"{args.seeds} seeds. Regret: the table's optimum minus the best found after so many evaluations, in the unit "
        "of the metric; median (quartiles). Guided: 20 random architectures, then rounds of ten (one in ten random), "
        "three GATES with the pairwise hinge loss, the whole space scored. Evolution: aging, population 20, "
        "tournament 10. Random search: exact quantiles from the table. All see the metric named, and nothing else. The "
        "settings of guided search and of evolution were chosen on `analog-nasbench`, with some of the same seeds, and "
        "the encoder's on-node settings on `cora` and `pubmed`: read those tables as tuned on, `arxiv` as a test.",
    ]
    for name in args.tables:
        table = load(name)
        metric = table.metric()
        scores = table.scores()
        optimum = np.nanmax(scores)
        curves = {
            strategy: np.array(
                [
                    best_so_far([float(s) for s in r["scores"].split()])
                    for r in rows
                    if r["table"] == name and r["strategy"] == strategy
                ]
            )
            for strategy in STRATEGIES
        }
        bands = {s: np.quantile(c, (0.25, 0.5, 0.75), axis=0) for s, c in curves.items()}
        bands["random"] = np.array(random_search_curve(scores, args.budget)[1])
        lines += ["", f"## {name}", "", f"Metric: {metric.meaning}; {metric_label(metric)}.", ""]
        lines += [
            "| strategy | "
            + " | ".join(f"regret at {b}" for b in budgets)
            + " | evaluations to the optimum | found it |",
            "|---" * (len(budgets) + 3) + "|",
        ]
        for strategy in ("guided", "evolution", "random"):
            cells = []
            for b in budgets:
                low, middle, high = (optimum - bands[strategy][q][b - 1] for q in (2, 1, 0))
                cells.append(f"{middle:.3g} ({low:.3g}–{high:.3g})")
            if strategy == "random":
                cells += ["–", f"{args.budget / len(table):.1%} expected"]
            else:
                reached = [np.flatnonzero(c == optimum) for c in curves[strategy]]
                first = np.array([r[0] + 1 if len(r) else np.inf for r in reached])
                middle = np.median(first)
                cells += [
                    f"{middle:.0f}" if np.isfinite(middle) else f"> {args.budget}",
                    f"{np.isfinite(first).sum()} of {len(first)}",
                ]
            lines.append(f"| {strategy} | " + " | ".join(cells) + " |")
        with theme():
            figure = Figure(figsize=(8, 4.2), layout="constrained")
            axes = figure.subplots()
            steps = np.arange(1, args.budget + 1)
            for strategy, colour in (("guided", RUN), ("evolution", EVOLUTION), ("random", RANDOM)):
                low, middle, high = bands[strategy]
                axes.plot(steps, middle, color=colour, label=strategy, linewidth=2)
                axes.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
            axes.axhline(optimum, color="#24292f", linestyle="--", linewidth=1, label="the optimum")
            axes.set(
                xlabel="number of evaluations",
                ylabel=f"best so far: {metric_label(metric)}",
                xlim=(1, args.budget),
                ylim=(
                    np.quantile(bands["random"][0], 0.1),
                    optimum + 0.06 * (optimum - bands["random"][0][9]),
                ),
                title=f"{name}: median and quartiles of {args.seeds} seeds",
            )
            axes.legend(loc="lower right")
            picture = save(figure, out.with_name(f"{out.name}-{name}.svg"))
        lines += ["", f"![{name}]({picture.name})"]
    lines += [
        "",
        "```console",
        shlex.join(["python", *sys.argv]),
        "```",
        "",
        f"Every run, evaluation by evaluation: `{out.with_suffix('.csv').name}`. {date.today().isoformat()}.",
    ]
    out.with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
