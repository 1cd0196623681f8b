"""A residual convolutional network: depth and width of three stages, and the kernel.

python examples/modules/residual_cnn.py 30
"""

from digits import fit, images, main
from torch import nn


class Residual(nn.Module):
    def __init__(self, channels, kernel):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2), nn.BatchNorm2d(channels), nn.ReLU()
        )

    def forward(self, x):
        return x + self.body(x)


def residual_cnn(choose):
    layers, channels = [], 1
    for index in range(3):
        stage = choose.within(f"stage {index}")
        width = stage("width", [8, 16, 24, 32])
        layers += [nn.Conv2d(channels, width, 3, stride=1 + (index > 0), padding=1), nn.ReLU()]
        kernel = stage("kernel", [3, 5])
        layers += [Residual(width, kernel) for _ in range(stage.integer("depth", 0, 3))]
        channels = width
    choose.number("learning rate", 1e-4, 1e-1, log=True, training=True)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


DATA = images()


def train(module, report, epochs=5, data=DATA):
    fit(module, report, data, epochs)


if __name__ == "__main__":
    main(residual_cnn, (1, 1, 8, 8), train, default=30)
