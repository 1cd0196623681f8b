"""What a user's training loop leaves of an architecture, so that a longer training can go on."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from archrank.errors import TrainingError
from archrank.settings import differences
from archrank.system.files import write_whole
from archrank.system.foreign import message
from archrank.system.trainings import training_folder

__all__ = ["Checkpoint"]

_STATE, _RESULT = "checkpoint.pt", "training.json"


class Checkpoint:
    """The state of a training after its last epoch, and the result of a whole one.

    Args:
        folder: The parent of the trainings' folders.
        fingerprint: What identifies the training, as JSON values; a checkpoint of another one is refused.
        full: The epochs of a whole training.
    """

    def __init__(self, folder: Path, fingerprint: Mapping[str, Any], full: int | None) -> None:
        name = training_folder(fingerprint["architecture"], fingerprint.get("repeat") or 0)
        self._folder, self._full = folder / name, full
        self._fingerprint: dict[str, Any] = json.loads(json.dumps(fingerprint))

    def known(self, epochs: int) -> Any:
        """The value after a number of epochs, if the training got that far before; None if it did not.

        Raises:
            TrainingError: The file is damaged, or is about another training.
        """
        if (self._folder / _RESULT).exists():
            found = self._read(_RESULT)
            if epochs == self._full:
                return found["result"]
        elif (self._folder / _STATE).exists():
            found = self._read(_STATE)
        else:
            return None
        values = found["values"]
        value = values.get(str(epochs - ("0" in values)))
        # After a whole training the loop may return more than it reports.
        return None if epochs == self._full else value

    def restore(self, parts: Sequence[Any], values: dict[int, float]) -> int:
        """Restore a training.

        Args:
            parts: What has ``load_state_dict``, in the order in which it was saved.
            values: The values by epoch are added to it.

        Returns:
            How many epochs it was trained; 0 where there is no checkpoint.

        Raises:
            TrainingError: The file is damaged, or is about another training.
        """
        if not (self._folder / _STATE).exists():
            return 0
        found = self._read(_STATE)
        if len(found["parts"]) != len(parts):
            raise TrainingError(
                f"{self._folder / _STATE} holds the states of {len(found['parts'])} parts, and the loop gives "
                f"{len(parts)} to report.epochs; remove it to begin anew"
            )
        for part, state in zip(parts, found["parts"], strict=True):
            part.load_state_dict(state)
        values |= {int(epoch): float(value) for epoch, value in found["values"].items()}
        return max(values) + (0 in values)

    def save(self, parts: Sequence[Any], values: Mapping[int, float]) -> None:
        """Write the state of a training after an epoch, as a whole or not at all."""
        record = {
            "fingerprint": json.dumps(self._fingerprint),
            "values": {str(epoch): value for epoch, value in values.items()},
            "parts": [part.state_dict() for part in parts],
        }
        buffer = io.BytesIO()
        torch.save(record, buffer)
        write_whole(self._folder / _STATE, buffer.getvalue())

    def finish(self, result: Any) -> None:
        """Write the result of a whole training; its state is not needed any more."""
        try:
            text = json.dumps(
                {"fingerprint": json.dumps(self._fingerprint), "values": {}, "result": _plain(result)}
            )
        except (TypeError, ValueError):
            return  # whatever it is, the search will say so
        write_whole(self._folder / _RESULT, text)
        (self._folder / _STATE).unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        try:
            if name == _RESULT:
                found = json.loads(path.read_text(encoding="utf-8"))
            else:
                found = torch.load(path, weights_only=True, map_location="cpu")
            there = json.loads(found["fingerprint"])
            if not isinstance(found["values"], dict):
                raise ValueError("no values")
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, UnpicklingError) as error:
            raise TrainingError(
                f"{path} is damaged ({message(error, 200)}); remove it to begin anew"
            ) from None
        if differing := differences(there, self._fingerprint):
            listed = "; ".join(f"{name} is {old} there and {new} here" for name, old, new in differing)
            raise TrainingError(
                f"{path} belongs to another training: {listed}. Train with its settings, choose another folder, or "
                "remove it to begin anew"
            )
        return dict(found)


def _plain(result: Any) -> Any:
    """A returned value, or several by name, as JSON values."""
    if isinstance(result, Mapping):
        return {str(name): float(value) for name, value in result.items()}
    if isinstance(result, list | tuple):
        return [float(value) for value in result]
    return float(result)
