"""The benchmarks that archrank knows by name; a new one is one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from archrank.benchmarks import analog, nasbench_graph
from archrank.benchmarks.table import Table
from archrank.errors import UnknownName
from archrank.space import SearchSpace
from archrank.spaces import NASBench201

__all__ = ["SOURCES", "Source", "load", "names", "source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from.

    Attributes:
        space: Makes the space of its architectures, without reading the table.
        load: Reads the table.
    """

    space: Callable[[], SearchSpace]
    load: Callable[[], Table]


SOURCES: dict[str, Source] = {"analog-nasbench": Source(NASBench201, analog.load)} | {
    f"nas-bench-graph-{dataset}": Source(
        partial(nasbench_graph.space, dataset), partial(nasbench_graph.load, dataset)
    )
    for dataset in nasbench_graph.DATASETS
}


def names() -> list[str]:
    """The names that :func:`load` understands.

    >>> names()[:2]
    ['analog-nasbench', 'nas-bench-graph-arxiv']
    """
    return list(SOURCES)


def source(name: str) -> Source:
    """The source of that name.

    Raises:
        UnknownName: No such benchmark.
    """
    if name not in SOURCES:
        raise UnknownName("benchmark", name, SOURCES)
    return SOURCES[name]


def load(name: str) -> Table:
    """Read a table of measured architectures by its name.

    Raises:
        UnknownName: No such benchmark.
        TableError: The package that carries it is missing or damaged.

    >>> table = load("nas-bench-graph-cora")
    >>> len(table), table.metric().name
    (26206, 'valid_perf')
    """
    return source(name).load()
