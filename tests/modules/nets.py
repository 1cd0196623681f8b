"""Small networks with choices, for tests."""

import torch
from torch import nn

from archrank import choice, repeat


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.act = choice({"relu": nn.ReLU, "gelu": nn.GELU()})

    def forward(self, x):
        return x + self.act(self.fc(x))


class Net(nn.Module):
    """Both faces: a chooser, and choices that stand in the module."""

    def __init__(self, choose):
        super().__init__()
        width = choose("width", [8, 16, 32])
        self.stem = nn.Linear(4, width)
        self.blocks = repeat(lambda: Block(width), 0, 3)
        self.head = nn.Linear(width, 3)
        choose.number("lr", 1e-3, 1e-1, log=True, training=True)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


class Placed(nn.Module):
    """Placed choices only."""

    def __init__(self):
        super().__init__()
        self.mix = choice({"linear": lambda: nn.Linear(4, 4), "none": nn.Identity})
        self.act = choice(
            {"relu": nn.ReLU, "tanh": nn.Tanh, "deep": lambda: nn.Sequential(nn.ReLU(), self.inner())}
        )

    @staticmethod
    def inner():
        return choice({"a": nn.Sigmoid, "b": nn.Tanh})

    def forward(self, x):
        return self.act(self.mix(x))


def chain(choose):
    """Define-by-run; some choices do not fit together."""
    width, layers = 4, []
    for index in range(choose.integer("depth", 1, 3)):
        at = choose.within(f"layer {index}")
        out = at("out", [4, 6])
        layers.append(nn.Linear(at("in", [4, 6]), out))
        if at("norm", [False, True]):
            layers.append(nn.LayerNorm(out))
        width = out
    return nn.Sequential(*layers, nn.Linear(width, 2))


def train(module, report):
    """A few steps of training; the value is higher where the loss is lower."""
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    optimizer = torch.optim.SGD(module.parameters(), report.params["lr"])
    for epoch in range(2):
        loss = nn.functional.cross_entropy(module(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(epoch, -loss)
