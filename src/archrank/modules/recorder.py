"""Calls of PyTorch are recorded while they run on meta tensors, which have shapes and no numbers.

Every tensor that a call meets is replaced by one without numbers, so that parameters stay as they are and nothing is
computed. What a call computes is kept as an event.
"""

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from archrank.modules.constants import Constants
from archrank.modules.counts import multiply_adds
from archrank.modules.events import Event, Spliced
from archrank.modules.known_calls import KnownCalls
from archrank.modules.module_calls import ModuleCalls
from archrank.modules.nested import mapped, tensors_in
from archrank.modules.operation import Operation, names
from archrank.modules.operations import PASSED_ON, describe
from archrank.modules.origins import Origins
from archrank.modules.quick_shapes import quick_result
from archrank.modules.rearranging import CREATED
from archrank.modules.remembered import remembered
from archrank.modules.running import Running
from archrank.modules.signatures import Call, bind, operation_name, python_body

__all__ = ["BelowRecorder", "Recorder"]

_VALUES = frozenset(
    names("item tolist numpy equal allclose is_nonzero __bool__ __int__ __float__ __index__ __complex__")
)
"""What needs the numbers of a tensor."""

_SHAPES = frozenset(names("size dim ndimension numel nelement stride is_floating_point is_complex"))
_DEVICE = {"device": torch.device("cpu"), "is_meta": False, "is_cpu": True, "get_device": -1}
"""What a network is told about where its tensors are: where they would be."""

_SHOWN = frozenset(names("__repr__ __str__ __hash__ __deepcopy__ __reduce_ex__ __setstate__"))
_SAME = PASSED_ON - {"clone", "contiguous"}
_CREATE = CREATED | frozenset(
    names(
        "empty_strided normal complex hann_window hamming_window blackman_window bartlett_window kaiser_window range "
        "asarray"
    )
)


class Recorder(TorchFunctionMode):
    """Records the calls of PyTorch within it.

    Attributes:
        events: The calls, in their order.
        known: Calls of operators that were met before.
        calls: The calls of modules under way.
        origins: Where tensors come from.
        running: What runs the calls.
        within: Whether a call is being answered, so that what it calls is not recorded.

    Args:
        module: The network.
        calls: The calls of modules under way.
        batch: How many inputs are computed at a time.
        modules: The network and its parts.
        known: Calls of operators that were met before; with None every call is run and described.
    """

    def __init__(
        self,
        module: nn.Module,
        calls: ModuleCalls,
        batch: int,
        modules: Sequence[nn.Module] | None = None,
        known: KnownCalls | None = None,
    ) -> None:
        super().__init__()
        self.known = known
        self.events: list[Event | Spliced] = []
        self.within = False
        self.calls, self._batch = calls, batch
        self._constants = Constants()
        modules = list(module.modules()) if modules is None else modules
        self.origins = Origins(module, calls, self.events, batch, self._constants, modules)
        self.running = Running(self._constants, calls)
        self._zeros: set[int] = set()
        self._apart: list[FunctionType] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Record a call, or take a function that is written in Python apart."""
        kwargs = dict(kwargs) if kwargs else {}
        if self.within:
            return func(*args, **kwargs)
        if type(func) is FunctionType:
            return self._take_apart(func, args, kwargs)
        return self.handle(func, args, kwargs)

    def handle(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Answer a call of what is not written in Python; what happens within it is not recorded."""
        name = func.__name__
        self.within = True
        try:
            with torch._C._DisableTorchDispatch():
                if name in _SHAPES:
                    return func(*args, **kwargs)
                if name in _VALUES:
                    return self.running.value(func, args, kwargs, self.origins.twin)
                if name == "__get__":
                    return self._attribute(func, args)
                if name == "__set__":
                    return self._set_attribute(func, args)
                if name == "get_device":
                    return _DEVICE[name]
                return self._call(func, args, kwargs)
        finally:
            self.within = False

    def _take_apart(self, func: FunctionType, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run a function that is written in Python; what it calls is recorded."""
        if func.__name__ in _SHOWN:
            return func(*args, **kwargs)
        if func in self._apart and (inner := getattr(torch.Tensor.__base__, func.__name__, None)) is not None:
            # A method that extends one that is not written in Python calls that by the same name.
            return self.handle(inner, args, kwargs)
        self._apart.append(func)
        try:
            with self:
                return python_body(func)(*args, **kwargs)
        finally:
            self._apart.pop()

    def _call(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Record a call of an operator; one that was met before is not run."""
        name, in_place = operation_name(func)
        if in_place or "out" in kwargs:
            self.origins.forms.clear()  # such as unsqueeze_
            return self._run(func, args, kwargs)
        if self.known is None or name in _CREATE:
            return self._run(func, args, kwargs)
        origins, events = self.origins, self.events
        with torch._C.DisableTorchFunction():
            met = self.known.met(func, args, kwargs, origins)
            if met is not None:
                answer = self.known.answer(met, origins, events, self.calls.path, self.calls.classes)
                if answer is not None:
                    return answer[0]
        before = len(events)
        result = self._run(func, args, kwargs)
        if met is not None:
            with torch._C.DisableTorchFunction():
                self.known.learn(met, result, origins, events[before:])
        return result

    def _run(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run a call of an operator without numbers, and record it."""
        name, in_place = operation_name(func)
        tensors: list[Tensor] = []

        def converted(tensor: Tensor) -> Tensor:
            twin = self.origins.twin(tensor)
            tensors.append(twin)
            return twin

        args = mapped(converted, tuple(args))
        kwargs = {k: mapped(converted, v) for k, v in kwargs.items()} if kwargs else kwargs
        if name in _SAME:
            return args[0]
        if name in ("to", "type", "_to_copy"):
            return self._convert(func, args, kwargs)
        if "device" in kwargs or (name in _CREATE and not tensors):
            kwargs["device"] = "meta"
        result = quick_result(name, in_place, args, kwargs)
        if result is None:
            positional, named = args, kwargs
            result = (
                self.running.run(func, name, args, kwargs)
                if in_place or "out" in kwargs
                else remembered(name, args, kwargs, lambda: self.running.run(func, name, positional, named))
            )
        changed = args[0] if in_place else kwargs.pop("out", None)
        if not isinstance(changed, Tensor):
            changed = None
        outputs = [changed] if changed is not None else list(tensors_in(result))
        if not outputs or (not tensors and name not in _CREATE and not isinstance(result, Tensor)):
            return result
        if changed is None and any(outputs[0] is tensor for tensor in tensors):
            return result
        call = bind(func, args, kwargs, tensor=tensors[0] if tensors else None)
        self._record(call, tensors, outputs, changed)
        if changed is None:
            self._constants.add(func, args, kwargs, tensors, outputs)
        return result

    def _record(
        self, call: Call, tensors: list[Tensor], outputs: list[Tensor], changed: Tensor | None
    ) -> None:
        origins = self.origins
        operation = None
        if call.name not in PASSED_ON:
            operation = describe(call, outputs, self._batch, origins.held)
        if operation is None:
            if changed is None:
                origins.same(tensors[0], outputs[0])
            return
        sources = tuple([origins.junction(tensor) for tensor in operation.sources])
        held = [found for t in operation.weights if (found := origins.held(t)) is not None]
        if call.name.startswith(("lstm", "gru", "rnn_")):
            sources = self._without_zero_states(operation, sources)
        targets = origins.new_junctions(len(outputs))
        origins.depend(sources, targets)
        self.events.append(
            Event(
                operation.kind,
                operation.attributes,
                sources,
                targets,
                operation.ordered,
                held,
                self.calls.path,
                self.calls.classes,
                origins.shape(outputs[0], sources),
                multiply_adds(call, outputs) // self._batch,
            )
        )
        if operation.kind == "zeros":
            self._zeros.update(targets)
        if changed is not None:
            origins.change(changed, targets[0])
            return
        for output, target in zip(outputs, targets, strict=True):
            origins.put(output, target)

    def _without_zero_states(self, operation: Operation, sources: tuple[int, ...]) -> tuple[int, ...]:
        """A recurrent layer starts at zero where nothing else is said."""
        given = [i for i, source in enumerate(sources[1:]) if source not in self._zeros]
        if given:
            operation.set("state", sum(2**i for i in given))
        return (sources[0], *(sources[1 + i] for i in given))

    def _convert(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """A tensor as numbers of another kind; where it is does not count."""
        given = (*args[1:], *kwargs.values())
        dtype = next((v for v in given if isinstance(v, torch.dtype)), None)
        other = next((v for v in given if isinstance(v, Tensor)), None)
        if dtype is None and other is not None:
            dtype = other.dtype
        tensor = args[0]
        if dtype is None or dtype == tensor.dtype:
            if func.__name__ == "type" and not given:
                return tensor.type()
            return tensor
        result = tensor.to(dtype)
        self._record(Call("to", "", {"self": tensor}, {}), [tensor], [result], None)
        self._constants.add(torch.Tensor.to, (tensor, dtype), {}, [tensor], [result])
        return result

    def _attribute(self, func: Any, args: Sequence[Any]) -> Any:
        name = getattr(func.__self__, "__name__", "")
        if name in _DEVICE:
            return _DEVICE[name]
        tensor = self.origins.twin(args[0])
        if name == "data":
            return tensor
        result = func(tensor)
        if isinstance(result, Tensor) and result is not tensor and name not in ("grad", "_base"):
            self._record(Call(name, "", {"self": tensor}, {}), [tensor], [result], None)
            self._constants.add(lambda value: getattr(value, name), (tensor,), {}, [tensor], [result])
        return result

    def _set_attribute(self, func: Any, args: Sequence[Any]) -> Any:
        name = getattr(func.__self__, "__name__", "")
        self.origins.forms.clear()
        tensor, value = self.origins.twin(args[0]), args[1]
        if name == "data" and isinstance(value, Tensor):
            self.origins.change(tensor, self.origins.junction(value))
        else:
            func(tensor, self.origins.twin(value) if isinstance(value, Tensor) else value)


class BelowRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Also records operators that no function of PyTorch's called, such as those of a TorchScript function.

    Args:
        recorder: What keeps the record.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Record an operator unless it is part of a call that is recorded."""
        if self._recorder.within:
            return func(*args, **(kwargs or {}))
        return self._recorder.handle(func, args, dict(kwargs or {}))
