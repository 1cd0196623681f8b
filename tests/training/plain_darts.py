"""A network of DARTS cells written by hand, in plain PyTorch: what built networks are compared with."""

import torch
import torch.nn.functional as F
from torch import nn


def relu_conv_bn(channels, out):
    return nn.Sequential(nn.ReLU(), nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))


def sep_conv_3x3(c, stride):
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(c, c, 3, stride, 1, groups=c, bias=False),
        nn.Conv2d(c, c, 1, bias=False),
        nn.BatchNorm2d(c),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, 1, 1, groups=c, bias=False),
        nn.Conv2d(c, c, 1, bias=False),
        nn.BatchNorm2d(c),
    )


def dil_conv_3x3(c, stride):
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(c, c, 3, stride, 2, dilation=2, groups=c, bias=False),
        nn.Conv2d(c, c, 1, bias=False),
        nn.BatchNorm2d(c),
    )


class Halve(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.a = nn.Conv2d(channels, out // 2, 1, 2, bias=False)
        self.b = nn.Conv2d(channels, out // 2, 1, 2, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x):
        x = F.relu(x)
        return self.bn(torch.cat([self.a(x), self.b(x[:, :, 1:, 1:])], 1))


class NormalV2(nn.Module):
    """The normal cell of DARTS_V2."""

    def __init__(self, before, last, c, halved):
        super().__init__()
        self.p0 = Halve(before, c) if halved else relu_conv_bn(before, c)
        self.p1 = relu_conv_bn(last, c)
        self.a0, self.a1 = sep_conv_3x3(c, 1), sep_conv_3x3(c, 1)
        self.b0, self.b1 = sep_conv_3x3(c, 1), sep_conv_3x3(c, 1)
        self.c1 = sep_conv_3x3(c, 1)
        self.d2 = dil_conv_3x3(c, 1)

    def forward(self, before, last):
        x, y = self.p0(before), self.p1(last)
        a = self.a0(x) + self.a1(y)
        b = self.b0(x) + self.b1(y)
        c = x + self.c1(y)
        d = x + self.d2(a)
        return torch.cat([a, b, c, d], 1)


class ReductionV2(nn.Module):
    """The reduction cell of DARTS_V2."""

    def __init__(self, before, last, c, halved):
        super().__init__()
        self.p0 = Halve(before, c) if halved else relu_conv_bn(before, c)
        self.p1 = relu_conv_bn(last, c)
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, before, last):
        x, y = self.p0(before), self.p1(last)
        a = self.pool(x) + self.pool(y)
        b = self.pool(y) + a
        c = self.pool(x) + a
        d = self.pool(y) + a
        return torch.cat([a, b, c, d], 1)


class PlainDartsV2(nn.Module):
    def __init__(self, c=36, cells=20, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * c, 3, 1, 1, bias=False), nn.BatchNorm2d(3 * c))
        self.cells = nn.ModuleList()
        before = last = 3 * c
        halved = False
        for place in range(cells):
            reduces = place in (cells // 3, 2 * cells // 3)
            c = 2 * c if reduces else c
            self.cells.append((ReductionV2 if reduces else NormalV2)(before, last, c, halved))
            before, last, halved = last, 4 * c, reduces
        self.classify = nn.Linear(last, classes)

    def forward(self, x):
        before = last = self.stem(x)
        for cell in self.cells:
            before, last = last, cell(before, last)
        return self.classify(last.mean((2, 3)))
