"""The report of a search."""

from archrank.report.run.page import write_report

__all__ = ["write_report"]
