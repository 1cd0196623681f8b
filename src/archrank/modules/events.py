"""The record of what a network did, and the graph that it becomes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from archrank.graph import Cell, Node
from archrank.modules.operation import Held

__all__ = ["Event", "cell_of"]


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


def cell_of(inputs: int, events: Sequence[Event], outputs: Sequence[int]) -> Cell:
    """The cell of all events that the outputs depend on.

    Args:
        inputs: How many junctions, the first ones, are inputs.
        events: What happened, in this order.
        outputs: The junctions of the results.
    """
    wanted, live = set(outputs), []
    for event in reversed(events):
        if not wanted.isdisjoint(event.targets):
            wanted.update(event.sources)
            live.append(event)
    live.reverse()

    at = {junction: junction for junction in range(inputs)}
    uses = Counter(id(held) for event in live for held in event.held)
    weights: dict[object, int] = {}
    counted: set[int] = set()
    nodes = []
    for place, event in enumerate(live):
        sources = tuple([at[j] for j in event.sources])
        for junction in event.targets:
            at[junction] = len(at)
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
                sources,
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
    return Cell(inputs, len(at), tuple(nodes), tuple([at[j] for j in outputs]), ordered=True)
