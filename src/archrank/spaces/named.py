"""The search spaces by name; looking one up imports no code but that of archrank and of installed packages.

So a name that a file, a database or another machine holds may be looked up here. A user's own ``path/to/file.py:Class``
is resolved in :mod:`archrank.cli.names`, and only where the user typed it.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from archrank.plugins import Names
from archrank.space import SearchSpace
from archrank.spaces.darts import Darts
from archrank.spaces.enas import Enas
from archrank.spaces.enas_macro import EnasMacro
from archrank.spaces.grammars import FreeForm, GrammarSpace, HierarchicalNASBench201
from archrank.spaces.hpolib import HPOLib
from archrank.spaces.nasbench101 import NASBench101
from archrank.spaces.nasbench201 import NASBench201
from archrank.spaces.nasbench_graph import NASBenchGraph
from archrank.spaces.natsbench_sss import NATSBenchSize
from archrank.system.foreign import shown

__all__ = ["SPACES", "describe_space", "named_space"]

_WRITTEN = 10**4_000

_BUILT_IN: dict[str, Callable[[], SearchSpace]] = {
    "nas-bench-101": NASBench101,
    "nas-bench-201": NASBench201,
    "nas-bench-graph": NASBenchGraph,
    "nas-bench-graph-proteins": NASBenchGraph.proteins,
    "nats-bench-size": NATSBenchSize,
    "enas": Enas,
    "enas-5-nodes-loose-ends": Enas.original,
    "darts": Darts,
    "enas-macro": EnasMacro,
    "hpolib": HPOLib,
    "hierarchical-nas-bench-201": HierarchicalNASBench201,
    "hierarchical-nas-bench-201-fixed-blocks": HierarchicalNASBench201.fixed_blocks,
    "hierarchical-nas-bench-201-fixed-macro": HierarchicalNASBench201.fixed_macro,
    "hierarchical-nas-bench-201-fixed-macro-fixed-blocks": HierarchicalNASBench201.cells_only,
    "free-form": FreeForm,
    "free-form-signals": FreeForm.signals,
}


def _accept(name: str, value: object) -> Callable[[], SearchSpace]:
    space = value() if isinstance(value, type) and issubclass(value, SearchSpace) else value
    if not isinstance(space, SearchSpace):
        raise TypeError(f"{shown(value)} is no subclass of SearchSpace, and no object of one")
    if space.name != name:  # stored runs name the space
        raise ValueError(f"the name of the space is {space.name!r}; its entry point must have the same name")
    return lambda: space


SPACES: Names[Callable[[], SearchSpace]] = Names("spaces", _BUILT_IN, _accept)
"""What makes each space, by its name."""


def named_space(name: object) -> SearchSpace:
    """The search space of that name.

    Args:
        name: What a file or a database gives as a name: any value, and only a name of :data:`SPACES` is accepted.

    Raises:
        UnknownName: It is no such name.
        PluginError: The installed package that adds it cannot be used.

    >>> named_space("darts").name
    'darts'
    """
    return SPACES.look_up(name)()


def describe_space(space: SearchSpace) -> dict[str, Any]:
    """Describe a space: its size, choices, operations, and an example of the text form, as JSON values.

    Sizes that are not known, or have more than 4,000 digits, are None: Python refuses to write such numbers.

    >>> describe_space(NASBench201())["architectures"]
    15625
    """
    (example,) = space.sample(1, np.random.default_rng(0))
    return {
        "name": space.name,
        "summary": space.summary,
        "architectures": space.size if (space.size or 0) < _WRITTEN else None,
        "encodings": space.encodings if math.isfinite(space.encodings) else None,
        "choices": [{"name": choice.name, "options": list(choice.options)} for choice in space.choices],
        "operations": list(space.operations),
        "example": space.format(example),
        **(_rules(space) if isinstance(space, GrammarSpace) else {}),
    }


def _rules(space: GrammarSpace) -> dict[str, Any]:
    """The rules of a grammar, and how far its derivations go and are drawn."""
    limits = {"depth": space.max_depth, "operations": space.max_operations, "sampling": space.sampling}
    return {"rules": space.grammar.text.splitlines(), "limits": limits}
