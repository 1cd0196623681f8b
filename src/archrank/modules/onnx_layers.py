"""Layers of ONNX files: convolutions, pools, linear, normalizing and recurrent layers."""

import math
from collections.abc import Callable, Mapping, Sequence

from archrank.modules.onnx_call import OnnxCall, OnnxOperation, Value

__all__ = ["LAYERS"]


def _convolution(call: OnnxCall) -> OnnxOperation:
    weight = call.value(1)
    transposed = call.type == "ConvTranspose"
    operation = OnnxOperation("conv_transpose" if transposed else "conv", [call.given[0] or Value(None)])
    assert weight is not None
    sizes, groups = weight.shape or (1, 1, 1), call.options.get("group", 1)
    for place, name in ((1, "weight"), (2, "bias")):
        value = call.value(place)
        if value is not None:
            (operation.weights if value.is_constant else operation.sources).append(value)
            if name == "bias" or not value.is_constant:
                operation.set(name, 1 if value.is_constant else 2)
    _set_windows(operation, call, sizes[2:])
    operation.set("groups", groups)
    operation.set("in_channels", sizes[0] if transposed else sizes[1] * groups)
    operation.set("out_channels", sizes[1] * groups if transposed else sizes[0])
    operation.set("output_padding", [p for p in call.options.get("output_padding", ()) if p])
    each = call.first_shape if transposed else call.shape
    operation.multiply_adds = math.prod(each) * math.prod(sizes[1:])
    return operation


def _set_windows(operation: OnnxOperation, call: OnnxCall, kernel: Sequence[int]) -> None:
    options, count = call.options, len(kernel)
    operation.set("kernel", list(kernel))
    operation.set("dimensions", count)
    operation.set("stride", list(options.get("strides", [1] * count)))
    if operation.kind != "avg_pool":
        operation.set("dilation", list(options.get("dilations", [1] * count)))
    pads = list(options.get("pads", [0] * (2 * count)))
    operation.set("padding", pads[:count] if pads[:count] == pads[count:] else pads)
    automatic = options.get("auto_pad", b"NOTSET")
    if automatic not in (b"NOTSET", b"VALID"):
        operation.kind += f":{automatic.decode(errors='replace').lower()}"
    if options.get("ceil_mode"):
        operation.set("ceil_mode", 1)


def _pool(call: OnnxCall) -> OnnxOperation:
    operation = OnnxOperation(
        "max_pool" if call.type == "MaxPool" else "avg_pool", [call.given[0] or Value(None)]
    )
    _set_windows(operation, call, call.options["kernel_shape"])
    counts = call.options.get("count_include_pad", 0)
    if call.type == "AveragePool" and not counts and operation.attributes["padding"]:
        operation.set("count_include_pad", 0)
    return operation


def _global_pool(call: OnnxCall) -> OnnxOperation:
    kind = "adaptive_avg_pool" if call.type == "GlobalAveragePool" else "adaptive_max_pool"
    operation = OnnxOperation(kind, [call.given[0] or Value(None)])
    operation.set("dimensions", len(call.first_shape) - 2)
    operation.set("size", 1)
    return operation


def _product(call: OnnxCall) -> OnnxOperation:
    """Gemm and MatMul: a linear layer where the second factor is a weight."""
    options, weight, bias = call.options, call.value(1), call.value(2)
    sizes = (weight.shape if weight else None) or ()
    plain = options.get("alpha", 1) == options.get("beta", 1) == 1 and not options.get("transA")
    if not (weight and weight.is_constant and len(sizes) == 2 and plain):
        operation = call.plain("matmul" if call.type == "MatMul" else "gemm")
        for name, value in options.items():
            operation.set(name, value)
    else:
        operation = OnnxOperation("linear", [call.given[0] or Value(None)], [weight])
        first, second = reversed(sizes) if options.get("transB") else sizes
        operation.set("in_channels", first)
        operation.set("out_channels", second)
        if bias is not None:
            (operation.weights if bias.is_constant else operation.sources).append(bias)
            operation.set("bias", 1 if bias.is_constant else 2)
    summed = call.first_shape[-2 if options.get("transA") else -1 :][:1]
    operation.multiply_adds = math.prod(call.shape) * math.prod(summed)
    return operation


def _normalization(call: OnnxCall) -> OnnxOperation:
    kinds = {"BatchNormalization": "batch_norm", "LayerNormalization": "layer_norm"}
    kind = kinds.get(call.type) or {"InstanceNormalization": "instance_norm"}.get(call.type, "group_norm")
    operation = OnnxOperation(kind, [call.given[0] or Value(None)])
    weights = [value for value in call.given[1:] if value is not None]
    operation.weights = [value for value in weights if value.is_constant]
    operation.sources += [value for value in weights if not value.is_constant]
    operation.set("eps", call.options.get("epsilon", 1e-5))
    operation.set("weight", 1)
    operation.set("bias", int(call.value(2) is not None) or None)
    if kind == "layer_norm":
        axis = call.options.get("axis", -1)
        for i, size in enumerate(call.first_shape[axis:]):
            operation.attributes[f"size{i}"] = float(size)
    else:
        operation.set("channels", call.first_shape[1] if len(call.first_shape) > 1 else None)
    if kind == "batch_norm":
        operation.set("training", call.options.get("training_mode", 0))
    if kind == "group_norm":
        operation.set("groups", call.options.get("num_groups"))
    return operation


def _recurrent(call: OnnxCall) -> OnnxOperation:
    operation = OnnxOperation(call.type.lower(), [call.given[0] or Value(None)])
    for value in call.given[1:]:
        if value is not None:
            (operation.weights if value.is_constant else operation.sources).append(value)
    weight = call.value(1)
    sizes = (weight.shape if weight else None) or (1, 1, 1)
    hidden = call.options.get("hidden_size", 1)
    operation.set("in_channels", sizes[-1])
    operation.set("out_channels", hidden)
    operation.set("layers", 1)
    operation.set("bidirectional", int(sizes[0] == 2))
    operation.set("bias", int(call.value(3) is not None))
    operation.set("batch_first", call.options.get("layout", 0))
    if call.type == "RNN":
        operation.kind = (
            "rnn_" + call.options.get("activations", [b"Tanh"])[0].decode(errors="replace").lower()
        )
    operation.multiply_adds = math.prod(call.first_shape[:-1]) * math.prod(sizes[:2]) * (sizes[-1] + hidden)
    return operation


LAYERS: Mapping[str, Callable[[OnnxCall], OnnxOperation]] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _global_pool),
    **dict.fromkeys(("Gemm", "MatMul"), _product),
    **dict.fromkeys(
        ("BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization"),
        _normalization,
    ),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
}
"""The descriptions, by operator."""
