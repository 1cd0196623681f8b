"""Do other signals than the labels help a predictor? Cheap trainings, other tables, other metrics, repeats, no labels.

    python studies/more_signals.py --confirm --out docs/results/more-signals

A hint is a predictor (`auto`, effort fast) fitted on something else of the same space, on many more architectures; what
it says enters the Gaussian process and the trees. Compared is always with the same predictor on the same labels without
it. What is marked (confirm) is a table that nothing was chosen on. Every seed is another training set, other cheap
labels and another initialisation; training sets of different sizes begin alike. Finished fits are kept in OUT, so that
the command can be killed and started again; the tables are written to OUT/table.md. It needs the tables `nasbench101`
and `nasbench201`. `--questions` takes some only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev
from typing import Any

import grids
import numpy as np
import numpy.typing as npt
import page

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

MOST_TESTED = 5_001
"""Of larger test parts the first so many are ranked."""

OTHERS = 1_000
"""On so many architectures another table or another metric is known."""


@dataclass(frozen=True)
class Data:
    """What is ranked, and what else is known of the same architectures.

    Attributes:
        benchmark: The table.
        target: The column that is ranked by; None for the first.
        fidelities: Columns of shorter trainings, with the share of a full training that each costs.
        metrics: Columns of something else: a time, and the number of parameters.
        source: Another table and its column.
        confirm: Whether nothing was chosen on it.
        pool: What may be trained on, where the source's order counts.
        test: What is ranked, there.
    """

    benchmark: str
    target: str | None = None
    fidelities: tuple[tuple[str, float], ...] = ()
    metrics: tuple[str, ...] = ()
    source: tuple[str, str | None] | None = None
    confirm: bool = False
    pool: str | None = None
    test: str | None = None


EPOCHS = tuple((f"validation_accuracy_at_{epochs}", epochs / 108) for epochs in (4, 12, 36))

DATA = {
    "nasbench101": Data(
        "nasbench101", None, EPOCHS, ("training_seconds", "trainable_parameters"),
        pool="12500", test="12500:15000",
    ),
    "nasbench101 final": Data(
        "nasbench101", None, EPOCHS, ("training_seconds", "trainable_parameters"),
        confirm=True, pool="12500", test="15000:20001",
    ),
    "nasbench201 cifar10": Data(
        "nasbench201", "cifar10_valid_accuracy_200", (("cifar10_valid_accuracy_12", 12 / 200),),
        confirm=True,
    ),
    "nasbench201 cifar100": Data(
        "nasbench201", "cifar100_valid_accuracy_200", (("cifar100_valid_accuracy_12", 12 / 200),),
        source=("nasbench201", "cifar10_valid_accuracy_200"), confirm=True,
    ),
    "analog-nasbench": Data("analog-nasbench"),
    "graph cora": Data("nas-bench-graph-cora", None, (), ("latency", "para")),
    **{
        f"graph {source} -> {target}": Data(
            f"nas-bench-graph-{target}", source=(f"nas-bench-graph-{source}", None), confirm=target == "arxiv"
        )
        for source, target in (
            ("cora", "citeseer"), ("citeseer", "pubmed"), ("pubmed", "cs"), ("cs", "photo"), ("photo", "cora"),
            ("cora", "arxiv"),
        )
    },
}  # fmt: skip

RUNS = {
    "fidelity": (("nasbench101", "nasbench101 final", "nasbench201 cifar10", "nasbench201 cifar100"), (50, 100, 200)),
    "twice the labels": (
        ("nasbench101", "nasbench101 final", "nasbench201 cifar10", "nasbench201 cifar100"), (400,),
    ),
    "fidelity with networks": (("nasbench101", "nasbench101 final"), (100,)),
    "own cheap value": (("nasbench101",), (50, 200)),
    "transfer": (
        (
            *(name for name in DATA if "->" in name), "nasbench201 cifar100",
        ), (50, 200),
    ),
    "metrics": (("nasbench101", "graph cora"), (50, 200)),
    "repeats": (("analog-nasbench",), (120,)),
    "no labels": (("nasbench101", "analog-nasbench"), (100,)),
}  # fmt: skip
"""Every question's data and training sizes."""


class Drawn:
    """The training set of a seed, and what can be learnt and tested on it."""

    def __init__(self, name: str, size: int, seed: int) -> None:
        self.data, self.size, self.seed = DATA[name], size, seed
        self.table, self.candidates, self.test, pool = _split(name)
        # Training sets of different sizes begin alike, so that differences are paired.
        self.pool = np.random.default_rng(seed).permutation(pool)
        self.known = self.pool[:size]
        self.space = self.table.space

    def targets(self, places: Places) -> Floats:
        values: Floats = self.table.scores(self.data.target)[places]
        return values

    def architectures(self, places: Places) -> Any:
        return self.space.architectures(self.table.rows[places])

    def hint(self, values: Floats, places: Places) -> Any:
        """A fast predictor of a column of the table, or of one that has the same rows."""
        from archrank.predictors import auto

        measured = places[np.isfinite(values[places])]
        predictor = auto(self.space, "fast", seed=self.seed + 1_000)
        return predictor.fit(self.architectures(measured), values[measured])

    def scores(self, predictor: Any, values: Floats | None = None, places: Places | None = None) -> Floats:
        """How a predictor that is fitted here scores the test part."""
        places = self.known if places is None else places
        values = self.targets(places) if values is None else values
        found: Floats = predictor.fit(self.architectures(places), values).predict(self.candidates)
        return found

    def fast(self, *hints: Any) -> Floats:
        """The scores of `auto`, effort fast."""
        from archrank.predictors import auto

        return self.scores(auto(self.space, "fast", seed=self.seed, hints=hints))

    def gates(self) -> Any:
        """The networks of `auto`, effort balanced."""
        from archrank.encoders import GATES
        from archrank.predictors import NeuralPredictor

        return NeuralPredictor(self.space, GATES, members=3, simplify=True, seed=self.seed)

    def tau(self, scores: Floats) -> float:
        from archrank.ranking import kendall_tau

        return float(kendall_tau(scores, self.targets(self.test)))


@cache
def _split(name: str) -> tuple[Any, Any, Places, Places]:
    from archrank.benchmarks import load_benchmark
    from archrank.experiments.splits import split
    from archrank.predictors.candidates import Candidates

    data = DATA[name]
    table = load_benchmark(data.benchmark)
    kind = "source" if data.pool else "random"
    parts = split(table, kind, metrics=[data.target], pool=data.pool, test=data.test)
    test = parts.test[:MOST_TESTED]
    return table, Candidates(table.space, table.rows[test]), test, parts.pool


def fidelity(drawn: Drawn) -> dict[str, float]:
    """Cheap trainings that together cost as much as the full ones do."""
    found = {"plain": drawn.tau(drawn.fast())}
    for column, share in drawn.data.fidelities:
        hint = drawn.hint(drawn.table.scores(column), drawn.pool[: round(drawn.size / share)])
        name = column.rpartition("_")[2]
        found[f"{name} epochs alone"] = drawn.tau(hint.predict(drawn.candidates))
        found[f"hint: {name} epochs"] = drawn.tau(drawn.fast(hint))
    return found


def plain(drawn: Drawn) -> dict[str, float]:
    return {"plain": drawn.tau(drawn.fast())}


def fidelity_networks(drawn: Drawn) -> dict[str, float]:
    """What networks, without the hint, add to a hinted Gaussian process and hinted trees."""
    column, share = drawn.data.fidelities[-1]
    hint = drawn.hint(drawn.table.scores(column), drawn.pool[: round(drawn.size / share)])
    fast, hinted, gates = drawn.fast(), drawn.fast(hint), drawn.scores(drawn.gates())
    return {
        "plain": drawn.tau(fast),
        "plain, balanced": drawn.tau(mean(fast, gates)),
        "hint": drawn.tau(hinted),
        "hint, balanced, networks without it": drawn.tau(mean(hinted, gates)),
    }


def mean(fast: Floats, gates: Floats) -> Floats:
    """`fast` is of two members, so it counts twice."""
    return 2 / 3 * standard(fast) + standard(gates) / 3


def standard(scores: Floats) -> Floats:
    return (scores - scores.mean()) / scores.std()


class Recalled:
    """Says of each architecture of a table its own cheap value, as a normal score."""

    def __init__(self, table: Any, column: str) -> None:
        from archrank.predictors.targets import normal_scores

        self.usual = 0.0
        values = normal_scores(table.scores(column))
        self.values = {tuple(row): value for row, value in zip(table.rows.tolist(), values, strict=True)}

    def predict(self, candidates: Any) -> Floats:
        return np.array([self.values.get(tuple(row), self.usual) for row in candidates.rows.tolist()])


def own_cheap_value(drawn: Drawn) -> dict[str, float]:
    """Every candidate was trained shortly: is that value better than what a predictor makes of all of them?"""
    found = {"plain": drawn.tau(drawn.fast())}
    for column, _ in drawn.data.fidelities:
        name, values = column.rpartition("_")[2], drawn.table.scores(column)
        hint = drawn.hint(values, np.concatenate([drawn.known, drawn.test]))
        own = Recalled(drawn.table, column)
        found[f"{name} epochs of each, alone"] = drawn.tau(own.predict(drawn.candidates))
        found[f"hint: fitted on {name} epochs of each"] = drawn.tau(drawn.fast(hint))
        found[f"hint: {name} epochs of each"] = drawn.tau(drawn.fast(own))
        found[f"hints: both, {name} epochs"] = drawn.tau(drawn.fast(hint, own))
    return found


def transfer(drawn: Drawn) -> dict[str, float]:
    """Another table, on the same architectures or on more."""
    from archrank.benchmarks import load_benchmark

    assert drawn.data.source is not None
    name, column = drawn.data.source
    other = load_benchmark(name)
    values = np.full(len(drawn.table), np.nan)
    rows = {tuple(row): place for place, row in enumerate(other.rows.tolist())}
    for place, row in enumerate(drawn.table.rows.tolist()):
        if tuple(row) in rows:
            values[place] = other.scores(column)[rows[tuple(row)]]
    few, many = drawn.hint(values, drawn.known), drawn.hint(values, drawn.pool[:OTHERS])
    return {
        "plain": drawn.tau(drawn.fast()),
        "other table alone": drawn.tau(many.predict(drawn.candidates)),
        "hint: other table, the same architectures": drawn.tau(drawn.fast(few)),
        "hint: other table": drawn.tau(drawn.fast(many)),
    }


def metrics(drawn: Drawn) -> dict[str, float]:
    """Other metrics, of the same architectures or of more."""
    found, both = {"plain": drawn.tau(drawn.fast())}, []
    for name, column in zip(("time", "parameters"), drawn.data.metrics, strict=True):
        values = drawn.table.column(column)
        few, many = drawn.hint(values, drawn.known), drawn.hint(values, drawn.pool[:OTHERS])
        found[f"hint: {name}, the same architectures"] = drawn.tau(drawn.fast(few))
        found[f"hint: {name}"] = drawn.tau(drawn.fast(many))
        both.append(many)
    return found | {"hints: both": drawn.tau(drawn.fast(*both))}


def repeats(drawn: Drawn) -> dict[str, float]:
    """The same number of trainings, with simulated noise: more architectures, or each several times."""
    rng = np.random.default_rng([drawn.seed, 1])
    found = {}
    for noise in (0.45, 1.5):
        runs = drawn.targets(drawn.pool[: drawn.size])[:, None] + rng.normal(0, noise, (drawn.size, 3))

        def tau(counts: Sequence[int], mean: bool, runs: Floats = runs) -> float:
            from archrank.predictors import auto

            places = [place for place, count in enumerate(counts) for _ in range(1 if mean else count)]
            values = [
                value
                for each, count in zip(runs, counts, strict=False)
                for value in ([each[:count].mean()] if mean else each[:count])
            ]
            predictor = auto(drawn.space, "fast", seed=drawn.seed)
            return drawn.tau(drawn.scores(predictor, np.array(values), drawn.pool[places]))

        size = drawn.size
        uneven = [3] * (size // 6) + [1] * (size // 2)
        found[f"noise {noise}: one run each"] = tau([1] * size, mean=True)
        found[f"noise {noise}: two, mean"] = tau([2] * (size // 2), mean=True)
        found[f"noise {noise}: three, mean"] = tau([3] * (size // 3), mean=True)
        found[f"noise {noise}: a quarter three, others one, mean"] = tau(uneven, mean=True)
        found[f"noise {noise}: a quarter three, others one, a row each"] = tau(uneven, mean=False)
    return found


def no_labels(drawn: Drawn) -> dict[str, float]:
    """Networks, or trees, that learn from what the fast predictor says of ten times as many architectures too."""
    from archrank.predictors import BoostedTrees, GaussianProcess, auto
    from archrank.predictors.targets import normal_scores

    fitted = auto(drawn.space, "fast", seed=drawn.seed)
    fast = drawn.scores(fitted)
    unlabelled = drawn.pool[drawn.size : 6 * drawn.size]
    said = fitted.predict(drawn.table.rows[unlabelled])
    values = np.concatenate([normal_scores(drawn.targets(drawn.known)), said])
    places = np.concatenate([drawn.known, unlabelled])
    gates = drawn.scores(drawn.gates())
    taught = drawn.scores(drawn.gates(), values, places)
    gp = drawn.scores(GaussianProcess(drawn.space, seed=drawn.seed))
    trees = drawn.scores(BoostedTrees(drawn.space, seed=drawn.seed), values, places)
    return {
        "plain": drawn.tau(fast),
        "plain, trees taught by the ensemble": drawn.tau(standard(gp) + standard(trees)),
        "networks": drawn.tau(gates),
        "networks taught by the ensemble": drawn.tau(taught),
        "plain, balanced": drawn.tau(mean(fast, gates)),
        "plain, balanced, networks taught by the ensemble": drawn.tau(mean(fast, taught)),
    }


QUESTIONS: dict[str, Callable[[Drawn], dict[str, float]]] = {
    "fidelity": fidelity,
    "twice the labels": plain,
    "fidelity with networks": fidelity_networks,
    "own cheap value": own_cheap_value,
    "transfer": transfer,
    "metrics": metrics,
    "repeats": repeats,
    "no labels": no_labels,
}


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """All variants of one question on one training set."""
    return QUESTIONS[task["question"]](Drawn(task["data"], task["size"], task["seed"]))


HEAD = """# Hints, repeats and unlabeled cells: all tables

Kendall's tau on held-out architectures of `auto` (effort fast) with and without another signal, by table and number
of labels: mean ± standard deviation over {seeds} random training sets, then paired differences, with the number of
sets in which the difference is positive. Nothing was chosen on tables marked (confirm). Held-out architectures are
records 12,500 to 14,999 (confirm: 15,000 to 20,000) of the NAS-Bench-101 sample, and other random architectures
elsewhere.
"""


def main() -> None:
    parser = grids.options(__doc__, seeds=10)
    parser.add_argument("--questions", default=",".join(QUESTIONS), help="only these, separated by commas")
    parser.add_argument("--confirm", action="store_true", help="the tables too that nothing is chosen on")
    args = parser.parse_args()
    tasks = [
        {"question": question, "data": data, "size": size, "seed": seed}
        for question in args.questions.split(",")
        for data in RUNS[question][0]
        if args.confirm or not DATA[data].confirm
        for size in RUNS[question][1]
        for seed in range(args.seeds)
    ]
    rows = grids.finished(args.out, tasks, fit, args.workers)
    page.write(args.out, HEAD.format(seeds=args.seeds), "\n".join(tables_of(rows)))


def tables_of(rows: list[dict[str, Any]]) -> list[str]:
    """For every question mean ± standard deviation of tau, and of the difference per seed from the plain one."""
    found = {question: [row for row in rows if row["question"] == question] for question in RUNS}
    each = [line for question, some in found.items() if some for line in _tables(question, some)]
    return each + _equal_cost(found["fidelity"], found["fidelity"] + found["twice the labels"])


def _equal_cost(hinted: list[dict[str, Any]], plain: list[dict[str, Any]]) -> list[str]:
    """N full trainings and as much again spent on short ones, against 2 n full ones."""
    base = {(row["data"], row["size"], row["seed"]): row["plain"] for row in plain}
    columns = list(dict.fromkeys((row["data"], row["size"]) for row in hinted))
    names = dict.fromkeys(n for row in hinted for n in row if n.startswith("hint: ") and row[n] is not None)
    lines = []
    for name in names:
        cells = []
        for data, size in columns:
            rows = [r for r in hinted if (r["data"], r["size"]) == (data, size) and r.get(name) is not None]
            rows = [r for r in rows if (data, 2 * size, r["seed"]) in base]
            cells.append(signed([r[name] for r in rows], [base[data, 2 * size, r["seed"]] for r in rows]))
        lines.append((f"{name}, minus plain with twice the labels", cells))
    titles = [f"{data}{' (confirm)' if DATA[data].confirm else ''}, {size}" for data, size in columns]
    return ["## fidelity at equal cost", "", *grids.table("difference per seed", titles, lines), ""]


def _tables(question: str, rows: list[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys((row["data"], row["size"]) for row in rows))
    apart = ("question", "data", "size", "seed", "seconds", "error")
    names = [name for name in dict.fromkeys(n for row in rows for n in row) if name not in apart]
    names = [name for name in names if any(row.get(name) is not None for row in rows)]

    def values(name: str, column: tuple[str, int]) -> list[float]:
        return [r[name] for r in rows if (r["data"], r["size"]) == column and r.get(name) is not None]

    def line(name: str) -> tuple[str, list[str]]:
        return name, [grids.cell(values(name, column)) for column in columns]

    def difference(name: str, base: str) -> tuple[str, list[str]]:
        return f"{name}, minus {base}", [signed(values(name, c), values(base, c)) for c in columns]

    titles = [f"{data}{' (confirm)' if DATA[data].confirm else ''}, {size}" for data, size in columns]
    based = [
        difference(name, base)
        for name in names
        for base in names
        if name != base == ("plain, balanced" if "balanced" in name else "plain")
    ]
    lines = [f"## {question}", "", *grids.table("tau", titles, [line(name) for name in names]), ""]
    if based:
        lines += [*grids.table("difference per seed (in how many above 0)", titles, based), ""]
    return lines


def signed(values: Sequence[float], base: Sequence[float]) -> str:
    """Mean ± standard deviation of the differences, and in how many of the seeds they are positive."""
    apart = [a - b for a, b in zip(values, base, strict=False)]
    if len(apart) < 2:
        return "–"
    return f"{fmean(apart):+.3f} ± {stdev(apart):.3f} ({sum(a > 0 for a in apart)}/{len(apart)})"


if __name__ == "__main__":
    main()
