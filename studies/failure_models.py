"""How well models tell which evaluations fail: on what a guided search proposes next, and on random architectures.

    python studies/failure_models.py --seeds 6

Prints the mean log loss by case and model. The searches are those of ``hard_searches.py``. From each, the evaluations
before each round teach, and the five of the round test. Of the random architectures, 12, 25 and 50 teach and others
test.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from grids import table
from hard_searches import FAILURES, INITIAL, benchmark, failing_search

from archrank import Architecture, SearchSpace
from archrank.predictors.candidates import Candidates
from archrank.spaces import NASBench201
from archrank.strategies.base import Evaluated
from archrank.strategies.feasibility import Feasibility
from archrank.strategies.logistic import LogisticRegression

Floats = npt.NDArray[np.float64]
ROUND, TAUGHT = 5, (12, 25, 50)


def losses(
    space: SearchSpace,
    known: Sequence[Architecture],
    succeeded: npt.NDArray[np.bool_],
    others: Sequence[Architecture],
    truth: npt.NDArray[np.bool_],
) -> dict[str, float]:
    """The mean log loss of each model on others."""
    entries = [Evaluated(a, 1.0 if good else None) for a, good in zip(known, succeeded, strict=True)]
    model = Feasibility.learned(space, entries)
    assert model is not None
    x, z = Candidates(space, known).features, Candidates(space, others).features
    linear = {ridge: LogisticRegression(x, succeeded, ridge)(z) for ridge in (10.0, 3.0)}
    both = model.probability(others)
    found = {
        "share of successes": np.full(len(others), succeeded.mean()),
        "Gaussian process": 3 * both - 2 * linear[3.0],
        "logistic regression, ridge 10": linear[10.0],
        "logistic regression, ridge 3": linear[3.0],
        "mean of the Gaussian process and twice the last (used)": both,
    }
    return {name: log_loss(probability, truth) for name, probability in found.items()}


def log_loss(probability: Floats, truth: npt.NDArray[np.bool_]) -> float:
    p = np.clip(np.where(truth, probability, 1 - probability), 0.01, 0.99)
    return float(-np.log(p).mean())


def mixed(labels: npt.NDArray[np.bool_]) -> bool:
    return bool(labels.any() and not labels.all())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--budget", type=int, help="evaluations of every search instead of the case's own")
    parser.add_argument("--test", type=int, default=1_000, help="random architectures that test")
    args = parser.parse_args()
    for case, (usual, name, fails) in FAILURES.items():
        space = NASBench201() if name is None else benchmark(name).space
        found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

        def note(
            column: str, values: dict[str, float], into: dict[str, dict[str, list[float]]] = found
        ) -> None:
            for model, value in values.items():
                into[model][column].append(value)

        for seed in range(args.seeds):
            searched = failing_search(name, fails, "guided", seed, args.budget or usual).evaluations
            tried = [e.architecture for e in searched]
            good = np.array([e.value is not None for e in searched])
            for n in range(INITIAL, len(tried), ROUND):
                if mixed(good[:n]):
                    note(
                        "next round",
                        losses(space, tried[:n], good[:n], tried[n : n + ROUND], good[n : n + ROUND]),
                    )
            rng = np.random.default_rng(seed)
            pool = (
                list(space.sample(TAUGHT[-1] + args.test, rng))
                if name is None
                else benchmark(name).architectures
            )
            drawn = [pool[i] for i in rng.permutation(len(pool))[: TAUGHT[-1] + args.test]]
            good = np.array([not fails(a) for a in drawn])
            for n in TAUGHT:
                if mixed(good[:n]):
                    rest = slice(TAUGHT[-1], None)
                    note(f"random, {n}", losses(space, drawn[:n], good[:n], drawn[rest], good[rest]))
        columns = ["next round", *(f"random, {n}" for n in TAUGHT)]
        lines = [
            (model, [f"{np.mean(by[c]):.3f}" if by[c] else "–" for c in columns])
            for model, by in found.items()
        ]
        print(f"### {case}", "", *table("model", columns, lines), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
