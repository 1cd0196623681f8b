"""An evaluator that trains a small network on scikit-learn's images of digits, for the space in ``own_space.py``.

Run it with ``archrank search examples/own_space.py:Stack --evaluator examples/own_evaluator.py:train --budget 15``.
"""

import torch
from own_space import LAYERS
from sklearn.datasets import load_digits
from torch import nn

from archrank import Architecture

MAKE = {
    "conv3x3": lambda width: nn.Conv2d(width, width, 3, padding=1),
    "conv5x5": lambda width: nn.Conv2d(width, width, 5, padding=2),
    "depthwise3x3": lambda width: nn.Conv2d(width, width, 3, padding=1, groups=width),
    "maxpool": lambda width: nn.MaxPool2d(3, stride=1, padding=1),
}


class Network(nn.Module):
    """A stem, five layers with optional shortcuts, and a head."""

    def __init__(self, architecture: Architecture, width: int = 8) -> None:
        super().__init__()
        chosen, self.shortcuts = architecture.choices[:5], architecture.choices[5:]
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(MAKE[LAYERS[i]](width), nn.BatchNorm2d(width), nn.ReLU()) for i in chosen
        )
        self.head = nn.Linear(width, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The logits: (B, 1, 8, 8) to (B, 10)."""
        states = [self.stem(images)]
        for i, layer in enumerate(self.layers):
            state = layer(states[i])
            states.append(state + states[i - 1] if i and self.shortcuts[i - 1] else state)
        return self.head(states[-1].mean(dim=(2, 3)))


def train(architecture: Architecture) -> dict[str, float]:
    """Train for three epochs; return the validation accuracy and the number of parameters."""
    digits = load_digits()
    images, labels = torch.tensor(digits.images[:, None] / 8 - 1).float(), torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    training, validation = order[:1400], order[1400:]
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the same initialization for all; the caller's generator stays unchanged
        network = Network(architecture)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(3):
            for batch in training[torch.randperm(len(training))].split(50):
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
                optimizer.step()
    with torch.no_grad():
        right = network.eval()(images[validation]).argmax(dim=1) == labels[validation]
    return {
        "accuracy": float(right.float().mean()),
        "parameters": sum(p.numel() for p in network.parameters()),
    }


train.metric = "accuracy"  # the metric of a search, unless --metric names another one
train.directions = {"parameters": "minimize"}  # all others are maximized
