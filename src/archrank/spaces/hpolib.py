"""HPOlib's networks: two fully connected layers for regression, searched together with their training.

Reference: Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization (2019).
"""

from itertools import product
from typing import Any

from archrank.architecture import Architecture
from archrank.chooser import Chooser
from archrank.domains import Domain, Options
from archrank.graph import Cell, Graph, Node
from archrank.open_space import OpenSpace

__all__ = ["DOMAINS", "HPOLib"]

DOMAINS: dict[str, tuple[Any, ...]] = {
    "activation 1": ("relu", "tanh"),
    "activation 2": ("relu", "tanh"),
    "batch size": (8, 16, 32, 64),
    "dropout 1": (0.0, 0.3, 0.6),
    "dropout 2": (0.0, 0.3, 0.6),
    "learning rate": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
    "schedule": ("cosine", "constant"),
    "units 1": (16, 32, 64, 128, 256, 512),
    "units 2": (16, 32, 64, 128, 256, 512),
}
"""The options of each choice, in the order in which the tables number them."""

_TRAINING = ("batch size", "learning rate", "schedule")
_LAYERS = ("units", "activation", "dropout")


_DOMAINS = {name: Options.of(options) for name, options in DOMAINS.items()}
_FEATURES: dict[str, dict[Any, dict[str, float]]] = {
    name: {
        value: {
            f"{name}{suffix}": number
            for suffix, number in zip(domain.feature_names(), domain.features(value), strict=True)
        }
        for value in domain.values
    }
    for name, domain in _DOMAINS.items()
}
"""What predictors see of each value of each choice."""


class HPOLib(OpenSpace):
    """HPOlib's 62,208 settings: width, activation and dropout of two layers, batch size, learning rate, schedule.

    >>> space = HPOLib()
    >>> len(space), space.domains(next(iter(space.rows())))["units 1"].ordered
    (62208, True)
    """

    summary = "two fully connected layers with the hyper-parameters of their training, 9 choices"

    def __init__(self) -> None:
        super().__init__("hpolib")

    @property
    def source(self) -> str:
        """The options of every choice."""
        return "\n".join(f"{name}: {options}" for name, options in DOMAINS.items())

    @property
    def encodings(self) -> int:
        """How many settings there are."""
        return self.size

    @property
    def size(self) -> int:
        """How many settings there are."""
        return 62_208

    def __len__(self) -> int:
        """How many settings there are."""
        return self.size

    def rows(self) -> Any:
        """All settings, in the order of the tables: (M,)."""
        if self._listed is None:
            names = tuple(DOMAINS)
            every = (tuple(zip(names, values, strict=True)) for values in product(*DOMAINS.values()))
            self._listed = self.pack([Architecture(self.name, choices) for choices in every])
        return self._listed

    def domains(self, architecture: Architecture) -> dict[str, Domain]:
        """The possible values of every choice, the same for all."""
        return dict(_DOMAINS)

    def features(self, architecture: Architecture) -> dict[str, float]:
        """The choices as numbers: they say all that the two layers are."""
        return {
            name: number
            for choice, value in architecture.choices
            for name, number in _FEATURES[choice][value].items()
        }

    def construct(self, choose: Chooser) -> None:
        """Ask for every choice."""
        for name, options in DOMAINS.items():
            choose(name, options, training=name in _TRAINING)

    def graph(self, architecture: Architecture) -> Graph:
        """The two layers, and the last one of a single unit."""
        values: dict[str, Any] = dict(architecture.choices)
        nodes: list[Node] = []

        def add(kind: str, **attributes: float) -> None:
            at = len(nodes)
            nodes.append(Node(kind, (at,), at + 1, attributes=tuple(attributes.items())))

        for layer in (1, 2):
            units, activation, dropout = (values[f"{what} {layer}"] for what in _LAYERS)
            add("linear", units=float(units))
            add(activation)
            add("dropout", rate=float(dropout))
        add("linear", units=1.0)
        return Graph((Cell(1, len(nodes) + 1, tuple(nodes), (len(nodes),), ordered=True),))
