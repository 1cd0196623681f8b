"""Settings of objects as JSON values: what two runs must agree in, so that one continues the other."""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import numpy as np

__all__ = ["differences", "parameters_of", "settings_of"]

_LISTED = 1000
"""Arrays with more numbers than this are recorded as a digest."""

_LONGEST = 200
"""Values from files may be longer than anyone reads in a message."""

_OMITTED = ("space",)
"""A run records its space and table itself."""


def settings_of(value: object) -> Any:
    """The settings of an object, as JSON values.

    A strategy or a predictor is a mapping of its class and its parameters, and so is any other object: those that
    scikit-learn's ``get_params`` names, the fields of a dataclass, or its public attributes. What was learnt, in
    attributes that end in ``_``, and its search space are left out.

    Args:
        value: Any value.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Hinge:
    ...     margin: float = 0.1
    >>> settings_of({"loss": Hinge(), "hidden": (300, 300), "beta": float("inf")})
    {'loss': {'class': 'Hinge', 'margin': 0.1}, 'hidden': [300, 300], 'beta': 'inf'}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): settings_of(each) for name, each in value.items()}
    if isinstance(value, Set):
        return sorted(map(settings_of, value), key=repr)
    if isinstance(value, np.ndarray):
        listed = value.size <= _LISTED
        return value.tolist() if listed else f"{value.shape} {sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, Sequence):
        return [settings_of(each) for each in value]
    if isinstance(value, type) or not hasattr(value, "__dict__") or hasattr(value, "__qualname__"):
        return getattr(value, "__qualname__", type(value).__qualname__)
    declared = getattr(value, "settings", None)
    return dict(declared) if isinstance(declared, Mapping) else parameters_of(value)


def parameters_of(value: object) -> dict[str, Any]:
    """The class and the parameters of an object, as JSON values; objects define their ``settings`` by it."""
    if hasattr(value, "get_params"):
        found = value.get_params(deep=False)
    elif is_dataclass(value):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
    else:
        found = vars(value)
    kept = {
        name: settings_of(each)
        for name, each in sorted(found.items())
        if not (name.startswith("_") or name.endswith("_") or name in _OMITTED)
    }
    return {"class": type(value).__qualname__, **kept}


def differences(old: Any, new: Any, name: str = "") -> list[tuple[str, str, str]]:
    """Where two settings differ.

    Args:
        old: JSON values.
        new: JSON values.
        name: What they are called.

    Returns:
        For each difference its dotted name and both values as text.

    >>> differences({"class": "GuidedSearch", "batch": 5}, {"class": "GuidedSearch", "batch": 10}, "guided")
    [('guided.batch', '5', '10')]
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for key in {**old, **new}:
            below = f"{name}.{key}" if name else key
            found += differences(old.get(key, _NOTHING), new.get(key, _NOTHING), below)
        return found
    return [] if old == new else [(name, _text(old), _text(new))]


_NOTHING = object()


def _text(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "a deeply nested value"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
