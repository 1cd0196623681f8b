"""Your own search space, your own objective, and a search guided by a neural predictor.

Run it with ``python examples/own_space.py``.
"""

import archrank as ar
from archrank import Architecture, Cell, Choice, Graph, GuidedSearch, SearchResult, SearchSpace, Site
from archrank.predictors import NeuralPredictor

LAYERS = ("conv3x3", "conv5x5", "depthwise3x3", "maxpool")


class Stack(SearchSpace):
    """Five layers in a row, with optional shortcuts around two of them: 4⁵ · 2⁴ = 16,384 architectures."""

    name = "stack"
    choices = (
        *(Choice(f"layer {i}", LAYERS) for i in range(5)),
        *(Choice(f"shortcut {i}→{i + 2}", ("no", "yes")) for i in range(4)),
    )
    operations = (*LAYERS, "skip")

    def graph(self, architecture: Architecture) -> Graph:
        """Layer i reads junction i and writes to junction i + 1; a shortcut leads from junction i to junction i + 2."""
        layers, shortcuts = architecture.choices[:5], architecture.choices[5:]
        sites = [Site(LAYERS[layer], (i,), i + 1) for i, layer in enumerate(layers)]
        sites += [Site("skip", (i,), i + 2) for i, present in enumerate(shortcuts) if present]
        return Graph((Cell(inputs=1, junctions=6, sites=tuple(sites), outputs=(5,)),))


GAIN = {"conv3x3": 3.0, "conv5x5": 3.5, "depthwise3x3": 2.0, "maxpool": 0.5}


def objective(architecture: Architecture) -> float:
    """Stands for training: here repeated layers cost, and a shortcut helps if it skips a large convolution."""
    layers = [LAYERS[layer] for layer in architecture.choices[:5]]
    repeated = sum(layers[i] == layers[i + 1] for i in range(4))
    helpful = sum(1 if layers[i + 1] == "conv5x5" else -1 for i in range(4) if architecture.choices[5 + i])
    return 70 + sum(GAIN[layer] for layer in layers) - 1.5 * repeated + helpful


def main(budget: int = 60, epochs: int = 100) -> SearchResult:
    """Search, and print the best architecture."""
    space = Stack()
    strategy = GuidedSearch(space, NeuralPredictor(space, epochs=epochs, members=2), initial=20, batch=10)
    result = ar.search(space, objective, strategy, budget=budget, seed=0)
    print(f"the best of {len(result.evaluations)} evaluated: {result.best.value:.2f}")
    print(space.format(result.best.architecture))
    return result


if __name__ == "__main__":
    main()
