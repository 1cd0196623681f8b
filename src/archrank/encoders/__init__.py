"""Encoders: a batch of graphs in, an embedding per architecture out."""

from archrank.encoders.base import Encoder, EncoderSettings
from archrank.encoders.batch import Choices, GraphBatch, collate, merge
from archrank.encoders.gates import GATES, GATESEncoder

__all__ = [
    "ENCODERS",
    "GATES",
    "Choices",
    "Encoder",
    "EncoderSettings",
    "GATESEncoder",
    "GraphBatch",
    "collate",
    "merge",
]

ENCODERS: dict[str, type[EncoderSettings]] = {"gates": GATES}
"""The encoders by the names that files and the command line use."""
