"""What a belief about options saves in a search, and what a wrong one costs.

    python studies/likely_options.py --out docs/results/likely-options

Every option of the best architecture of the table gets a weight (right), the options of the worst one do (wrong), or
one operation does everywhere (conv 3x3). Each is compared with the search without a belief, with the same seed.
Finished searches are kept in OUT/searches.csv, so that the command can be killed and started again; the tables are
written to OUT/table.md.
"""

import argparse
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import csv_rows
import numpy as np
import page

import archrank as ar

COLUMNS = ("table", "belief", "weight", "seed", "evaluations", "regret")
AT = (10, 20, 30, 50, 100)


def beliefs(table: ar.Table, weight: float) -> dict[str, Any]:
    """The beliefs by name, as arguments of a search."""
    order = np.argsort(table.scores(), kind="stable")
    order = order[~np.isnan(table.scores()[order])]
    best, worst = (table.space.options(table.architectures[int(i)]) for i in (order[-1], order[0]))

    def named(options: dict[str, Any]) -> dict[str, Any]:
        return {name: {option: weight} for name, option in options.items()}

    found = {"none": None, "right": named(dict(best)), "wrong": named(dict(worst))}
    choices = table.space.choices
    if all("nor_conv_3x3" in choice.options for choice in choices):
        found["conv 3x3"] = {choice.name: {"nor_conv_3x3": weight} for choice in choices}
    return found


def regrets(table: ar.Table, likely: Any, budget: int, seed: int) -> dict[int, float]:
    """The distance of the best value from the optimum after some evaluations."""
    result = ar.search(table, budget=budget, seed=seed, likely=likely)
    best = np.maximum.accumulate([table.scores()[table.index(e.architecture)] for e in result.evaluations])
    return {at: float(np.nanmax(table.scores()) - best[at - 1]) for at in AT if at <= budget}


def written(rows: list[dict[str, str]]) -> str:
    """The tables as Markdown."""
    found = {
        (r["table"], r["belief"], r["weight"], r["seed"], r["evaluations"]): float(r["regret"]) for r in rows
    }
    lines = []
    for table in dict.fromkeys(row["table"] for row in rows):
        ats = [str(at) for at in AT if any(key[0] == table and key[4] == str(at) for key in found)]
        lines += [
            f"`{table}`: mean regret after so many evaluations (paired difference to no belief ± standard error)",
            "",
        ]
        lines += ["| belief | weight | " + " | ".join(ats) + " | seeds |", "|" + "---|" * (len(ats) + 3)]
        for belief, weight in dict.fromkeys((r["belief"], r["weight"]) for r in rows if r["table"] == table):
            cells = []
            for at in ats:
                seeds = [key[3] for key in found if key[:3] == (table, belief, weight) and key[4] == at]
                mine = [found[table, belief, weight, seed, at] for seed in seeds]
                plain = [found.get((table, "none", "1.0", seed, at)) for seed in seeds]
                gaps = [m - p for m, p in zip(mine, plain, strict=True) if p is not None]
                cell = f"{fmean(mine):.3f}"
                if belief != "none" and len(gaps) > 1:
                    cell += f" ({fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f})"
                cells.append(cell)
            lines.append(f"| {belief} | {weight} | {' | '.join(cells)} | {len(seeds)} |")
        lines.append("")
    return "\n".join(lines)


HEAD = """# Beliefs about options: all searches

Mean regret of guided search, in the unit of each table, after a number of evaluations, with and without a belief
about options; in parentheses is the paired difference to no belief ± its standard error. Tables are replayed whole,
without a split; the last column is the number of seeds.
"""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--tables", nargs="+", default=["nas-bench-201-cifar10", "nas-bench-201-imagenet16-120"]
    )
    parser.add_argument("--weights", type=float, nargs="+", default=[3.0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("out"))
    args = parser.parse_args()
    path = args.out / "searches.csv"
    done = {(r["table"], r["belief"], r["weight"], r["seed"]) for r in csv_rows.read(path)}
    for seed in range(args.seeds):
        for name in args.tables:
            table = ar.load_benchmark(name)
            for weight in args.weights:
                for belief, likely in beliefs(table, weight).items():
                    key = {
                        "table": name,
                        "belief": belief,
                        "weight": str(weight if likely else 1.0),
                        "seed": str(seed),
                    }
                    if tuple(key.values()) in done:
                        continue
                    found = regrets(table, likely, args.budget, seed)
                    csv_rows.append(
                        path,
                        COLUMNS,
                        ({**key, "evaluations": at, "regret": regret} for at, regret in found.items()),
                    )
                    done.add(tuple(key.values()))
                    print(*key.values(), *(f"{at}: {regret:.3f}" for at, regret in found.items()), flush=True)
    page.write(args.out, HEAD, written(csv_rows.read(path)))


if __name__ == "__main__":
    main()
