"""Calls of modules that are not built yet: answered from what equal calls recorded before."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from archrank.graph import Graph
from archrank.modules.events import Spliced, all_events, cell_of
from archrank.modules.known_calls import KnownCalls
from archrank.modules.module_calls import ModuleCalls
from archrank.modules.nested import mapped, tensors_in
from archrank.modules.operation import Held
from archrank.modules.parts import Part
from archrank.modules.recorder import BelowRecorder, Recorder
from archrank.modules.returned import Returned, UnfitError, form_of
from archrank.modules.trusted import frozen
from archrank.modules.unbuilt import Block, Unbuilt, block_of, named_parts, tracing

__all__ = ["Splicer", "traced_in_parts"]

_MOST = 64
"""Calls of one block that are remembered."""


class Splicer:
    """Answers calls of modules that are not built yet while a network is traced.

    Attributes:
        spoiled: Whether one of them was built or could not be answered, so that the trace does not count.

    Args:
        recorder: The record.
        batch: How many inputs are computed at a time.
    """

    def __init__(self, recorder: Recorder, calls: ModuleCalls, batch: int) -> None:
        self.spoiled = False
        self._recorder, self._calls, self._batch = recorder, calls, batch
        self._called: set[int] = set()

    def __call__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of a call, which is recorded."""
        block = block_of(module)
        try:
            return self._spliced(module, block, args, kwargs)
        except UnfitError:
            pass
        self.spoiled, block.remembered = True, False
        block.build(module)
        return module(*args, **kwargs)

    def _spliced(self, module: Any, block: Block, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        origins, tensors = self._recorder.origins, list[Tensor]()
        forms = origins.forms
        call = (
            tuple([form_of(value, tensors, forms) for value in args]),
            tuple([(name, form_of(value, tensors, forms)) for name, value in kwargs.items()]),
        )
        found = [origins.computed(tensor) for tensor in tensors]
        sources = tuple([junction for junction in found if junction is not None])
        if not sources or len(sources) < len(found):
            raise UnfitError
        part = block.parts.get(call, self)
        if part is self:
            part = self._recorded(block, args, kwargs)
            if len(block.parts) >= _MOST:
                block.parts.clear()
            block.parts[call] = part
        if part is None or (part.owns and id(module) in self._called):
            raise UnfitError
        if part.changes and not all(origins.is_alone(tensors[place]) for place, _ in part.changes):
            raise UnfitError
        self._called.add(id(module))
        _, path, classes = self._calls.entered(module)
        targets = origins.new_junctions(len(part.targets))
        origins.depend(sources, targets)
        self._recorder.events.append(Spliced(part, sources, targets, module, path, classes))
        with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
            result, new = part.result(tensors)
            for place, target in part.changes:
                origins.change(tensors[place], targets[target])
            for tensor, place, form in new:
                origins.put(tensor, sources[place] if place < part.inputs else targets[place - part.inputs])
                forms[id(tensor)] = form
        return result

    def _recorded(self, block: Block, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Part | None:
        """What a call of a block records, None where it cannot be used again."""
        within, self._recorder.within = self._recorder.within, True
        self._calls.paused, outer = True, tracing.call
        try:
            return _part_of(block, args, kwargs, self._batch, self._recorder.known)
        except Exception:  # the network itself shall fail, not a part of it
            return None
        finally:
            self._recorder.within, self._calls.paused, tracing.call = within, False, outer


class _Caller(nn.Module):
    """Calls a module, so that it has a name."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.block(*args, **kwargs)


def traced_in_parts(
    network: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], known: KnownCalls
) -> Graph | None:
    """The graph of a network of modules that may be not built yet, with its dropout.

    Args:
        network: The network; its mode is changed.
        args: Its arguments, as of :func:`archrank.trace`.
        kwargs: Its arguments by name.
        known: Calls of operators that were met before; more are added.

    Returns:
        The graph; None where the network has to be built anew and traced whole.
    """
    if _in_foreign_surroundings():
        return None
    given = list(tensors_in((args, kwargs)))
    inputs: dict[int, Tensor] = {}
    for tensor in given:
        if id(tensor) not in inputs:
            inputs[id(tensor)] = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
    batch = given[0].shape[0] if given and given[0].dim() else 1
    args, kwargs = mapped(lambda tensor: inputs[id(tensor)], (args, dict(kwargs)))
    try:
        run = _Run(network, list(inputs.values()), args, kwargs, max(1, batch), known)
        outputs = [run.recorder.origins.junction(tensor) for tensor in tensors_in(run.result)]
    except Exception:  # it is traced whole, which tells what is wrong
        return None
    if run.spoiled or not outputs:
        return None
    return Graph((cell_of(len(inputs), run.recorder.events, outputs),))


class _Run:
    """A network is run once, and what it does is recorded.

    Attributes:
        recorder: The record.
        result: What the network returns.
        spoiled: Whether the record cannot be used.
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Sequence[Tensor],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        batch: int,
        known: KnownCalls | None,
    ) -> None:
        parts = list(named_parts(network))
        self.modules = [module for _, module in parts if not isinstance(module, Unbuilt)]
        for module in self.modules:
            vars(module)["training"] = isinstance(module, nn.modules.dropout._DropoutNd)
        calls = ModuleCalls(network, parts)
        self.recorder = recorder = Recorder(network, calls, batch, self.modules, known)
        for tensor in inputs:
            recorder.origins.add_input(tensor)
        outer, splicer = getattr(tracing, "call", None), Splicer(recorder, calls, batch)
        tracing.call = splicer
        try:
            with torch.no_grad(), calls.followed(), BelowRecorder(recorder), recorder:
                self.result = network(*args, **kwargs)
        finally:
            tracing.call = outer
        self.spoiled = splicer.spoiled or recorder.running.problem is not None


def _in_foreign_surroundings() -> bool:
    """Whether hooks of all modules or a mode of PyTorch have a say in what networks do."""
    module = nn.modules.module
    hooks = (
        module._global_forward_hooks,
        module._global_forward_pre_hooks,
        module._global_module_registration_hooks,
    )
    more = (module._global_buffer_registration_hooks, module._global_parameter_registration_hooks)
    return any(hooks) or any(more) or torch.is_autocast_enabled("cpu")


def _part_of(
    block: Block, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int, known: KnownCalls | None
) -> Part | None:
    """What a call of a block records, None where an equal call may record something else."""
    inputs: dict[int, Tensor] = {}
    for tensor in tensors_in((args, kwargs)):
        inputs[id(tensor)] = torch.empty_strided(
            tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
        )
    args, kwargs = mapped(lambda tensor: inputs[id(tensor)], (args, kwargs))
    tensors = list(inputs.values())
    modules = [m for _, m in named_parts(block.example) if not isinstance(m, Unbuilt)]
    for module in modules:
        vars(module)["training"] = isinstance(module, nn.modules.dropout._DropoutNd)
    before = [frozen(vars(module)) for module in modules]
    run = _Run(_Caller(block.example), tensors, args, kwargs, batch, known)
    origins = run.recorder.origins
    if run.spoiled or origins.disturbed or [frozen(vars(module)) for module in modules] != before:
        return None
    now = [origins.junction(tensor) for tensor in tensors]
    changed = [(place, junction) for place, junction in enumerate(now) if place != junction]
    returned = Returned(run.result, tensors, range(len(tensors)), origins, [j for _, j in changed])
    changes = tuple([(place, returned.targets.index(junction)) for place, junction in changed])
    weights: dict[int, dict[int, Held]] = {}
    events = list(all_events(run.recorder.events, weights))
    names: dict[int, Hashable] = dict(origins.holders())
    for module, held in weights.items():
        names |= {id(new): (module, old) for old, new in held.items()}
    for event in events:
        if event.path[:1] != ("block",):
            return None
        event.path, event.classes = event.path[1:], event.classes[1:]
        event.held = [block.held.setdefault(names[id(held)], held) for held in event.held]
    owns = any(event.held and event.kind in ("parameter", "constant") for event in events)
    return Part(len(tensors), events, returned.targets, changes, owns, returned.again)
