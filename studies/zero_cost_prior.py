"""Zero-cost scores as the prior of a predictor that has few labels.

    python studies/zero_cost_prior.py --out docs/results/zero-cost-prior/report --keep kept \\
        --scores docs/results/zero-cost/nas-bench-201.parquet --nasbench101 nasbench101-20k.parquet \\
        --macro nas-bench-macro.parquet

The scores are those of the default set, unless ``--set`` names others. On NAS-Bench-201 they come from a file of
``zero_cost_scores.py``, the labels are mean validation accuracies, and all other scored cells are ranked. The numbers
in ``archrank.predictors.with_prior`` were chosen on samples of NAS-Bench-101 and NAS-Bench-Macro, whose networks are
scored here as in ``zero_cost.py`` (``--keep`` holds the scores); these tables have more columns. Every seed is another
training set. Finished fits are kept in OUT; the tables are written to OUT/table.md.
"""

import argparse
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import grids
import numpy as np
import numpy.typing as npt
import pandas as pd
import zero_cost
from seen_groups import Macro, difference

from archrank.proxies import DEFAULTS, PROXIES, standardized_ranks

Floats = npt.NDArray[np.float64]
Data = tuple[Any, Any, Floats, dict[str, Floats]]

CHOOSING = {"nas-bench-101": (10, 20, 50, 78), "nas-bench-macro": (10, 20, 50, 78)}
REPORTING = {f"nas-bench-201-{d}": (0, 10, 20, 50, 78) for d in ("cifar10", "cifar100", "imagenet16-120")}

OURS = "prior and hints"
"""What ``archrank rank --zero-cost`` does; the other methods are compared with it."""

HALFWAY = (5, 20)
"""Other numbers of labels with which prior and predictor weigh the same."""


@cache
def data(
    table: str, file: str, nasbench101: str, macro: str, keep: str | None, cells: int, names: tuple[str, ...]
) -> Data:
    """The space, rows, labels and scores of a table."""
    args = argparse.Namespace(keep=None if keep is None else Path(keep))
    if table in REPORTING:
        from archrank.benchmarks import load_benchmark

        known = load_benchmark(table)
        frame = pd.read_parquet(file, columns=["architecture", *names])
        drawn = [known.space.parse(text) for text in frame["architecture"]]
        values = np.array([known.value(cell) for cell in drawn])
        scores = {name: frame[name].to_numpy(dtype=np.float64) for name in names}
        return known.space, known.space.pack(drawn), values, scores
    rng = np.random.default_rng(zero_cost.SEED)
    if table == "nas-bench-101":
        space = zero_cost.NASBench101()
        records = pd.read_parquet(nasbench101)[12_500:15_000]
        records = records.iloc[rng.permutation(len(records))[:cells]]
        drawn = [zero_cost.nasbench101_cell(space, record) for record in records.to_dict("records")]
        scores = zero_cost.scored(args, table, space, drawn, [*zero_cost.PROXIES])
        return space, space.pack(drawn), records["validation_accuracy_108"].to_numpy(), scores
    frame = pd.read_parquet(macro)
    frame = frame.iloc[rng.permutation(len(frame))[:cells]]
    rows = frame[[f"layer_{i}" for i in range(len(Macro.choices))]].to_numpy(dtype=np.int16)
    chain = zero_cost.NASBenchMacro()
    builder = zero_cost.Builder(zero_cost.macro_network, (16, 3, 32, 32), "nas-bench-macro")
    nets = [chain.architecture(row) for row in rows.tolist()]
    scores = zero_cost.scored(args, table, chain, nets, [*zero_cost.PROXIES], builder=builder)
    return Macro(), rows, frame["mean_acc"].to_numpy(), scores


@cache
def prior_of(*where: Any) -> Any:
    """The prior and its hints, by all scored architectures."""
    from archrank.verbs.zero_cost_prior import ZeroCostPrior

    space, rows, _, scores = data(*where)
    named = {name: zero_cost.finite(scores[name]) for name in where[-1]}
    return ZeroCostPrior.of(space, space.architectures(rows), standardized_ranks(named), named.items(), 0)


def fit(where: Sequence[Any], task: dict[str, Any]) -> dict[str, Any]:
    """The tau of every method, for one training set."""
    from archrank.predictors import GaussianProcess, WithPrior, auto
    from archrank.predictors.candidates import Candidates, references
    from archrank.predictors.targets import normal_scores
    from archrank.ranking import kendall_tau

    space, rows, values, _ = data(task["table"], *where)
    learned_from_scores = prior_of(task["table"], *where)
    prior, each = learned_from_scores.combined, list(learned_from_scores.parts)
    order, seed = np.random.default_rng(task["seed"]).permutation(len(rows)), task["seed"]
    known, test = order[: task["size"]], order[task["size"] :]
    candidates = Candidates(space, rows[test])
    expected = candidates.hint_predictions([prior])[:, 0]
    found = {"scores alone": expected}
    if task["size"] == 0:
        best = np.argsort(-expected, kind="stable")[:10]
        rank = 1 + int((values > values[test[best]].max()).sum())
        return {"scores alone": kendall_tau(expected, values[test]), "best rank of the first 10": rank}
    both = WithPrior(space, auto(space, "fast", seed=seed, hints=each), prior).fit(rows[known], values[known])
    found[OURS] = both.predict(candidates)
    found["hints"] = both.model_.predict(candidates)
    with_prior = WithPrior(space, auto(space, "fast", seed=seed), prior).fit(rows[known], values[known])
    found["prior"] = with_prior.predict(candidates)
    found["neither"] = with_prior.model_.predict(candidates)
    if task["table"] in CHOOSING:
        y = normal_scores(values[known])
        of_known = Candidates(space, rows[known]).hint_predictions([prior])[:, 0]
        residuals = y - 0.7 * of_known
        process = GaussianProcess(space).fit(rows[known], residuals)
        found["residuals"] = 0.7 * expected + residuals.std() * process.predict(candidates)
        of_all = both.model_.predict(references(space))
        learned = (found["hints"] - of_all.mean()) / of_all.std()
        for halfway in HALFWAY:
            weight = 1 / (1 + (task["size"] / halfway) ** 2)
            found[f"halfway at {halfway}"] = weight * expected + (1 - weight) * learned
    return {name: kendall_tau(scores, values[test]) for name, scores in found.items()}


def main() -> None:
    parser = grids.options(__doc__, seeds=10)
    parser.add_argument("--scores", required=True, help="a file of zero_cost_scores.py")
    parser.add_argument("--nasbench101", required=True, help="the file of records of NAS-Bench-101")
    parser.add_argument("--macro", required=True, help="the file of NAS-Bench-Macro")
    parser.add_argument("--keep", help="folder for the scores of these two")
    parser.add_argument("--cells", type=int, default=200, help="scored architectures of each of these two")
    parser.add_argument("--set", nargs="+", default=[*DEFAULTS], choices=PROXIES, help="the scores")
    args = parser.parse_args()
    sizes = grids.wanted(CHOOSING | REPORTING, args)
    where = (args.scores, args.nasbench101, args.macro, args.keep, args.cells, tuple(args.set))
    tasks = [task for task in grids.tasks(sizes, args.seeds) if task["size"] or not task["seed"]]
    rows = grids.finished(args.out, tasks, partial(fit, where), args.workers)
    lines = [
        "# Zero-cost scores as a prior: all fits",
        "",
        f"Kendall's tau on all other scored architectures, mean ± standard deviation over {args.seeds} training sets;",
        "then the mean paired difference of prior and hints from the other methods, and half of its 95% interval.",
        "Written by `studies/zero_cost_prior.py`; its command is on the page of the results.",
        "",
    ]
    (args.out / "table.md").write_text("\n".join([*lines, *table_of(rows)]) + "\n", encoding="utf-8")


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """Means and standard deviations of tau; then the differences of prior and hints from the others."""
    apart = {"table", "size", "seed", "seconds", "error", "best rank of the first 10"}
    names = list(dict.fromkeys(name for row in rows for name in row if name not in apart))
    lines, gains, guesses = [], [], []
    for table, size in sorted(grids.columns(rows), key=lambda each: (each[0], each[1])):
        mine = [row for row in rows if (row["table"], row["size"]) == (table, size)]
        cells = [grids.cell([row[n] for row in mine if row.get(n) is not None]) for n in names]
        lines.append((f"{table}, {size}", cells))
        if size == 0:
            guesses.append((table, [str(int(mine[0]["best rank of the first 10"]))]))
            continue
        gaps = {
            n: [row[OURS] - row[n] for row in mine] if mine[0].get(n) is not None else None
            for n in names
            if n != OURS
        }
        gains.append(
            (f"{table}, {size}", ["–" if each is None else difference(each) for each in gaps.values()])
        )
    others = [name for name in names if name != OURS]
    page = [*grids.table("tau: table, labels", names, lines), ""]
    page += [*grids.table(f"{OURS}, minus: table, labels", others, gains), ""]
    return (
        [*page, *grids.table("without a label", ["best rank of the first 10"], guesses)] if guesses else page
    )


if __name__ == "__main__":
    main()
