"""Features from numbers that describe operations: their sums, and where on the longest path they are.

An operation's name alone is opaque: "e6 k5 se" shares nothing with "e6 k5". A space that declares attributes of its
operations (:attr:`archrank.SearchSpace.attributes`) lets predictors see what these have in common. The features are
equal for isomorphic architectures.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.errors import SpaceError, UnknownName
from archrank.sites import Shorts, Sites, depths, live_sites
from archrank.system.foreign import shown

__all__ = ["Placed", "attribute_matrix", "place_sums"]

Floats = npt.NDArray[np.float64]

_PART = 8_192

_LARGEST = 1e15
"""The largest size of an attribute, so that the square of a sum is a number of 32 bits."""


class Placed:
    """The live operations of B cells, and how many operations come before each on the longest path from an input.

    Args:
        cell: One cell of each of B graphs.

    Attributes:
        kind: Index of the operation at each of S sites, -1 where there is no live one: (B, S).
        place: The number of operations before it on the longest path: (B, S).
    """

    def __init__(self, cell: CellArrays) -> None:
        kinds: list[npt.NDArray[np.int32]] = []
        places: list[Shorts] = []
        for begin in range(0, len(cell), _PART):
            sites = Sites(cell, slice(begin, begin + _PART))
            visits = sites.in_order()
            live = live_sites(sites, visits)
            kinds.append(np.where(live, sites.kind, -1).astype(np.int32))
            places.append(np.where(live, depths(sites, visits)[1], 0))
        self.kind = np.concatenate(kinds)
        self.place = np.concatenate(places)


def place_sums(placed: Placed, values: Floats, places: int) -> Floats:
    """Sums of the attributes of the operations at each place; of a chain, the attributes themselves.

    Args:
        placed: The live operations of B cells.
        values: The A attributes of the K operation kinds: (K, A).
        places: The number of places; later operations are left out.

    Returns:
        (B, A, places).
    """
    sums = np.zeros((len(placed.kind), values.shape[1], places))
    for site in range(placed.kind.shape[1]):
        rows = np.flatnonzero((placed.kind[:, site] >= 0) & (placed.place[:, site] < places))
        sums[rows, :, placed.place[rows, site]] += values[placed.kind[rows, site]]
    return sums


def attribute_matrix(
    operations: Sequence[str], attributes: Mapping[str, Mapping[str, float]]
) -> tuple[tuple[str, ...], Floats]:
    """Declared attributes as an array; an attribute that an operation does not have counts as 0.

    Args:
        operations: The K operation kinds of a space.
        attributes: What its :attr:`~archrank.SearchSpace.attributes` are.

    Returns:
        The names of the A attributes, and their values: (K, A).

    Raises:
        UnknownName: Attributes of something that is not among the operations.
        SpaceError: Attributes that are not finite numbers by name, or too large to be squared with 32 bits.

    >>> attribute_matrix(("conv", "pool"), {"conv": {"kernel": 3}})
    (('kernel',), array([[3.],
           [0.]]))
    """
    if not isinstance(attributes, Mapping):
        raise SpaceError(
            f"attributes are {shown(attributes)}; expected a mapping of operations to attributes"
        )
    names: dict[str, None] = {}
    for operation, own in attributes.items():
        if operation not in operations:
            raise UnknownName("operation in attributes", str(operation), operations)
        if not isinstance(own, Mapping):
            raise SpaceError(
                f"the attributes of {operation!r} are {shown(own)}; expected numbers by name, such as "
                '{"kernel": 3, "stride": 2}'
            )
        for name, value in own.items():
            if not isinstance(name, str):
                raise SpaceError(f"the attribute {shown(name)} of {operation!r}; expected a text as its name")
            plain = value.item() if isinstance(value, np.integer | np.floating) else value
            number = isinstance(plain, int | float | np.longdouble) and not isinstance(
                value, bool | np.timedelta64
            )
            if not (number and abs(plain) <= _LARGEST):
                raise SpaceError(
                    f"the attribute {name!r} of {operation!r} is {shown(value)}; expected a number from "
                    f"{-_LARGEST:g} to {_LARGEST:g}"
                )
            names[name] = None
    matrix = [[float(attributes.get(kind, {}).get(name, 0.0)) for name in names] for kind in operations]
    return tuple(names), np.array(matrix).reshape(len(operations), len(names))
