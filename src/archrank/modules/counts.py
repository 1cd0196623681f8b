"""Multiply-adds of one call, as the field counts them: convolutions, linear and recurrent layers, matrix products."""

import math
from collections.abc import Sequence

from torch import Tensor

from archrank.modules.layers import GATES
from archrank.modules.signatures import Call

__all__ = ["multiply_adds"]

_PRODUCTS = frozenset(("matmul", "mm", "bmm", "mv", "dot", "inner"))
_SUMMED = {"addmm": "mat1", "baddbmm": "batch1", "addmv": "mat", "addbmm": "batch1"}


def multiply_adds(call: Call, outputs: Sequence[Tensor]) -> int:
    """Multiplications with an addition of a call, for all of its inputs together."""
    name, given = call.name, call.given
    if name.startswith(("conv", "_conv")):
        return _convolution(call, outputs[0])
    if name == "linear":
        return outputs[0].numel() * int(given["weight"].shape[-1])
    if name in _PRODUCTS:
        return outputs[0].numel() * int(next(iter(given.values())).shape[-1])
    if name in _SUMMED:
        matrix: Tensor = given[_SUMMED[name]]
        return int(outputs[0].numel() * matrix.shape[-1] * (matrix.shape[0] if name == "addbmm" else 1))
    if name == "scaled_dot_product_attention":
        query, key, value = given["query"], given["key"], given["value"]
        rows = math.prod(query.shape[:-1])
        return int(rows * key.shape[-2] * (query.shape[-1] + value.shape[-1]))
    if name == "bilinear":
        return int(outputs[0].numel() * math.prod(given["weight"].shape[1:]))
    if name == "einsum":
        return _einsum(str(given["equation"]), given["tensors"])
    if name.removesuffix("_cell") in GATES:
        return _recurrence(call)
    return 0


def _convolution(call: Call, output: Tensor) -> int:
    weight: Tensor = call.given["weight"]
    per_position = math.prod(weight.shape[1:])
    if "transpose" in call.name or call.given.get("transposed"):
        source: Tensor = next(iter(call.given.values()))
        return source.numel() * per_position
    return output.numel() * per_position


def _recurrence(call: Call) -> int:
    given = call.given
    if call.name.endswith("_cell"):
        rows = given["input"].numel() // given["input"].shape[-1]
        return int(rows * (given["w_ih"].numel() + given["w_hh"].numel()))
    steps = given["data" if "data" in given else "input"]
    rows = steps.numel() // steps.shape[-1]
    return int(rows * sum(weight.numel() for weight in given["params"] if weight.dim() > 1))


def _einsum(equation: str, tensors: Sequence[Tensor]) -> int:
    """Products of two tensors at a time, from left to right, each over all indices of both that are still needed."""
    left, _, right = equation.replace(" ", "").partition("->")
    terms = [_lettered(term, tensor.dim()) for term, tensor in zip(left.split(","), tensors, strict=True)]
    if "->" in equation:
        kept = set(_lettered(right, max(tensor.dim() for tensor in tensors)))
    else:
        letters = [letter for term in terms for letter in term]
        kept = {letter for letter in letters if letters.count(letter) == 1}
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        for letter, size in zip(term, tensor.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    total, so_far = 0, set(terms[0])
    for place, term in enumerate(terms[1:], 1):
        needed = kept.union(*terms[place + 1 :])
        new = set(term)
        every = (so_far & (new | needed)) | (new & (so_far | needed))
        total += math.prod(sizes[letter] for letter in every)
        so_far = every & needed
    return total


def _lettered(term: str, rank: int) -> list[str]:
    """The indices of a term, those of an ellipsis by their distance from its end."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after) if dots else 0
    return [*before, *(f"...{i}" for i in range(hidden, 0, -1)), *after]
