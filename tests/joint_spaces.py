"""Evaluators of joint spaces that worker processes can import."""

import math


def worth(architecture, params):
    """More of the last options, and a learning rate near 10^-2.5, are better."""
    return sum(architecture.choices) / 10 - (math.log10(params["lr"]) + 2.5) ** 2


worth.metric = "worth"


def conditional(choose):
    if choose("optimizer", ["adam", "sgd"]) == "sgd":
        choose.number("momentum", 0.5, 0.99)
    choose.number("lr", 1e-4, 1e-1, log=True)
