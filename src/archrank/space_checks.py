"""Checks of a user's own space that run once, before anything is evaluated or fitted."""

import numpy as np

from archrank.attribute_features import attribute_matrix
from archrank.errors import ArchrankError, SpaceError
from archrank.graph import Graph
from archrank.space import Choice, SearchSpace
from archrank.system.foreign import bounded, in_one_line, shown

__all__ = ["check_graph", "check_parts"]

_LONGEST_NAME = 200


def check_parts(space: SearchSpace) -> None:
    """Refuse a space whose name, choices, operations or attributes are not what they have to be.

    Raises:
        SpaceError: Which part it is, and what was expected.
        UnknownName: Attributes of an operation that the space does not have.
    """
    name = getattr(space, "name", None)
    if not isinstance(name, str) or not name.strip() or bounded(name, _LONGEST_NAME) != name:
        raise SpaceError(
            f"a space of the class {type(space).__name__} has the name {shown(name)}; expected a printable text of up "
            f"to {_LONGEST_NAME} characters"
        )
    if not _are_texts(space.operations):
        raise SpaceError(
            f"the space {name} has the operations {shown(space.operations)}; expected a tuple of texts"
        )
    attribute_matrix(space.operations, space.attributes)
    if space.conditional:
        return
    choices = space.choices
    if not isinstance(choices, tuple | list) or not choices:
        raise SpaceError(
            f"the space {name} has the choices {shown(choices)}; expected a tuple of Choice(name, options)"
        )
    for choice in choices:
        if not (
            isinstance(choice, Choice)
            and isinstance(choice.name, str)
            and choice.options
            and _are_texts(choice.options)
            and len(set(choice.options)) == len(choice.options)
        ):
            raise SpaceError(
                f"the space {name} has the choice {shown(choice)}; expected Choice(name, options) with a text and a "
                "tuple of one or more different texts"
            )
    if len({choice.name for choice in choices}) < len(choices):
        raise SpaceError(f"two choices of the space {name} have the same name; give each a name of its own")


def check_graph(space: SearchSpace) -> None:
    """Refuse a space that makes no graph, which a predictor would meet after the first evaluations.

    Raises:
        SpaceError: What the space's own code does with one architecture.
    """
    (architecture,) = space.sample(1, np.random.default_rng(0))
    try:
        graph = space.graph(architecture)
    except ArchrankError:
        raise
    except Exception as error:
        raise SpaceError(
            f"the space {space.name} makes no graph of {space.format(architecture)}: {in_one_line(error)}"
        ) from error
    if not isinstance(graph, Graph) or not isinstance(graph.cells, tuple):
        raise SpaceError(
            f"the space {space.name} makes {shown(graph)} of an architecture; expected a Graph of a tuple of cells"
        )


def _are_texts(given: object) -> bool:
    return isinstance(given, tuple | list) and all(isinstance(each, str) for each in given)
