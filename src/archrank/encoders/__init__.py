"""Encoders: a batch of graphs in, an embedding per architecture out."""

from archrank.encoders.base import Encoder, EncoderSettings
from archrank.encoders.batch import Choices, GraphBatch, collate, merge
from archrank.encoders.biflow import BiFlow, BiFlowEncoder
from archrank.encoders.gates import GATES, GATESEncoder
from archrank.encoders.gcn import GCN, GCNEncoder, GlobalNodeGCN
from archrank.encoders.lstm import LSTM, LSTMEncoder
from archrank.encoders.mlp import MLP, MLPEncoder, OneHotMLP
from archrank.encoders.ta_gates import TAGATES, TAGATESEncoder

__all__ = [
    "ENCODERS",
    "GATES",
    "GCN",
    "LSTM",
    "MLP",
    "TAGATES",
    "BiFlow",
    "BiFlowEncoder",
    "Choices",
    "Encoder",
    "EncoderSettings",
    "GATESEncoder",
    "GCNEncoder",
    "GlobalNodeGCN",
    "GraphBatch",
    "LSTMEncoder",
    "MLPEncoder",
    "OneHotMLP",
    "TAGATESEncoder",
    "collate",
    "merge",
]

ENCODERS: dict[str, type[EncoderSettings]] = {
    "gates": GATES,
    "ta-gates": TAGATES,
    "biflow": BiFlow,
    "gcn": GCN,
    "gcn-global": GlobalNodeGCN,
    "lstm": LSTM,
    "mlp": MLP,
    "mlp-one-hot": OneHotMLP,
}
"""The encoders by the names that files and the command line use."""
