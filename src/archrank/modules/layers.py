"""Layers: which of their arguments are weights, and the numbers that describe them."""

import re
from typing import Any

from torch import Tensor

from archrank.modules.operation import Operation, Owned
from archrank.modules.signatures import Call

__all__ = ["GATES", "WEIGHTS", "describe_layer", "is_layer", "is_optional", "padding", "recurrent"]

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""How many vectors a step of a recurrent layer computes, by the layer's kind."""

WEIGHTS = frozenset(("weight", "bias", "running_mean", "running_var", "w_ih", "w_hh", "b_ih", "b_hh"))
"""Arguments that belong to a layer where they are its parameters or buffers, and are not computed."""

_LAYERS = re.compile(
    r"(_?conv(_transpose|_tbc|olution)?(\dd)?|linear|bilinear|embedding(_bag)?|prelu|(rnn_tanh|rnn_relu|lstm|gru)_cell"
    r"|(_?(native|cudnn|fused)_)?(batch|layer|group|instance|rms)_norm)"
)


def is_layer(call: Call) -> bool:
    """Whether a call is one of an operator that has weights."""
    return _LAYERS.fullmatch(call.name) is not None


def is_optional(call: Call, name: str) -> bool:
    """Whether a layer may do without a weight, so that it has to say that it has one."""
    return name in ("bias", "b_ih", "b_hh") or (name == "weight" and call.name.endswith("norm"))


def describe_layer(operation: Operation, call: Call, owned: Owned) -> None:
    """Add the attributes of a layer."""
    given, kind = call.given, operation.kind
    weight = given.get("weight")
    if kind in ("conv", "conv_transpose") and isinstance(weight, Tensor):
        transposed = kind == "conv_transpose" or bool(given.get("transposed"))
        groups = given.get("groups", 1)
        first, second = weight.shape[:2]
        operation.set("in_channels", first if transposed else second * groups)
        operation.set("out_channels", second * groups if transposed else first)
        operation.set("kernel", tuple(weight.shape[2:]))
        operation.set("dimensions", weight.dim() - 2)
    elif kind == "linear" and isinstance(weight, Tensor):
        operation.set("in_channels", weight.shape[-1])
        operation.set("out_channels", weight.shape[0] if weight.dim() > 1 else 1)
    elif kind.startswith("embedding") and isinstance(weight, Tensor):
        operation.set("in_channels", weight.shape[0])
        operation.set("out_channels", weight.shape[1])
    elif kind == "prelu" and isinstance(weight, Tensor):
        operation.set("channels", weight.numel())
    elif kind.endswith("_cell"):
        operation.set("in_channels", given["w_ih"].shape[1])
        operation.set("out_channels", given["w_hh"].shape[1])
    elif kind.endswith("norm") and not kind.endswith(("layer_norm", "rms_norm")):
        operation.set("channels", given["input"].shape[1])
    if isinstance(weight, Tensor) and operation.weights and not kind.endswith("norm"):
        # A filter that is never trained is another thing than a layer.
        own = owned(weight)
        if own is not None and not own.is_parameter:
            operation.set("fixed", 1)


def padding(call: Call, value: str) -> Any:
    """The padding that a convolution calls 'same' or 'valid', as numbers where both sides are equal."""
    if value == "valid":
        return 0
    kernel = call.given["weight"].shape[2:]
    dilation = call.given.get("dilation", 1)
    dilation = list(dilation) if isinstance(dilation, list | tuple) else [dilation]
    totals = [d * (k - 1) for k, d in zip(kernel, dilation * (len(kernel) // len(dilation)), strict=True)]
    return value if any(total % 2 for total in totals) else [total // 2 for total in totals]


def recurrent(call: Call, owned: Owned) -> Operation:
    """A whole recurrent layer, with all of its directions."""
    given = call.given
    packed = "data" in given
    operation = Operation(call.name, [given["data" if packed else "input"]])
    if packed:
        operation.sources.append(given["batch_sizes"])
        operation.set("packed", 1)
    state = given["hx"]
    operation.sources += state if isinstance(state, list | tuple) else [state]
    for weight in given["params"]:
        own = owned(weight) is not None
        (operation.weights if own else operation.sources).append(weight)
        if not own:
            operation.attributes["weight"] = operation.attributes.get("weight", 0.0) + 1
    per_layer = given["params"][
        : len(given["params"]) // (given["num_layers"] * (1 + given["bidirectional"]))
    ]
    operation.set("in_channels", per_layer[0].shape[1])
    operation.set("out_channels", per_layer[0].shape[0] // GATES[call.name])
    operation.set("layers", given["num_layers"])
    operation.set("bias", given["has_biases"])
    operation.set("bidirectional", given["bidirectional"])
    operation.set("batch_first", given.get("batch_first"))
    if len(per_layer) in (3, 5):
        operation.set("projected", per_layer[-1].shape[0])
    if given["train"] and given["dropout"]:
        operation.set("p", given["dropout"])
    return operation
