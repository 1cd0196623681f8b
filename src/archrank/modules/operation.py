"""What is known of a call: the form that its description takes before it is a node."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

__all__ = ["Held", "Operation", "Owned", "names"]


def names(text: str) -> tuple[str, ...]:
    """Names with spaces between."""
    return tuple(text.split())


@dataclass(eq=False, slots=True)
class Held:
    """A tensor that a module holds, rather than computes.

    Attributes:
        is_parameter: Whether it is a parameter, or else a buffer or a constant.
        trainable: How many numbers of it are trained.
    """

    is_parameter: bool
    trainable: int


Owned = Callable[[Tensor], Held | None]
"""What is known of a tensor that a module holds; None for the result of a computation."""


@dataclass(slots=True)
class Operation:
    """What a call computes.

    Attributes:
        kind: The name of the operation, with the options that are no numbers after colons.
        sources: The tensors that it reads, in order.
        weights: The parameters and buffers that belong to it, in order.
        ordered: Whether the order of the sources counts.
        attributes: Numbers by name.
    """

    kind: str
    sources: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    ordered: bool = True
    attributes: dict[str, float] = field(default_factory=dict)

    def set(self, name: str, value: Any) -> None:
        """Add an attribute; what is no finite number becomes part of the kind."""
        if value is None:
            return
        if isinstance(value, bool | int | float):
            if math.isfinite(value):
                self.attributes[name] = float(value)
            else:
                self.kind += f":{name}={value}"
        elif isinstance(value, list | tuple):
            self._set_all(name, value)
        else:
            self.kind += f":{str(value).removeprefix('torch.')}"

    def _set_all(self, name: str, values: Sequence[Any]) -> None:
        if values and all(v == values[0] and type(v) is type(values[0]) for v in values) and name != "size":
            self.set(name, values[0])
        else:
            for i, value in enumerate(values):
                self.set(name if i == 0 and name != "size" else f"{name}{i}", value)
