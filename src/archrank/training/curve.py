"""The learning curve of a training run: one line of JSON for each epoch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from archrank.errors import TrainingError
from archrank.system.files import read_bounded, write_whole
from archrank.system.foreign import message
from archrank.training.recorded import member, number, refusal, rows, whole

__all__ = ["CURVE", "Epoch", "read_curve", "recorded_curve", "write_curve"]

CURVE = "curve.jsonl"

_LARGEST = 64 * 2**20
"""The most bytes of the file that are read."""

_PERHAPS = ("valid_loss", "valid_accuracy")


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


_NAMES = tuple(entry.name for entry in fields(Epoch))


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
        lines = read_bounded(path, _LARGEST).decode("utf-8").splitlines()
        return recorded_curve([json.loads(line) for line in lines])
    except (OSError, RecursionError, ValueError) as error:
        raise TrainingError(f"{path} holds no readable learning curve: {message(error)}") from None


def recorded_curve(record: object) -> tuple[Epoch, ...]:
    """The learning curve of a record: the values of each epoch, in order.

    Raises:
        ValueError: A value is missing, or is not valid; the message names it.
    """
    return tuple(_recorded_epoch(epoch, place) for place, epoch in enumerate(rows(record, "curve")))


def _recorded_epoch(record: object, place: int) -> Epoch:
    what = f"curve[{place}]"
    found = {name: member(record, what, name) for name in _NAMES}
    if len(record) > len(found):  # type: ignore[arg-type]
        raise refusal(what, record, f"{', '.join(_NAMES)} only")
    whole(found["epoch"], f"{what}.epoch", place + 1, place + 1)
    for name in _NAMES[1:]:
        if found[name] is not None or name not in _PERHAPS:
            number(found[name], f"{what}.{name}")
    return Epoch(**found)
