"""What identifies a training, and how two trainings differ."""

import json
from collections.abc import Mapping
from typing import Any

from archrank.system.foreign import bounded, shown
from archrank.training.recipe import RENAMED, Recipe
from archrank.training.recorded import member, refusal

__all__ = ["differences", "recipe_fingerprint", "recorded_fingerprint"]


def recipe_fingerprint(recipe: Recipe) -> dict[str, Any]:
    """A recipe's settings as JSON values, under names that begin with ``recipe.``.

    >>> recipe_fingerprint(Recipe("mine", epochs=7))["recipe.epochs"]
    7
    """
    return {f"recipe.{name}": value for name, value in recipe.as_dict().items()}


def recorded_fingerprint(record: object) -> Mapping[str, Any]:
    """The fingerprint in the record of a training.

    Raises:
        ValueError: There is none.
    """
    old = isinstance(record, Mapping) and "facts" in record  # until release 0.1
    fingerprint = member(record, "the header", "facts" if old else "fingerprint")
    if not isinstance(fingerprint, Mapping):
        raise refusal("fingerprint", fingerprint, "settings by name")
    return fingerprint


def _present(name: str) -> str:
    """The present name of a setting that an earlier release may have recorded."""
    room, dot, setting = name.partition(".")
    return f"{room}{dot}{RENAMED.get(setting, setting)}"


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The differences between the metadata of two trainings, as text; empty if there are none.

    >>> differences({"seed": 1, "final": False}, {"seed": 2, "final": False})
    'seed is 1 there and 2 here'
    """
    here = json.loads(json.dumps(here))
    there = {_present(name): value for name, value in there.items()}
    listed = (
        f"{bounded(name, 200)} is {shown(there.get(name))} there and {shown(here.get(name))} here"
        for name in {**there, **here}
        if there.get(name) != here.get(name)
    )
    return bounded("; ".join(listed))
