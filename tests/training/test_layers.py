"""A 1×1 convolution that skips pixels is the convolution that PyTorch makes of it, forwards and backwards."""

import pytest
import torch
import torch.nn.functional as F

from archrank.networks.layers import conv, draw_weights


@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("side", [7, 8])
def test_strided_pointwise_convolutions(channels, side):
    layer = conv(channels, 5, 1, 2)
    draw_weights(layer, torch.Generator().manual_seed(0))
    images = torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(1))
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    result, expected = layer(ours), F.conv2d(theirs, layer.weight, stride=2)
    torch.testing.assert_close(result, expected)
    slope = torch.rand(result.shape, generator=torch.Generator().manual_seed(2))
    gradients = torch.autograd.grad(result, [ours, layer.weight], slope)
    for gradient, known in zip(
        gradients, torch.autograd.grad(expected, [theirs, layer.weight], slope), strict=True
    ):
        torch.testing.assert_close(gradient, known)
