"""What a node of a traced network says of a call: its kind, its attributes as numbers, its sources and its weights.

The kind and the attributes together tell all operations apart; what PyTorch calls differently but computes alike, such
as ``x.flatten(1)`` and ``x.view(len(x), -1)``, is one kind.
"""

import re
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from archrank.modules.indexing import indexed, selected
from archrank.modules.layers import GATES, WEIGHTS, describe_layer, is_layer, is_optional, padding, recurrent
from archrank.modules.operation import Operation, Owned, names
from archrank.modules.rearranging import REARRANGED, Described
from archrank.modules.signatures import Call

__all__ = ["PASSED_ON", "describe"]

PASSED_ON = frozenset(names("alias clone contiguous cpu cuda data detach lift lift_fresh requires_grad"))
"""Operations whose result is their first argument, as far as a network is concerned."""

_COMMUTATIVE = frozenset(
    names(
        "add mul maximum minimum eq ne logaddexp logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor "
        "and or xor"
    )
)

_KINDS = {
    "_log_softmax": "log_softmax",
    "_softmax": "softmax",
    "_convolution": "conv",
    "convolution": "conv",
    "bmm": "matmul",
    "constant_pad_nd": "pad",
    "mm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "scaled_dot_product_attention": "attention",
}
_DIMENSIONS = re.compile(
    r"(.*(?:conv|conv_transpose|pool|dropout|pad|nearest|linear|bilinear|trilinear|cubic))([123])d(.*)"
)

_RENAMED = {
    "kernel_size": "kernel",
    "num_groups": "groups",
    "num_layers": "layers",
    "normalized_shape": "size",
    "output_size": "size",
}
_IGNORED = frozenset(
    names(
        "device layout pin_memory memory_format generator non_blocking copy implicit requires_grad cudnn_enabled "
        "cudnn_enable benchmark deterministic allow_tf32 sparse scale_grad_by_freq momentum"
    )
)
_DIMS = frozenset(("dim", "dim0", "dim1", "dims", "start_dim", "end_dim"))
_REDUCTIONS = frozenset(names("mean sum amax amin prod var std logsumexp any all linalg_vector_norm norm"))
_ALWAYS = frozenset(("kernel_size", "stride", "padding", "dilation", "groups", "num_groups", "eps"))
"""Attributes that are given even where they have their default."""


def describe(call: Call, outputs: Sequence[Tensor], batch: int, owned: Owned) -> Operation | None:
    """What a call computes, None for what passes its first argument on.

    Args:
        call: The call.
        outputs: Its results.
        batch: How many inputs are computed at a time.
        owned: What is known of a tensor that is a parameter or a buffer, None for the result of a computation.
    """
    if (special := _SPECIAL.get(call.name)) is not None:
        return special(call, outputs, batch)
    if call.name in GATES:
        return recurrent(call, owned)
    return _plain(call, outputs, owned)


def _plain(call: Call, outputs: Sequence[Tensor], owned: Owned) -> Operation:
    operation = Operation(_kind(call))
    of_layer = is_layer(call)
    first: Tensor | None = None
    for name, value in call.given.items():
        if isinstance(value, Tensor):
            first = value if first is None else first
            own = of_layer and name in WEIGHTS and owned(value) is not None
            (operation.weights if own else operation.sources).append(value)
            if name in call.defaults or (of_layer and is_optional(call, name)):
                operation.set(name, 1 if own or not of_layer else 2)
            elif of_layer and name in WEIGHTS and not own:
                operation.set(name, 2)
        elif isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
            tensors = [v for v in value if isinstance(v, Tensor)]
            first = tensors[0] if first is None else first
            operation.sources += tensors
            if len(tensors) < len(value):
                for i, v in enumerate(value):
                    operation.set(f"{name}{i}", None if isinstance(v, Tensor) else "none" if v is None else v)
    if (match := _DIMENSIONS.fullmatch(call.name)) is not None:
        operation.set("dimensions", int(match[2]))
    if of_layer:
        describe_layer(operation, call, owned)
    rank = (first if first is not None else outputs[0]).dim()
    for name, value in call.given.items():
        if not isinstance(value, Tensor):
            _set_option(operation, call, name, value, rank)
    for name in _ALWAYS & call.defaults.keys() - call.given.keys():
        _set_option(operation, call, name, call.defaults[name], rank)
    if operation.kind in _COMMUTATIVE and "alpha" not in operation.attributes:
        operation.ordered = False
    if call.name == "scaled_dot_product_attention":
        query = call.given["query"]
        operation.set("heads", query.shape[-3] if query.dim() > 3 else 1)
        operation.set("width", query.shape[-1])
    return operation


def _kind(call: Call) -> str:
    name = call.name
    if name in ("max", "min") and "other" in call.given:
        return f"{name}imum"
    if name in _KINDS:
        return _KINDS[name]
    if match := _DIMENSIONS.fullmatch(name):
        return (match[1] + match[3]).removesuffix("_with_indices")
    return name


def _set_option(operation: Operation, call: Call, name: str, value: Any, rank: int) -> None:
    if name in _IGNORED or value is None:
        return
    if name not in _ALWAYS and name in call.defaults and value == call.defaults[name]:
        return
    if name in _DIMS:
        more = call.name == "stack"
        value = [v % max(1, rank + more) for v in _listed(value)]
        value = sorted(value) if _kind(call) in _REDUCTIONS else value
    elif name == "stride" and value == []:
        value = call.given.get("kernel_size")
    elif name == "padding" and isinstance(value, str):
        value = padding(call, value)
    if isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        return
    operation.set(_RENAMED.get(name, name), value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _subtracted_from(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation:
    given = call.given
    if isinstance(given.get("other"), Tensor):
        operation = Operation("sub", [given["other"], given["self"]])
    else:
        operation = Operation("rsub", [given["self"]])
        operation.set("other", given.get("other"))
    if given.get("alpha", 1) != 1:
        operation.set("alpha", given["alpha"])
    return operation


def _scaled_or_moved(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    """Addition and its like; a sum that starts at zero adds nothing."""
    given = call.given
    other = given.get("other")
    neutral = {"add": 0, "sub": 0, "mul": 1, "div": 1}[call.name]
    if (
        not isinstance(other, Tensor)
        and other == neutral
        and len(given) == 2
        and outputs[0].dtype == given["self"].dtype
    ):
        return None
    return _plain(call, outputs, lambda _: None)


def _dropped(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    """Dropout, which only trains."""
    if not call.given.get("train", call.given.get("training", True)) or call.given.get("p") == 0:
        return None
    return _plain(call, outputs, lambda _: None)


def _padded(call: Call, outputs: Sequence[Tensor], batch: int) -> Operation | None:
    """Padding, which may add nothing."""
    if not any(call.given.get("pad", ())):
        return None
    return _plain(call, outputs, lambda _: None)


_SPECIAL: dict[str, Described] = {
    **REARRANGED,
    **dict.fromkeys(names("select narrow slice"), selected),
    **dict.fromkeys(names("getitem setitem"), indexed),
    **dict.fromkeys(names("add sub mul div"), _scaled_or_moved),
    **dict.fromkeys(names("dropout alpha_dropout feature_dropout feature_alpha_dropout"), _dropped),
    **dict.fromkeys(names("pad constant_pad_nd"), _padded),
    "rsub": _subtracted_from,
}
