"""Fitting and scoring speed of GATES on `analog-nasbench`, ours beside the plain way, in turn in one process.

python benchmarks/fit_speed.py --cells 781 --seeds 3
"""

import argparse
import time

import numpy as np
import reference_way as plain
import torch

from archrank.benchmarks import load_benchmark
from archrank.predictors import NeuralPredictor
from archrank.ranking import kendall_tau


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=[78, 781])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--most", type=int, help="score only the first so many")
    args = parser.parse_args()
    table = load_benchmark("analog-nasbench")
    architectures, targets = table.architectures, table.column()
    matrices = [plain.matrix(a.choices) for a in architectures]
    scored = len(table) if args.most is None else args.most
    halves = np.random.default_rng(2020).permutation(len(table))
    pool, held_out = halves[:7812], np.array([place for place in halves[7812:] if place < scored])
    print(f"threads {torch.get_num_threads()}, epochs {args.epochs}; tau on {len(held_out):,} held-out cells")
    print(f"| cells | seed | way | fit, s | score {scored:,}, s | tau |")
    print("|---|---|---|---|---|---|")
    ratios: dict[str, list[float]] = {}
    for cells in args.cells:
        for seed in range(args.seeds):
            subset = np.random.default_rng([seed, cells]).choice(pool, cells, replace=False)
            known, y = [architectures[i] for i in subset], targets[subset]
            rows = {}
            predictor = NeuralPredictor(table.space, epochs=args.epochs, seed=seed)
            begin = time.perf_counter()
            predictor.fit(known, y)
            fitted = time.perf_counter()
            everything = predictor.collate(architectures[:scored])
            predictor.predict(everything)  # prepared at first use
            begin_scoring = time.perf_counter()
            scores = predictor.predict(everything)
            rows["ours"] = (fitted - begin, time.perf_counter() - begin_scoring, scores)
            begin = time.perf_counter()
            model = plain.fit([matrices[i] for i in subset], y, args.epochs, seed)
            fitted = time.perf_counter()
            scores = plain.predict(model, matrices[:scored])
            rows["plain"] = (fitted - begin, time.perf_counter() - fitted, scores)
            for way, (fit_seconds, score_seconds, scores) in rows.items():
                tau = kendall_tau(scores[held_out], targets[held_out])
                print(
                    f"| {cells} | {seed} | {way} | {fit_seconds:.2f} | {score_seconds:.3f} | {tau:.4f} |",
                    flush=True,
                )
                ratios.setdefault(f"{cells} cells, fit, {way}", []).append(rows["plain"][0] / fit_seconds)
                ratios.setdefault(f"{cells} cells, score, {way}", []).append(rows["plain"][1] / score_seconds)
    print("\nTimes faster than the plain way (median over seeds):")
    for name, values in ratios.items():
        print(f"- {name}: {np.median(values):.1f}")


if __name__ == "__main__":
    main()
