"""A pool of networks whose features were computed before, for studies that keep them in a file."""

from archrank.graph import Cell, Graph, Node
from archrank.network_pool import NetworkPool

NOTHING = Graph((Cell(1, 2, (Node("none", (0,), 1),), (1,)),))


class Traced(NetworkPool):
    """Networks whose features were computed before, and further inputs."""

    def __init__(self, features, inputs=None):
        super().__init__(dict.fromkeys(features, NOTHING), inputs or None)
        self._features = features

    def features(self, architecture):
        found = dict(self._features[self.format(architecture)])
        domains = self.domains(architecture)
        for name, value in architecture.choices[1:]:
            names, numbers = domains[name].feature_names(), domains[name].features(value)
            found |= {f"{name}{suffix}": number for suffix, number in zip(names, numbers, strict=True)}
        return found
