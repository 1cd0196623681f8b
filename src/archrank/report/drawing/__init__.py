"""Drawings of architectures and networks."""

from archrank.report.drawing.graph import Style, draw, style_of
from archrank.report.drawing.network import draw_network, is_network

__all__ = ["Style", "draw", "draw_network", "is_network", "style_of"]
