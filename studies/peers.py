"""SMAC3 and HEBO on a table, with the defaults that each recommends; neither is a dependency of archrank.

    pip install smac HEBO

A choice whose options are numbers is ordinal to SMAC3 and an integer, its place, to HEBO. The others are categorical.
"""

import importlib
import tempfile
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.benchmarks.table import Table
from archrank.space import SearchSpace
from archrank.spaces.hpolib import DOMAINS, HPOLib

__all__ = ["PEERS", "loss", "versions"]

_PACKAGES = {"SMAC3": ("smac", "smac"), "HEBO": ("hebo", "HEBO")}
"""The module and the package of each."""


def smac(table: Table, budget: int, seed: int) -> list[float]:
    """The losses that ``HyperparameterOptimizationFacade`` found, in order."""
    facade, scenario = _imported("SMAC3").HyperparameterOptimizationFacade, _imported("SMAC3").Scenario
    space = importlib.import_module("ConfigSpace")
    losses: list[float] = []

    def evaluate(configuration: Any, seed: int = 0) -> float:
        losses.append(_loss_of(table, dict(configuration)))
        return losses[-1]

    domain = space.ConfigurationSpace(seed=seed)
    for name, options in _options(table.space).items():
        kind = space.OrdinalHyperparameter if _ordered(options) else space.CategoricalHyperparameter
        domain.add(kind(name, list(options)))
    with tempfile.TemporaryDirectory() as folder:
        plan = scenario(domain, deterministic=True, n_trials=budget, seed=seed, output_directory=folder)
        facade(plan, evaluate, overwrite=True, logging_level=40).optimize()
    return losses


def hebo(table: Table, budget: int, seed: int) -> list[float]:
    """The losses that ``HEBO`` found, one suggestion at a time."""
    _imported("HEBO")
    torch = importlib.import_module("torch")
    np.random.seed(seed)  # noqa: NPY002  # HEBO draws from the global states
    torch.manual_seed(seed)
    places = [
        {"name": name, "type": "int", "lb": 0, "ub": len(options) - 1}
        if _ordered(options)
        else {"name": name, "type": "cat", "categories": list(options)}
        for name, options in _options(table.space).items()
    ]
    design = importlib.import_module("hebo.design_space.design_space").DesignSpace().parse(places)
    search = importlib.import_module("hebo.optimizers.hebo").HEBO(design, scramble_seed=seed)
    losses: list[float] = []
    while len(losses) < budget:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            suggested = search.suggest(n_suggestions=1)
        values = suggested.iloc[0].to_dict()
        losses.append(
            _loss_of(
                table,
                {
                    n: o[int(values[n])] if _ordered(o) else values[n]
                    for n, o in _options(table.space).items()
                },
            )
        )
        search.observe(suggested, np.array([[losses[-1]]]))
    return losses


PEERS: dict[str, Callable[[Table, int, int], list[float]]] = {"SMAC3": smac, "HEBO": hebo}


def versions() -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for name, (_, package) in _PACKAGES.items():
        try:
            found[name] = version(package)
        except ModuleNotFoundError:
            continue
    return found


def _ordered(options: tuple[Any, ...]) -> bool:
    return not isinstance(options[0], str)


def loss(table: Table, architecture: Architecture) -> float:
    """What is minimized."""
    return -float(table.scores()[table.index(architecture)])


def _options(space: SearchSpace) -> dict[str, tuple[Any, ...]]:
    """The options of each choice."""
    return DOMAINS if isinstance(space, HPOLib) else {choice.name: choice.options for choice in space.choices}


def _loss_of(table: Table, values: Mapping[str, Any]) -> float:
    """What is minimized, of values that may be NumPy's."""
    options = _options(table.space)
    return loss(
        table, table.space.from_options({name: _option(options[name], values[name]) for name in options})
    )


def _option(options: tuple[Any, ...], value: Any) -> Any:
    """The option that equals a value, which may be NumPy's."""
    return next(option for option in options if option == value)


def _imported(name: str) -> Any:
    module, package = _PACKAGES[name]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise SystemExit(
            f"{name} is not installed: pip install {package}, or leave it out of --methods"
        ) from None
