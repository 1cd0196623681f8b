"""Drawings of architectures."""

from archrank.report.drawing.graph import Style, draw, style_of

__all__ = ["Style", "draw", "style_of"]
