"""What a newcomer's class must pass: one suite for every extension point."""

from archrank.testing.spaces import check_space
from archrank.testing.strategies import check_strategy
from archrank.testing.tables import check_table

__all__ = ["check_space", "check_strategy", "check_table"]
