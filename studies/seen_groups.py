"""What predictors gain from seeing choices, attributes of operations and their places, from few labels.

    python studies/seen_groups.py --data FOLDER --out docs/results/seen-groups

The default predictor of a search (effort fast), its members and that of effort balanced, on all that they see and on
graphs only, beside a Gaussian process, LightGBM and ridge regression on one-hot choices. FOLDER holds
``nas-bench-macro.parquet`` and ``accel-nasbench-1700.parquet``; the other tables are those of ``depth_features.py``.
Every seed is another training set; all other rows of the macro tables are the test set. Finished fits are kept in OUT;
the tables are written to OUT/table.md.
"""

import argparse
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import depth_features
import grids
import numpy as np
import numpy.typing as npt
import page

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site

Floats = npt.NDArray[np.float64]

MACRO = {"accel-nasbench-1700": "validation_top1", "nas-bench-macro": "mean_acc"}

SIZES = dict.fromkeys(MACRO, (50, 200, 800)) | depth_features.SIZES

FOLDER = "ARCHRANK_STUDY_DATA"
"""The environment variable that tells worker processes where the files are."""


def chain(operations: list[str]) -> Graph:
    """A graph of operations one after the other."""
    sites = tuple(Site(operation, (at,), at + 1) for at, operation in enumerate(operations))
    return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


class MnasNetLike(SearchSpace):
    """Seven stages, each with an expansion, a kernel, a number of layers, and squeeze-excitation or none."""

    name = "accel-nasbench-1700"
    choices = tuple(
        Choice(f"block{stage}_{what}", options)
        for stage in range(7)
        for what, options in (
            ("expansion", ("1", "4", "6")),
            ("kernel", ("3", "5")),
            ("layers", ("1", "2", "3", "4") if stage == 5 else ("1", "2", "3")),
            ("squeeze_excitation", ("False", "True")),
        )
    )
    attributes: Mapping[str, Mapping[str, float]] = {
        f"e{expansion} k{kernel}{' se' * se}": {"expansion": expansion, "kernel": kernel, "se": se}
        for expansion in (1, 4, 6)
        for kernel in (3, 5)
        for se in (0, 1)
    }
    operations = tuple(attributes)

    def graph(self, architecture: Architecture) -> Graph:
        options = list(self.options(architecture).values())
        layers = []
        for expansion, kernel, count, se in zip(*(options[at::4] for at in range(4)), strict=True):
            layers += [f"e{expansion} k{kernel}{' se' * (se == 'True')}"] * int(count)
        return chain(layers)


LAYERS = ("identity", "e3 k3", "e6 k5")


class Macro(SearchSpace):
    """Eight layers in a row: nothing, or an inverted bottleneck of one of two kinds."""

    name = "nas-bench-macro"
    operations = LAYERS
    attributes: Mapping[str, Mapping[str, float]] = {
        "e3 k3": {"expansion": 3, "kernel": 3},
        "e6 k5": {"expansion": 6, "kernel": 5},
    }
    choices = tuple(Choice(f"layer_{layer}", LAYERS) for layer in range(8))

    def graph(self, architecture: Architecture) -> Graph:
        return chain(list(self.options(architecture).values()))


class Opaque(MnasNetLike):
    """The same without attributes of operations."""

    attributes: Mapping[str, Mapping[str, float]] = {}


class OpaqueMacro(Macro):
    """The same without attributes of operations."""

    attributes: Mapping[str, Mapping[str, float]] = {}


SPACES: dict[str, dict[str, type[SearchSpace]]] = {
    "accel-nasbench-1700": {"all": MnasNetLike, "without attributes": Opaque},
    "nas-bench-macro": {"all": Macro, "without attributes": OpaqueMacro},
}


@cache
def macro(name: str) -> tuple[npt.NDArray[np.int16], Floats]:
    """The rows and values of a macro table."""
    import pandas as pd

    frame = pd.read_parquet(Path(os.environ[FOLDER]) / f"{name}.parquet")
    columns = []
    for choice in SPACES[name]["all"].choices:
        values = frame[choice.name]
        known = choice.options if name == "accel-nasbench-1700" else tuple("012")
        columns.append([known.index(str(value)) for value in values])
    return np.array(columns, dtype=np.int16).T, frame[MACRO[name]].to_numpy()


def parts(task: dict[str, Any]) -> tuple[Any, Any, Floats, Any, Floats]:
    """The space, and rows and values of the training and of the test set."""
    from archrank.experiments.splits import drawn

    if task["table"] in MACRO:
        rows, values = macro(task["table"])
        order = np.random.default_rng(task["seed"]).permutation(len(rows))
        known, test = order[: task["size"]], order[task["size"] :]
        return SPACES[task["table"]]["all"], rows[known], values[known], rows[test], values[test]
    table, split = depth_features.data(task["table"])
    known = split.pool[drawn(len(split.pool), task["size"], task["seed"], "random")]
    values = table.column()
    return type(table.space), table.rows[known], values[known], table.rows[split.test], values[split.test]


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """The tau of every predictor, for one training set."""
    from archrank.predictors import auto
    from archrank.ranking import kendall_tau

    kind, known, targets, test, truth = parts(task)
    found = {}
    for seen in ("all", "without attributes", "graphs only"):
        if seen == "without attributes" and task["table"] not in MACRO:
            continue
        space = SPACES.get(task["table"], {}).get(seen, kind)()
        if seen == "graphs only":
            depth_features.leave_out(space, "choices", "attributes", "place")
        fast = auto(space, "fast", seed=task["seed"]).fit(known, targets)
        found[f"fast, {seen}"] = kendall_tau(fast.predict(test), truth)
        if seen == "all":
            names = ("its Gaussian process", "its trees")
            for name, scores in zip(names, fast.predict_members(test), strict=True):
                found[name] = kendall_tau(scores, truth)
        if task["efforts"] == "both" and seen == "all":
            balanced = auto(space, "balanced", seed=task["seed"]).fit(known, targets)
            found["balanced"] = kendall_tau(balanced.predict(test), truth)
            found["its networks"] = kendall_tau(balanced.predict_members(test)[2], truth)
            balanced.weights_ = np.full(3, 1 / 3)
            found["balanced, equal weights"] = kendall_tau(balanced.predict(test), truth)
    for name, scores in one_hot(kind.choices, known, targets, test).items():
        found[f"one-hot {name}"] = kendall_tau(scores, truth)
    return found


def one_hot(choices: Any, known: Any, targets: Floats, test: Any) -> dict[str, Floats]:
    """The scores of simple predictors on one-hot choices."""
    import lightgbm
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.linear_model import RidgeCV

    from archrank.predictors.targets import normal_scores

    y = normal_scores(targets)
    x, z = (
        np.concatenate([np.eye(len(c.options))[rows[:, at]] for at, c in enumerate(choices)], axis=1)
        for rows in (known, test)
    )
    kernel = ConstantKernel() * Matern(3.0, (0.3, 100.0), nu=1.5) + WhiteKernel(0.1)
    trees = lightgbm.LGBMRegressor(
        n_estimators=300, learning_rate=0.05, num_leaves=15, colsample_bytree=0.4,
        min_child_samples=min(5, max(1, len(y) // 8)),
        subsample=0.7, subsample_freq=1, n_jobs=1, verbosity=-1, random_state=0,
    )  # fmt: skip
    return {
        "Gaussian process": GaussianProcessRegressor(kernel).fit(x, y).predict(z),
        "LightGBM": trees.fit(x, y).predict(z),
        "ridge": RidgeCV(np.logspace(-2, 3, 16)).fit(x, y).predict(z),
    }


HEAD = """# Predictors with choices, attributes and places

Kendall's tau by table and number of labels: mean ± standard deviation over {seeds} random training sets. The macro
tables are tested on all other rows, the others on parts that settings may be chosen on. The second table holds paired
differences, ± half of the 95% interval.
"""


def main() -> None:
    parser = grids.options(__doc__, seeds=10)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the two macro tables")
    parser.add_argument("--efforts", choices=("fast", "both"), default="fast")
    args: argparse.Namespace = parser.parse_args()
    os.environ[FOLDER] = str(args.data.resolve())
    tasks = grids.tasks(grids.wanted(SIZES, args), args.seeds, efforts=(args.efforts,))
    rows = grids.finished(args.out, tasks, fit, args.workers)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(table_of(rows)))


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau over the seeds; then paired differences."""
    apart = {"table", "size", "seed", "efforts", "seconds", "error"}
    names = list(dict.fromkeys(name for row in rows for name in row if name not in apart))
    lines, gains = [], []
    for table, size in grids.columns(rows):
        mine = [row for row in rows if (row["table"], row["size"]) == (table, size)]
        lines.append((f"{table}, {size}", [grids.cell([r[n] for r in mine if r.get(n)]) for n in names]))
        rivals = [name for name in names if name != "fast, all" and mine[0].get(name)]
        cells = [difference([row["fast, all"] - row[name] for row in mine]) for name in rivals]
        told = dict(zip(rivals, cells, strict=True))
        gains.append((f"{table}, {size}", [told.get(name, "–") for name in names if name != "fast, all"]))
    pages = grids.table("tau: table, labels", names, lines)
    others = [name for name in names if name != "fast, all"]
    return [*pages, "", *grids.table("fast, all, minus: table, labels", others, gains)]


def difference(gaps: list[float]) -> str:
    """The mean of paired differences and half of its 95% interval."""
    from scipy.stats import t

    if len(gaps) < 2:
        return f"{gaps[0]:+.3f}"
    half = t.ppf(0.975, len(gaps) - 1) * np.std(gaps, ddof=1) / len(gaps) ** 0.5
    return f"{np.mean(gaps):+.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
