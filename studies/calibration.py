"""Whether standard deviations are what they say: predicted deviations beside errors on held-out architectures.

    python studies/calibration.py --out docs/results/calibration

The ensemble of the default search (Gaussian process and trees), as it is and calibrated by cross-validation within its
labels (``folds=5``), on the tables and parts that settings may be chosen on (see ``predictor_members.py``). Errors are
those of the line that brings predictions to the held-out labels' normal scores, in predicted units: their root mean
square over the predicted deviations is 1 where these are right, and 68 % of the errors are within one of them.
"""

from typing import Any

import grids
import numpy as np
import page
from predictor_members import SIZES, data

FOLDS = {"as it is": 0, "calibrated": 5}


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The errors of one training set, in predicted standard deviations."""
    from archrank.experiments.splits import drawn
    from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess
    from archrank.predictors.targets import normal_scores

    table, parts, _ = data(task["table"])
    space = table.space
    chosen = parts.pool[drawn(len(parts.pool), task["size"], task["seed"], "random")]
    members = (GaussianProcess(space), BoostedTrees(space))
    ensemble = Ensemble(space, members, folds=FOLDS[task["ensemble"]], seed=task["seed"])
    ensemble.fit(space.architectures(table.rows[chosen]), table.column()[chosen])
    mean, deviation = ensemble.predict_distribution(table.rows[parts.test])
    truth = normal_scores(table.column()[parts.test])
    slope, offset = np.polyfit(mean, truth, 1)
    errors = ((truth - offset) / slope - mean) / deviation
    certain = deviation <= np.median(deviation)
    return {
        "rms": float(np.sqrt(np.mean(errors**2))),
        "within_one": float(np.mean(np.abs(errors) < 1)),
        "within_two": float(np.mean(np.abs(errors) < 2)),
        "certain": float(
            np.mean((errors * deviation)[certain] ** 2) / np.mean((errors * deviation)[~certain] ** 2)
        ),
    }


HEAD = """# Standard deviations of the default ensemble

How far predicted standard deviations match the errors of the ensemble of the default search (Gaussian process and
trees), as it is and calibrated by cross-validation within its labels. Mean ± standard deviation over {seeds} training
sets. *Error / deviation* is the root mean square of the errors in predicted standard deviations (ideal: 1), *within
one* and *within two* are shares of the errors (ideal: 0.68 and 0.95), and the last column is below 1 where smaller
deviations go with smaller errors. The held-out architectures are parts that settings may be chosen on: records 12,500
to 14,999 of the NAS-Bench-101 sample, and one half of `analog-nasbench`.
"""


def main() -> None:
    args = grids.options(__doc__, seeds=10).parse_args()
    tasks = grids.tasks(grids.wanted(SIZES, args), args.seeds, ensemble=FOLDS)
    rows = grids.finished(args.out, tasks, fit, args.workers)
    lines = []
    for table, size in grids.columns(rows):
        for ensemble in FOLDS:
            mine = [r for r in rows if (r["table"], r["size"], r["ensemble"]) == (table, size, ensemble)]
            cells = [
                grids.cell([r[name] for r in mine], 2)
                for name in ("rms", "within_one", "within_two", "certain")
            ]
            lines.append((f"{table}, {size}, {ensemble}", cells))
    columns = [
        "error / deviation",
        "within one",
        "within two",
        "mean square error of the surer half, over the other's",
    ]
    print(
        page.write(
            args.out, HEAD.format(seeds=args.seeds), "\n".join(grids.table("table, labels", columns, lines))
        )
    )


if __name__ == "__main__":
    main()
