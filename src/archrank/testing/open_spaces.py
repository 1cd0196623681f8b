"""The conformance suite of a space whose choices depend on each other; :func:`check_space` runs it."""

import math
import pickle
from typing import Any

import numpy as np
import optuna

from archrank.architecture import Architecture
from archrank.errors import InvalidArchitecture, ParseError, SpaceError
from archrank.graph import Graph
from archrank.open_space import OpenSpace
from archrank.testing.known_values import check_known_values
from archrank.testing.require import require

__all__ = ["check_open_space"]


def check_open_space(space: OpenSpace, *, samples: int = 30, seed: int = 0) -> None:
    """Check that a space whose choices are learned by building keeps what the rest of archrank relies on.

    Args:
        space: The space to check; pickle must be able to copy it.
        samples: The number of architectures to check closely.
        seed: The seed of the random choices.

    Raises:
        AssertionError: A law does not hold; the message names the method and the example.
    """
    _check_declaration(space)
    copied = _copied(space)
    drawn = _check_sampling(space, copied, samples, seed)
    for architecture in drawn:
        _check_spellings(space, architecture)
        _check_suggest(space, architecture)
        _check_graph(space, copied, architecture)
        check_known_values(space, architecture)
        _check_features(space, architecture)
    for architecture in drawn[: max(1, samples // 4)]:
        _check_neighbors(space, architecture)
        _check_mutate(space, architecture, seed)


def _what(space: OpenSpace, method: str, architecture: Architecture) -> str:
    return f"{space.name}: {method}({dict(architecture.choices)})"


def _check_declaration(space: OpenSpace) -> None:
    require(isinstance(space.name, str) and bool(space.name), f"{space!r} has no name")
    require(bool(space), f"{space.name}: bool() must be True")
    require(
        len(space.digest) == 12 and space.digest == space.digest,
        f"{space.name}: the digest {space.digest!r} must be twelve digits that stay the same",
    )


def _copied(space: OpenSpace) -> OpenSpace:
    """The space as another process gets it, which has built nothing yet."""
    try:
        copied: OpenSpace = pickle.loads(pickle.dumps(space))  # noqa: S301 (of this process)
    except Exception as error:
        raise AssertionError(f"{space.name}: pickle cannot copy the space: {error}") from error
    for name in ("name", "digest"):
        before, after = getattr(space, name), getattr(copied, name)
        require(before == after, f"{space.name}: the {name} {before!r} becomes {after!r} by pickling")
    return copied


def _check_sampling(space: OpenSpace, copied: OpenSpace, samples: int, seed: int) -> list[Architecture]:
    require(space.sample(0, np.random.default_rng(0)) == [], f"{space.name}: sample(0) must be an empty list")
    many = space.sample(samples, np.random.default_rng([seed, 0]))
    require(len(many) == samples, f"{space.name}: sample({samples}) gave {len(many)} architectures")
    for again in (space, copied):
        require(
            again.sample(samples, np.random.default_rng([seed, 0])) == many,
            f"{space.name}: sample() must depend on its generator only; the code that builds must not be random",
        )
    for architecture in many:
        _check_member(space, architecture, "sample()")
    return list(dict.fromkeys(many))


def _check_member(space: OpenSpace, architecture: Architecture, where: str) -> None:
    what = f"{space.name}: {where} gave {architecture}"
    require(architecture.space == space.name, f"{what}, whose space is not {space.name!r}")
    pairs = architecture.choices
    named = isinstance(pairs, tuple) and all(
        isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in pairs
    )
    require(
        named and (bool(pairs) or not space.has_choices),
        f"{what}, whose choices are not pairs of name and value",
    )
    require(len(dict(pairs)) == len(pairs), f"{what}, in which a choice comes twice")
    domains = _asked(space, "domains", architecture)
    require(
        list(domains) == [name for name, _ in pairs], f"{what}, whose domains() are those of {[*domains]}"
    )
    for name, value in pairs:
        require(domains[name].contains(value), f"{what}, where {name!r} cannot be {value!r}: {domains[name]}")


def _asked(space: OpenSpace, method: str, given: Any) -> Any:
    """The result of a method for what is valid, so that it must not refuse it."""
    try:
        return getattr(space, method)(given)
    except (InvalidArchitecture, ParseError, SpaceError) as error:
        raise AssertionError(f"{space.name}: {method}({given!r}) refuses what is valid: {error}") from error


def _check_spellings(space: OpenSpace, architecture: Architecture) -> None:
    options, text = space.options(architecture), space.format(architecture)
    require(options == dict(architecture.choices), f"{_what(space, 'options', architecture)} gave {options}")
    for method, given in (("architecture", options), ("from_options", options), ("parse", text)):
        found = _asked(space, method, given)
        require(
            found == architecture,
            f"{space.name}: {method}({given!r}) gave {dict(found.choices)}, "
            f"expected {dict(architecture.choices)}; the code that builds an architecture must not be random",
        )
    for bad in ("", "garbage", "{}", "[]", "null", '{"no such choice": 1}', "∅"):
        if bad == "{}" and not options:
            continue
        try:
            parsed = space.parse(bad)
        except ParseError:
            continue
        except Exception as error:
            raise AssertionError(
                f"{space.name}: parse({bad!r}) must raise ParseError, not {type(error).__name__}"
            ) from error
        raise AssertionError(f"{space.name}: parse({bad!r}) must raise ParseError, but it read {parsed}")


def _check_suggest(space: OpenSpace, architecture: Architecture) -> None:
    what = _what(space, "suggest", architecture)
    try:
        suggested = space.suggest(optuna.trial.FixedTrial(space.options(architecture)))
    except Exception as error:
        raise AssertionError(f"{what} fails with a trial of these values: {error}") from error
    require(suggested == architecture, f"{what} made {dict(suggested.choices)} of a trial of these values")


def _check_graph(space: OpenSpace, copied: OpenSpace, architecture: Architecture) -> None:
    graph = space.graph(architecture)
    what = _what(space, "graph", architecture)
    require(isinstance(graph, Graph) and len(graph.cells) > 0, f"{what} must be a Graph of at least one cell")
    key, function = graph.key, space.function_key(architecture)
    for again in (space, copied):
        require(
            again.graph(architecture).key == key,
            f"{what} must give the same graph every time; the code that builds an architecture must not be random",
        )
        require(
            again.function_key(architecture) == function,
            f"{_what(space, 'function_key', architecture)} must be the same every time",
        )
    hash(function)


def _changed(space: OpenSpace, before: Architecture, after: Architecture) -> list[str]:
    """The choices that are active in both, and differ; not those that only name an architecture."""
    old, new = space.options(before), space.options(after)
    return [name for name in old if name in new and old[name] != new[name]]


def _check_neighbors(space: OpenSpace, architecture: Architecture) -> None:
    what = _what(space, "neighbors", architecture)
    neighbors = space.neighbors(architecture)
    require(architecture not in neighbors, f"{what} has the architecture itself")
    require(len(set(neighbors)) == len(neighbors), f"{what} has one twice")
    require(neighbors == space.neighbors(architecture), f"{what} must come in a fixed order")
    for neighbor in neighbors:
        _check_member(space, neighbor, "neighbors()")
        _check_step(space, architecture, neighbor, what)


def _check_step(space: OpenSpace, before: Architecture, after: Architecture, what: str) -> None:
    """One choice differs that stays active; where another one is named, or others represent the same, several may."""
    changed = _changed(space, before, after)
    require(
        len(changed) == 1
        or bool(space.identifiers.intersection(changed))
        or space.canonicalized.issuperset(changed),
        f"{what} gave {dict(after.choices)}, which changes {', '.join(map(repr, changed)) or 'no choice'} of what is "
        "active in both; expected exactly one choice",
    )


def _check_mutate(space: OpenSpace, architecture: Architecture, seed: int) -> None:
    what = _what(space, "mutate", architecture)
    alone = not space.neighbors(architecture)
    for index in range(10):
        try:
            other = space.mutate(architecture, np.random.default_rng([seed, 1, index]))
        except SpaceError:
            require(alone, f"{what} found nothing, though there are neighbors")
            return
        require(other != architecture, f"{what} changed nothing")
        _check_member(space, other, "mutate()")
        if not alone:
            _check_step(space, architecture, other, what)
        again = space.mutate(architecture, np.random.default_rng([seed, 1, index]))
        require(again == other, f"{what} must depend on its generator only")


def _check_features(space: OpenSpace, architecture: Architecture) -> None:
    features = space.features(architecture)
    for name, value in features.items():
        require(
            isinstance(name, str) and math.isfinite(value),
            f"{_what(space, 'features', architecture)} gives {name!r} as {value!r}, expected a finite number",
        )
    require(
        features == space.features(architecture),
        f"{_what(space, 'features', architecture)} must be the same every time",
    )
