"""Lowering and scoring whole spaces with GATES: every architecture by itself beside merged states.

    python benchmarks/whole_space.py --repeats 5

Merged: equal partial states are computed once, as `predict` does it. Plain: the same code and settings on batches of
512 in which no two architectures share a state, as a dense batch computes them.
"""

import argparse
import resource
import time

import numpy as np
import torch

from archrank.encoders import GATES, GraphBatch, merge
from archrank.encoders.incidence import Incidence
from archrank.predictors import NeuralPredictor
from archrank.predictors.scorer import Scorer
from archrank.space import Rows, SearchSpace
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph


def apart(space: SearchSpace, rows: Rows) -> GraphBatch:
    """The graphs of some rows with no state in common."""
    batches = [merge(space.arrays(row[None]), space.operations) for row in rows]
    states = np.cumsum([0] + [len(b.start) for b in batches])
    messages = np.cumsum([0] + [len(b.operation) for b in batches])

    def joined(parts: list[Incidence], shifts: np.ndarray) -> Incidence:
        starts = np.concatenate([[0], *(np.diff(p.starts) for p in parts)]).cumsum()
        return Incidence(starts, np.concatenate([p.columns + s for p, s in zip(parts, shifts, strict=False)]))

    return GraphBatch(
        operations=batches[0].operations,
        operation=np.concatenate([b.operation for b in batches]),
        sources=joined([b.sources for b in batches], states),
        incoming=joined([b.incoming for b in batches], messages),
        start=np.concatenate([b.start for b in batches]),
        inputs=batches[0].inputs,
        outputs=(joined([b.outputs[0] for b in batches], states),),
        junctions=(joined([b.junctions[0] for b in batches], states),),
        cells=space.arrays(rows),
    )


def plain_seconds(scorer: Scorer, batch: GraphBatch) -> tuple[float, torch.Tensor]:
    """Seconds to score a prepared batch of architectures that share nothing."""
    prepared = scorer.prepare(batch)
    with torch.inference_mode():
        scorer(prepared)
        begin = time.perf_counter()
        scores = scorer(prepared)
    return time.perf_counter() - begin, scores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--spaces", nargs="+", help="only these")
    parser.add_argument("--most", type=int, help="at most so many architectures of each")
    parser.add_argument("--plain", type=int, default=512, help="as many in a plain batch")
    args = parser.parse_args()
    print(f"threads {torch.get_num_threads()}, {args.repeats} repeats, medians (min–max)")
    print("| space | settings | head | architectures | states, plain → merged | collate, s | score, s | a second |"
          " plain, a second | gain |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for space, settings, hidden in (
        (NASBench101(), GATES.on_node_residual(), (200,)),
        (NASBench101(), GATES.on_node(), (200,)),
        (NASBench101(), GATES.on_node(), (300,) * 5),
        (NASBench201(), GATES(), (300,) * 5),
        (NASBenchGraph(), GATES.on_node(), (300,) * 5),
    ):
        if args.spaces is not None and space.name not in args.spaces:
            continue
        rows = space.rows()[: args.most]
        some = rows[np.random.default_rng(0).choice(len(rows), args.plain, replace=False)]
        predictor = NeuralPredictor(space, settings, hidden=hidden, epochs=1)
        predictor.fit(space.architectures(some), np.arange(args.plain))
        collate, score, plain = [], [], []
        alone = apart(space, some)
        scorer = predictor._scorer
        for _ in range(args.repeats):
            begin = time.perf_counter()
            candidates = predictor.collate(rows)
            batch = candidates.batch()  # merged at first use
            collate.append(time.perf_counter() - begin)
            predictor.predict(candidates)  # prepared at first use
            begin = time.perf_counter()
            predictor.predict(candidates)
            score.append(time.perf_counter() - begin)
            seconds, scores = plain_seconds(scorer, alone)
            plain.append(args.plain / seconds)
        together = scorer(scorer.prepare(merge(space.arrays(some), space.operations)))
        assert torch.allclose(scores, together, rtol=1e-4, atol=1e-5)
        rate = len(rows) / np.median(score)
        name = f"{settings.layers} × {settings.width}, {settings.residual} residual, {settings.readout}"
        print(
            f"| {space.name} | {name} | {'-'.join(map(str, hidden))} | {len(rows):,} | "
            f"{len(alone.start) / args.plain * len(rows):,.0f} → {len(batch.start):,} | {spread(collate)} | "
            f"{spread(score)} | {rate:,.0f} | {np.median(plain):,.0f} | {rate / np.median(plain):.1f} |",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of the whole process: {peak:,.0f} MiB")


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


if __name__ == "__main__":
    main()
