"""Drawings of architectures, and reports of searches and comparisons."""

from archrank.report.drawing.graph import draw, style_of
from archrank.report.run.page import write_report

__all__ = ["draw", "style_of", "write_report"]
