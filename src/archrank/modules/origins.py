"""Where each tensor of a running network comes from: an input, a parameter, a constant, or a call before.

Tensors are known by identity, so all of them are kept until the record ends. An operation in place gives its tensor
another origin, and all tensors that share its memory with it.
"""

from collections.abc import Hashable, Sequence

from torch import Tensor, nn

from archrank.errors import TraceError
from archrank.modules.code_lines import line_now
from archrank.modules.constants import Constants
from archrank.modules.events import Event, Spliced
from archrank.modules.module_calls import ModuleCalls
from archrank.modules.nested import tensors_in
from archrank.modules.operation import Held
from archrank.modules.untouched import own_attributes

__all__ = ["Origins"]


class Origins:
    """The junctions that tensors come from.

    Attributes:
        disturbed: Whether a tensor was changed that the network did not compute.
        forms: What is known of the shapes of tensors, by identity.

    Args:
        module: The network.
        calls: The calls of modules under way.
        events: The record, which parameters and constants are added to when they are first used.
        batch: How many inputs are computed at a time.
        constants: What is told of tensors that have numbers, and of those that were changed.
        modules: The network and its parts.
    """

    def __init__(
        self,
        module: nn.Module,
        calls: ModuleCalls,
        events: list[Event | Spliced],
        batch: int,
        constants: Constants,
        modules: Sequence[nn.Module],
    ) -> None:
        self._modules, self._calls, self._events = modules, calls, events
        self._batch, self._constants = batch, constants
        self.disturbed = False
        self.forms: dict[int, Hashable] = {}
        self._junctions = 0
        self._at: dict[int, int] = {}
        self._held: dict[int, Held] = {}
        self._twins: dict[int, Tensor] = {}
        self._alive: list[Tensor] = []
        self._views: dict[int, list[Tensor]] = {}
        self._data: set[int] = set()
        self._attributes: dict[int, Tensor] | None = None
        for parameter in [p for m in modules for p in m._parameters.values() if p is not None]:
            if nn.parameter.is_lazy(parameter):
                raise TraceError(
                    f"{type(module).__name__} has lazy parameters, whose shapes are not known yet; call it once on an "
                    "input with numbers, such as torch.zeros"
                )
            trainable = parameter.numel() if parameter.requires_grad else 0
            self._held[id(self.twin(parameter))] = Held(True, trainable)
        for buffer in [b for m in modules for b in m._buffers.values() if b is not None]:
            self._held[id(self.twin(buffer))] = Held(False, 0)

    def add_input(self, tensor: Tensor) -> None:
        """The next input of the network, without numbers."""
        (junction,) = self.new_junctions(1)
        self._data.add(junction)
        self.put(tensor, junction)

    def computed(self, tensor: Tensor) -> int | None:
        """Where a tensor without numbers that depends on the input comes from, None for any other."""
        junction = self._at.get(id(tensor))
        return junction if junction in self._data and id(tensor) not in self._held else None

    def is_alone(self, tensor: Tensor) -> bool:
        """Whether no other tensor is known that shares its memory."""
        return tensor._base is None and not self._views.get(id(tensor))

    def holders(self) -> dict[int, int]:
        """The tensors that were there before, as their identities by those of what is known of them."""
        return {id(held): tensor for tensor, held in self._held.items()}

    def twin(self, tensor: Tensor) -> Tensor:
        """A tensor of the same shape without numbers; the same one every time."""
        if tensor.is_meta:
            return tensor
        twin = self._twins.get(id(tensor))
        if twin is None:
            twin = self._twins[id(tensor)] = tensor.detach().to("meta")
            self._alive += (tensor, twin)
            self._constants.know(twin, tensor)
        return twin

    def held(self, tensor: Tensor) -> Held | None:
        """What is known of a tensor that was there before the network ran, None for one that it computed."""
        found = self._held.get(id(tensor))
        if found is not None or id(tensor) in self._at:
            return found
        if not self._constants.has_value(tensor) and not self._is_attribute(tensor):
            line = line_now()
            raise TraceError(
                f"{line + ': ' if line else ''}a tensor came from a call that PyTorch does not announce, such as "
                "nn.Parameter or torch.vmap within forward, so what it was computed from is not known"
            )
        self._alive.append(tensor)
        found = self._held[id(tensor)] = Held(isinstance(tensor, nn.Parameter), 0)
        return found

    def junction(self, tensor: Tensor) -> int:
        """Where a tensor comes from; parameters and constants become nodes when they are first asked for."""
        tensor = self.twin(tensor)
        if (junction := self._at.get(id(tensor))) is not None:
            return junction
        held = self.held(tensor)
        assert held is not None
        sizes = {f"size{i}": float(size) for i, size in enumerate(tensor.shape)}
        kind = "parameter" if held.is_parameter else "constant"
        (junction,) = self._add(kind, sizes, (), [held], tuple(tensor.shape))
        self._at[id(tensor)] = junction
        return junction

    def new_junctions(self, count: int) -> tuple[int, ...]:
        """The numbers of new junctions."""
        first = self._junctions
        self._junctions += count
        return tuple(range(first, first + count))

    def put(self, tensor: Tensor, junction: int) -> None:
        """A new tensor comes from a junction."""
        self._alive.append(tensor)
        self._at[id(tensor)] = junction
        self._note_view(tensor)

    def same(self, source: Tensor, output: Tensor) -> None:
        """A new tensor is another one under another name."""
        self._alive.append(output)
        if (held := self._held.get(id(source))) is not None and id(source) not in self._at:
            self._held[id(output)] = held
        else:
            self._at[id(output)] = self.junction(source)
        self._note_view(output)

    def change(self, tensor: Tensor, junction: int) -> None:
        """A tensor, and with it all that share its memory, was changed; what it is now comes from a junction."""
        base = tensor._base
        root = tensor if base is None else base
        others = [t for t in (root, *self._views.get(id(root), ())) if t is not tensor]
        known = [t for t in others if id(t) in self._at or id(t) in self._held]
        before = [self.junction(t) for t in known]
        self._set(tensor, junction)
        for other, old in zip(known, before, strict=True):
            sources = (old, junction)
            (target,) = self._add("overwrite", {}, sources, [], self.shape(other, sources))
            self.depend(sources, (target,))
            self._set(other, target)

    def depend(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Junctions depend on the input where one of their sources does."""
        if not self._data.isdisjoint(sources):
            self._data.update(targets)

    def shape(self, output: Tensor, sources: Sequence[int]) -> tuple[int, ...]:
        """The shape of a result, for one input where it depends on the input."""
        shape = tuple(output.shape)
        if not shape or self._data.isdisjoint(sources):
            return shape
        if shape[0] == self._batch:
            return shape[1:]
        whole, rest = divmod(shape[0], self._batch)
        return shape if rest else (whole, *shape[1:])

    def _add(
        self,
        kind: str,
        attributes: dict[str, float],
        sources: tuple[int, ...],
        held: list[Held],
        shape: tuple[int, ...],
    ) -> tuple[int, ...]:
        targets, calls = self.new_junctions(1), self._calls
        event = Event(kind, attributes, sources, targets, True, held, calls.path, calls.classes, shape, 0)
        self._events.append(event)
        return targets

    def _set(self, tensor: Tensor, junction: int) -> None:
        if id(tensor) not in self._at or id(tensor) in self._held:
            self.disturbed = True
        self.forms.pop(id(tensor), None)
        self._at[id(tensor)] = junction
        self._held.pop(id(tensor), None)
        self._constants.forget(tensor)

    def _note_view(self, tensor: Tensor) -> None:
        base = tensor._base
        if base is not None:
            self._views.setdefault(id(base), []).append(tensor)

    def _is_attribute(self, tensor: Tensor) -> bool:
        """Whether a module holds a tensor without numbers that is no buffer."""
        if self._attributes is None:
            values = (own_attributes(module) for module in self._modules)
            self._attributes = {id(t): t for held in values for t in tensors_in(held)}
        return id(tensor) in self._attributes
