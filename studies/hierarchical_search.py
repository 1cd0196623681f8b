"""Searches replayed in a table of trained hierarchical architectures, as if its architectures were the space.

    python studies/hierarchical_search.py --out docs/results/hierarchical-search

``--table`` is a benchmark of ``archrank benchmarks``. Validation accuracies are searched by. Regularized evolution
mutates into architectures that the table lacks, so it gets the nearest one that was not evaluated, by the number of
choices that differ; "evolution among candidates" gets a random one instead. Finished searches are kept in OUT.
"""

import argparse
from pathlib import Path

import page
import replay

import archrank as ar
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution

METHODS: dict[str, replay.Method] = {
    "guided": replay.candidates(GuidedSearch),
    "evolution": replay.nearest(RegularizedEvolution),
    "evolution among candidates": replay.candidates(RegularizedEvolution),
    "random": replay.candidates(RandomSearch),
}
HEAD = """# Searches in the table {table}

Regret in percentage points of validation accuracy below the best of {size} architectures, by the number of evaluations:
mean ± standard error over {seeds} seeds. In parentheses is how much larger it is than that of guided search, paired by
seed.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", default="hierarchical-nas-bench-201-cifar10")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budgets", type=int, nargs="+", default=[25, 50, 100, 150])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    table = ar.load_benchmark(args.table)
    pool = dict(zip(table.architectures, map(float, table.column("valid_accuracy")), strict=True))
    methods = {name: METHODS[name] for name in args.methods}
    rows = replay.run(args.out / "searches.csv", methods, table.space, pool, args.seeds, args.budgets)
    head = HEAD.format(table=args.table, size=len(pool), seeds=replay.seeds_of(rows))
    print(page.write(args.out, head, replay.table(rows, max(pool.values()), args.methods, args.budgets)))


if __name__ == "__main__":
    main()
