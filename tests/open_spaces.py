"""Small open spaces for tests."""

from archrank.graph import Cell, Graph, Node
from archrank.open_space import OpenSpace


class Chains(OpenSpace):
    """A chain of one to four layers, each with a kind; a convolution has a kernel, and there is a learning rate."""

    source = "chains"

    def construct(self, choose):
        layers = []
        for index in range(choose.integer("depth", 1, 4)):
            at = choose.within(f"layer {index}")
            kind = at("kind", ["conv", "pool"])
            kernel = at("kernel", [1, 3, 5]) if kind == "conv" else 2
            layers.append((kind, kernel))
        choose.number("learning rate", 1e-4, 1e-1, log=True, training=True)
        return layers

    def graph(self, architecture):
        from archrank.chooser import Given

        _, layers = self.built(Given(dict(architecture.choices)))
        nodes = tuple(
            Node(kind, (i,), i + 1, attributes=(("kernel", float(kernel)),), parameters=kernel**2, shape=(4,))
            for i, (kind, kernel) in enumerate(layers)
        )
        return Graph((Cell(1, len(nodes) + 1, nodes, (len(nodes),), ordered=True),))


def worth(architecture):
    """A value that a predictor can learn: larger kernels and the right learning rate are better."""
    import math

    values = dict(architecture.choices)
    kernels = sum(value for name, value in values.items() if name.endswith("kernel"))
    return kernels - 2 * (math.log10(values["learning rate"]) + 2.5) ** 2
