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
from archrank.system.files import is_file, write_whole
from archrank.system.foreign import in_one_line, shown
from archrank.training.curve import Epoch, recorded_curve
from archrank.training.fingerprint import differences, recorded_fingerprint
from archrank.training.recorded import member, number, refusal

__all__ = ["CHECKPOINT", "load_checkpoint", "save_checkpoint"]

CHECKPOINT = "checkpoint.safetensors"

_FORMAT = "archrank checkpoint 1"

_QUOTED = 500
"""The most characters of an error that are quoted."""

_STATES: Mapping[type[torch.optim.Optimizer], tuple[str, ...]] = {
    torch.optim.SGD: ("momentum_buffer",),
    torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"),
}
"""What an optimizer keeps of each weight."""

_SCALER = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")
"""What a gradient scaler keeps; nothing where it is off."""


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
        if not is_file(path):  # never wait for what a pipe may give
            raise ValueError(f"{path.name} is no regular file")
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise TrainingError(f"{path} is no checkpoint of this version; remove it to begin anew")
            header = json.loads(member(metadata, "the header", "training"))
            if differing := differences(recorded_fingerprint(header), fingerprint):
                raise TrainingError(
                    f"{path} belongs to another training: {differing}. Train with its settings, choose another "
                    "folder, or remove it to begin anew"
                )
            curve = recorded_curve(member(header, "the header", "curve"))
            scaler = _recorded_scaler(member(header, "the header", "scaler"))
            weights = _weights(file, network.state_dict())
            states = _states(file, optimizer)
            # Nothing is changed before all of it was read.
            network.load_state_dict(weights)
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": states, "param_groups": groups})
    except (LookupError, OSError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path} is damaged ({in_one_line(error, _QUOTED)}); remove it to begin anew"
        ) from None
    return curve, scaler


def _weights(file: Any, needed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's weights and statistics in a checkpoint.

    Raises:
        ValueError: They are of another network; nothing was read then.
    """
    shapes = _shapes(file, "network.")
    for name in {**shapes, **needed}:
        found, right = shapes.get(name), tuple(needed[name].shape) if name in needed else None
        if found != right:
            raise ValueError(f"the weights {shown(name)} have the shape {found}, expected {right}")
    return {name: file.get_tensor(f"network.{name}") for name in needed}


def _states(file: Any, optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """The optimizer's state in a checkpoint: the tensors of each weight, by its number.

    Raises:
        ValueError: They are of another optimizer, or of other weights.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    known = _STATES.get(type(optimizer))
    states: dict[int, dict[str, Tensor]] = {}
    for start in ("optimizer.", "optimiser."):  # the second in release 0.1
        for key, shape in _shapes(file, start).items():
            place, _, name = key.partition(".")
            if not (place.isascii() and place.isdigit() and len(place) < 10 and int(place) < len(weights)):
                raise ValueError(
                    f"the optimizer's state has {shown(key)}, expected the number of a weight, below {len(weights)}"
                )
            weight = weights[int(place)]
            right = () if name == "step" else tuple(weight.shape)
            if known is not None and (name not in known or shape != right):
                raise ValueError(
                    f"the optimizer's state has {shown(key)} of the shape {shape}, expected "
                    f"{' and '.join(known)} of the shape of weight {place}, {tuple(weight.shape)}"
                )
            states.setdefault(int(place), {})[name] = _laid_out_like(weight, file.get_tensor(start + key))
    for position, state in states.items():
        if known is not None and state.keys() != set(known):
            raise ValueError(
                f"the optimizer's state of weight {position} has {', '.join(state)} only, "
                f"expected {' and '.join(known)}"
            )
    return states


def _recorded_scaler(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict) or (record and record.keys() != set(_SCALER)):
        raise refusal("scaler", record, f"nothing, or {', '.join(_SCALER)}")
    return {name: number(value, f"scaler.{name}") for name, value in record.items()}


def _shapes(file: Any, start: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors under a name, as the header has them."""
    return {
        name.removeprefix(start): tuple(file.get_slice(name).get_shape())
        for name in file.keys()  # noqa: SIM118, not a mapping
        if name.startswith(start)
    }


def _laid_out_like(weight: Tensor, tensor: Tensor) -> Tensor:
    """The same numbers in the weight's memory layout, which fused optimizers require."""
    if tensor.shape != weight.shape:
        return tensor
    return torch.empty_like(weight, dtype=tensor.dtype).copy_(tensor)
