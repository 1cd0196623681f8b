"""``archrank.trace``: the graph of a network, given as a module or by name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from archrank.errors import TraceError
from archrank.graph import Graph
from archrank.modules.named import TIMM, named_module, timm_module
from archrank.modules.nested import tensors_in
from archrank.modules.tracing import example_of, trace_call
from archrank.system.extras import needs

__all__ = ["trace"]


def trace(module: nn.Module | str | os.PathLike[str], *examples: Any, **kwargs: Any) -> Graph:
    """Read the graph of any network: one node for each PyTorch call that returns a tensor.

    The module runs once in evaluation mode on tensors that have shapes but no values, so this takes milliseconds and
    no memory for activations. The module, its mode and the random state do not change.

    A node's kind is the operation, whatever its spelling: ``x + y``, ``torch.add(x, y)`` and ``x.add_(y)`` are all
    ``add``. Its attributes are numbers, such as ``kernel`` and ``stride``. It carries the shape of its output, its
    parameters, its multiply-adds, and the modules that it belongs to. Parameters that the code uses directly are nodes
    without sources. Results that nothing uses are left out.

    Args:
        module: The network, or its name: the path of an ONNX file, which is read as data; ``timm:NAME``; or
            ``path/to/file.py:NAME``, which is imported.
        examples: Its inputs: tensors, shapes such as ``(1, 3, 32, 32)`` for tensors of float32, or lists, tuples and
            mappings of these. The first dimension of the first tensor is assumed to be the batch size.
            Networks of timm and ONNX files need none.
        kwargs: Other inputs by name: tensors or anything else that the module takes. With no tensor among
            ``examples``, shapes among these become tensors too.

    Returns:
        A graph of one cell, whose inputs are the tensors among the examples in their order, and whose outputs are the
        tensors that the network returns.

    Raises:
        UnknownName: There is no network of this name.
        MissingExtra: An ONNX file needs the package onnx, which is not installed.
        TraceError: The network fails for the example, its graph depends on the values of a tensor, or an operator
            works only on values that are not known; the message names the line of its code.

    >>> graph = trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (1, 3, 32, 32))
    >>> [(node.operation, node.shape, node.parameters) for node in graph.cells[0].sites]
    [('conv', (8, 30, 30), 224), ('relu', (8, 30, 30), 0)]
    """
    args = tuple(map(example_of, examples))
    if next(tensors_in(args), None) is None:
        kwargs = {key: example_of(value) for key, value in kwargs.items()}
    if not isinstance(module, str | os.PathLike):
        return trace_call(module, args, kwargs)
    name = os.fspath(module)
    if Path(name).suffix.lower() == ".onnx":
        needs("training", "onnx", what=name)
        from archrank.modules.onnx_graph import read_onnx

        return read_onnx(Path(name), [tuple(tensor.shape) for tensor in tensors_in(args)])
    if name.startswith(TIMM):
        return _timm(name, args, kwargs)
    return trace_call(named_module(name), args, kwargs)


def _timm(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Graph:
    module, shape = timm_module(name, outline=True)
    args = args or (torch.empty(shape, device="meta"),)
    try:
        return trace_call(module, args, kwargs)
    except TraceError:
        # Some use the numbers of a table that they hold.
        return trace_call(timm_module(name)[0], args, kwargs)
