"""The grid of ``archrank compare predictors --suite``, with two chains of stages beside the built-in benchmarks.

    python studies/predictor_suite.py --data FOLDER --efforts fast --out docs/results/predictor-suite

FOLDER holds ``nas-bench-macro.parquet`` and ``accel-nasbench-1700.parquet``, which may choose settings; without it the
grid has the benchmarks only. What OUT holds is kept, so that an interrupted run continues. The page is OUT/suite.md.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from seen_groups import FOLDER, MACRO, SPACES, macro

from archrank.benchmarks import Metric, Table
from archrank.experiments import suite
from archrank.system.progress import ProgressBar

_MEANINGS = {
    "validation_top1": ("ImageNet accuracy after a proxy training", "validation"),
    "mean_acc": ("CIFAR-10 accuracy, mean of 3 runs", "test"),
}


def chains(folder: Path, names: Iterable[str]) -> Iterator[Table]:
    """The tables of chains of stages that are among the names."""
    os.environ[FOLDER] = str(folder)
    for name, metric in MACRO.items():
        if name not in names:
            continue
        rows, values = macro(name)
        meaning, split = _MEANINGS[metric]
        yield Table(name, SPACES[name]["all"](), rows, {metric: values}, (Metric(metric, meaning, split),))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="the folder of the two chains")
    parser.add_argument("--tables", nargs="+", help="compute only these")
    parser.add_argument("--efforts", nargs="+", default=list(suite.EFFORTS), choices=suite.EFFORTS)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(suite.SIZES), choices=suite.SIZES)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with ProgressBar("fitting") as bar:
        page = suite.compare_suite(
            args.out,
            tables=args.tables,
            efforts=args.efforts,
            sizes=args.sizes,
            more={} if args.data is None else {t.name: t for t in chains(args.data, args.tables or MACRO)},
            workers=args.workers,
            on_progress=lambda what, at: bar.update(at.share, 1.0, what, seconds_left=at.seconds_left),
        )
    print(page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
