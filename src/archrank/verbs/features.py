"""List the graph features of a space's architectures."""

from typing import Any

import numpy as np

from archrank.errors import ArchrankError
from archrank.given import ArchitecturesLike, rows_of
from archrank.predictors.feature_map import named_features
from archrank.space import SearchSpace
from archrank.study.checks import checked_space
from archrank.verbs.named import named_space_of

__all__ = ["SAMPLE", "feature_table"]

SAMPLE = 1_000
"""How many random architectures the values of features are taken over."""


def feature_table(
    space: SearchSpace | str, architecture: ArchitecturesLike | None = None
) -> list[dict[str, Any]]:
    """The graph features that predictors read, and their values over 1,000 random architectures.

    Args:
        space: The space, or its name.
        architecture: An architecture whose values are shown too.

    Returns:
        A record for every feature, which ``pandas.DataFrame`` takes: ``feature``, its name; ``value``, where an
        architecture is given; ``mean``, ``min`` and ``max``.

    Raises:
        ArchrankError: No space, or not one architecture of it.

    >>> from archrank.spaces import NASBench201
    >>> feature_table(NASBench201())[0]["feature"]
    'junctions'
    """
    space = checked_space(named_space_of(space))
    shown = rows_of(space, [] if architecture is None else architecture, empty=architecture is None)
    if len(shown) > 1:
        raise ArchrankError(f"{len(shown)} architectures were given; show them one by one")
    drawn = rows_of(space, space.sample(SAMPLE, np.random.default_rng(0)))
    names, values = named_features(space, np.concatenate([shown, drawn]))
    sampled = values[len(shown) :]
    return [
        {
            "feature": name,
            **({"value": float(values[0, index])} if len(shown) else {}),
            "mean": float(sampled[:, index].mean()),
            "min": float(sampled[:, index].min()),
            "max": float(sampled[:, index].max()),
        }
        for index, name in enumerate(names)
    ]
