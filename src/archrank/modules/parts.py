"""What calls of one module record, kept to be used again: the same nodes, at another place."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from archrank.graph import Node
from archrank.modules.operation import Held

__all__ = ["Event", "Part", "Program", "live"]

_PLACES = 64
"""Places at which the nodes of a part are remembered."""


@dataclass(slots=True)
class Event:
    """A node before it is known whether anything uses it; junctions are numbered as they came."""

    kind: str
    attributes: dict[str, float]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    ordered: bool
    held: list[Held]
    path: tuple[str, ...]
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    multiply_adds: int


def live(events: Sequence[Event], outputs: Sequence[int]) -> list[Event]:
    """The events that the outputs depend on."""
    wanted, found = set(outputs), []
    for event in reversed(events):
        if not wanted.isdisjoint(event.targets):
            wanted.update(event.sources)
            found.append(event)
    found.reverse()
    return found


@dataclass(slots=True)
class Part:
    """What one call of a module records.

    Attributes:
        inputs: How many tensors it reads; these are its first junctions.
        events: The record, with paths relative to the call.
        targets: The junctions that it gives to what follows.
        changes: Which inputs it changes in place, each with the place among the targets of what it is then.
        owns: Whether weights are nodes of it, so that a second call would not make them again.
        result: Makes what the call returns, from the inputs; also gives the new tensors, each with its place among
            inputs and targets, and its form.
    """

    inputs: int
    events: list[Event]
    targets: tuple[int, ...]
    changes: tuple[tuple[int, int], ...]
    owns: bool
    result: Callable[[Sequence[Tensor]], tuple[Any, list[tuple[Tensor, int, Any]]]]
    _programs: dict[tuple[bool, ...], "Program"] = field(default_factory=dict)

    def program(self, wanted: tuple[bool, ...]) -> "Program":
        """The nodes of it that matter where only some of the targets are used."""
        found = self._programs.get(wanted)
        if found is None:
            found = self._programs[wanted] = Program(self, wanted)
        return found

    def expanded(
        self, path: tuple[str, ...], classes: tuple[str, ...], at: Callable[[int], int], held: dict[int, Held]
    ) -> Iterator[Event]:
        """The events of a call.

        Args:
            path: The call.
            classes: The classes of the path.
            at: Gives the number of a junction.
            held: The weights of the module that is called, by those of the record; they are added.
        """
        for event in self.events:
            for weight in event.held:
                if id(weight) not in held:
                    held[id(weight)] = Held(weight.is_parameter, weight.trainable)
            yield Event(
                event.kind,
                event.attributes,
                tuple(map(at, event.sources)),
                tuple(map(at, event.targets)),
                event.ordered,
                [held[id(weight)] for weight in event.held],
                path + event.path,
                classes + event.classes,
                event.shape,
                event.multiply_adds,
            )


class Program:
    """The nodes of a part, ready to be placed into a graph.

    Attributes:
        reads: Which inputs they read.
        size: How many junctions they add.
        targets: The number of each target among these, None for one that is not used.
        holds: Whether they have weights.
        shares: Whether some of them have weights in common.
    """

    def __init__(self, part: Part, wanted: tuple[bool, ...]) -> None:
        events = live(part.events, [t for t, use in zip(part.targets, wanted, strict=True) if use])
        uses = Counter([id(held) for event in events for held in event.held])
        self._inputs = part.inputs
        self.holds = bool(uses)
        self.shares = any(count > 1 for count in uses.values())
        self.reads = sorted({j for event in events for j in event.sources if j < part.inputs})
        at = {junction: junction for junction in range(part.inputs)}
        self._nodes: list[tuple[Any, ...]] = []
        for event in events:
            sources = tuple([at[j] for j in event.sources])
            for junction in event.targets:
                at[junction] = len(at)
            attributes = tuple(sorted(event.attributes.items()))
            parameters = sum(held.trainable for held in event.held)
            targets = [at[j] for j in event.targets]
            what = (event.path, event.classes, event.shape, parameters, event.multiply_adds)
            self._nodes.append((event.kind, sources, targets, attributes, event.ordered, *what))
        self.size = len(at) - part.inputs
        self.targets = [
            at[t] - part.inputs if use else None for t, use in zip(part.targets, wanted, strict=True)
        ]
        self._placed: dict[Any, tuple[Node, ...]] = {}

    def placed(
        self, sources: tuple[int, ...], base: int, path: tuple[str, ...], classes: tuple[str, ...]
    ) -> tuple[Node, ...]:
        """The nodes in a graph.

        Args:
            sources: The junctions of the inputs.
            base: The first of the junctions that are added.
            path: The call.
            classes: The classes of the path.
        """
        key = (sources, base, path, classes)
        nodes = self._placed.get(key)
        if nodes is None:
            if len(self._placed) >= _PLACES:
                self._placed.clear()
            nodes = self._placed[key] = tuple(self._made(*key))
        return nodes

    def _made(
        self, sources: tuple[int, ...], base: int, path: tuple[str, ...], classes: tuple[str, ...]
    ) -> Iterator[Node]:
        at = [*sources, *range(base, base + self.size)]
        for kind, read, written, attributes, ordered, inner, names, shape, parameters, adds in self._nodes:
            targets = [at[j] for j in written]
            yield Node(
                kind,
                tuple([at[j] for j in read]),
                targets[0],
                attributes,
                ordered,
                tuple(targets[1:]),
                (),
                None,
                path + inner,
                classes + names,
                shape,
                parameters,
                adds,
            )
