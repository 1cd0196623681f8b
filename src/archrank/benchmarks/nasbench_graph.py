"""NAS-Bench-Graph's tables: graph neural networks measured on nine graphs.

The package ``nas-bench-graph`` carries the numbers; its code is never imported.

Reference: Qin et al., NAS-Bench-Graph (NeurIPS 2022).
"""

import numpy as np

from archrank.benchmarks.pickles import NUMPY_NUMBERS, package_pickle
from archrank.benchmarks.table import Metric, Table, checked_table
from archrank.errors import TableError
from archrank.space import Rows
from archrank.spaces.nasbench_graph import NODES, OPERATIONS, NASBenchGraph, trees

__all__ = ["DATASETS", "load", "metrics", "space"]

PACKAGE = "nas-bench-graph"

DATASETS = {
    "arxiv": "ogbn-arxiv",
    "citeseer": "CiteSeer",
    "computers": "Amazon Computers",
    "cora": "Cora",
    "cs": "Coauthor CS",
    "photo": "Amazon Photo",
    "physics": "Coauthor Physics",
    "proteins": "ogbn-proteins",
    "pubmed": "PubMed",
}
"""The package's names of the graphs, and the graphs' own."""


def space(dataset: str) -> NASBenchGraph:
    """The space whose architectures were trained on a graph."""
    return NASBenchGraph.proteins() if dataset == "proteins" else NASBenchGraph()


def metrics(dataset: str) -> tuple[Metric, ...]:
    """What was measured on a graph; the first is what search selects by."""
    graph = DATASETS[dataset]
    score = "ROC-AUC, mean over the tasks" if dataset == "proteins" else "accuracy"
    three = "mean of 3 runs"
    return (
        Metric("valid_perf", f"{graph} {score}, as a fraction", "validation", seeds=three),
        Metric("perf", f"{graph} {score}, as a fraction", "test", seeds=three),
        Metric("latency", f"seconds, on {graph}", "none", higher_is_better=False, seeds="unstated"),
        Metric(
            "para",
            f"millions of parameters, on {graph}",
            "none",
            higher_is_better=False,
            seeds=three,
            measured=False,
        ),
    )


def load(dataset: str) -> Table:
    """Read the architectures that were measured on one graph.

    Args:
        dataset: One of :data:`DATASETS`.

    Raises:
        TableError: The package is missing or damaged.
    """
    content = package_pickle(PACKAGE, f"nas_bench_graph/light/{dataset}.bench", NUMPY_NUMBERS)
    of = space(dataset)
    columns = metrics(dataset)
    try:
        rows = _rows(list(content), of)
        values = {m.name: np.array([r[m.name] for r in content.values()], dtype=np.float64) for m in columns}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{PACKAGE}, {dataset}: its table is not laid out as expected: {error!r}") from None
    return checked_table(f"nas-bench-graph-{dataset}", of, rows, values, columns, {"valid_perf": "perf"})


def _rows(keys: list[int], of: NASBenchGraph) -> Rows:
    """Decimal digits to rows: which of the nine trees, then four of the nine operations, on every graph."""
    digits = np.array(keys, dtype=np.int64)[:, None] // 10 ** np.arange(NODES, -1, -1)
    digits[:, 1:] %= 10
    shapes = np.array(trees(), dtype=np.int16)
    chosen = of.choices[-1].options
    option = np.array([chosen.index(o) if o in chosen else -1 for o in OPERATIONS] + [-1], dtype=np.int16)
    options = option[digits[:, 1:]]
    strange = ((digits[:, 0] < 0) | (digits[:, 0] >= len(shapes))) | (options < 0).any(axis=1)
    if strange.any():
        raise ValueError(f"key {keys[int(strange.argmax())]} names no architecture of {of.name}")
    return np.hstack([shapes[digits[:, 0], 1:], options])
