"""Scores of how features change from block to block, and InTrain, against plain formulas."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archrank.networks import NASBench201Skeleton, build
from archrank.proxies import PROXIES, WORST, Probe, score
from archrank.spaces import NASBench201

SHAPE = (4, 3, 8, 8)
AZ = ["expressivity", "progressivity", "trainability"]


def images(shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def unit(channels, out, stride=1):
    return nn.Sequential(nn.Conv2d(channels, out, 3, stride, 1), nn.BatchNorm2d(out), nn.ReLU())


class Net(nn.Module):
    """A stem, stages of units, and a head."""

    def __init__(self, *more, sides=(1, 2)):
        super().__init__()
        torch.manual_seed(1)
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.stages = nn.ModuleList(
            nn.Sequential(unit(4 * 2**i, 8 * 2**i, stride), *more) for i, stride in enumerate(sides)
        )
        self.head = nn.Linear(4 * 2 ** len(sides), 5)

    def features(self, x):
        found = [self.norm(self.stem(x))]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found

    def forward(self, x):
        return self.head(self.features(x)[-1].mean((2, 3)))


def rows(feature):
    return feature.detach().permute(0, 2, 3, 1).flatten(0, 2).double().numpy()


def entropy(feature):
    values = np.linalg.eigvalsh(np.cov(rows(feature), rowvar=False, bias=True)).clip(0)
    shares = values / values.sum()
    return -(shares * np.log(shares + 1e-8)).sum()


def test_expressivity_and_progressivity_are_of_the_principal_components():
    network, batch = Net(), images()
    entropies = [entropy(feature) for feature in network.features(batch)]
    found = score(network, batch, proxies=AZ)
    assert found["expressivity"] == pytest.approx(sum(entropies), rel=1e-4)
    assert found["progressivity"] == pytest.approx(min(np.diff(entropies)), rel=1e-3)


@pytest.mark.parametrize("side", [8, 7])
def test_trainability_is_of_the_mean_product_of_gradients(side):
    network, batch = Net(), images((4, 3, side, side))
    features = network.features(batch)
    generator = torch.Generator().manual_seed(0)
    scores = []
    for before, after in pairwise(features):
        signs = torch.randint(0, 2, after.shape, generator=generator) * 2.0 - 1
        (gradient,) = torch.autograd.grad(after, before, signs, retain_graph=True)
        step = -(-gradient.shape[2] // after.shape[2])
        more = step * after.shape[2] - side if step > 1 else 0
        gradient = F.pad(gradient, (0, more, 0, more))
        total, count = 0, 0
        for image in range(len(signs)):
            for i in range(after.shape[2]):
                for j in range(after.shape[3]):
                    tile = gradient[image, :, step * i : step * (i + 1), step * j : step * (j + 1)]
                    total = total + np.outer(tile.flatten(), signs[image, :, i, j])
                    count += 1
        norm = np.linalg.svd(total / count, compute_uv=False).max()
        scores.append(2 - norm - 1 / norm)
    found = score(network, batch, proxies=AZ)["trainability"]
    assert found == pytest.approx(np.mean(scores), rel=1e-3)


def mixing(scale=1.0):
    """Three blocks that turn the channels, and scale them."""
    layers = [nn.Conv2d(16, 16, 1, bias=False) for _ in range(3)]
    for layer in layers:
        nn.init.orthogonal_(layer.weight)
        with torch.no_grad():
            layer.weight.mul_(scale)
    return nn.Sequential(*layers)


def test_a_block_that_keeps_the_scale_of_gradients_is_the_most_trainable():
    torch.manual_seed(0)
    found = {
        scale: score(mixing(scale), (8, 16, 32, 32), proxies=AZ)["trainability"] for scale in (0.3, 1.0, 3.0)
    }
    assert -0.02 < found[1.0] <= 1e-5
    assert found[0.3] == pytest.approx(2 - 0.3 - 1 / 0.3, abs=0.25)
    assert found[3.0] == pytest.approx(2 - 3 - 1 / 3, abs=0.25)


def test_expressivity_has_bounds():
    torch.manual_seed(0)
    turned = mixing()
    found = score(turned, (8, 16, 32, 32), proxies=AZ)
    assert found["expressivity"] == pytest.approx(2 * math.log(16), rel=1e-3)  # the last block is the output
    assert found["progressivity"] == pytest.approx(0, abs=1e-3)
    with torch.no_grad():
        turned[1].weight[:] = turned[1].weight[:1]  # every channel says the same
    collapsed = score(turned, (8, 16, 32, 32), proxies=AZ)
    assert collapsed["expressivity"] == pytest.approx(math.log(16), rel=1e-3)
    assert collapsed["progressivity"] == pytest.approx(-math.log(16), rel=1e-3)


def test_what_gives_its_input_unchanged_is_no_block():
    assert score(Net(nn.Sequential()), images(), proxies=AZ) == score(Net(), images(), proxies=AZ)


def test_blocks_of_containers_and_wrappers():
    class Wrapper(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x)

    network = Net(sides=(1, 2, 1))
    blocks = Probe(network, SHAPE).forward.blocks
    assert [tuple(block.shape) for block in blocks] == [
        (4, 4, 8, 8),
        (4, 8, 8, 8),
        (4, 16, 4, 4),
        (4, 32, 4, 4),
    ]
    assert score(Wrapper(network), SHAPE, proxies=AZ) == score(network, SHAPE, proxies=AZ)
    flat = nn.Sequential(*unit(3, 4), nn.MaxPool2d(2), *unit(4, 6), nn.Flatten(), nn.Linear(96, 2))
    assert [b.shape[1:] for b in Probe(flat, SHAPE).forward.blocks] == [(4, 4, 4), (6, 4, 4)]
    space = NASBench201()
    cell = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"
    skeleton = NASBench201Skeleton(channels=2, cells=2)
    cells = build(space.graph(space.parse(cell)), skeleton, torch.Generator().manual_seed(0))
    assert len(Probe(cells, SHAPE).forward.blocks) == 1 + 3 * 2 + 2  # the stem, the cells, and what halves


def test_tokens_have_their_channels_last():
    class Tokens(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x.flatten(2).transpose(1, 2)).mean(1)

    torch.manual_seed(0)
    linear = [nn.Linear(3, 6), nn.Linear(6, 6), nn.Linear(6, 5)]
    convolutions = [nn.Conv2d(layer.in_features, layer.out_features, 1) for layer in linear]
    with torch.no_grad():
        for layer, convolution in zip(linear, convolutions, strict=True):
            convolution.weight.copy_(layer.weight[:, :, None, None])
            convolution.bias.copy_(layer.bias)
    pooled = nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    names = ["expressivity", "progressivity", "intrain"]
    found = score(Tokens(nn.Sequential(*linear)), images(), proxies=names)
    assert found == pytest.approx(score(pooled, images(), proxies=names), rel=1e-3)


def test_networks_of_vectors_have_blocks_too():
    torch.manual_seed(0)
    layers = [nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)]
    assert all(map(math.isfinite, score(nn.Sequential(*layers), (16, 5), proxies=[*AZ, "intrain"]).values()))
    shallow = score(nn.Sequential(*layers[:2], layers[4]), (16, 5), proxies=AZ)
    assert math.isfinite(shallow["expressivity"])
    assert shallow["progressivity"] == shallow["trainability"] == WORST  # one block: nothing to compare


def test_intrain_is_capacity_times_resilience():
    network, batch, labels = Net(), images(), torch.tensor([0, 1, 4, 2])
    outputs = []
    for layer in (network.stem, network.stages[0][0][0], network.stages[1][0][0]):
        layer.register_forward_hook(lambda layer, given, result: outputs.append(rows(result)))
    network.head.register_forward_hook(
        lambda layer, given, result: outputs.append(result.detach().double().numpy())
    )
    F.cross_entropy(network(batch), labels).backward()
    capacity = 0
    for each in outputs:
        values = np.linalg.eigvalsh(np.cov(each, rowvar=False, bias=True))
        capacity += np.log(values.sum() ** 2 / (values**2).sum())
    gradients = [p.grad for p in network.parameters()]
    resilience = sum(min(1, (g.std() / (g.abs().max() + 1e-10)).item()) for g in gradients)
    expected = capacity * (1 + resilience) / math.log(len(outputs) + 1)
    assert score(Net(), batch, labels, proxies=["intrain"])["intrain"] == pytest.approx(expected, rel=1e-3)


def test_a_layer_with_a_constant_output_has_no_capacity():
    class Beside(nn.Module):
        def __init__(self, constant):
            super().__init__()
            torch.manual_seed(1)
            self.first, self.second, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(3, 6, 3), nn.Linear(6, 2)
            if constant:
                for parameter in self.second.parameters():
                    nn.init.zeros_(parameter)

        def forward(self, x):
            return self.head((self.first(x) + self.second(x)).mean((2, 3)))

    # One channel in either case: the logarithm of its participation ratio, 1, is nothing.
    one = nn.Sequential(nn.Conv2d(3, 1, 3), nn.Flatten(), nn.Linear(36, 1))
    assert score(one, SHAPE, proxies=["intrain"])["intrain"] == pytest.approx(0, abs=1e-6)
    constant, both = (score(Beside(which), SHAPE, proxies=["intrain"])["intrain"] for which in (True, False))
    assert 0 < constant < 0.75 * both


def test_activations_without_bound_are_the_worst():
    network = nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(6)))
    with torch.no_grad():
        for layer in network:
            layer.weight.fill_(1e38)
    found = score(network, SHAPE, proxies=[*AZ, "intrain", "snip", "grad-norm"])
    assert set(found.values()) == {WORST}


def test_scores_do_not_depend_on_whether_activations_overwrite():
    def net(inplace):
        torch.manual_seed(1)
        first = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace))
        last = nn.Sequential(nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6), nn.ReLU(inplace))
        return nn.Sequential(first, last, nn.Flatten(), nn.Linear(96, 5))

    network = net(True)
    found = score(network, images(), proxies=[*PROXIES])
    assert network[0][1].inplace
    assert found == pytest.approx(score(net(False), images(), proxies=[*PROXIES]), rel=1e-5)


def test_zen_takes_features_before_they_are_overwritten():
    class Sum(nn.Module):
        def __init__(self, overwrites):
            super().__init__()
            torch.manual_seed(1)
            self.conv = nn.Conv2d(3, 3, 3, padding=1)
            self.norm = nn.BatchNorm2d(3)
            self.overwrites = overwrites

        def forward(self, x):
            found = self.norm(self.conv(x))
            if self.overwrites:
                found += x
            else:
                found = found + x
            return found.mean((2, 3))

    assert score(Sum(True), images(), proxies=["zen"]) == score(Sum(False), images(), proxies=["zen"])
