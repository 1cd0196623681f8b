"""Calls of operators whose results and events are known from equal calls before."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from archrank.modules.events import Spliced
from archrank.modules.origins import Origins
from archrank.modules.parts import Event
from archrank.modules.returned import Returned, UnfitError, form_of

__all__ = ["KnownCalls", "Met"]

_MOST = 20_000


class Met(NamedTuple):
    """A call that is under way.

    Attributes:
        key: What decides its result and its event.
        tensors: The different tensors that it reads.
        sources: Where they come from.
    """

    key: Hashable
    tensors: list[Tensor]
    sources: tuple[int, ...]


class _Known(NamedTuple):
    event: Event | None
    reads: tuple[int, ...]
    """The places of the event's sources among the tensors."""
    returned: Returned


class KnownCalls:
    """Operators that read nothing but computed tensors and plain values: what they record follows from the shapes."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Known | None] = {}

    def met(
        self, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], origins: Origins
    ) -> Met | None:
        """What a call is known by, None for one that is never remembered."""
        tensors: list[Tensor] = []
        try:
            key = (
                func,
                tuple([form_of(value, tensors, origins.forms) for value in args]),
                tuple([(name, form_of(value, tensors, origins.forms)) for name, value in kwargs.items()]),
            )
        except UnfitError:
            return None
        found = [origins.computed(tensor) for tensor in tensors]
        sources = tuple([junction for junction in found if junction is not None])
        return Met(key, tensors, sources) if sources and len(sources) == len(found) else None

    def answer(
        self, met: Met, origins: Origins, events: list[Event | Spliced], path: Any, classes: Any
    ) -> tuple[Any] | None:
        """The result of a call, which is recorded; None for one that was not met before."""
        known = self._known.get(met.key)
        if known is None:
            return None
        result, new = known.returned.again(met.tensors)
        targets = origins.new_junctions(len(known.returned.targets))
        if (event := known.event) is not None:
            sources = tuple([met.sources[place] for place in known.reads])
            origins.depend(sources, targets)
            kind, attributes, shape = event.kind, event.attributes, event.shape
            events.append(
                Event(
                    kind,
                    attributes,
                    sources,
                    targets,
                    event.ordered,
                    [],
                    path,
                    classes,
                    shape,
                    event.multiply_adds,
                )
            )
        for tensor, place, form in new:
            origins.forms[id(tensor)] = form
            count = len(met.sources)
            origins.put(tensor, met.sources[place] if place < count else targets[place - count])
        return (result,)

    def learn(self, met: Met, result: Any, origins: Origins, added: Sequence[Event | Spliced]) -> None:
        """Remember a call.

        Args:
            met: The call.
            result: What it returned.
            origins: Where tensors come from.
            added: What was recorded of it.
        """
        if met.key in self._known:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[met.key] = self._found(met, result, origins, added)

    def _found(
        self, met: Met, result: Any, origins: Origins, added: Sequence[Event | Spliced]
    ) -> _Known | None:
        event = added[0] if added else None
        if len(added) > 1 or isinstance(event, Spliced) or (event is not None and event.held):
            return None
        places = {junction: place for place, junction in enumerate(met.sources)}
        if len(places) < len(met.sources):
            return None  # which of them is used does not show
        try:
            returned = Returned(result, met.tensors, met.sources, origins)
            reads = () if event is None else tuple([places[junction] for junction in event.sources])
        except (UnfitError, KeyError):
            return None
        made = 0 if event is None else len(event.targets)
        return _Known(event, reads, returned) if made == len(returned.targets) else None
