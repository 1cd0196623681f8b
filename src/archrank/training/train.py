"""The training loop."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archrank.errors import TrainingError
from archrank.images.batches import Batches
from archrank.images.images import ImageData
from archrank.networks.network import Network
from archrank.training.accuracy import accuracy, sized
from archrank.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from archrank.training.choosing import image_shape
from archrank.training.curve import CURVE, Epoch, write_curve
from archrank.training.devices import chance, device_named
from archrank.training.fingerprint import recipe_fingerprint
from archrank.training.recipe import Recipe

__all__ = ["Trained", "train"]

_LOOK = 50
"""The number of batches between two checks of the loss; on a GPU each check waits for all queued work."""

_NO_ROOM = ("out of memory", "can't allocate memory", "not enough memory")
"""Texts of PyTorch's out-of-memory errors that have no class of their own."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The outcome of a training.

    Attributes:
        curve: The epochs that were trained, at least one.
        stopped: Why it ended before the recipe's last epoch: ``"asked"`` (by ``on_epoch``) or ``"time"``; None if
            it did not.
    """

    curve: tuple[Epoch, ...]
    stopped: Literal["asked", "time"] | None = None

    @property
    def valid_accuracy(self) -> float | None:
        """The validation accuracy of the last epoch; None if there were no validation images."""
        return self.curve[-1].valid_accuracy

    @property
    def seconds(self) -> float:
        """The seconds of all epochs together."""
        return sum(epoch.seconds for epoch in self.curve)


def train(
    network: Network,
    data: ImageData,
    recipe: Recipe,
    *,
    seed: int = 0,
    device: str | torch.device = "auto",
    folder: Path | None = None,
    time_limit: float | None = None,
    on_epoch: Callable[[Epoch], bool | None] | None = None,
    on_batch: Callable[[int, int], None] | None = None,
    final: bool = False,
) -> Trained:
    """Train a network, or continue from the checkpoint in a folder.

    An interrupted training that is continued ends with the same weights, bit for bit, as an uninterrupted one; on a
    GPU only if its kernels are deterministic.

    Args:
        network: The network that :func:`~archrank.networks.skeleton.build` makes; it is trained in place, and stays
            on the device.
        data: The images; the test part is never used.
        recipe: The settings of the training.
        seed: The seed of the order of images, augmentation and dropout; the initial weights are the network's.
        device: The device to train on.
        folder: The folder of the learning curve and, after every epoch, a checkpoint.
        time_limit: The seconds that training may take; no epoch begins that would exceed them.
        on_epoch: Called after every epoch, and for those of a checkpoint; training ends when it returns true.
        on_batch: Called with the number of finished batches of an epoch, and their total.
        final: Train on the validation images too; there is no validation accuracy then.

    Raises:
        TrainingError: The loss is not finite, there is not enough memory, the time limit is shorter than an epoch,
            there is no such device, or the checkpoint belongs to another training.
        FileError: The folder cannot be written.

    >>> from archrank.spaces import Enas
    >>> from archrank.images import load_images
    >>> from archrank.networks import build
    >>> from archrank.training import recipe_named, skeleton_for
    >>> data, recipe = load_images("digits"), recipe_named("digits").but(epochs=1, channels=2, cells=1)
    >>> space = Enas()
    >>> graph = space.graph(space.architecture([0] * len(space.choices)))
    >>> network = build(graph, skeleton_for(graph, recipe, data), torch.Generator().manual_seed(0))
    >>> len(train(network, data, recipe, device="cpu").curve)
    1
    """
    place = device if isinstance(device, torch.device) else device_named(device)
    network.to(device=place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with _enough_memory(recipe, place):
        run = _Training(network, data, recipe, seed, place, final, folder)
        enough = False
        for epoch in run.curve:
            enough = on_epoch is not None and bool(on_epoch(epoch))
        while not enough and len(run.curve) < recipe.epochs:
            if run.curve and time_limit is not None and run.seconds + run.curve[-1].seconds > time_limit:
                return Trained(tuple(run.curve), "time")
            run.go_on(on_batch, time_limit if not run.curve else None)
            enough = on_epoch is not None and bool(on_epoch(run.curve[-1]))
    return Trained(tuple(run.curve), "asked" if len(run.curve) < recipe.epochs else None)


class _Training:
    """A training and its progress; continues from a checkpoint if there is one.

    Attributes:
        curve: The epochs so far.
    """

    def __init__(
        self,
        network: Network,
        data: ImageData,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        final: bool,
        folder: Path | None,
    ) -> None:
        self._network, self._data, self._recipe, self._seed = network, data, recipe, seed
        self._device, self._final, self._folder = device, final, folder
        self._images = data.whole_training if final else data.train
        self._side = image_shape(recipe, data)[1] if recipe.image_size is not None else None
        self._optimizer = _optimizer(network, recipe, device)
        half = recipe.mixed_precision == "auto" and device.type == "cuda"
        self._half = half
        self._scaler = torch.amp.GradScaler("cuda" if half else "cpu", enabled=half)
        self._fingerprint = {
            **recipe_fingerprint(recipe),
            "data": data.digest,
            "seed": seed,
            "final": final,
            "network": _shapes(network),
        }
        self.curve: list[Epoch] = []
        if folder is not None and (folder / CHECKPOINT).exists():
            curve, scaler = load_checkpoint(folder / CHECKPOINT, network, self._optimizer, self._fingerprint)
            if scaler:  # nothing where the training began without mixed precision
                self._scaler.load_state_dict(scaler)
            self.curve += curve
            write_curve(folder / CURVE, curve)  # it may be an epoch behind

    @property
    def seconds(self) -> float:
        return sum(epoch.seconds for epoch in self.curve)

    def go_on(self, on_batch: Callable[[int, int], None] | None, limit: float | None) -> None:
        """Train for one epoch, validate, and write the checkpoint and the learning curve."""
        began = time.perf_counter()
        number = len(self.curve) + 1
        recipe, network = self._recipe, self._network
        network.set_drop_path(recipe.drop_path * (number - 1) / recipe.epochs)
        with chance(self._seed, number, self._device) as generator:
            batches = Batches(
                self._images,
                self._data,
                recipe.batch,
                augmentation=recipe.augmentation,
                generator=generator,
                device=self._device,
            )
            loss, hits, rate = self._learn(
                batches, number, on_batch, None if limit is None else began + limit
            )
        found = None
        if not self._final:
            with self._precision():
                found = accuracy(network, self._data.validation, self._data, side=self._side)
            self._check(found.loss, number, "validation loss")
        self.curve.append(
            Epoch(
                number,
                loss,
                hits,
                found.loss if found else None,
                found.accuracy if found else None,
                rate,
                time.perf_counter() - began,
            )
        )
        if self._folder is not None:
            save_checkpoint(
                self._folder / CHECKPOINT,
                network,
                self._optimizer,
                self._fingerprint,
                self.curve,
                self._scaler.state_dict(),
            )
            write_curve(self._folder / CURVE, self.curve)

    def _learn(
        self,
        batches: Batches,
        number: int,
        on_batch: Callable[[int, int], None] | None,
        deadline: float | None,
    ) -> tuple[float, float, float]:
        """Take the steps of an epoch; returns the mean loss, the accuracy and the last learning rate."""
        recipe, network = self._recipe, self._network
        network.train()
        sums = torch.zeros(3, device=self._device)  # loss, hits, images
        rate = 0.0
        for done, (pixels, labels) in enumerate(batches):
            rate = recipe.rate(number - 1 + done / len(batches))
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            with self._precision():
                logits, second = network.with_auxiliary(
                    sized(pixels, self._side), wanted=recipe.auxiliary > 0
                )
                loss = whole = self._loss(logits, labels)
                if second is not None:
                    whole = loss + recipe.auxiliary * self._loss(second, labels)
            self._step(whole)
            hits = (logits.argmax(1) == labels).sum()
            sums += torch.stack([loss.detach() * len(labels), hits, hits.new_tensor(len(labels))])
            if done % _LOOK == 0 or done + 1 == len(batches):
                self._check(float(sums[0]), number, "loss")
            if deadline is not None and time.perf_counter() > deadline:
                raise TrainingError(
                    f"the time limit is shorter than one epoch ({done + 1} of {len(batches)} batches were finished); "
                    "give more time, fewer training images or a smaller network"
                )
            if on_batch is not None:
                on_batch(done + 1, len(batches))
        loss_sum, hit_sum, images = sums.tolist()
        return loss_sum / images, hit_sum / images, rate

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=self._recipe.label_smoothing)

    def _step(self, loss: Tensor) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, torch.float16) if self._half else nullcontext()

    def _check(self, loss: float, number: int, what: str) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"the {what} became {loss} in epoch {number}: give a smaller learning_rate (it is "
                f"{self._recipe.learning_rate:g}), a longer warm_up or a smaller clip (it is {self._recipe.clip:g})"
            )


def _optimizer(network: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    # One call for hundreds of small tensors, instead of several for each.
    fused = device.type != "mps"
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), rate, weight_decay=decay, fused=fused)
    return torch.optim.SGD(
        network.parameters(),
        rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=decay,
        fused=fused,
    )


def _shapes(network: nn.Module) -> str:
    """A short hash of the names and shapes of the network's tensors."""
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16]


@contextmanager
def _enough_memory(recipe: Recipe, device: torch.device) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        known = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not (known or any(words in str(error) for words in _NO_ROOM)):
            raise
        raise TrainingError(
            f"there is not enough memory on {device} for batches of {recipe.batch} images: give a smaller --batch, "
            "fewer channels or fewer cells"
        ) from None
