"""What a node of a traced graph says of an operator of ONNX: the same as of PyTorch's where it is the same."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from archrank.modules.onnx_call import OnnxCall, OnnxOperation, Value
from archrank.modules.onnx_layers import LAYERS
from archrank.modules.operation import Held, names

__all__ = ["describe_node"]

Described = OnnxOperation | Value


def describe_node(
    node: Any, given: Sequence[Value | None], shapes: Sequence[tuple[int, ...] | None], batch: int
) -> Described:
    """What an operator computes, or the value that it hands on.

    Args:
        node: The node of the file.
        given: Its inputs; None for one that is left out.
        shapes: The shapes of its outputs, None where they are not known.
        batch: How many inputs are computed at a time.
    """
    call = OnnxCall(node, given, shapes, batch)
    rule = _RULES.get(call.type) if call.domain in ("", "ai.onnx") else None
    return (rule or _other)(call)


def _other(call: OnnxCall) -> Described:
    prefix = "" if call.domain in ("", "ai.onnx") else f"{call.domain}::"
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", call.type).lower()
    operation = call.plain(prefix + _KINDS.get(call.type, name))
    for option, value in sorted(call.options.items()):
        if isinstance(value, bytes):
            operation.kind += f":{value.decode(errors='replace')}"
        else:
            operation.set(option, value)
    operation.ordered = operation.kind not in ("maximum", "minimum", "eq", "and", "or", "xor")
    return operation


_SCALAR = ((), (1,))
_ARITHMETIC = {"Add": ("add", 0), "Sub": ("sub", 0), "Mul": ("mul", 1), "Div": ("div", 1), "Pow": ("pow", 1)}


def _arithmetic(call: OnnxCall) -> Described:
    kind, neutral = _ARITHMETIC[call.type]
    a, b = call.given[0], call.given[1]
    assert a is not None
    assert b is not None
    if a.is_constant and a.shape in _SCALAR and not b.is_constant and kind in ("add", "mul", "sub"):
        if kind == "sub":
            kind = "rsub"
        a, b = b, a
    numbers = b.numbers() if b.is_constant and b.shape in _SCALAR else None
    if numbers and not a.is_constant:
        if numbers[0] == neutral and kind != "rsub":
            return a
        operation = OnnxOperation(kind, [a])
        operation.set("exponent" if kind == "pow" else "other", numbers[0])
    else:
        operation = OnnxOperation(kind, [a, b])
    operation.ordered = kind not in ("add", "mul")
    return operation


def _reshaped(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    if value.shape is not None and value.shape == call.shapes[0]:
        return value
    operation = OnnxOperation("expand" if call.type == "Expand" else "reshape", [value])
    if call.shapes[0] is None:
        operation.sources += [v for v in call.given[1:] if v is not None]
    for i, size in enumerate(call.shape):
        if i or size != call.batch:
            operation.attributes[f"size{i}"] = float(size)
    return operation


def _transposed(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    order = call.options.get("perm") or list(range(len(call.first_shape)))[::-1]
    if list(order) == sorted(order):
        return value
    return OnnxOperation(
        "permute", [value], attributes={f"dim{i}": float(dim) for i, dim in enumerate(order)}
    )


def _joined(call: OnnxCall) -> Described:
    operation = call.plain("cat")
    operation.set("dim", call.options["axis"] % max(1, len(call.shape) or len(call.first_shape)))
    return operation


def _split(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    axis = call.options.get("axis", 0) % max(1, len(call.first_shape))
    operation = OnnxOperation("split", [value])
    operation.set("dim", axis)
    operation.set("sizes", [shape[axis] for shape in call.shapes if shape])
    return operation


def _gathered(call: OnnxCall) -> Described:
    data, index = call.given[0], call.given[1]
    assert data is not None
    assert index is not None
    axis = call.options.get("axis", 0)
    if data.is_constant and len(data.shape or ()) == 2 and not index.is_constant and axis == 0:
        operation = OnnxOperation("embedding", [index], [data])
        operation.set("in_channels", (data.shape or (0,))[0])
        operation.set("out_channels", (data.shape or (0, 0))[1])
        return operation
    numbers = index.numbers() if index.is_constant and index.shape == () else None
    axis %= max(1, len(call.first_shape))
    if numbers and call.first_shape:
        operation = OnnxOperation("getitem", [data])
        operation.set(f"index{axis}", numbers[0] % call.first_shape[axis])
        return operation
    operation = OnnxOperation("index_select", [data, index])
    operation.set("dim", axis)
    return operation


def _sliced(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    starts, ends = call.numbers(1, "starts"), call.numbers(2, "ends")
    axes = call.numbers(3, "axes") or (None if starts is None else list(range(len(starts))))
    steps = call.numbers(4, "steps")
    if starts is None or ends is None or axes is None or not call.first_shape:
        return call.plain("slice")
    operation = OnnxOperation("getitem", [value])
    for axis, start, end, step in zip(axes, starts, ends, steps or [1] * len(axes), strict=True):
        dim = axis % len(call.first_shape)
        size = call.first_shape[dim]
        first, last, by = slice(start, end, step).indices(size)
        if (first, last, by) != (0, size, 1):
            operation.set(f"start{dim}", first)
            operation.set(f"stop{dim}", last)
            operation.set(f"step{dim}", by if by != 1 else None)
    return operation if operation.attributes else value


_REDUCED = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "amax",
    "ReduceMin": "amin",
    "ReduceProd": "prod",
}


def _reduced(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    operation = OnnxOperation(_REDUCED[call.type], [value])
    axes = call.numbers(1, "axes")
    if axes is not None:
        operation.set(
            "dim", sorted(axis % len(call.first_shape) for axis in axes) if call.first_shape else axes
        )
    if call.options.get("keepdims", 1):
        operation.set("keepdim", 1)
    return operation


def _along(call: OnnxCall) -> Described:
    operation = call.plain("softmax" if call.type == "Softmax" else "log_softmax")
    axis = call.options.get("axis", -1)
    operation.set("dim", axis % len(call.first_shape) if call.first_shape else axis)
    return operation


def _clipped(call: OnnxCall) -> Described:
    low, high = call.numbers(1, "min"), call.numbers(2, "max")
    if (low is None) != (call.value(1) is None and "min" not in call.options):
        return call.plain("clamp")
    value = call.given[0]
    operation = OnnxOperation("hardtanh" if low and high else "clamp", [value or Value(None)])
    operation.set("min_val" if low and high else "min", low[0] if low else None)
    operation.set("max_val" if low and high else "max", high[0] if high else None)
    return operation


def _activation(call: OnnxCall) -> Described:
    value = call.given[0]
    operation = OnnxOperation(_KINDS.get(call.type, call.type.lower()), [value or Value(None)])
    if call.type == "LeakyRelu" and call.options.get("alpha", 0.01) != 0.01:
        operation.set("negative_slope", call.options["alpha"])
    if call.type == "Elu" and call.options.get("alpha", 1) != 1:
        operation.set("alpha", call.options["alpha"])
    if call.type == "Gelu" and call.options.get("approximate", b"none") != b"none":
        operation.kind += f":{call.options['approximate'].decode(errors='replace')}"
    return operation


def _passed(call: OnnxCall) -> Described:
    value = call.given[0]
    assert value is not None
    return value


def _constant(call: OnnxCall) -> Described:
    from onnx import numpy_helper

    tensor = call.options.get("value")
    if tensor is None:
        (found,) = call.options.values()
        tensor = numpy_helper.from_array(np.asarray(found))
    return Value(tuple(tensor.dims), held=Held(False, 0), tensor=tensor)


_KINDS = {
    "And": "and", "Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge", "HardSigmoid": "hardsigmoid",
    "HardSwish": "hardswish", "LeakyRelu": "leaky_relu", "Less": "lt", "LessOrEqual": "le", "Max": "maximum",
    "Min": "minimum", "Or": "or", "PRelu": "prelu", "Xor": "xor",
}  # fmt: skip


_RULES: Mapping[str, Callable[[OnnxCall], Described]] = {
    **LAYERS,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(names("Reshape Flatten Squeeze Unsqueeze Expand"), _reshaped),
    **dict.fromkeys(_REDUCED, _reduced),
    **dict.fromkeys(names("Softmax LogSoftmax"), _along),
    **dict.fromkeys(
        names(
            "Relu Sigmoid Tanh Gelu HardSwish HardSigmoid Elu LeakyRelu Erf Exp Sqrt Softplus Mish Abs Neg Log"
        ),
        _activation,
    ),
    **dict.fromkeys(names("Identity Dropout"), _passed),
    "Transpose": _transposed,
    "Concat": _joined,
    "Split": _split,
    "Gather": _gathered,
    "Slice": _sliced,
    "Clip": _clipped,
    "Constant": _constant,
}
