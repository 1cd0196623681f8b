"""The record of what a network did, and the graph that it becomes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from archrank.graph import Cell, Node
from archrank.modules.operation import Held
from archrank.modules.parts import Event, Part, Program, live

__all__ = ["Event", "Spliced", "all_events", "cell_of"]


@dataclass(slots=True)
class Spliced:
    """A call whose events were recorded before.

    Attributes:
        part: The record.
        sources: The junctions of its inputs.
        targets: The junctions of what it gives to what follows.
        module: What is called; the same one has the same weights.
        path: The call of the module.
        classes: The classes of the path.
    """

    part: Part
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    module: Any
    path: tuple[str, ...]
    classes: tuple[str, ...]


def all_events(
    events: Sequence[Event | Spliced], held: dict[int, dict[int, Held]] | None = None
) -> Iterator[Event]:
    """The events one by one, also those of calls that were recorded before.

    Args:
        events: What happened, in this order.
        held: The weights of what was called, by the module; they are added.
    """
    junctions = count(1 + max((t for event in events for t in event.targets), default=0))
    weights = defaultdict[int, dict[int, Held]](dict) if held is None else held
    for event in events:
        if isinstance(event, Event):
            yield event
            continue
        at = defaultdict[int, int](junctions.__next__, enumerate(event.sources))
        at.update(zip(event.part.targets, event.targets, strict=True))
        inside = weights.setdefault(id(event.module), {})
        yield from event.part.expanded(event.path, event.classes, at.__getitem__, inside)


def cell_of(inputs: int, events: Sequence[Event | Spliced], outputs: Sequence[int]) -> Cell:
    """The cell of all events that the outputs depend on.

    Args:
        inputs: How many junctions, the first ones, are inputs.
        events: What happened, in this order.
        outputs: The junctions of the results.
    """
    found: list[tuple[Event | Spliced, Program | None]] = list(_live(events, outputs))
    calls = Counter([id(e.module) for e, p in found if isinstance(e, Spliced) and p is not None and p.holds])
    if any(n > 1 for n in calls.values()) or any(p is not None and p.shares for _, p in found):
        # Weights are shared, and it has to be seen where.
        found = [(event, None) for event in live(list(all_events(events)), outputs)]
    else:
        found.reverse()
    uses = Counter([id(held) for event, _ in found if isinstance(event, Event) for held in event.held])
    at = {junction: junction for junction in range(inputs)}
    size = inputs
    weights: dict[object, int] = {}
    counted: set[int] = set()
    nodes: list[Node] = []
    for place, (event, program) in enumerate(found):
        if isinstance(event, Spliced):
            assert program is not None
            sources = tuple([at.get(j, -1) for j in event.sources])
            nodes += program.placed(sources, size, event.path, event.classes)
            for junction, target in zip(event.targets, program.targets, strict=True):
                if target is not None:
                    at[junction] = size + target
            size += program.size
            continue
        for junction in event.targets:
            at[junction] = size
            size += 1
        numbers: list[int] = []
        if event.held and any(uses[id(held)] > 1 for held in event.held):
            # With one of them shared, all have numbers, so that it shows which one it is.
            for i, held in enumerate(event.held):
                label = id(held) if uses[id(held)] > 1 else (place, i)
                numbers.append(weights.setdefault(label, len(weights)))
        parameters = 0
        for held in event.held:
            if id(held) not in counted:
                counted.add(id(held))
                parameters += held.trainable
        nodes.append(
            Node(
                event.kind,
                tuple([at[j] for j in event.sources]),
                at[event.targets[0]],
                tuple(sorted(event.attributes.items())),
                event.ordered,
                tuple([at[j] for j in event.targets[1:]]),
                tuple(numbers),
                None,
                event.path,
                event.classes,
                event.shape,
                parameters,
                event.multiply_adds,
            )
        )
    return Cell.unchecked(inputs, size, tuple(nodes), tuple([at[j] for j in outputs]), True)


def _live(
    events: Sequence[Event | Spliced], outputs: Sequence[int]
) -> Iterator[tuple[Event | Spliced, Program | None]]:
    """The events that the outputs depend on, the last one first."""
    wanted = set(outputs)
    for event in reversed(events):
        if wanted.isdisjoint(event.targets):
            continue
        if isinstance(event, Event):
            wanted.update(event.sources)
            yield event, None
        else:
            program = event.part.program(tuple([t in wanted for t in event.targets]))
            wanted.update([event.sources[i] for i in program.reads])
            yield event, program
