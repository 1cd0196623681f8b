"""Encoders by name: the names that files, the command line and ``NeuralPredictor(space, "gates")`` use."""

from typing import TYPE_CHECKING

from archrank.lazy_names import LazyNames
from archrank.plugins import Names, check_subclass

if TYPE_CHECKING:
    from archrank.encoders.base import EncoderSettings

__all__ = ["ENCODERS", "named_encoder"]

_BUILT_IN: "LazyNames[type[EncoderSettings]]" = LazyNames(
    {
        "gates": "archrank.encoders.gates:GATES",
        "ta-gates": "archrank.encoders.ta_gates:TAGATES",
        "hierarchical-gates": "archrank.encoders.hierarchical:HierarchicalGATES",
        "biflow": "archrank.encoders.biflow:BiFlow",
        "gcn": "archrank.encoders.gcn:GCN",
        "gcn-global": "archrank.encoders.gcn:GlobalNodeGCN",
        "lstm": "archrank.encoders.lstm:LSTM",
        "mlp": "archrank.encoders.mlp:MLP",
        "mlp-one-hot": "archrank.encoders.mlp:OneHotMLP",
    }
)


def _accept(name: str, value: object) -> "type[EncoderSettings]":
    from archrank.encoders.base import EncoderSettings

    return check_subclass(value, EncoderSettings)


ENCODERS: "Names[type[EncoderSettings]]" = Names("encoders", _BUILT_IN, _accept)
"""The class of settings of each encoder, by its name; imported when it is first used."""


def named_encoder(name: str) -> "type[EncoderSettings]":
    """The class of an encoder's settings.

    Raises:
        UnknownName: No such encoder.
        PluginError: The installed package that adds it cannot be used.
        MissingExtra: The extra ``neural`` is not installed.
    """
    return ENCODERS.look_up(name)
