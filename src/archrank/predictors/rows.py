"""What predictors are given, as rows of option indices."""

from collections.abc import Sequence

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.space import Rows, SearchSpace

__all__ = ["rows_of"]


def rows_of(space: SearchSpace, architectures: Sequence[Architecture] | Rows) -> Rows:
    """The rows of at least one architecture of a space: (B, number of choices).

    Args:
        space: The space that they should be of.
        architectures: B architectures, or their rows of option indices as ``space.rows()`` gives them.

    Raises:
        PredictorError: Architectures of another space, rows of another shape, or none at all.
    """
    if isinstance(architectures, np.ndarray):
        rows = architectures
    else:
        for architecture in architectures:
            if architecture.space != space.name:
                raise PredictorError(
                    f"an architecture of the space {architecture.space!r} was given to a predictor for {space.name!r}"
                )
        rows = np.array([a.choices for a in architectures], dtype=np.int16)
    if rows.ndim != 2 or rows.shape[1] != len(space.choices) or len(rows) == 0:
        raise PredictorError(
            f"rows of the shape {rows.shape} were given, expected (B, {len(space.choices)}) with B at least 1: "
            f"the option indices of architectures of {space.name}"
        )
    return rows
