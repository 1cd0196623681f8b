"""Reading the graph out of a module."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from archrank.errors import TraceError
from archrank.graph import Graph
from archrank.modules.code_lines import line_of
from archrank.modules.events import cell_of
from archrank.modules.module_calls import ModuleCalls
from archrank.modules.nested import mapped, tensors_in
from archrank.modules.recorder import BelowRecorder, Recorder
from archrank.modules.untouched import untouched
from archrank.system.foreign import in_one_line, shown

__all__ = ["trace", "trace_call"]


def trace(module: nn.Module, *examples: Any, **kwargs: Any) -> Graph:
    """Read the graph of any network: one node for each call of PyTorch that makes a tensor.

    The module runs once in evaluation mode on tensors that have shapes and no numbers, so this takes milliseconds and
    no memory for activations. The module, its mode and the random state are left as they were.

    A node's kind is the operation, however it is spelled: ``x + y``, ``torch.add(x, y)`` and ``x.add_(y)`` are all
    ``add``. Its attributes are numbers, such as ``kernel`` and ``stride``. It carries the shape of its output, its
    parameters, its multiply-adds, and the modules that it belongs to. Parameters that the code uses directly are nodes
    without sources. Results that nothing uses are left out.

    Args:
        module: The network.
        examples: Its inputs: tensors, shapes such as ``(1, 3, 32, 32)`` for tensors of float32, or lists, tuples and
            mappings of tensors. The first dimension of the first tensor is taken to be the number of inputs.
        kwargs: Further inputs by name, tensors or anything else that the module takes.

    Returns:
        A graph of one cell, whose inputs are the tensors among the examples in their order, and whose outputs are the
        tensors that the network returns.

    Raises:
        TraceError: The network fails for the example, its graph depends on the values of a tensor, or an operator
            works only on values that are not known; the message names the line of its code.

    >>> graph = trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (1, 3, 32, 32))
    >>> [(node.operation, node.shape, node.parameters) for node in graph.cells[0].sites]
    [('conv', (8, 30, 30), 224), ('relu', (8, 30, 30), 0)]
    """
    return trace_call(module, tuple(map(example_of, examples)), kwargs)


def trace_call(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    training: bool = False,
    dropout: bool = False,
) -> Graph:
    """The graph of one call of a module; see :func:`trace`.

    Args:
        module: The network.
        args: Its arguments; tensors may have numbers or not.
        kwargs: Its arguments by name.
        training: Whether it is in training mode, so that dropout is a node.
        dropout: Whether layers of dropout are nodes in evaluation mode too, for networks that are to be trained.
    """
    if not isinstance(module, nn.Module):
        raise TraceError(
            f"the network is {shown(module)}; expected a torch.nn.Module or the path of an .onnx file"
        )
    module = getattr(module, "_orig_mod", module)
    given = list(tensors_in((args, kwargs)))
    batch = given[0].shape[0] if given and given[0].dim() else 1
    calls = ModuleCalls(module)
    recorder = Recorder(module, calls, max(1, batch))
    inputs: dict[int, Tensor] = {}
    for tensor in given:
        if id(tensor) not in inputs:
            inputs[id(tensor)] = (
                tensor.detach().to("meta") if not tensor.is_meta else torch.empty_like(tensor)
            )
            recorder.origins.add_input(inputs[id(tensor)])
    args, kwargs = mapped(lambda tensor: inputs[id(tensor)], (args, dict(kwargs)))
    with ExitStack() as stack:
        stack.enter_context(untouched(module, training=training, dropout=dropout))
        stack.enter_context(torch.no_grad())
        stack.enter_context(calls.followed())
        stack.enter_context(BelowRecorder(recorder))
        stack.enter_context(recorder)
        result = _call_of_the_user(module, args, kwargs, recorder, given)
    results = list(tensors_in(result))
    if not results:
        raise TraceError(f"{type(module).__name__} returns {shown(result, 100)}, in which there is no tensor")
    return Graph((cell_of(len(inputs), recorder.events, [recorder.origins.junction(t) for t in results]),))


def _call_of_the_user(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    recorder: Recorder,
    given: list[Tensor],
) -> Any:
    try:
        result = module(*args, **kwargs)
    except (Exception, SystemExit) as error:
        if recorder.running.problem is not None:
            raise recorder.running.problem from None
        if isinstance(error, TraceError):
            raise
        line = line_of(error)
        shapes = ", ".join(f"({', '.join(map(str, tensor.shape))})" for tensor in given[:8])
        raise TraceError(
            f"{line + ': ' if line else ''}{type(module).__name__} fails for the example of shape {shapes or 'none'}: "
            f"{in_one_line(error)}"
        ) from error
    if recorder.running.problem is not None:
        raise recorder.running.problem
    return result


def example_of(given: Any) -> Any:
    """An example as the module takes it; a shape becomes a tensor."""
    if isinstance(given, tuple) and given and all(type(size) is int for size in given):
        if min(given) < 1:
            raise TraceError(f"the example's shape is {given}; expected sizes of at least 1")
        return torch.empty(given, device="meta")
    return given
