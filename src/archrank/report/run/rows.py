"""The rows of the table of evaluations, which dots of the figures are links to."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["row_numbers"]


def row_numbers(evaluations: Sequence[Mapping[str, Any]]) -> list[int]:
    """The numbers of evaluations, from 1: (n,)."""
    return [int(evaluation.get("number", place)) + 1 for place, evaluation in enumerate(evaluations)]
