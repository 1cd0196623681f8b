"""A multilayer perceptron on tabular data, with choices that stand in the module.

python examples/modules/tabular_mlp.py 30
"""

from digits import fit, main, measurements
from torch import nn

from archrank import choice, repeat

WIDTH = 32


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.norm = choice({"none": nn.Identity, "batch": lambda: nn.BatchNorm1d(WIDTH)})
        self.activation = choice({"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU})

    def forward(self, x):
        return x + self.activation(self.norm(self.linear(x)))


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(30, WIDTH)
        self.layers = repeat(Layer, 1, 4)
        self.dropout = choice(
            {"none": nn.Identity, "some": lambda: nn.Dropout(0.1), "much": lambda: nn.Dropout(0.5)}
        )
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, x):
        return self.head(self.dropout(self.layers(self.stem(x))))


DATA = measurements()


def train(module, report, epochs=10, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    main(Perceptron, (2, 30), train, default=30)
