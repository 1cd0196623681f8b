"""What the scores of a fitted predictor rest on: which groups of features, and which choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError
from archrank.open_space import OpenSpace
from archrank.space import SearchSpace
from archrank.system.frames import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from archrank.predictors.base import Predictor

__all__ = ["Explanation", "explained"]

_ARCHITECTURES = 100
"""Architectures in which choices are changed."""

_SHOWN, _NAMED = 12, 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a ranking rests on, largest first.

    An effect is half the mean squared change of the score when a group of features, or a choice, is that of another
    architecture, in the variance of the scores: 0 where it has no influence, 1 where nothing else has. Effects of
    groups that interact sum to more than 1, and groups that tell the same share their effect.

    Attributes:
        groups: The effect of each group of features by name: ``graph``, ``depth``, ``choices``, ``attributes``,
            ``place of …``, ``hint …``, and with zero-cost scores ``score …`` and ``prior of …``; empty for a predictor
            that does not say.
        choices: The effect of each choice of the space by name.
        group_std: The standard deviation of the effect of each group, as other labels of the same number would change
            it; empty where that is not known.
        choice_std: The same for each choice.
    """

    groups: dict[str, float]
    choices: dict[str, float]
    group_std: dict[str, float] = field(default_factory=dict)
    choice_std: dict[str, float] = field(default_factory=dict)

    def spread_of(self, folds: "Sequence[Explanation]") -> "Explanation":
        """The same with standard deviations, by the jackknife.

        Args:
            folds: The explanations of K fits, each of which lacks another Kth of the labels.

        Reference: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), with groups left out.
        """
        if len(folds) < 2:
            return self
        groups = _spread(self.groups, [each.groups for each in folds])
        return replace(
            self, group_std=groups, choice_std=_spread(self.choices, [each.choices for each in folds])
        )

    def to_pandas(self) -> "pd.DataFrame":
        """The columns kind, name, effect and std, a row for each group and choice.

        Raises:
            ArchrankError: pandas is not installed.
        """
        rows = [
            (kind, name, effect, std.get(name, np.nan))
            for kind, effects, std in self._kinds
            for name, effect in effects.items()
        ]
        return data_frame(rows, ["kind", "name", "effect", "std"])

    def __str__(self) -> str:
        """One sentence with the largest effects."""
        parts = []
        for title, effects, std in self._kinds:
            named = [f"{name} {_value(effects[name], std.get(name), 2)}" for name in list(effects)[:_NAMED]]
            if len(effects) > _NAMED:
                named.append(f"{len(effects) - _NAMED} more with smaller effects")
            if named:
                parts.append(f"{title}s {', '.join(named)}")
        spread = " ± standard deviation" if self.choice_std or self.group_std else ""
        return f"The ranking rests on (effects from 0 to 1{spread}): {'; '.join(parts) or 'nothing'}."

    def __repr__(self) -> str:
        """Two lists of names with bars."""
        lines: list[str] = []
        for title, effects, std in self._kinds:
            if not effects:
                continue
            names = list(effects)[:_SHOWN]
            width = max(map(len, (*names, title)))
            lines.append(f"{title:{width}}  effect")
            lines += [
                f"{name:{width}}  {_value(effects[name], std.get(name), 3):>6}  "
                f"{'▇' * round(20 * effects[name])}".rstrip()
                for name in names
            ]
            if len(effects) > _SHOWN:
                lines.append(f"… and {len(effects) - _SHOWN} more")
        return "\n".join(lines)

    @property
    def _kinds(self) -> tuple[tuple[str, dict[str, float], dict[str, float]], ...]:
        return ("group", self.groups, self.group_std), ("choice", self.choices, self.choice_std)


def _spread(effects: Mapping[str, float], folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The standard deviation of each effect, by those of fits that each lack a part of the labels."""
    values = np.array([[each.get(name, 0.0) for name in effects] for each in folds]).reshape(len(folds), -1)
    return dict(zip(effects, np.sqrt((len(folds) - 1) * values.var(axis=0)).tolist(), strict=True))


def _value(effect: float, std: float | None, digits: int) -> str:
    return f"{effect:.{digits}f}" + ("" if std is None else f" ± {std:.{digits}f}")


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
    """Largest first; above 1 is a sample's error, or features that change the score in opposite directions."""
    return {name: min(1.0, effect) for name, effect in sorted(effects.items(), key=lambda item: -item[1])}
