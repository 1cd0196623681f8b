"""Kendall's tau on NAS-Bench-201 as a module with and without features of the outline, beside the built-in space.

python studies/outline_features.py --seeds 4
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import archrank as ar
from archrank.predictors import outline_columns
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench201

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "examples" / "modules")]
from module_search import labels_of, operations_of  # noqa: E402
from nasbench201 import Cell  # noqa: E402


def network(choose: Any) -> nn.Module:
    """Two cells between a stem, a step down and a head."""
    stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4))
    down = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
    head = nn.Sequential(
        nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )
    return nn.Sequential(stem, Cell(choose, 4), down, Cell(choose, 8), head)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", default="nas-bench-201-cifar10")
    parser.add_argument("--labels", type=int, default=78)
    parser.add_argument("--ranked", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=4)
    args = parser.parse_args()
    built_in = NASBench201()
    labels = labels_of(args.table, built_in)
    print("built-in:", taus(built_in, built_in, labels, args))
    most = outline_columns._MOST_KINDS
    for name, net, example in (
        ("cell", lambda choose: Cell(choose, 4), (1, 4, 8, 8)),
        ("network", network, (1, 3, 8, 8)),
    ):
        for kinds in (0, most):  # no outline has fewer kinds of operations than 0
            outline_columns._MOST_KINDS = kinds
            space = ar.ModuleSpace(net, example, name=f"{name}-{kinds}")
            print(f"{name}, {'with' if kinds else 'without'} outline:", taus(space, built_in, labels, args))


def taus(space: Any, built_in: NASBench201, labels: Any, args: argparse.Namespace) -> str:
    """Mean and standard deviation over training sets."""
    found = []
    for seed in range(args.seeds):
        cells = built_in.sample(100 + args.ranked, np.random.default_rng(seed))
        values = np.array([labels[operations_of(built_in, cell)] for cell in cells])
        known = cells if space is built_in else [space.from_options(built_in.options(c)) for c in cells]
        predictor = ar.auto(space, "fast", seed=seed).fit(known[: args.labels], values[: args.labels])
        found.append(kendall_tau(predictor.predict(known[100:]), values[100:]))
    return f"{np.mean(found):.3f} ± {np.std(found, ddof=1) if len(found) > 1 else float('nan'):.3f}"


if __name__ == "__main__":
    main()
