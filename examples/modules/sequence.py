"""A network for sequences: a recurrent layer or convolutions, over the rows of an image.

python examples/modules/sequence.py 30
"""

from digits import fit, images, main
from torch import nn


class Sequence(nn.Module):
    def __init__(self, choose):
        super().__init__()
        width = choose("width", [16, 32, 64])
        self.kind = choose("kind", ["gru", "lstm", "convolution"])
        depth = choose.integer("depth", 1, 3)
        if self.kind == "convolution":
            kernel = choose("kernel", [3, 5])
            layers = [nn.Conv1d(8, width, 1)]
            for _ in range(depth):
                layers += [nn.Conv1d(width, width, kernel, padding=kernel // 2), nn.ReLU()]
            self.body = nn.Sequential(*layers)
        else:
            both = choose("both directions", [False, True])
            layer = nn.GRU if self.kind == "gru" else nn.LSTM
            self.body = layer(8, width, depth, batch_first=True, bidirectional=both)
            width *= 1 + both
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        rows = x.squeeze(1)
        if self.kind == "convolution":
            return self.head(self.body(rows.transpose(1, 2)).mean(2))
        return self.head(self.body(rows)[0].mean(1))


DATA = images()


def train(module, report, epochs=5, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    main(Sequence, (1, 1, 8, 8), train, default=30)
