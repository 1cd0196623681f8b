"""Encoders by name: the names that files, the command line and ``NeuralPredictor(space, "gates")`` use."""

from archrank.encoders.base import EncoderSettings
from archrank.encoders.biflow import BiFlow
from archrank.encoders.gates import GATES
from archrank.encoders.gcn import GCN, GlobalNodeGCN
from archrank.encoders.lstm import LSTM
from archrank.encoders.mlp import MLP, OneHotMLP
from archrank.encoders.ta_gates import TAGATES
from archrank.errors import UnknownName

__all__ = ["ENCODERS", "named_encoder"]

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
"""The class of settings of each encoder, by its name."""


def named_encoder(name: str) -> type[EncoderSettings]:
    """The class of an encoder's settings.

    Raises:
        UnknownName: No such encoder.
    """
    if name not in ENCODERS:
        raise UnknownName("encoder", name, ENCODERS)
    return ENCODERS[name]
