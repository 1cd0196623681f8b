"""A call of an operator in an ONNX file, and the values that its names stand for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archrank.modules.operation import Held

__all__ = ["OnnxCall", "OnnxOperation", "Value"]


@dataclass(eq=False, slots=True)
class Value:
    """What a name of an ONNX file stands for.

    Attributes:
        shape: Its shape, None where it is not known.
        junction: Where it comes from, None for a weight or constant that is no node yet.
        held: What is known of a weight or constant.
        tensor: The constant as the file has it.
    """

    shape: tuple[int, ...] | None
    junction: int | None = None
    held: Held | None = None
    tensor: Any = None

    @property
    def is_constant(self) -> bool:
        """Whether it does not come from the input."""
        return self.held is not None

    def numbers(self) -> list[Any] | None:
        """The numbers of a small constant that is in the file; None for others."""
        from onnx import numpy_helper

        if self.tensor is None or self.tensor.data_location == 1 or math.prod(self.tensor.dims) > 64:
            return None
        found = numpy_helper.to_array(self.tensor)
        return [value.item() for value in found.reshape(-1)]


@dataclass(eq=False, slots=True)
class OnnxOperation:
    """What an operator computes; as :class:`~archrank.modules.operation.Operation`, of values in a file."""

    kind: str
    sources: list[Value] = field(default_factory=list)
    weights: list[Value] = field(default_factory=list)
    attributes: dict[str, float] = field(default_factory=dict)
    ordered: bool = True
    multiply_adds: int = 0

    def set(self, name: str, value: Any) -> None:
        """Add an attribute; a list of equal numbers is one."""
        if isinstance(value, list | tuple):
            if value and all(v == value[0] for v in value):
                value = value[:1]
            for i, v in enumerate(value):
                self.set(name if i == 0 else f"{name}{i}", v)
        elif isinstance(value, bool | int | float):
            # Numbers in files are of 32 bits.
            self.attributes[name] = float(f"{value:.7g}")


class OnnxCall:
    """An operator with its inputs, the shapes of its outputs, and its attributes."""

    def __init__(
        self, node: Any, given: Sequence[Value | None], shapes: Sequence[tuple[int, ...] | None], batch: int
    ) -> None:
        from onnx import helper

        self.type: str = node.op_type
        self.domain: str = node.domain
        self.given, self.shapes, self.batch = list(given), list(shapes), batch
        self.options: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def value(self, place: int) -> Value | None:
        """The input at a place, None where it is left out."""
        return self.given[place] if place < len(self.given) else None

    def numbers(self, place: int, option: str = "") -> list[Any] | None:
        """An argument that older files have as an attribute."""
        if option in self.options:
            found = self.options[option]
            return list(found) if isinstance(found, list | tuple) else [found]
        value = self.value(place)
        return None if value is None else value.numbers()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first output, empty where it is not known."""
        return self.shapes[0] or ()

    @property
    def first_shape(self) -> tuple[int, ...]:
        """The shape of the first input, empty where it is not known."""
        value = self.value(0)
        return (value.shape or ()) if value else ()

    def plain(self, kind: str) -> OnnxOperation:
        """An operation whose inputs are all sources."""
        return OnnxOperation(kind, [value for value in self.given if value is not None])
