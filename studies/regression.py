"""The frozen regression run: predictors and searches before and after a change, paired by seed.

    python studies/regression.py --out runs/before                         # before the change
    python studies/regression.py --out runs/after --before runs/before     # after it

Every run is one `archrank compare` with settings that stay as they are: two efforts of the default predictor from few
labels, and searches on three tables. What is compared is Kendall's tau of every fit, and of every search the best value
that it found within its budget and the mean of the best so far. The table shows the mean of the paired differences and
its 95 % interval (Student's t); a loss beyond its interval ends the script with exit code 1. Fits and searches that an
OUT holds are kept, so the command can be killed and started again. It needs the tables `nasbench101` (the sample of
20,001 cells, imported in the order of its records) and `nasbench201`.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from grids import table
from scipy.stats import t as student

RUNS = {
    "p-analog": "predictors analog-nasbench --predictors auto,auto:effort=fast --sizes 78,390 --seeds 5",
    "p-101": "predictors nasbench101 --predictors auto,auto:effort=fast --split source --pool 12500 --test 5001 "
    "--sizes 190,381 --seeds 5",
    "s-analog": "strategies analog-nasbench --strategies guided --seeds 20 --budget 100",
    "s-cora": "strategies nas-bench-graph-cora --strategies guided,evolution --seeds 20 --budget 100",
    "s-cifar100": "strategies nasbench201 --strategies guided --metric cifar100_valid_accuracy_200 --seeds 20 "
    "--budget 100",
}
TINY = {
    "p-analog": "predictors analog-nasbench --predictors auto:effort=fast --sizes 12 --seeds 2",
    "s-analog": "strategies analog-nasbench --strategies evolution --seeds 2 --budget 12",
}
"""Only to see that the script works."""

Measures = dict[tuple[str, ...], dict[tuple[int, ...], float]]
"""Values by seeds, by what was measured; higher is better."""


def run(out: Path, runs: dict[str, str], workers: int) -> None:
    """Do what the folder lacks of the runs."""
    for name, words in runs.items():
        more = ["--workers", str(workers), "--out", str(out / name)]
        subprocess.run(
            [sys.executable, "-m", "archrank.cli.main", "compare", *shlex.split(words), *more], check=True
        )


def measures(folder: Path) -> Measures:
    """What a folder of one run says."""
    rows = [row for row in pq.read_table(folder / "results.parquet").to_pylist() if row["error"] is None]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["config"]["compare"] != "strategies":
        return _taus(rows)
    sign = 1.0 if config["environment"]["metrics"]["valid"]["higher_is_better"] else -1.0
    return _searches(rows, config["config"]["evaluations"], sign)


def _taus(rows: Sequence[dict[str, Any]]) -> Measures:
    found: Measures = {}
    for row in rows:
        what = (row["predictor"], f"{row['size']} labels", "tau")
        found.setdefault(what, {})[row["seed"], row["subset_seed"]] = row["tau"]
    return found


def _searches(rows: Sequence[dict[str, Any]], budget: int, sign: float) -> Measures:
    found: Measures = {}
    for row in rows:
        best = np.maximum.accumulate(sign * np.array(row["valid"]))
        # A search ends early where it found the optimum.
        best = np.append(best, np.full(budget - len(best), best[-1]))
        for name, value in ((f"best of {budget}", best[-1]), ("mean of the best so far", best.mean())):
            found.setdefault((row["strategy"], name), {})[row["seed"],] = float(value)
    return found


def paired(before: dict[tuple[int, ...], float], after: dict[tuple[int, ...], float]) -> tuple[float, float]:
    """The mean of the differences and half the width of its 95 % interval."""
    differences = np.array([after[seeds] - before[seeds] for seeds in sorted(before.keys() & after.keys())])
    n = len(differences)
    half = student.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n) if n > 1 else np.inf
    return float(differences.mean()), float(half)


def compared(before: Path, after: Path, runs: Sequence[str]) -> tuple[list[str], int]:
    """The table of all differences, and how many of them are losses."""
    lines, losses = [], 0
    for name in runs:
        old, new = measures(before / name), measures(after / name)
        if missing := [what for what in old if not old[what].keys() & new.get(what, {}).keys()]:
            raise SystemExit(f"{after / name} has nothing to compare with {missing} of {before / name}")
        for what in old:
            mean, half = paired(old[what], new[what])
            verdict = "loss" if mean < -half else "gain" if mean > half else "–"
            losses += verdict == "loss"
            pairs = len(old[what].keys() & new[what].keys())
            averages = [f"{np.mean(list(values[what].values())):.4f}" for values in (old, new)]
            cells = [str(pairs), *averages, f"{mean:+.4f} ± {half:.4f}", verdict]
            lines.append((", ".join((name, *what)), cells))
    columns = ["pairs", "before", "after", "mean difference ± 95 %", "verdict"]
    return table("run", columns, lines), losses


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder, new or to go on with")
    parser.add_argument("--before", type=Path, help="folder of an earlier run to compare with")
    parser.add_argument("--only", nargs="+", choices=RUNS, metavar="RUN", help=f"of {', '.join(RUNS)}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="only see that the script works")
    parser.add_argument("--no-run", action="store_true", help="only compare what the two folders hold")
    args = parser.parse_args()
    runs = {
        name: words for name, words in (TINY if args.tiny else RUNS).items() if name in (args.only or RUNS)
    }
    if not args.no_run:
        run(args.out, runs, args.workers)
    if args.before is not None:
        lines, losses = compared(args.before, args.out, list(runs))
        print("\n".join(lines))
        print(f"\n{losses} losses beyond the 95 % interval")
        sys.exit(1 if losses else 0)


if __name__ == "__main__":
    main()
