"""NAS-Bench-201 as a module with choices: does guided search find as much as in the built-in space?

    python studies/module_search.py --seeds 20 --out docs/results/module-search

Both spaces have the same labels: the mean validation accuracy of all cells that compute the same function, since equal
traces are one architecture. ``searches.csv`` has a row for each
search, and rows that are there already are kept; ``table.md`` has the evaluations to the best function, paired by seed.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import csv_rows
import numpy as np
import page

import archrank as ar
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "modules"

COLUMNS = ("table", "space", "seed", "evaluations", "best", "regret", "seconds")


HEAD = """# NAS-Bench-201 as a module: all searches

Evaluations that guided search needs until the best function is found, in the built-in space and in the same space
written as a module with choices, paired by seed, {seeds} seeds. Both have the same labels, validation accuracies,
which are replayed whole, without a split.
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=["nas-bench-201-cifar10", "nas-bench-201-cifar100"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    path = args.out / "searches.csv"
    done = {(row["table"], row["space"], int(row["seed"])) for row in csv_rows.read(path)}
    sys.path.insert(0, str(EXAMPLES))
    from nasbench201 import Cell

    built_in = NASBench201()
    module = ar.ModuleSpace(lambda choose: Cell(choose, 4), (1, 4, 8, 8), name="nas-bench-201-module")
    spaces = {"built-in": built_in, "module": module}
    for table in args.tables:
        labels = labels_of(table, built_in)
        for seed in range(args.seeds):
            for name, space in spaces.items():
                if (table, name, seed) not in done:
                    row = _search(space, labels, args.budget, seed)
                    csv_rows.append(path, COLUMNS, [{"table": table, "space": name, "seed": seed, **row}])
                    print(f"{table}, {name}, seed {seed}: {row}", flush=True)
    page.write(args.out, HEAD.format(seeds=args.seeds), _table(csv_rows.read(path), args))


def labels_of(name: str, built_in: NASBench201) -> dict[tuple[str, ...], float]:
    """The mean label of each cell's function, by the operations of the cell."""
    table = ar.load_benchmark(name)
    cells = built_in.architectures(built_in.rows())
    keys = [built_in.function_key(cell) for cell in cells]
    values = defaultdict(list)
    for key, cell in zip(keys, cells, strict=True):
        values[key].append(table.value(cell))
    return {
        operations_of(built_in, cell): statistics.fmean(values[key])
        for key, cell in zip(keys, cells, strict=True)
    }


def _search(space: Any, labels: dict[tuple[str, ...], float], budget: int, seed: int) -> dict[str, Any]:
    began = time.process_time()

    def train(_: Any, report: ar.Report) -> float:
        return labels[operations_of(space, report.architecture)]

    evaluate = train if isinstance(space, ar.ModuleSpace) else lambda a: labels[operations_of(space, a)]
    result = ar.search(space, evaluate, GuidedSearch(space), budget=budget, seed=seed)
    values = [evaluation.value for evaluation in result.evaluations]
    optimum, best = max(labels.values()), max(values)
    return {
        "evaluations": values.index(optimum) + 1 if best == optimum else "",
        "best": best,
        "regret": optimum - best,
        "seconds": round(time.process_time() - began, 1),
    }


def operations_of(space: Any, architecture: Any) -> tuple[str, ...]:
    """The operations on the six edges, whose order is the same in both spaces."""
    return tuple(space.options(architecture).values())


def _table(rows: list[dict[str, str]], args: argparse.Namespace) -> str:
    """For each table and space: how many searches met the best function, after how many evaluations, and the regret."""
    lines = [
        "| table | space | met the best function | evaluations, median (quartiles) | regret | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for table in args.tables:
        counts = dict[str, dict[str, int]]()
        for space in ("built-in", "module"):
            mine = [row for row in rows if (row["table"], row["space"]) == (table, space)]
            counts[space] = {row["seed"]: int(row["evaluations"] or args.budget + 1) for row in mine}
            met = sum(bool(row["evaluations"]) for row in mine)
            low, middle, high = np.quantile(list(counts[space].values()), (0.25, 0.5, 0.75))
            regret = statistics.fmean(float(row["regret"]) for row in mine)
            seconds = statistics.fmean(float(row["seconds"]) for row in mine)
            lines.append(
                f"| {table} | {space} | {met} of {len(mine)} | {middle:g} ({low:g}–{high:g}) | {regret:.4f} "
                f"| {seconds:.0f} |"
            )
        pairs = [counts["module"][seed] - counts["built-in"][seed] for seed in counts["module"]]
        half = 1.96 * statistics.stdev(pairs) / len(pairs) ** 0.5 if len(pairs) > 1 else float("nan")
        mean = statistics.fmean(pairs)
        lines.append(
            f"| {table} | module − built-in | | mean {mean:+.1f}, 95% interval {mean - half:+.1f} to "
            f"{mean + half:+.1f} | | |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
