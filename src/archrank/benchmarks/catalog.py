"""The benchmarks that archrank knows by name; a new one is one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from archrank.benchmarks import analog, nasbench_graph
from archrank.benchmarks.official import OFFICIAL, Official, load_official
from archrank.benchmarks.table import Table
from archrank.errors import UnknownName
from archrank.space import SearchSpace
from archrank.spaces import NASBench201

__all__ = ["SOURCES", "Source", "load", "load_benchmark", "names", "source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from.

    Attributes:
        space: Makes the space of its architectures, without reading the table.
        load: Reads the table.
        official: The official file that it is imported from; None for tables that come with a package.
    """

    space: Callable[[], SearchSpace]
    load: Callable[[], Table]
    official: Official | None = None


SOURCES: dict[str, Source] = (
    {"analog-nasbench": Source(NASBench201, analog.load)}
    | {
        f"nas-bench-graph-{dataset}": Source(
            partial(nasbench_graph.space, dataset), partial(nasbench_graph.load, dataset)
        )
        for dataset in nasbench_graph.DATASETS
    }
    | {name: Source(o.space, partial(load_official, name), o) for name, o in OFFICIAL.items()}
)


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


def load_benchmark(name: str) -> Table:
    """Read a table of measured architectures by its name.

    Raises:
        UnknownName: No such benchmark.
        TableError: The package that carries it is missing or damaged, or its official file was not imported yet.

    >>> table = load_benchmark("nas-bench-graph-cora")
    >>> len(table), table.metric().name
    (26206, 'valid_perf')
    """
    return source(name).load()


load = load_benchmark
