"""How encoders rank from few labels: GATES, BiFlow and others with one loss and one schedule.

    python benchmarks/flow_encoder.py --out docs/results/flow-encoder

Trained on random subsets, another one and another initialisation with every seed: of the first 12,500 records of
NAS-Bench-101, tested on records 12,500 to 14,999, which no result is reported on; and of one half of
`analog-nasbench`, tested on the other. Finished fits are kept in OUT, so that the command can be killed and started
again; the table is written to OUT/table.md. It needs the table `nasbench101`.
"""

import argparse
import statistics
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SIZES = {"nasbench101": (100, 190, 381), "analog-nasbench": (78, 156, 390)}


@cache
def data(name: str) -> tuple[Any, Any, Any]:
    """The table, its split, and the test part made ready."""
    from archrank.benchmarks import load
    from archrank.experiments.splits import split
    from archrank.predictors import NeuralPredictor

    table = load(name)
    kept_apart = {"kind": "prefix", "pool": "12500", "test": "12500:15000"}
    parts = split(table, **kept_apart) if name == "nasbench101" else split(table, "random")
    return table, parts, NeuralPredictor(table.space).collate(table.rows[parts.test])


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """One fit: the tau of the members' mean, the mean tau of the members, and the processor seconds of fitting."""
    from archrank.encoders import ENCODERS
    from archrank.predictors import NeuralPredictor
    from archrank.ranking import PairwiseBCE, kendall_tau

    table, parts, test = data(task["table"])
    rng = np.random.default_rng([task["seed"], task["size"]])
    trained = parts.pool[rng.choice(len(parts.pool), task["size"], replace=False)]
    predictor = NeuralPredictor(
        table.space,
        ENCODERS[task["encoder"]],
        PairwiseBCE(),
        members=task["members"],
        schedule="one-cycle",
        weight_decay=0.01,
        seed=task["seed"],
    )
    began = time.process_time()
    predictor.fit(table.space.architectures(table.rows[trained]), table.column()[trained])
    seconds = time.process_time() - began
    truth = table.column()[parts.test]
    scores = predictor.predict_members(test)
    return {
        "tau": kendall_tau(scores.mean(axis=0), truth),
        "tau_alone": statistics.fmean(kendall_tau(each, truth) for each in scores),
        "seconds_fit": seconds,
    }


def main() -> None:
    from archrank.experiments.grid import run_grid

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoders", default="gates,biflow")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--largest", type=int, default=1000, help="leave out larger training sets")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tasks = [
        {"encoder": encoder, "table": table, "size": size, "seed": seed, "members": args.members}
        for encoder in args.encoders.split(",")
        for table, sizes in SIZES.items()
        for size in sizes
        if size <= args.largest
        for seed in range(args.seeds)
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    rows = run_grid(
        args.out,
        tasks,
        fit,
        workers=args.workers,
        cost=lambda task: task["size"],
        on_progress=lambda progress: print(progress, flush=True),
    )
    (args.out / "table.md").write_text("\n".join(table_of(rows)) + "\n")


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau, and below them of a member alone; and the seconds."""
    columns = [(table, size) for table, sizes in SIZES.items() for size in sizes]
    lines = [
        f"| encoder | {' | '.join(f'{table}, {size}' for table, size in columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for encoder, members in dict.fromkeys((row["encoder"], row["members"]) for row in rows):
        for measure, words in (
            ("tau", f", mean of {members}" if members > 1 else ""),
            ("tau_alone", ", one alone"),
            ("seconds_fit", ", seconds of a fit"),
        ):
            if measure == "tau_alone" and members == 1:
                continue
            cells = []
            for table, size in columns:
                found = [
                    row[measure]
                    for row in rows
                    if (row["encoder"], row["members"]) == (encoder, members)
                    and (row["table"], row["size"]) == (table, size)
                    and row["error"] is None
                ]
                digits = 1 if measure == "seconds_fit" else 3
                spread = f" ± {statistics.stdev(found):.{digits}f}" if len(found) > 1 else ""
                cells.append(f"{statistics.fmean(found):.{digits}f}{spread}" if found else "–")
            lines.append(f"| `{encoder}`{words} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
