"""The report of a comparison of strategies."""

from archrank.report.strategies.page import write_strategy_report

__all__ = ["write_strategy_report"]
