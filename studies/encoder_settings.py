"""How settings of encoders, heads and regression rank NAS-Bench-101 cells that are kept apart for choosing settings.

    python studies/encoder_settings.py --out docs/results/encoder-settings

Trained on prefixes of the first 12,500 records, tested on records 12,500 to 14,999, which no result is reported on.
Every seed is another initialisation. Finished fits are kept in OUT, so that the command can be killed and started
again. It needs the table `nasbench101`.
"""

import shlex
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import grids
import numpy as np

SETTINGS = {
    "GATES, `on_node()`": {"encoder": "gates"},
    "GATES, `on_node()`, head of one layer of 200": {"encoder": "gates", "hidden": (200,)},
    "GATES, `on_node_residual()`": {
        "encoder": "gates",
        "own": {
            "layers": 4,
            "residual": "all",
            "bias": True,
            "trainable_other": True,
            "readout": "junctions",
        },
    },
    "GCN": {"encoder": "gcn"},
    "GCN without self loops": {"encoder": "gcn", "own": {"self_loops": False}},
    "GCN, normalised": {"encoder": "gcn", "own": {"normalize": True}},
    "GCN with global node": {"encoder": "gcn-global"},
    "GCN with global node, without self loops": {"encoder": "gcn-global", "own": {"self_loops": False}},
    "LSTM": {"encoder": "lstm"},
    "LSTM, head of one layer of 200": {"encoder": "lstm", "hidden": (200,)},
    "MLP": {"encoder": "mlp"},
    "MLP, head of one layer of 200": {"encoder": "mlp", "hidden": (200,)},
    "GATES, MSE": {"encoder": "gates", "loss": "mse"},
    "GATES, MSE with a sigmoid": {"encoder": "gates", "loss": "mse", "sigmoid": True},
    "GATES, MSE, one-cycle schedule": {"encoder": "gates", "loss": "mse", "schedule": "one-cycle"},
    "GATES, MSE, the worst twentieth of the labels levelled": {
        "encoder": "gates",
        "loss": "mse",
        "level": 0.05,
    },
}
REGRESSIONS = tuple(name for name, settings in SETTINGS.items() if "loss" in settings)
"""What is fitted on the large size too, where regression behaves oddly."""
TABLE, SMALL, LARGE = "nasbench101", (190, 381), 3812


@cache
def data(name: str) -> tuple[Any, Any]:
    """The table and its split."""
    from archrank.benchmarks import load_benchmark
    from archrank.experiments.splits import split

    table = load_benchmark(name)
    kept_apart = {"kind": "prefix", "pool": "12500", "test": "12500:15000"}
    return table, split(table, **kept_apart) if name == TABLE else split(table, "random")


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """One fit: its tau, the mean over the last five epochs."""
    from archrank.encoders import ENCODERS
    from archrank.predictors import NeuralPredictor
    from archrank.ranking import MSE, PairwiseHinge, kendall_tau

    table, parts = data(task["table"])
    settings: dict[str, Any] = dict(SETTINGS[task["settings"]])
    name, level = settings.pop("encoder"), settings.pop("level", None)
    loss = MSE(settings.pop("sigmoid", False)) if settings.pop("loss", "hinge") == "mse" else PairwiseHinge()
    own = settings.pop("own", {})  # of the encoder; it is left to what suits the space where there are none
    encoder = ENCODERS[name](**own) if own else ENCODERS[name]
    trained = parts.pool[: task["size"]]
    targets, scores = table.column()[trained], table.column()[parts.test]
    if level is not None:
        targets = np.maximum(targets, np.quantile(targets, level))
    predictor = NeuralPredictor(table.space, encoder, loss, seed=task["seed"], **settings)
    test = predictor.collate(table.rows[parts.test])
    taus = [
        kendall_tau(predictor.predict(test), scores)
        for epoch in predictor.fit_epochs(table.space.architectures(table.rows[trained]), targets)
        if epoch > predictor.epochs - 5
    ]
    return {"tau": float(np.mean(taus))}


def main() -> None:
    parser = grids.options(__doc__, seeds=3)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS, metavar="NAME")
    args = parser.parse_args()
    sizes = grids.wanted(dict.fromkeys(args.tables or [TABLE], SMALL), args)
    tasks = grids.tasks(sizes, args.seeds, settings=args.settings)
    if not args.sizes:
        large = dict.fromkeys(sizes, (LARGE,))
        tasks += grids.tasks(large, 1, settings=[name for name in args.settings if name in REGRESSIONS])
    rows = grids.finished(args.out, tasks, fit, args.workers)
    if args.tables:
        print("\n".join(table_of(rows)))
    else:
        write_page(args.out.with_suffix(".md"), rows, args.seeds)


def taus(rows: list[dict[str, Any]], settings: str, size: int) -> list[float]:
    """The taus of some settings after some training size."""
    return [row["tau"] for row in rows if (row["settings"], row["size"]) == (settings, size)]


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau over the seeds."""
    sizes = sorted({row["size"] for row in rows})
    lines = [
        (name, [grids.cell(taus(rows, name, size)) for size in sizes])
        for name in dict.fromkeys(row["settings"] for row in rows)
    ]
    return grids.table("settings", [f"{size:,}" for size in sizes], lines)


def write_page(path: Path, rows: list[dict[str, Any]], seeds: int) -> None:
    """The table, what it shows and the command that makes it."""
    lines = [
        "# Settings of encoders, heads and regression",
        "",
        "Kendall's tau, averaged over the last five of 200 epochs, on records 12,500 to 14,999 of the NAS-Bench-101 "
        "sample (one-run validation accuracy), which are reserved for choosing settings. The training sets are "
        f"prefixes of the earlier records. Mean ± standard deviation over {seeds} seeds of the initialization; one "
        f"seed at {LARGE:,}. The loss is the hinge loss and the head has five layers of 300, unless stated otherwise.",
        "",
        *table_of(rows),
        "",
        "```console",
        shlex.join(["python", *sys.argv]),
        "```",
        "",
        f"{date.today().isoformat()}.",
    ]
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
