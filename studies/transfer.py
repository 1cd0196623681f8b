"""What earlier labels of another data set save in a search, and what harmful ones cost.

    python studies/transfer.py --out docs/results/transfer

The hints of a search are 100 random labels of another table of the same space: as they are (hinted), with the labels
shuffled (shuffled), or with the order reversed (reversed). Each search is compared with the one without hints (plain)
with the same seed. Every new best of a search is a row of OUT/searches.csv, so that the command can be killed and
started again; the tables are written to OUT/table.md.
"""

import argparse
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import csv_rows
import numpy as np
import page

import archrank as ar

COLUMNS = ("source", "target", "hints", "seed", "budget", "evaluation", "regret")
PAIRS = (
    "nas-bench-201-cifar10:nas-bench-201-imagenet16-120",
    "nas-bench-graph-cora:nas-bench-graph-citeseer",
)
KINDS = ("plain", "hinted", "shuffled", "reversed")
AT = (5, 10, 20, 30, 40, 60)


def hints(source: ar.Table, kind: str, labels: int, seed: int) -> Any:
    """The labels of another data set, as records."""
    if kind == "plain":
        return None
    rng = np.random.default_rng(seed)
    scores = source.scores()
    places = rng.choice(np.flatnonzero(~np.isnan(scores)), labels, replace=False)
    values = scores[places]
    if kind == "shuffled":
        values = rng.permutation(values)
    elif kind == "reversed":
        values = -values
    texts = [source.space.format(source.architectures[int(place)]) for place in places]
    return [{"architecture": text, "label": float(value)} for text, value in zip(texts, values, strict=True)]


def improvements(table: ar.Table, given: Any, budget: int, seed: int) -> list[tuple[int, float]]:
    """The evaluations that found a new best, from 1, and how far that was from the optimum."""
    result = ar.search(table, budget=budget, seed=seed, hints=given)
    scores = table.scores()
    found = [float(scores[table.index(e.architecture)]) for e in result.evaluations]
    best = np.maximum.accumulate(found)
    return [
        (i + 1, float(np.nanmax(scores) - value))
        for i, value in enumerate(best)
        if i == 0 or value > best[i - 1]
    ]


def after(steps: list[tuple[int, float]], evaluations: int) -> float:
    """The regret after some evaluations."""
    return min(regret for at, regret in steps if at <= evaluations)


def until(steps: list[tuple[int, float]], regret: float, budget: int) -> int:
    """The evaluations until a regret is reached; one more than the budget where it is not."""
    return next((at for at, found in steps if found <= regret + 1e-12), budget + 1)


def written(rows: list[dict[str, str]]) -> str:
    """The tables as Markdown."""
    found: dict[tuple[str, ...], list[tuple[int, float]]] = {}
    for row in rows:
        key = (row["source"], row["target"], row["budget"], row["hints"], row["seed"])
        found.setdefault(key, []).append((int(row["evaluation"]), float(row["regret"])))
    lines = []
    for pair in dict.fromkeys(key[:3] for key in found):
        budget = int(pair[2])
        ats = [at for at in AT if at <= budget]
        lines += [
            f"`{pair[0]}` → `{pair[1]}`: mean regret after so many evaluations (paired difference to plain ± standard "
            f"error); evaluations until the value of the plain search after {budget}, median",
            "",
            "| hints | " + " | ".join(map(str, ats)) + " | evaluations | seeds |",
            "|" + "---|" * (len(ats) + 3),
        ]
        for kind in KINDS:
            seeds = [key[4] for key in found if key[:3] == pair and key[3] == kind]
            both = [
                (found[(*pair, kind, s)], found[(*pair, "plain", s)])
                for s in seeds
                if (*pair, "plain", s) in found
            ]
            if not both:
                continue
            cells = []
            for at in ats:
                cell = f"{fmean(after(mine, at) for mine, _ in both):.3f}"
                gaps = [after(mine, at) - after(plain, at) for mine, plain in both]
                if kind != "plain" and len(gaps) > 1:
                    cell += f" ({fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f})"
                cells.append(cell)
            needed = [until(mine, after(plain, budget), budget) for mine, plain in both]
            lines.append(f"| {kind} | {' | '.join(cells)} | {median(needed):.0f} | {len(both)} |")
        lines.append("")
    return "\n".join(lines)


HEAD = """# Labels of another data set: all searches

Guided search with and without hints from another table, replayed whole, without a split, over {seeds} seeds. Regret
is in the unit of the target.
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="SOURCE:TARGET")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("out"))
    args = parser.parse_args()
    path = args.out / "searches.csv"
    keys = COLUMNS[:5]
    done = {tuple(row[name] for name in keys) for row in csv_rows.read(path)}
    for seed in range(args.seeds):
        for pair in args.pairs:
            names = pair.split(":")
            source, target = map(ar.load_benchmark, names)
            for kind in args.kinds:
                key = (*names, kind, str(seed), str(args.budget))
                if key in done:
                    continue
                steps = improvements(target, hints(source, kind, args.labels, seed), args.budget, seed)
                common = dict(zip(keys, key, strict=True))
                csv_rows.append(
                    path, COLUMNS, ({**common, "evaluation": at, "regret": regret} for at, regret in steps)
                )
                print(*key, f"regret {steps[-1][1]:.3f} after evaluation {steps[-1][0]}", flush=True)
    page.write(args.out, HEAD.format(seeds=args.seeds), written(csv_rows.read(path)))


if __name__ == "__main__":
    main()
