"""The benchmarks that have a name; a new one is one entry here, or an entry point of an installed package."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from archrank.benchmarks import analog, grammar_tables, hpolib, nasbench201_labels, nasbench_graph
from archrank.benchmarks.official import OFFICIAL, Official, load_official
from archrank.benchmarks.table import Table
from archrank.errors import ArchrankError, TableError
from archrank.plugins import Names
from archrank.space import SearchSpace
from archrank.spaces import HPOLib, NASBench201
from archrank.spaces.named import SPACES, named_space
from archrank.system.files import exists
from archrank.system.foreign import in_one_line, shown

__all__ = ["SOURCES", "Source", "load_benchmark", "names", "source", "table_or", "tables_of"]

T = TypeVar("T")


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


_BUILT_IN: dict[str, Source] = (
    {"analog-nasbench": Source(NASBench201, analog.load)}
    | {
        f"nas-bench-201-{dataset}": Source(NASBench201, partial(nasbench201_labels.load, dataset))
        for dataset in nasbench201_labels.DATASETS
    }
    | {
        f"nas-bench-graph-{dataset}": Source(
            partial(nasbench_graph.space, dataset), partial(nasbench_graph.load, dataset)
        )
        for dataset in nasbench_graph.DATASETS
    }
    | {
        name: Source(partial(grammar_tables.space, name), partial(grammar_tables.load, name))
        for name in grammar_tables.SPACES
    }
    | {f"hpolib-{dataset}": Source(HPOLib, partial(hpolib.load, dataset)) for dataset in hpolib.DATASETS}
    | {name: Source(o.space, partial(load_official, name), o) for name, o in OFFICIAL.items()}
)


def _accept(name: str, value: object) -> Source:
    if not isinstance(value, Source):
        raise TypeError(f"{shown(value)} is no archrank.benchmarks.Source")
    space, load = partial(_called, name, value.space, SearchSpace), partial(_called, name, value.load, Table)
    return Source(space, load)


def _called(name: str, make: Callable[[], T], kind: type[Any]) -> T:
    """What a package's function returns; what it raises becomes one of our errors."""
    try:
        made = make()
    except ArchrankError:
        raise
    except Exception as error:
        raise TableError(f"the benchmark {name} cannot be read: {in_one_line(error)}") from None
    if not isinstance(made, kind):
        raise TableError(f"the benchmark {name} gives {shown(made)}, expected a {kind.__name__}")
    return made


SOURCES: Names[Source] = Names("benchmarks", _BUILT_IN, _accept)
"""Where the table of each benchmark comes from, by its name."""


def names() -> list[str]:
    """The names that :func:`load_benchmark` understands.

    >>> names()[:2]
    ['analog-nasbench', 'nas-bench-201-cifar10']
    """
    return list(SOURCES)


def source(name: str) -> Source:
    """The source of that name.

    Raises:
        UnknownName: No such benchmark.
        PluginError: The installed package that adds it cannot be used.
    """
    return SOURCES.look_up(name)


def tables_of(space: SearchSpace) -> list[str]:
    """The names of the benchmarks of a space; those whose package cannot be used are left out."""
    found = []
    for name in SOURCES:
        try:
            if SOURCES[name].space().name == space.name:
                found.append(name)
        except ArchrankError:  # it is named where the benchmark itself is wanted
            continue
    return found


def load_benchmark(name: str) -> Table:
    """Read a table of measured architectures by its name.

    Raises:
        UnknownName: No such benchmark.
        TableError: The package that carries it is missing or damaged, or its official file was not imported yet.

    >>> table = load_benchmark("nas-bench-graph-cora")
    >>> len(table), table.metric().name
    (26206, 'valid_perf')
    """
    if isinstance(name, str) and name in SPACES and name not in SOURCES:
        tables = ", ".join(tables_of(named_space(name))) or "none"
        raise TableError(f"{name} is a search space, not a benchmark; benchmarks of this space: {tables}")
    return source(name).load()


def table_or(given: Any) -> Any:
    """The table of a benchmark, where its name is given and no file has that name; else what is given.

    Raises:
        TableError: As :func:`load_benchmark`.
    """
    if isinstance(given, str | os.PathLike) and (name := os.fspath(given)) in SOURCES and not exists(given):
        return load_benchmark(str(name))
    return given
