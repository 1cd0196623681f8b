"""Reading the graph out of one call of a module."""

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

__all__ = ["example_of", "trace_call"]


def trace_call(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    training: bool = False,
    dropout: bool = False,
) -> Graph:
    """The graph of one call of a module; see :func:`archrank.trace`.

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
        path, classes = recorder.calls.path, recorder.calls.classes
        where = f" in {'.'.join(path)} ({classes[-1]})" if path else ""
        shapes = ", ".join(f"({', '.join(map(str, tensor.shape))})" for tensor in given[:8])
        raise TraceError(
            f"{line + ': ' if line else ''}{type(module).__name__} fails "
            f"{_called_with(args, kwargs, shapes)}{where}: {in_one_line(error)}"
        ) from error
    if recorder.running.problem is not None:
        raise recorder.running.problem
    return result


def _called_with(args: tuple[Any, ...], kwargs: Mapping[str, Any], shapes: str) -> str:
    if shapes:
        return f"for the example of shape {shapes}"
    if args or kwargs:
        given = ", ".join(
            [*(shown(arg, 60) for arg in args), *(f"{k}={shown(v, 60)}" for k, v in kwargs.items())]
        )
        return f"for the example {given} (no tensor is in it, and no shape such as (1, 3, 32, 32))"
    return "without an example; give its input or the shape of one, such as (1, 3, 32, 32)"


def example_of(given: Any) -> Any:
    """An example as the module takes it; a shape becomes a tensor, also within tuples, lists and mappings."""
    if isinstance(given, tuple) and given and all(type(size) is int for size in given):
        if min(given) < 1:
            raise TraceError(f"the example's shape is {given}; expected sizes of at least 1")
        try:
            return torch.empty(given, device="meta")
        except (RuntimeError, TypeError, OverflowError) as error:
            raise TraceError(f"the example's shape is {given}: {in_one_line(error, 100)}") from None
    if type(given) is dict:
        return {name: example_of(part) for name, part in given.items()}
    if type(given) in (list, tuple):
        return type(given)(map(example_of, given))
    return given
