"""The conformance suite of a predictor: run :func:`check_predictor` over your own."""

import inspect
import pickle
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.folding import unfold
from archrank.predictors import Predictor, load_predictor
from archrank.predictors.candidates import Candidates
from archrank.ranking import kendall_tau
from archrank.space import SearchSpace
from archrank.testing.require import require

__all__ = ["check_predictor"]

Floats = npt.NDArray[np.float64]
Make = Callable[[SearchSpace], Predictor]

KNOWN, OTHERS = 24, 12


def check_predictor(make: Make, space: SearchSpace, *, seed: int = 0) -> None:
    """Check that a predictor keeps the promises of :class:`~archrank.predictors.Predictor`.

    It fits about fifteen times, on two dozen architectures, so give a predictor with fast settings.

    Args:
        make: Makes the predictor for a space; called several times.
        space: A space of at least some hundred architectures.
        seed: The seed of the checks' random choices.

    Raises:
        AssertionError: A promise is broken; the message names it.

    >>> from archrank.encoders import GATES
    >>> from archrank.predictors import NeuralPredictor
    >>> from archrank.spaces import NASBench201
    >>> settings = {"hidden": (16,), "epochs": 20, "learning_rate": 5e-3}
    >>> check_predictor(lambda space: NeuralPredictor(space, GATES(width=16), **settings), NASBench201())
    """
    rng = np.random.default_rng(seed)
    drawn = list(dict.fromkeys(space.sample(4 * (KNOWN + OTHERS), rng)))[: KNOWN + OTHERS]
    require(len(drawn) == KNOWN + OTHERS, f"give a larger space: {len(drawn)} distinct ones were drawn")
    known, others = drawn[:KNOWN], drawn[KNOWN:]
    targets = _targets(space, known)
    _check_unfitted(make(space), known)
    _check_parameters(make(space))
    predictor = _check_fit(make, space, known, targets)
    _check_candidates(predictor, others, rng)
    _check_seed(make, space, predictor, known, targets, others)
    _check_copies(predictor, known, targets, others)
    _check_forms(make, space, predictor, known, targets, others)
    _check_forgets(make, space, known, targets, others)
    _check_learns(make, space, predictor, known, targets)
    _check_refusals(make, space, known, targets)
    _check_saved(predictor, space, known, targets, others)


def _targets(space: SearchSpace, architectures: Sequence[Architecture]) -> Floats:
    """A sum over operations, which even a predictor that only counts operations can learn."""
    found = [
        Counter(s.operation for c in unfold(space.function(a)).cells for s in c.sites) for a in architectures
    ]
    names = dict.fromkeys([*space.operations, *sorted({name for counted in found for name in counted})])
    worth = {name: (7 * i + 3) % 10 / 10 for i, name in enumerate(names)}
    return np.array([sum(worth[name] * n for name, n in counted.items()) for counted in found])


def _state(predictor: Predictor) -> set[str]:
    return {name for name in vars(predictor) if name.startswith("_") or name.endswith("_")}


def _check_unfitted(predictor: Predictor, known: list[Architecture]) -> None:
    require(
        not _state(predictor),
        f"{predictor}: the constructor stores settings only, but it made {sorted(_state(predictor))}",
    )
    require("0x" not in repr(predictor), f"{predictor!r}: repr must show the settings, not memory addresses")
    require(bool(predictor.space.name), f"{predictor!r} must show its space")
    for ask in (predictor.predict, predictor.predict_members):
        _must_refuse(partial(ask, known), f"{predictor}: {ask.__name__} before fit")
    with tempfile.TemporaryDirectory() as folder:
        _must_refuse(partial(predictor.save, folder), f"{predictor}: save before fit")


def _check_parameters(predictor: Predictor) -> None:
    names = [name for name in inspect.signature(type(predictor).__init__).parameters if name != "self"]
    for name in names:
        require(hasattr(predictor, name), f"{predictor}: the constructor must store {name} as self.{name}")
    params = predictor.get_params(deep=False)
    require(
        list(params) == names, f"{predictor}: get_params gives {list(params)}, the constructor takes {names}"
    )
    again = type(predictor)(**params).get_params(deep=False)
    changed = [name for name in names if again[name] is not params[name]]
    require(not changed, f"{predictor}: the constructor must store {changed} as given, and convert it in fit")
    require(predictor.set_params(**params) is predictor, f"{predictor}: set_params must return the predictor")


def _check_fit(make: Make, space: SearchSpace, known: list[Architecture], targets: Floats) -> Predictor:
    import torch

    predictor, given, values = make(space), list(known), targets.copy()
    settings = {k: v for k, v in vars(predictor).items() if k not in _state(predictor)}
    # The law is about NumPy's global generator, so it has to be looked at.
    before = torch.get_rng_state(), str(np.random.get_state())  # noqa: NPY002
    returned = predictor.fit(given, values)
    require(returned is predictor, f"{predictor}: fit must return the predictor itself")
    require(given == known and np.array_equal(values, targets), f"{predictor}: fit changed what it was given")
    require(
        torch.equal(before[0], torch.get_rng_state()) and before[1] == str(np.random.get_state()),  # noqa: NPY002
        f"{predictor}: randomness must come from the seed, not from a global generator",
    )
    require(
        all(vars(predictor)[name] is value for name, value in settings.items()),
        f"{predictor}: fit must leave the settings alone; what is learnt goes into attributes that end in _",
    )
    return predictor


def _check_candidates(predictor: Predictor, others: list[Architecture], rng: np.random.Generator) -> None:
    scores = predictor.predict(others)
    require(
        isinstance(scores, np.ndarray) and scores.shape == (len(others),) and scores.dtype == np.float64,
        f"{predictor}: predict must give an array of B = {len(others)} float64, not {scores!r}",
    )
    require(bool(np.isfinite(scores).all()), f"{predictor}: scores must be finite")
    members = predictor.predict_members(others)
    require(
        members.ndim == 2 and members.shape[1] == len(others) and np.allclose(members.mean(axis=0), scores),
        f"{predictor}: predict must be the mean of the members' scores (members, B), here {members.shape}",
    )
    order = rng.permutation(len(others))
    for what, candidates, expected in (
        ("the order of the candidates", [others[i] for i in order], scores[order]),
        ("what comes twice", [*others, *others], np.concatenate([scores, scores])),
        ("what else is asked", others[:1], scores[:1]),
        ("whether they were collated", predictor.collate(others), scores),
        ("whether an ensemble prepared them", Candidates(predictor.space, others), scores),
    ):
        found = predictor.predict(candidates)
        require(
            found.shape == expected.shape and np.allclose(found, expected, rtol=1e-3, atol=1e-4),
            f"{predictor}: scores must not depend on {what}",
        )
    require(predictor.predict([]).shape == (0,), f"{predictor}: no candidates have no scores, an array (0,)")


def _check_seed(
    make: Make,
    space: SearchSpace,
    predictor: Predictor,
    known: list[Architecture],
    targets: Floats,
    others: list[Architecture],
) -> None:
    again = make(space).fit(known, targets.tolist())
    require(
        np.array_equal(again.predict(others), predictor.predict(others)),
        f"{predictor}: the same seed and data must give the same predictions, bit for bit",
    )
    before = predictor.predict(others)
    copies = [predictor.with_seed(5), predictor.with_seed(5)]
    for copy in copies:
        require(type(copy) is type(predictor) and copy is not predictor, f"{predictor}: with_seed must copy")
        _must_refuse(partial(copy.predict, others), f"{predictor}: predict of the copy by with_seed")
    first, second = (copy.fit(known, targets).predict(others) for copy in copies)
    require(np.array_equal(first, second), f"{predictor}: with_seed(5) must give the same every time")
    require(
        np.array_equal(before, predictor.predict(others)),
        f"{predictor}: fitting a copy changed the predictor that it came from",
    )


def _check_copies(
    predictor: Predictor, known: list[Architecture], targets: Floats, others: list[Architecture]
) -> None:
    expected = predictor.predict(others)
    restored = pickle.loads(pickle.dumps(predictor))  # noqa: S301 (written in this line)
    require(
        np.array_equal(restored.predict(others), expected),
        f"{predictor}: what is pickled and read back must predict the same, bit for bit",
    )
    clone = predictor.__sklearn_clone__()
    _must_refuse(partial(clone.predict, others), f"{predictor}: predict of a clone")
    require(
        np.array_equal(clone.fit(known, targets).predict(others), expected),
        f"{predictor}: a clone must fit as the predictor itself, bit for bit",
    )


def _check_forms(
    make: Make,
    space: SearchSpace,
    predictor: Predictor,
    known: list[Architecture],
    targets: Floats,
    others: list[Architecture],
) -> None:
    expected = predictor.predict(others)
    texts = make(space).fit([space.format(a) for a in known], targets)
    require(
        np.array_equal(texts.predict([space.format(a) for a in others]), expected),
        f"{predictor}: texts must fit and predict as their architectures do",
    )
    require(predictor.predict(others[0]).shape == (1,), f"{predictor}: one architecture must have one score")
    lower = make(space).fit(known, -targets, minimize=True)
    require(
        np.array_equal(lower.predict(others), expected),
        f"{predictor}: fit(X, -y, minimize=True) must predict as fit(X, y): higher is better",
    )
    tau = kendall_tau(predictor.predict(known), targets)
    for fitted, values in ((predictor, targets), (lower, -targets)):
        require(abs(fitted.score(known, values) - tau) < 1e-3, f"{predictor}: score must be Kendall's tau")


def _check_forgets(
    make: Make, space: SearchSpace, known: list[Architecture], targets: Floats, others: list[Architecture]
) -> None:
    refitted = make(space).fit(known[::-1], targets).fit(known[: KNOWN // 2], targets[: KNOWN // 2])
    fresh = make(space).fit(known[: KNOWN // 2], targets[: KNOWN // 2])
    require(
        np.array_equal(refitted.predict(others), fresh.predict(others)),
        f"{fresh}: fit must forget earlier fits",
    )


def _check_learns(
    make: Make, space: SearchSpace, predictor: Predictor, known: list[Architecture], targets: Floats
) -> None:
    tau = kendall_tau(predictor.predict(known), targets)
    turned = kendall_tau(make(space).fit(known, -targets).predict(known), targets)
    require(
        tau > 0.4 and turned < -0.4,
        f"{predictor}: Kendall's tau on what it was fitted on is {tau:.2f}, and {turned:.2f} with the targets turned; "
        "expected above 0.4 and below -0.4: higher targets mean higher scores",
    )


def _check_refusals(make: Make, space: SearchSpace, known: list[Architecture], targets: Floats) -> None:
    elsewhere = Architecture("another space", known[0].choices)
    holed, endless = targets.copy(), targets.copy()
    holed[3], endless[3] = np.nan, np.inf
    refused: dict[str, tuple[list[Architecture], Any]] = {
        "no architecture": ([], []),
        "one architecture": (known[:1], targets[:1]),
        "a target too few": (known, targets[:-1]),
        "targets (B, 1)": (known, targets[:, None]),
        "NaN as a target": (known, holed),
        "infinity as a target": (known, endless),
        "equal targets": (known, np.full(KNOWN, 0.5)),
        "text as targets": (known, ["good"] * KNOWN),
        "an architecture of another space": ([elsewhere, *known[1:]], targets),
    }
    for what, (architectures, values) in refused.items():
        predictor = make(space)
        _must_refuse(partial(predictor.fit, architectures, values), f"{predictor}: fit with {what}")
    fitted = make(space).fit(known[:4], np.arange(4))
    _must_refuse(
        partial(fitted.predict, [elsewhere]), f"{fitted}: predict of an architecture of another space"
    )


def _check_saved(
    predictor: Predictor,
    space: SearchSpace,
    known: list[Architecture],
    targets: Floats,
    others: list[Architecture],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read = partial(load_predictor, folder, space, also=(type(predictor),))
        _must_refuse(read, f"{predictor}: load from an empty folder")
        predictor.save(folder)
        loaded = read()
    require(type(loaded) is type(predictor), f"{predictor}: it must be loaded as what it was saved as")
    require(
        np.array_equal(loaded.predict(others), predictor.predict(others)),
        f"{predictor}: what is loaded must predict as what was saved, bit for bit",
    )
    again, expected = (p.with_seed(5).fit(known, targets).predict(others) for p in (loaded, predictor))
    require(
        np.array_equal(again, expected),
        f"{predictor}: loaded, it has other settings: a fit gives other scores",
    )


def _must_refuse(ask: Callable[[], Any], what: str) -> None:
    try:
        ask()
    except PredictorError:
        return
    except Exception as error:
        raise AssertionError(
            f"{what} must raise PredictorError, not {type(error).__name__}: {error}"
        ) from error
    raise AssertionError(f"{what} must raise PredictorError")
