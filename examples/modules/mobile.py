"""A mobile network: inverted bottlenecks with squeeze-and-excitation, under a bound on the multiply-adds.

python examples/modules/mobile.py 30
"""

import sys

import torch
from digits import fit, images
from torch import nn

import archrank as ar


class SqueezeExcitation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True)))))


class Bottleneck(nn.Module):
    def __init__(self, channels, out, expansion, kernel, squeeze, stride):
        super().__init__()
        inner = channels * expansion
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6()),
            *(
                nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner),
                nn.BatchNorm2d(inner),
                nn.ReLU6(),
            ),
            *((SqueezeExcitation(inner),) if squeeze else ()),
            *(nn.Conv2d(inner, out, 1, bias=False), nn.BatchNorm2d(out)),
        )
        self.skips = stride == 1 and channels == out

    def forward(self, x):
        return x + self.body(x) if self.skips else self.body(x)


def mobile(choose):
    channels = choose("stem", [8, 16])
    layers = [nn.Conv2d(1, channels, 3, padding=1), nn.ReLU6()]
    for index, out in enumerate((16, 24, 32)):
        stage = choose.within(f"stage {index}")
        shape = (stage("expansion", [2, 3, 4]), stage("kernel", [3, 5]), stage("squeeze", [False, True]))
        for block in range(stage.integer("depth", 1, 3)):
            layers.append(Bottleneck(channels, out, *shape, stride=1 + (index > 0 and block == 0)))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


DATA = images()


def train(module, report, epochs=5, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    space = ar.ModuleSpace(mobile, (1, 1, 8, 8))
    budget = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    result = ar.search(space, train, budget=budget, where=["multiply_adds < 400000"])
    print(f"{result.best_value:.3f}: {space.format(result.best_architecture)}")
    print(space.known_values(result.best_architecture))
