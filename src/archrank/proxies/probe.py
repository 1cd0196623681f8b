"""A network and a batch, from which every score is computed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from archrank.errors import ProxyError
from archrank.networks.counting import MultiplyAdds
from archrank.proxies.activations import ActivationPatterns
from archrank.proxies.outputs import Outputs, spectrum
from archrank.proxies.pooling import quicken
from archrank.proxies.randomness import seeded
from archrank.system.arguments import checked_whole
from archrank.system.foreign import in_one_line, shown

__all__ = ["NORMS", "Pass", "Probe", "images_of", "labels_of"]

_DROPOUT = nn.modules.dropout._DropoutNd

NORMS = (
    nn.modules.batchnorm._NormBase,  # of batches and instances
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


@dataclass(frozen=True)
class Pass:
    """One forward pass in training mode.

    Attributes:
        images: The batch: (B, C, H, W).
        logits: What the network gave: (B, classes).
        patterns: The patterns of its activation functions.
        blocks: The outputs of its blocks (:class:`~archrank.proxies.outputs.Outputs`): (B, C, …) each.
        outputs: The outputs of its layers with weights: (B, C, …) each.
        signals: Whether three dimensions are (B, C, length); otherwise they are tokens (B, T, C).
    """

    images: Tensor
    logits: Tensor
    patterns: ActivationPatterns
    blocks: Sequence[Tensor]
    outputs: Sequence[Tensor]
    signals: bool

    @cached_property
    def entropies(self) -> list[float]:
        """The entropy of the shares that principal components have of the variance, for each block."""
        return [_entropy(spectrum(block, signals=self.signals)) for block in self.blocks]


class Probe:
    """A network and a batch of images; what several scores need is computed once.

    The network is a copy on the CPU in training mode with its layers of dropout off, so that the caller's module is
    not changed. It has the weights that it was given: make it anew for a score at initialization.

    Args:
        module: A network for images.
        batch: Images (B, C, H, W), two or more, or such a shape for images with random normal pixels; or other inputs,
            with the batch as the first of two or more dimensions.
        labels: Their classes: (B,). None draws them at random.
        seed: Fixes everything random.
        copy: Whether to copy the network; False for one that is not used otherwise, which is changed.

    Attributes:
        network: The copy. Do not change it: take :meth:`copied`.
        seed: The seed.

    Raises:
        ProxyError: An argument cannot be used.
    """

    def __init__(
        self,
        module: nn.Module,
        batch: Tensor | tuple[int, ...],
        labels: Any = None,
        seed: int = 0,
        *,
        copy: bool = True,
    ) -> None:
        if not isinstance(module, nn.Module):
            raise ProxyError(f"the network is {shown(module)}; expected a torch.nn.Module")
        self.seed = checked_whole("seed", seed, minimum=0, maximum=2**63 - 1, error=ProxyError)
        self.images = images_of(batch, self.seed)
        self._labels = None if labels is None else labels_of(labels, len(self.images))
        self.network = _plain(module, copy).train()
        for layer in self.network.modules():
            if isinstance(layer, _DROPOUT):
                layer.training = False
            if getattr(layer, "inplace", False) and type(layer).__module__.startswith("torch.nn."):
                layer.inplace = False  # type: ignore[assignment]  # outputs are looked at after the pass
            quicken(layer)

    def copied(self) -> nn.Module:
        """A copy of the network that may be changed."""
        return deepcopy(self.network)

    @cached_property
    def forward(self) -> Pass:
        """The forward pass of the whole batch; its graph is kept for several backward passes.

        Raises:
            ProxyError: The network cannot be called with the batch, or does not return a tensor.
        """
        images = self.images.clone().requires_grad_(True)
        patterns = ActivationPatterns(len(images))
        with patterns, Outputs(self.network) as found:
            output = self._output(self.network, images)
        if len(output) != len(images):
            raise ProxyError(
                f"the network returned a tensor of the shape {tuple(output.shape)} for {len(images)} inputs; expected "
                "logits (B, classes)"
            )
        signals = any(isinstance(layer, nn.Conv1d) for layer in self.network.modules())
        return Pass(images, _as_logits(output), patterns, found.blocks(output), found.layers, signals)

    def logits(self, network: Callable[[Tensor], Any], images: Tensor) -> Tensor:
        """Call a network; of several outputs the first tensor counts: (B, classes).

        Raises:
            ProxyError: It cannot be called with the images, or does not return a tensor.
        """
        return _as_logits(self._output(network, images))

    def _output(self, network: Callable[[Tensor], Any], images: Tensor) -> Tensor:
        try:
            with seeded(self.seed):
                output = _first_tensor(network(images.clone()))  # which the network may overwrite
        except Exception as error:
            raise ProxyError(
                f"the network cannot be called with inputs of the shape {tuple(images.shape)}: {in_one_line(error)}"
            ) from error
        if output is None or not output.is_floating_point():
            raise ProxyError("the network returned no tensor of floating-point numbers; expected logits")
        if not output.dim():
            raise ProxyError("the network returned a single number; expected logits (B, classes)")
        return output

    @property
    def gradients(self) -> list[tuple[Tensor, Tensor]]:
        """Each weight of a layer, and its gradient of the cross-entropy; see :meth:`all_gradients`."""
        return [(weight, gradient) for weight, gradient in self.all_gradients if weight.dim() > 1]

    @cached_property
    def all_gradients(self) -> list[tuple[Tensor, Tensor]]:
        """Each trainable parameter, and its gradient of the cross-entropy.

        Raises:
            ProxyError: A label is not among the classes.
        """
        logits = self.forward.logits
        classes = logits.shape[1]
        labels = self._labels
        if labels is None:
            generator = torch.Generator().manual_seed(self.seed)
            labels = torch.randint(classes, (len(logits),), generator=generator)
        elif int(labels.max()) >= classes:
            raise ProxyError(f"the label {int(labels.max())}; the network has {classes} classes, from 0")
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        if not parameters or not logits.requires_grad:
            return []
        loss = F.cross_entropy(logits, labels)
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        return [
            (parameter.detach(), gradient)
            for parameter, gradient in zip(parameters, found, strict=True)
            if gradient is not None
        ]

    @property
    def connected(self) -> bool:
        """Whether a path leads from the image to the output.

        Signals are followed with weights that are all positive, so that they cannot cancel; and with the given ones
        where none arrives, because a network may turn positive weights into others, as a spectral normalization does.
        """
        if self._followed[0]:
            return True
        gradient = self.image_gradient
        return gradient is not None and bool((gradient != 0).any())

    @cached_property
    def image_gradient(self) -> Tensor | None:
        """The gradient of the sum of all logits with respect to the images: (B, C, H, W); None without a path."""
        images, logits = self.forward.images, self.forward.logits
        if not logits.requires_grad:
            return None
        (gradient,) = torch.autograd.grad(logits.sum(), images, retain_graph=True, allow_unused=True)
        return gradient

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of one image, of convolutions, linear layers and attention."""
        return self._followed[1]

    @cached_property
    def _followed(self) -> tuple[bool, int]:
        """What one image of ones tells: whether it reaches the output, and the multiply-adds on the way."""
        weights = {
            name: torch.full_like(p, max(1, len(p)) / max(1, p.numel())) if p.dim() > 1 else p.detach().abs()
            for name, p in self.network.named_parameters()
        }
        image = torch.ones(1, *self.images.shape[1:], requires_grad=True)
        with self.linear(), MultiplyAdds() as counted:
            output = self.logits_with(weights, image)
        if not output.requires_grad:
            return False, counted.total
        (gradient,) = torch.autograd.grad(output.sum(), image, allow_unused=True)
        return gradient is not None and bool((gradient != 0).any()), counted.total

    def logits_with(self, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
        """The logits with other parameters and buffers, by name; the network keeps its own: (B, classes).

        Raises:
            ProxyError: The network cannot be called with the images, or does not return a tensor.
        """
        # Buffers may be written in a call, also those that are not given.
        given = {name: buffer.clone() for name, buffer in self.network.named_buffers()} | dict(tensors)
        tied = self._tied
        return self.logits(
            lambda batch: functional_call(self.network, given, (batch,), tie_weights=tied), images
        )

    @cached_property
    def _tied(self) -> bool:
        """Whether a tensor has several names; to look for them takes as long as many a call."""
        every = (self.network.named_parameters, self.network.named_buffers)
        return any(len([*named(remove_duplicate=False)]) > len([*named()]) for named in every)

    @contextmanager
    def linear(self) -> Iterator[nn.Module]:
        """Within it, the network is in evaluation mode, and its layers of normalization are the identity."""
        layers = [*self.network.modules()]
        modes = [layer.training for layer in layers]
        norms = [(layer, vars(layer).get("forward")) for layer in layers if isinstance(layer, NORMS)]
        self.network.eval()
        try:
            for norm, _ in norms:
                norm.forward = _identity  # type: ignore[method-assign]
            yield self.network
        finally:
            for norm, forward in norms:
                vars(norm).pop("forward", None)
                if forward is not None:
                    norm.forward = forward  # type: ignore[method-assign]
            for layer, mode in zip(layers, modes, strict=True):
                layer.training = mode


def _as_logits(output: Tensor) -> Tensor:
    return output.flatten(1) if output.dim() > 1 else output[:, None]


def _entropy(matrix: Tensor) -> float:
    """The entropy of the shares of eigenvalues; not a number if all are zero, or one is none."""
    if not bool(matrix.isfinite().all()):
        return float("nan")
    values = torch.linalg.eigvalsh(matrix).clamp(min=0)
    shares = values / values.sum()
    return -float((shares * (shares + 1e-8).log()).sum())


def _identity(values: Tensor, *others: Any, **named: Any) -> Tensor:
    return values


def _plain(module: nn.Module, copy: bool) -> nn.Module:
    """The network, or its copy, on the CPU in 32 bits."""
    if any(isinstance(layer, torch.jit.ScriptModule) for layer in module.modules()):
        raise ProxyError("the network is compiled by TorchScript; give the module that it was made from")
    if any(map(nn.parameter.is_lazy, (*module.parameters(), *module.buffers()))):
        raise ProxyError("the network has layers without weights until its first call; call it once before")
    if any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
        raise ProxyError("the network is on the meta device, so it has no weights; build it on the CPU")
    try:
        copied = deepcopy(module) if copy else module
        tensors = (*copied.parameters(), *copied.buffers())
        plain = all(
            t.device.type == "cpu" and t.dtype == torch.float32 for t in tensors if t.is_floating_point()
        )
        return copied if plain else copied.cpu().float()
    except Exception as error:
        raise ProxyError(
            f"the network {type(module).__name__} cannot be copied: {in_one_line(error)}"
        ) from error


def images_of(batch: Any, seed: int) -> Tensor:
    """The images of a batch, or random ones of its shape: (B, C, H, W).

    Raises:
        ProxyError: It is neither, or cannot be used.
    """
    if isinstance(batch, Tensor):
        if batch.dim() < 2 or len(batch) < 2 or not batch.is_floating_point():
            raise ProxyError(
                f"the batch has the shape {tuple(batch.shape)} and the type {batch.dtype}; expected two inputs "
                "or more, (B, …), of floating-point numbers"
            )
        if batch.is_meta or batch.layout != torch.strided:
            raise ProxyError(
                f"the batch is on the device {batch.device} with the layout {batch.layout}; expected numbers in memory"
            )
        images = batch.detach().to("cpu", torch.float32)
        if not bool(images.isfinite().all()):
            raise ProxyError("the batch holds numbers that are not finite")
        return images
    if (
        not isinstance(batch, tuple | list)
        or len(batch) < 2
        or any(not isinstance(size, Integral) or isinstance(size, bool) or size < 1 for size in batch)
        or batch[0] < 2
    ):
        raise ProxyError(
            f"the batch is {shown(batch)}; expected a tensor (B, …) or its shape, such as (16, 3, 32, 32) for images, "
            "with two inputs or more"
        )
    try:
        return torch.randn([int(size) for size in batch], generator=torch.Generator().manual_seed(seed))
    except (RuntimeError, OverflowError, TypeError) as error:
        raise ProxyError(
            f"a batch of the shape {tuple(batch)} cannot be drawn: {in_one_line(error)}"
        ) from None


def labels_of(labels: Any, images: int) -> Tensor:
    """The classes of images: (B,).

    Raises:
        ProxyError: They are not whole numbers, one for each image.
    """
    try:
        found = torch.as_tensor(labels).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise ProxyError(f"labels is {shown(labels)}; expected the class of each input") from None
    if found.shape != (images,) or found.is_floating_point() or found.dtype == torch.bool:
        raise ProxyError(
            f"labels have the shape {tuple(found.shape)} and the type {found.dtype}; expected ({images},), a whole "
            "number for each input"
        )
    if int(found.min()) < 0:
        raise ProxyError(f"the label {int(found.min())}; classes are counted from 0")
    return found.to(torch.int64)


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    values = output.values() if isinstance(output, Mapping) else output
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        return None
    return next((each for each in values if isinstance(each, Tensor)), None)
