"""What the examples share: small data that scikit-learn ships, and a training loop."""

import sys

import torch
from sklearn import datasets
from torch import nn

import archrank as ar


def images():
    """1,797 handwritten digits: training images and labels, validation images and labels."""
    found = datasets.load_digits()
    x = torch.tensor(found.images, dtype=torch.float32)[:, None] / 16
    return split(x, torch.tensor(found.target))


def measurements():
    """569 tumors, 30 numbers each, benign or malignant."""
    found = datasets.load_breast_cancer()
    x = torch.tensor(found.data, dtype=torch.float32)
    return split((x - x.mean(0)) / x.std(0), torch.tensor(found.target))


def split(x, y):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    known, new = order[: len(x) * 3 // 4], order[len(x) * 3 // 4 :]
    return x[known], y[known], x[new], y[new]


def fit(module, report, data, epochs):
    """Train a network, and report its validation accuracy after every epoch."""
    x, y, x_valid, y_valid = data
    optimizer = torch.optim.AdamW(module.parameters(), lr=report.params.get("learning rate", 3e-3))
    for epoch in range(epochs):
        module.train()
        for part in torch.randperm(len(x)).split(64):
            loss = nn.functional.cross_entropy(module(x[part]), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.no_grad():
            report(epoch, (module(x_valid).argmax(1) == y_valid).float().mean())


def main(net, example, train, default):
    """Search with the budget that stands on the command line, and show the best network."""
    space = ar.ModuleSpace(net, example)
    budget = int(sys.argv[1]) if len(sys.argv) > 1 else default
    result = ar.search(space, train, budget=budget, strategy="guided" if budget > 10 else "random")
    print(f"{result.best_value:.3f} of the validation data, by {space.format(result.best_architecture)}")
    print(result.build_best())
