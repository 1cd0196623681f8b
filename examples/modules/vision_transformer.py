"""A vision transformer: patches, width, depth, heads, the hidden width and the activation.

python examples/modules/vision_transformer.py 30
"""

import torch
from digits import fit, images, main
from torch import nn


class Transformer(nn.Module):
    def __init__(self, choose):
        super().__init__()
        patch, heads = choose("patch", [1, 2, 4]), choose("heads", [1, 2, 4])
        width = choose("width", [16, 32, 48])
        self.patches = nn.Conv2d(1, width, patch, stride=patch)
        self.places = nn.Parameter(torch.zeros(1, (8 // patch) ** 2, width))
        self.blocks = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width,
                    heads,
                    dim_feedforward=width * choose("hidden", [1, 2, 4]),
                    activation=choose("activation", ["relu", "gelu"]),
                    norm_first=choose("norm first", [False, True]),
                    dropout=0.0,
                    batch_first=True,
                )
                for _ in range(choose.integer("depth", 1, 4))
            )
        )
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places
        return self.head(self.blocks(tokens).mean(1))


DATA = images()


def train(module, report, epochs=5, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    main(Transformer, (1, 1, 8, 8), train, default=30)
