"""The device of a training run, and its random generators."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from archrank.errors import TrainingError, UnknownName

__all__ = ["DEVICES", "chance", "device_named", "weights_generator"]

DEVICES = ("auto", "cpu", "cuda", "mps")


def device_named(name: str) -> torch.device:
    """The device of a name; ``"auto"`` is CUDA if available, else MPS, else the CPU.

    Raises:
        UnknownName: An unknown kind of device; a kind may have an index, as in ``"cuda:1"``.
        TrainingError: This machine has no such device.
    """
    kind, _, number = name.partition(":")
    if kind not in DEVICES or (number and not (kind == "cuda" and number.isdecimal())):
        raise UnknownName("device", name, DEVICES)
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if kind == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if there[device]))
    if int(number or 0) >= there[kind]:
        usable = ", ".join(device for device, count in there.items() if count)
        raise TrainingError(f"PyTorch finds no device {name} on this machine; it can use {usable}")
    return torch.device(name)


def weights_generator(seed: int) -> torch.Generator:
    """The generator of a network's initial weights, for a training run with that seed."""
    return torch.Generator().manual_seed(_seeds(seed, 0)[0])


@contextmanager
def chance(seed: int, epoch: int, device: torch.device) -> Iterator[torch.Generator]:
    """The random generator of one epoch, the same in an interrupted and an uninterrupted training.

    It gives a generator for the order and augmentation of images, and seeds PyTorch's global generators, which the
    network uses (dropout); their previous state is restored when the block ends.

    Args:
        seed: The seed of the training run.
        epoch: The number of the epoch, counted from 1.
        device: The device of the network.
    """
    images, network = _seeds(seed, epoch)
    before = torch.get_rng_state()
    there = _state(device)
    torch.default_generator.manual_seed(network)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(network)
    elif device.type == "mps":
        torch.mps.manual_seed(network)
    try:
        yield torch.Generator().manual_seed(images)
    finally:
        torch.set_rng_state(before)
        if there is not None and device.type == "cuda":
            torch.cuda.set_rng_state(there, device)
        elif there is not None:
            torch.mps.set_rng_state(there)


def _state(device: torch.device) -> torch.Tensor | None:
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.mps.get_rng_state() if device.type == "mps" else None


def _seeds(seed: int, epoch: int) -> tuple[int, int]:
    first, second = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint64) >> np.uint64(1)
    return int(first), int(second)
