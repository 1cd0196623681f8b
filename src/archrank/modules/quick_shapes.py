"""The results of frequent operators without numbers, where PyTorch takes a hundred times as long to find their shapes.

Only what surely fits is answered; anything else is left to PyTorch, so that its errors are its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["quick_result"]


def quick_result(name: str, in_place: bool, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The result of a call without numbers, None where PyTorch has to be asked.

    Args:
        name: The operator.
        in_place: Whether it changes its first argument.
        args: Its arguments, tensors without numbers.
        kwargs: Its arguments by name.
    """
    rule = _RULES.get(name)
    if rule is None or "out" in kwargs or not args or not isinstance(args[0], Tensor):
        return None
    if not args[0].dtype.is_floating_point or not rule(args, kwargs):
        return None
    if in_place:
        return args[0]
    if (special := _RESULTS.get(name)) is not None:
        return special(args)
    return _like(args[0])


def _like(tensor: Tensor) -> Tensor:
    """A tensor of the same shape and layout."""
    if 0 in tensor.stride():
        return torch.empty_like(tensor)
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def _always(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return True


def _same(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Two operands of one shape, or one and a number."""
    if len(args) != 2:
        return False
    first, second = args
    if isinstance(second, Tensor):
        return bool(second.shape == first.shape and second.dtype == first.dtype)
    return isinstance(second, int | float)


def _batch_norm(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    channels = args[0].shape[1:2]
    return args[0].dim() > 1 and len(args) > 4 and all(t is None or t.shape == channels for t in args[1:5])


def _layer_norm(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    if len(args) < 4:
        return False
    size = tuple(args[1])
    fits = bool(size) and args[0].shape[-len(size) :] == size
    return fits and all(t is None or t.shape == size for t in args[2:4])


def _group_norm(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    if len(args) < 4 or args[0].dim() < 2 or args[0].shape[1] % args[1]:
        return False
    return all(t is None or t.shape == args[0].shape[1:2] for t in args[2:4])


def _linear(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    if kwargs or len(args) < 2 or args[1].dim() != 2 or not args[0].dim():
        return False
    bias = args[2] if len(args) > 2 else None
    fits = args[0].shape[-1] == args[1].shape[1] and args[0].dtype == args[1].dtype
    return fits and (bias is None or bias.shape == args[1].shape[:1])


def _attention(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    if len(args) != 3 or kwargs.keys() - {"dropout_p"}:
        return False
    query, key, value = args
    return bool(
        query.dim() == 4
        and query.shape[:2] == key.shape[:2] == value.shape[:2]
        and query.shape[3] == key.shape[3]
        and key.shape[2] == value.shape[2]
        and query.dtype == key.dtype == value.dtype
    )


def _pooled(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return len(args) == 2 and args[0].dim() == 4 and _pairs(args[1]) is not None


def _pairs(size: Any) -> tuple[int, int] | None:
    if type(size) is int:
        return size, size
    if isinstance(size, list | tuple) and len(size) == 2 and all(type(n) is int for n in size):
        return size[0], size[1]
    return None


def _recurrent(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """A recurrent layer of a batch of sequences of one length, which PyTorch computes step by step."""
    if len(args) != 9 or not isinstance(args[2], list | tuple) or args[0].dim() != 3:
        return False
    inputs, state, params, has_biases, layers, _, _, bidirectional, batch_first = args
    states = state if isinstance(state, list | tuple) else [state]
    directions = 1 + bidirectional
    each = len(params) // (layers * directions)
    hidden = params[1].shape[1] if each in (2, 4) else params[each - 1].shape[1]
    outputs = params[1].shape[1]
    sizes = [(layers * directions, inputs.shape[not batch_first], n) for n in (outputs, hidden)]
    if [tuple(given.shape) for given in states] != sizes[: len(states)]:
        return False
    if any(given.dtype != inputs.dtype for given in (*states, *params)) or each not in (2, 3, 4, 5):
        return False
    gates = params[0].shape[0]
    for i in range(layers * directions):
        width = inputs.shape[2] if i < directions else outputs * directions
        expected: list[tuple[int, ...]] = [(gates, width), (gates, outputs)]
        expected += [(gates,)] * 2 if has_biases else []
        expected += [(outputs, hidden)] if each % 2 else []
        if [tuple(weight.shape) for weight in params[i * each : (i + 1) * each]] != expected:
            return False
    return True


def _recurrent_result(args: Sequence[Any]) -> Any:
    inputs, state, params, directions = args[0], args[1], args[2], 1 + args[7]
    states = state if isinstance(state, list | tuple) else [state]
    output = inputs.new_empty((*inputs.shape[:2], params[1].shape[1] * directions))
    return (output, *(torch.empty_like(given) for given in states))


_RULES: dict[str, Callable[[Sequence[Any], Mapping[str, Any]], bool]] = {
    "adaptive_avg_pool2d": _pooled,
    "add": _same,
    "batch_norm": _batch_norm,
    "div": _same,
    "elu": _always,
    "gelu": _always,
    "group_norm": _group_norm,
    "gru": _recurrent,
    "hardsigmoid": _always,
    "hardswish": _always,
    "layer_norm": _layer_norm,
    "leaky_relu": _always,
    "linear": _linear,
    "lstm": _recurrent,
    "mish": _always,
    "mul": _same,
    "relu": _always,
    "relu6": _always,
    "rnn_relu": _recurrent,
    "rnn_tanh": _recurrent,
    "scaled_dot_product_attention": _attention,
    "sigmoid": _always,
    "silu": _always,
    "sub": _same,
    "tanh": _always,
}
_RESULTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    **dict.fromkeys(("gru", "lstm", "rnn_relu", "rnn_tanh"), _recurrent_result),
    "adaptive_avg_pool2d": lambda args: args[0].new_empty((*args[0].shape[:2], *(_pairs(args[1]) or ()))),
    "linear": lambda args: args[0].new_empty((*args[0].shape[:-1], args[1].shape[0])),
    "scaled_dot_product_attention": lambda args: args[0].new_empty((*args[0].shape[:3], args[2].shape[3])),
}
