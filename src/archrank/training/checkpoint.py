"""The state of a training run between two epochs, as one file: tensors, and a header with its history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from archrank.errors import TrainingError
from archrank.system.files import write_whole
from archrank.system.foreign import in_one_line
from archrank.training.curve import Epoch
from archrank.training.fingerprint import differences, recorded_fingerprint

__all__ = ["CHECKPOINT", "load_checkpoint", "save_checkpoint"]

CHECKPOINT = "checkpoint.safetensors"

_FORMAT = "archrank checkpoint 1"


def save_checkpoint(
    path: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    fingerprint: Mapping[str, Any],
    curve: Sequence[Epoch],
    scaler: Mapping[str, Any],
) -> None:
    """Write a checkpoint atomically. It holds no random state: each epoch's follows from the seed.

    Args:
        path: The file.
        network: Its weights and statistics are written.
        optimizer: Its state is written.
        fingerprint: The settings that identify the training run, as JSON values.
        curve: The epochs so far.
        scaler: The state of the gradient scaler of mixed precision.

    Raises:
        FileError: It cannot be written.
    """
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for place, memory in optimizer.state_dict()["state"].items():
        tensors |= {
            f"optimizer.{place}.{name}": tensor for name, tensor in memory.items() if tensor is not None
        }
    header = {"fingerprint": fingerprint, "curve": [asdict(epoch) for epoch in curve], "scaler": scaler}
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, save(content, {"format": _FORMAT, "training": json.dumps(header)}))


def load_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: Mapping[str, Any]
) -> tuple[tuple[Epoch, ...], dict[str, Any]]:
    """Restore a network and an optimizer from a checkpoint.

    Args:
        path: The file.
        network: The network as built, before training.
        optimizer: A new optimizer of the network.
        fingerprint: The settings that identify the training run; the checkpoint must have the same.

    Returns:
        The epochs so far, and the state of the gradient scaler.

    Raises:
        TrainingError: The file is damaged, or belongs to another training run; the message lists the differences.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise TrainingError(f"{path} is no checkpoint of this version; remove it to begin anew")
            header = json.loads(metadata["training"])
            if differing := differences(recorded_fingerprint(header), fingerprint):
                raise TrainingError(
                    f"{path} belongs to another training: {differing}. Train with its settings, choose another "
                    "folder, or remove it to begin anew"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise TrainingError(f"{path} is damaged ({in_one_line(error)}); remove it to begin anew") from None
    network.load_state_dict(_under("network.", tensors))
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    memory: dict[int, dict[str, Tensor]] = {}
    # Release 0.1 spelled it "optimiser".
    states = _under("optimizer.", tensors) | _under("optimiser.", tensors)
    for key, tensor in states.items():
        place, _, name = key.partition(".")
        memory.setdefault(int(place), {})[name] = _laid_out_like(weights[int(place)], tensor)
    optimizer.load_state_dict({"state": memory, "param_groups": optimizer.state_dict()["param_groups"]})
    return tuple(Epoch(**epoch) for epoch in header["curve"]), header["scaler"]


def _under(start: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)}


def _laid_out_like(weight: Tensor, tensor: Tensor) -> Tensor:
    """The same numbers in the weight's memory layout, which fused optimizers require."""
    if tensor.shape != weight.shape:
        return tensor
    return torch.empty_like(weight, dtype=tensor.dtype).copy_(tensor)
