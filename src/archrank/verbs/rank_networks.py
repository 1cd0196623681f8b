"""Rank any networks by a few trained ones, without a space around them."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.errors import ArchrankError, BudgetError, TableError
from archrank.graph import Graph
from archrank.network_pool import NetworkPool
from archrank.predictors.automatic import auto
from archrank.predictors.targets import as_targets
from archrank.predictors.unit import InUnit
from archrank.system.foreign import in_one_line, shown
from archrank.verbs.ranked import Ranking, RankingQuality

__all__ = ["rank_networks"]

_MIN_MEASURED = 5


def rank_networks(
    models: Any,
    values: npt.ArrayLike,
    candidates: Any,
    *,
    example: Any = None,
    inputs: Any = None,
    candidate_inputs: Any = None,
    target: str = "value",
    minimize: bool = False,
    top: int | None = None,
    skip: bool = False,
    seed: int = 0,
) -> Any:
    """Rank networks of any shape by a few trained ones.

    Every network is traced (:func:`~archrank.trace`). The predictors see the graphs: the number of operations of each
    kind, their sizes and attributes, depth, and which operation follows which; and any other inputs.

    Args:
        models: B trained networks: modules, names (``timm:resnet50``, ``file.py:Net``, an ``.onnx`` path) or graphs; a
            list, or a mapping of names to them. Code is run only from files that are named.
        values: What was measured: (B,).
        candidates: The networks to rank, in the same forms.
        example: What modules are called with: a tensor, a shape, or a tuple of these. Networks of timm and ONNX files
            may do without.
        inputs: Further columns about the trained networks, such as the training recipe: a mapping of names to B values,
            or a DataFrame.
        candidate_inputs: The same columns about the candidates.
        target: The name of what was measured, for the output.
        minimize: Whether lower is better.
        top: How many of the best to return; all for None.
        skip: Whether networks that cannot be traced are left out with a warning, instead of an error.
        seed: Fixes all randomness.

    Returns:
        A :class:`~archrank.verbs.ranked.Ranking`, the best first; its architectures are the candidates' names.

    Raises:
        TraceError: A network cannot be traced.
        TableError: Fewer than five trained networks, numbers of values or inputs that do not fit, or no candidate.
        PredictorError: Values that are not finite numbers or all equal.

    >>> from torch import nn
    >>> nets = {f"width {w}": nn.Sequential(nn.Linear(4, w), nn.ReLU(), nn.Linear(w, 2)) for w in range(1, 13)}
    >>> known = {name: nets[name] for name in list(nets)[::2]}
    >>> others = {name: nets[name] for name in list(nets)[1::2]}
    >>> ranking = rank_networks(known, [1, 3, 5, 7, 9, 11], others, example=(1, 4), top=2)
    >>> [ranking.space.format(each.architecture) for each in ranking]
    ['width 12', 'width 10']
    """
    if top is not None and (isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1):
        raise BudgetError(f"top is {shown(top)}; give a whole number, 1 or more")
    trained, new = _named(models, "model"), _named(candidates, "candidate")
    targets = as_targets(values, len(trained))
    _check_measured_once(models, inputs, targets)
    if len(trained) < _MIN_MEASURED:
        raise TableError(
            f"{len(trained)} trained networks are too few to rank others by; give {_MIN_MEASURED} or more"
        )
    if not new:
        raise TableError("no candidate was given")
    columns, more = (
        _columns(inputs, len(trained), "inputs"),
        _columns(candidate_inputs, len(new), "candidate_inputs"),
    )
    if set(columns) != set(more):
        raise TableError(
            f"inputs has the columns {sorted(columns)} and candidate_inputs {sorted(more)}; give the same"
        )
    notes: list[str] = []
    known_graphs = _graphs(trained, example, skip, notes)
    new_graphs = _graphs(new, example, skip, notes)
    kept, ranked = [i for i, g in enumerate(known_graphs) if g], [i for i, g in enumerate(new_graphs) if g]
    if len(kept) < _MIN_MEASURED or not ranked:
        raise TableError(
            f"{len(kept)} trained networks and {len(ranked)} candidates could be traced: too few. {notes[0]}"
        )
    names = _unique([list(trained)[i] for i in kept], [list(new)[i] for i in ranked])
    graphs = [g for g in (*known_graphs, *new_graphs) if g is not None]
    together = {
        column: [*(columns[column][i] for i in kept), *(more[column][i] for i in ranked)]
        for column in columns
    }
    pool = NetworkPool(dict(zip(names, graphs, strict=True)), together)
    members = [pool.member(name) for name in names]
    measured, rest = members[: len(kept)], members[len(kept) :]
    fitted = InUnit(auto(pool, "fast", seed=seed), seed).fit(measured, targets[kept], minimize=minimize)
    scores, predicted, std = fitted.predict(pool.pack(rest))
    best = np.argsort(-scores, kind="stable")[:top]
    if fitted.note is not None:
        notes.append(fitted.note)
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return Ranking(
        space=pool,
        target=target,
        minimize=minimize,
        architectures=tuple(rest[i] for i in best),
        predicted=predicted[best],
        std=std[best],
        predictor=fitted.predictor_,
        measured=len(measured),
        candidates=len(rest),
        notes=tuple(notes),
        quality=RankingQuality.of(*fitted.held_out_),
        explanation=fitted.explain(),
    )


def _named(given: Any, what: str) -> dict[str, Any]:
    """Networks by name; those that have none are numbered."""
    if isinstance(given, Mapping):
        return {str(name): network for name, network in given.items()}
    if isinstance(given, str | os.PathLike) or not hasattr(given, "__iter__") or hasattr(given, "forward"):
        raise TableError(
            f"{what}s is {shown(given)}; expected a list of networks or a mapping of names to them"
        )
    found: dict[str, Any] = {}
    for index, network in enumerate(given):
        name = os.fspath(network) if isinstance(network, str | os.PathLike) else f"{what} {index}"
        while name in found:
            name += "'"
        found[name] = network
    return found


def _check_measured_once(models: Any, inputs: Any, targets: npt.NDArray[np.float64]) -> None:
    """Refuse a name that stands for several values, where no further input may tell why."""
    if inputs is not None or isinstance(models, Mapping):
        return
    values: dict[str, float] = {}
    for network, value in zip(models, targets.tolist(), strict=True):
        if not isinstance(network, str | os.PathLike):
            continue
        name = os.fspath(network)
        if values.setdefault(name, value) != value:
            raise TableError(
                f"the network {name!r} was measured as {values[name]:g} and as {value:g}; give it once, with the mean"
            )


def _unique(trained: Sequence[str], candidates: Sequence[str]) -> list[str]:
    """The names of all, none twice: a candidate may be a trained network with other inputs."""
    taken = set(candidates)
    first = []
    for name in trained:
        while name in taken:
            name = f"{name} (trained)"
        taken.add(name)
        first.append(name)
    return [*first, *candidates]


def _graphs(networks: Mapping[str, Any], example: Any, skip: bool, notes: list[str]) -> list[Graph | None]:
    from archrank.modules.entry import trace

    examples = () if example is None else _examples(example)
    found: list[Graph | None] = []
    missing = []
    for name, network in networks.items():
        if isinstance(network, Graph):
            found.append(network)
            continue
        called = () if isinstance(network, str | Path) and _brings_example(str(network)) else examples
        try:
            found.append(trace(network, *called))
        except ArchrankError as error:
            if not skip:
                error.args = (f"the network {name!r}: {error}",)
                raise
            missing.append(f"{name} ({in_one_line(error, 200)})")
            found.append(None)
    if missing:
        notes.append(f"{len(missing)} of {len(networks)} networks were left out: {'; '.join(missing[:3])}")
    return found


def _brings_example(name: str) -> bool:
    return name.startswith("timm:") or name.lower().endswith(".onnx")


def _examples(example: Any) -> tuple[Any, ...]:
    shape = isinstance(example, tuple) and all(type(size) is int for size in example)
    return (example,) if shape or not isinstance(example, tuple) else example


def _columns(inputs: Any, count: int, what: str) -> dict[str, list[Any]]:
    if inputs is None:
        return {}
    if not hasattr(inputs, "keys") or not hasattr(inputs, "__getitem__"):
        raise TableError(f"{what} is {shown(inputs)}; expected a mapping of columns or a DataFrame")
    found = {
        str(name): list(inputs[name].tolist() if hasattr(inputs[name], "tolist") else inputs[name])
        for name in inputs.keys()  # noqa: SIM118 (a DataFrame has columns under this name)
    }
    for name, column in found.items():
        if len(column) != count:
            raise TableError(f"{what}: the column {name!r} has {len(column)} values for {count} networks")
    return found
