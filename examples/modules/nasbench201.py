"""The cell of NAS-Bench-201 as a module with choices: an operation on each of the six edges between four sums.

python examples/modules/nasbench201.py 12
"""

from digits import fit, images, main
from torch import nn

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


class Convolution(nn.Sequential):
    def __init__(self, channels, kernel):
        convolution = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        super().__init__(nn.ReLU(), convolution, nn.BatchNorm2d(channels))


def operations(channels):
    return {
        "none": lambda: None,
        "skip_connect": nn.Identity,
        "nor_conv_1x1": lambda: Convolution(channels, 1),
        "nor_conv_3x3": lambda: Convolution(channels, 3),
        "avg_pool_3x3": lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
    }


class Cell(nn.Module):
    def __init__(self, choose, channels):
        super().__init__()
        chosen = {edge: choose(f"{edge[0]}→{edge[1]}", operations(channels))() for edge in EDGES}
        self.edges = nn.ModuleDict({f"{a}{b}": op for (a, b), op in chosen.items() if op is not None})

    def forward(self, x):
        sums = [x]
        for target in (1, 2, 3):
            terms = [
                self.edges[f"{source}{target}"](sums[source])
                for source in range(target)
                if f"{source}{target}" in self.edges and sums[source] is not None
            ]
            sums.append(sum(terms[1:], terms[0]) if terms else None)
        return x * 0 if sums[3] is None else sums[3]


def nasbench201(choose):
    """Both cells are made by the same choices, for these have the same names."""
    stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16))
    down = nn.Sequential(nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32))
    head = nn.Sequential(
        nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    return nn.Sequential(stem, Cell(choose, 16), down, Cell(choose, 32), head)


DATA = images()


def train(module, report, epochs=5, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    main(nasbench201, (1, 1, 8, 8), train, 12)
