"""Encoders: a batch of graphs in, an embedding per architecture out."""

from archrank.encoders.base import Encoder, EncoderSettings
from archrank.encoders.batch import Choices, GraphBatch, collate, merge
from archrank.encoders.biflow import BiFlow, BiFlowEncoder
from archrank.encoders.gates import GATES, GATESEncoder
from archrank.encoders.gcn import GCN, GCNEncoder, GlobalNodeGCN
from archrank.encoders.lstm import LSTM, LSTMEncoder
from archrank.encoders.mlp import MLP, MLPEncoder, OneHotMLP
from archrank.encoders.named import ENCODERS, named_encoder
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
    "named_encoder",
]
