"""What the scores of a fitted predictor rest on: which groups of features, and which choices."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd

    from archrank.predictors.base import Predictor

__all__ = ["Explanation", "explained"]

_ARCHITECTURES = 100
"""Architectures in which choices are changed."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a ranking rests on, largest first.

    An effect is half the mean squared change of the score when a group of features, or a choice, is that of another
    architecture, in the variance of the scores: 0 where it has no influence, 1 where nothing else has. Effects of
    groups that interact sum to more than 1, and groups that tell the same share their effect.

    Attributes:
        groups: The effect of each group of features by name: ``graph``, ``depth``, ``choices``, ``attributes`` and
            ``place of …``; empty for a predictor that does not say.
        choices: The effect of each choice of the space by name.
    """

    groups: dict[str, float]
    choices: dict[str, float]

    def to_pandas(self) -> "pd.DataFrame":
        """The columns kind, name and effect, a row for each group and choice."""
        import pandas as pd

        kinds = (("group", self.groups), ("choice", self.choices))
        rows = [(kind, name, effect) for kind, effects in kinds for name, effect in effects.items()]
        return pd.DataFrame(rows, columns=["kind", "name", "effect"])

    def __repr__(self) -> str:
        """Two lists of names with bars."""
        lines: list[str] = []
        for title, effects in (("group", self.groups), ("choice", self.choices)):
            if not effects:
                continue
            names = list(effects)[:_SHOWN]
            width = max(map(len, (*names, title)))
            lines.append(f"{title:{width}}  effect")
            lines += [
                f"{name:{width}}  {effects[name]:6.3f}  {'▇' * round(20 * min(effects[name], 1.0))}".rstrip()
                for name in names
            ]
            if len(effects) > _SHOWN:
                lines.append(f"… and {len(effects) - _SHOWN} more")
        return "\n".join(lines)


def explained(predictor: "Predictor", groups: dict[str, float], seed: int) -> Explanation:
    """The explanation of a fitted predictor, from the effects of its groups."""
    choices = _choice_effects(predictor, np.random.default_rng([seed, 1]))
    return Explanation(_sorted(groups), _sorted(choices))


def _choice_effects(predictor: "Predictor", rng: np.random.Generator) -> dict[str, float]:
    """The effect of every choice on the scores: what taking it alone from another architecture does."""
    space = predictor.space
    drawn = space.sample(_ARCHITECTURES, rng)
    scores = predictor.predict(drawn)
    changes = [(i, *change) for i, each in enumerate(drawn) for change in _changes(space, each, rng)]
    if not changes:
        return {}
    origins, names, others, chances = zip(*changes, strict=True)
    squares = (predictor.predict(list(others)) - scores[list(origins)]) ** 2 * np.array(chances)
    variance = float(scores.var()) or np.inf
    found = {}
    for name in dict.fromkeys(names):
        mine = np.array([other == name for other in names])
        # A choice that is active in few architectures has an effect in these only.
        found[name] = float(squares[mine].mean() / (2 * variance)) * _active(space, drawn, name)
    return found


def _changes(
    space: SearchSpace, architecture: Architecture, rng: np.random.Generator
) -> list[tuple[str, Architecture, float]]:
    """For every choice the architecture with another option, and the chance that a random option is another one.

    Only where that is valid.
    """
    options = space.options(architecture)
    changed = []
    for name, others in _others(space, architecture).items():
        if not others:
            continue
        try:
            other = space.from_options(options | {name: others[int(rng.integers(len(others)))]})
        except ArchrankError:
            continue
        changed.append((name, other, len(others) / (len(others) + 1)))
    return changed


def _others(space: SearchSpace, architecture: Architecture) -> dict[str, list[object]]:
    """The other options of each active choice."""
    if isinstance(space, OpenSpace):
        options = space.options(architecture)
        domains = space.domains(architecture).items()
        return {
            name: list(domain.others(options[name]))
            for name, domain in domains
            if name not in space.identifiers
        }
    rows = zip(space.choices, architecture.choices, strict=True)
    return {choice.name: [o for at, o in enumerate(choice.options) if at != index] for choice, index in rows}


def _active(space: SearchSpace, drawn: list[Architecture], name: str) -> float:
    if not space.conditional:
        return 1.0
    return float(np.mean([name in space.options(architecture) for architecture in drawn]))


def _sorted(effects: dict[str, float]) -> dict[str, float]:
    return dict(sorted(effects.items(), key=lambda item: -item[1]))
