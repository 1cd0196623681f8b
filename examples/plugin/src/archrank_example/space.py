"""The search space ``conv-chain``."""

from archrank import Architecture, Cell, Choice, Graph, SearchSpace, Site

LAYERS = ("none", "conv3x3", "conv5x5")


class ConvChain(SearchSpace):
    """Up to three convolutions in a row, with or without a shortcut around them."""

    name = "conv-chain"
    choices = (*(Choice(f"layer {i}", LAYERS) for i in (1, 2, 3)), Choice("shortcut", ("no", "yes")))
    operations = ("conv3x3", "conv5x5", "skip")
    summary = "operation on edge, up to three convolutions and a shortcut"

    def graph(self, architecture: Architecture) -> Graph:
        *layers, shortcut = self.options(architecture).values()
        sites = [Site(layer, (i,), i + 1) for i, layer in enumerate(x for x in layers if x != "none")]
        end = len(sites)
        if shortcut == "yes":
            sites.append(Site("skip", (0,), end))
        return Graph((Cell(inputs=1, junctions=end + 1, sites=tuple(sites), outputs=(end,)),))

    def is_valid(self, choices: tuple[int, ...]) -> bool:
        return any(choices[:3])

    def canonical(self, choices: tuple[int, ...]) -> tuple[int, ...]:
        # A layer that is left out moves to the end.
        return (*sorted(choices[:3], key=lambda layer: layer == 0), choices[3])
