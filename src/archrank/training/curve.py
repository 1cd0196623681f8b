"""The learning curve of a training run: one line of JSON for each epoch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from archrank.errors import TrainingError
from archrank.system.files import write_whole
from archrank.system.foreign import message

__all__ = ["CURVE", "Epoch", "read_curve", "write_curve"]

CURVE = "curve.jsonl"


@dataclass(frozen=True, slots=True)
class Epoch:
    """The results of an epoch.

    Attributes:
        epoch: Its number, counted from 1.
        train_loss: Mean over the training images, during the epoch.
        train_accuracy: Likewise, from 0 to 1.
        valid_loss: Mean over the validation images, after the epoch; None where they are used for training.
        valid_accuracy: Likewise, from 0 to 1.
        lr: The learning rate of the last step.
        seconds: Its duration, including validation.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None
    valid_accuracy: float | None
    lr: float
    seconds: float


def write_curve(path: Path, curve: Sequence[Epoch]) -> None:
    """Write the file atomically.

    Raises:
        FileError: It cannot be written.
    """
    write_whole(path, "".join(json.dumps(asdict(epoch)) + "\n" for epoch in curve))


def read_curve(path: Path) -> tuple[Epoch, ...]:
    """Read a learning curve.

    Raises:
        TrainingError: It cannot be read.
    """
    try:
        return tuple(Epoch(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{path} holds no readable learning curve: {message(error)}") from None
