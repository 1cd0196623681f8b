"""Pictures: drawings of architectures, plots of searches, and the report page."""

from archrank.report.drawing import draw, style_of
from archrank.report.page import write_report

__all__ = ["draw", "style_of", "write_report"]
