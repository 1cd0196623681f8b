"""How encoders rank from few labels: GATES, BiFlow and others with one loss and one schedule.

    python studies/flow_encoder.py --out docs/results/flow-encoder

Trained on random subsets, another one and another initialisation with every seed: of the first 12,500 records of
NAS-Bench-101, tested on records 12,500 to 14,999, which no result is reported on; and of one half of
`analog-nasbench`, tested on the other. Finished fits are kept in OUT, so that the command can be killed and started
again; the table is written to OUT/table.md. It needs the table `nasbench101`.
"""

import statistics
import time
from functools import cache
from typing import Any

import grids
import numpy as np
import page

SIZES = {"nasbench101": (100, 190, 381), "analog-nasbench": (78, 156, 390)}


@cache
def data(name: str) -> tuple[Any, Any, Any]:
    """The table, its split, and the test part made ready."""
    from archrank.benchmarks import load_benchmark
    from archrank.experiments.splits import split
    from archrank.predictors import NeuralPredictor

    table = load_benchmark(name)
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


HEAD = """# GATES, BiFlow and TA-GATES with few labels

Kendall's tau on held-out architectures, by table and number of labels, and the processor seconds of a fit: mean ±
standard deviation over {seeds} training sets. The held-out architectures are parts that settings may be chosen on:
records 12,500 to 14,999 of the NAS-Bench-101 sample, and one half of `analog-nasbench`. A dash was not measured.
"""


def main() -> None:
    parser = grids.options(__doc__, seeds=5)
    parser.add_argument("--encoders", default="gates,biflow")
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--largest", type=int, default=1000, help="leave out larger training sets")
    args = parser.parse_args()
    tasks = [
        {"encoder": encoder, "table": table, "size": size, "seed": seed, "members": args.members}
        for encoder in args.encoders.split(",")
        for table, sizes in grids.wanted(SIZES, args).items()
        for size in sizes
        if size <= args.largest
        for seed in range(args.seeds)
    ]
    rows = grids.finished(args.out, tasks, fit, args.workers)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(table_of(rows)))


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau, and below them of a member alone; and the seconds."""
    columns = grids.columns(rows)
    lines = []
    for encoder, members in dict.fromkeys((row["encoder"], row["members"]) for row in rows):
        for measure, words in (
            ("tau", f", mean of {members}" if members > 1 else ""),
            ("tau_alone", ", one alone"),
            ("seconds_fit", ", seconds of a fit"),
        ):
            if measure == "tau_alone" and members == 1:
                continue
            cells = [
                grids.cell(
                    [
                        row[measure]
                        for row in rows
                        if (row["encoder"], row["members"]) == (encoder, members)
                        and (row["table"], row["size"]) == column
                    ],
                    digits=1 if measure == "seconds_fit" else 3,
                )
                for column in columns
            ]
            lines.append((f"`{encoder}`{words}", cells))
    return grids.table("encoder", [f"{table}, {size}" for table, size in columns], lines)


if __name__ == "__main__":
    main()
