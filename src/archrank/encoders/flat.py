"""The choices of a batch, for encoders of flat choices, and the error where a batch has none."""

import numpy as np
import numpy.typing as npt

from archrank.encoders.batch import Choices, GraphBatch
from archrank.errors import PredictorError

__all__ = ["flat_choices"]


def flat_choices(batch: GraphBatch, indices: npt.NDArray[np.int64] | None = None) -> Choices:
    """The rows of choices that a batch was made from.

    Args:
        batch: B graphs.
        indices: Those to use, in this order; all for None.

    Raises:
        PredictorError: The graphs came without their rows.
    """
    if batch.choices is None:
        raise PredictorError(
            "these graphs came without their rows of choices, which this encoder reads instead of the graph; "
            "give them to merge(cells, operations, choices), or take an encoder of graphs such as GATES"
        )
    rows = batch.choices.rows
    return Choices((rows if indices is None else rows[indices]).astype(np.int64), batch.choices.options)
