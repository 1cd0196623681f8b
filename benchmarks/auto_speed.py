"""Fitting and scoring with the default predictor: labels, efforts, and a whole space.

    python benchmarks/auto_speed.py
    python benchmarks/auto_speed.py --whole

Without --whole: seconds of a fit on random cells of NAS-Bench-101 and NAS-Bench-201, whose labels are a made-up
function of theirs with noise. With it: NAS-Bench-101's 423,624 cells are made ready and scored by a fit on 200 of
them, then scored again, and the peak of memory is told; name one effort, for the peak is that of the whole process.
"""

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from archrank.predictors import auto
from archrank.predictors.automatic import EFFORTS
from archrank.predictors.candidates import Candidates
from archrank.space import SearchSpace
from archrank.spaces import NASBench101, NASBench201

Made = TypeVar("Made")


def timed(make: Callable[[], Made]) -> tuple[Made, str]:
    began, busy = time.perf_counter(), time.process_time()
    made = make()
    return made, f"{time.perf_counter() - began:.1f} s ({time.process_time() - busy:.1f} of processors)"


def labels(space: SearchSpace, count: int) -> tuple[list, np.ndarray]:
    rng = np.random.default_rng(0)
    known = space.sample(count, rng)
    weights = rng.normal(size=(len(space.choices), 16))
    values = [sum(weights[place, option] for place, option in enumerate(a.choices)) for a in known]
    return known, np.array(values) + rng.normal(size=count)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=EFFORTS)
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    if asked.whole:
        space = NASBench101()
        for effort in asked.efforts:
            predictor = auto(space, effort).fit(*labels(space, 200))
            cells = Candidates(space, space.rows())
            _, first = timed(lambda p=predictor, c=cells: p.predict(c))
            _, again = timed(lambda p=predictor, c=cells: p.predict(c))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"{effort}: {len(cells):,} cells made ready and scored in {first}, again in {again}, {peak:.1f} GiB"
            )
        return
    for space in (NASBench101(), NASBench201()):
        for count in asked.labels:
            known, values = labels(space, count)
            for effort in asked.efforts:
                _, took = timed(lambda s=space, e=effort, k=known, v=values: auto(s, e).fit(k, v))
                print(f"{space.name}, {count} labels, {effort}: {took}", flush=True)


if __name__ == "__main__":
    main()
