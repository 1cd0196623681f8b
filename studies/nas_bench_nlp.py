"""How well predictors rank the recurrent cells of NAS-Bench-NLP by their graphs.

    python studies/nas_bench_nlp.py --data DATA/nas-bench-nlp/wikitext-2.parquet --out docs/results/nas-bench-nlp

Each cell is a graph: the inputs are the word and the recurrent states, the outputs the new states, in their order; the
arguments of a blend are in order, those of sums, products and linear maps are not. The target is the lowest validation
loss of 50 epochs. In every split, drawn at random, all predictors are fitted on the same cells and rank the others, at
most 1,000. With DATA/macro/nas-bench-macro.parquet it does the same for networks of eight blocks in a row.
OUT.json keeps what was computed, so that the command can be killed and started again.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from archrank.graph import Cell, Graph, Node
from archrank.network_pool import NetworkPool
from archrank.predictors import BoostedTrees, GaussianProcess, NeuralPredictor, Predictor, auto
from archrank.predictors.neural import FOR_NETWORKS
from archrank.ranking import kendall_tau

EARLY = 5


class Known(Predictor):
    """Looks up what was measured."""

    def __init__(self, space):
        self.space = space

    def _fit(self, rows, targets):
        self._values = dict(zip(rows, targets, strict=True))

    def _predict_members(self, candidates):
        return np.array([[self._values[architecture] for architecture in candidates]])

    def _state(self):
        raise NotImplementedError

    @classmethod
    def _restore(cls, space, state):
        raise NotImplementedError


PREDICTORS = {
    "gaussian process": lambda pool, seed, hints: GaussianProcess(pool, seed=seed, hints=hints),
    "trees": lambda pool, seed, hints: BoostedTrees(pool, seed=seed, hints=hints),
    "auto, fast": lambda pool, seed, hints: auto(pool, "fast", seed=seed, hints=hints),
    "hierarchical GATES": lambda pool, seed, hints: NeuralPredictor(
        pool, members=3, seed=seed, features=bool(hints), **FOR_NETWORKS
    ),
    "auto, balanced": lambda pool, seed, hints: auto(pool, "balanced", seed=seed, hints=hints),
}


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the Parquet file; made-up cells without it")
    parser.add_argument("--labels", default="100", help="numbers of labels, separated by commas")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True, help="the files to write, without an ending")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    table = made_up() if options.data is None else cells_of(options.data)
    file = options.out.with_suffix(".json")
    done = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    for labels in map(int, options.labels.split(",")):
        for split in range(options.splits):
            for early in (False, True) if len(table[0][2]) >= EARLY else (False,):
                run(table, labels, split, early, done, file)
    print(page(done))


def cells_of(path):
    """The graphs, parameters and losses of all cells, or of 1,600 networks of NAS-Bench-Macro."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path).to_pylist()
    if "recipe" in rows[0]:
        return [
            (graph_of(json.loads(row["recipe"])), row["parameters"], row["validation_loss"]) for row in rows
        ]
    chosen = np.random.default_rng(0).permutation(len(rows))[:1600]
    return [(blocks_of(rows[i]), rows[i]["params"], [-rows[i]["mean_acc"]]) for i in chosen]


def blocks_of(row):
    """The graph of a network of NAS-Bench-Macro: identities and mobile blocks, of which three halve the image."""
    nodes = []
    for place in range(8):
        choice, stride = row[f"layer_{place}"], ("stride", 2.0 if place in (0, 2, 5) else 1.0)
        block = (("expansion", 3.0 * choice), ("kernel", 1.0 + 2.0 * choice)) if choice else ()
        kind = "mobile block" if choice else "identity"
        nodes.append(Node(kind, (place,), place + 1, attributes=(*block, stride)))
    return Graph((Cell(1, 9, tuple(nodes), (8,)),))


def made_up():
    """Chains of linear maps and activations, of which the last one counts."""
    rng, made = np.random.default_rng(0), []
    for _ in range(40):
        recipe, last = {"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}}, "node_0"
        for index in range(1, int(rng.integers(2, 5))):
            kind = ["activation_tanh", "activation_sigm", "linear"][rng.integers(3)]
            recipe[f"node_{index}"] = {"op": kind, "input": [last]}
            last = f"node_{index}"
        recipe["h_new_0"] = {"op": "activation_tanh", "input": [last]}
        loss = {"activation_tanh": 5.0, "activation_sigm": 6.0, "linear": 5.5}[recipe[last]["op"]]
        made.append((graph_of(recipe), len(recipe), [loss + rng.random() / 10] * EARLY))
    return made


def graph_of(recipe):
    """The graph of one step of a recurrent cell."""
    read = [name for node in recipe.values() for name in node["input"]]
    states = sorted(
        {name.replace("prev", "new") for name in read if name.startswith("h_prev")}
        | {name for name in recipe if name.startswith("h_new") and name.removeprefix("h_new_").isdigit()}
    )
    at = {name: i for i, name in enumerate(["x", *(state.replace("new", "prev") for state in states)])}
    inputs, nodes, left = len(at), [], dict(recipe)
    while left:
        ready = [name for name, node in left.items() if all(source in at for source in node["input"])]
        if not ready:
            raise ValueError(f"the nodes {sorted(left)} read each other")
        for name in ready:
            node = left.pop(name)
            at[name] = len(at)
            sources = tuple(at[source] for source in node["input"])
            linear = (("inputs", float(len(sources))),) if node["op"] == "linear" else ()
            nodes.append(
                Node(node["op"], sources, at[name], attributes=linear, ordered=node["op"] == "blend")
            )
    outputs = tuple(dict.fromkeys(at.get(state, at[state.replace("new", "prev")]) for state in states))
    return Graph((Cell(inputs, len(at), tuple(nodes), outputs, ordered=True),))


def run(table, labels, split, early, done, file):
    """Fit and rank in one split, as far as it is not done."""
    graphs = {f"cell {index}": graph for index, (graph, _, _) in enumerate(table)}
    first = [-losses[min(EARLY, len(losses)) - 1] for _, _, losses in table]
    pool = NetworkPool(graphs, {"after 5 epochs": first} if early else None)
    members = [pool.member(name) for name in graphs]
    best = np.array([-np.nanmin(losses) for _, _, losses in table])
    order = np.random.default_rng(split).permutation(len(table))
    known, new = order[:labels], order[labels : labels + 1000]
    hints = (Known(pool).fit(members, first),) if early else ()
    baselines = {
        "parameters": [parameters for _, parameters, _ in table],
        "operations": [len(graph.cells[0].sites) for graph, _, _ in table],
    }
    baselines = {"the loss after 5 epochs": first} if early else baselines
    for name in (*baselines, *PREDICTORS):
        key = {"labels": labels, "split": split, "early": early, "method": name}
        if any(key.items() <= row.items() for row in done):
            continue
        if name in PREDICTORS:
            fitted = PREDICTORS[name](pool, split, hints).fit([members[i] for i in known], best[known])
            scores = fitted.predict([members[i] for i in new])
        else:
            scores = np.array(baselines[name], dtype=float)[new]
        done.append({**key, "tau": kendall_tau(scores, best[new])})
        file.write_text(json.dumps(done, indent=1), encoding="utf-8")


def page(done):
    """The results as a table: mean and standard deviation over the splits."""
    sizes = sorted({row["labels"] for row in done})
    lines = ["| predictor | " + " | ".join(f"{n} labels | {n}, with 5 epochs" for n in sizes) + " |"]
    lines.append("|---|" + "---|" * (2 * len(sizes)))
    for method in dict.fromkeys(row["method"] for row in done):
        shown = []
        for labels in sizes:
            for early in (False, True):
                taus = [
                    row["tau"]
                    for row in done
                    if row["method"] == method and row["labels"] == labels and row["early"] == early
                ]
                shown.append(
                    f"{np.mean(taus):.3f} ± {np.std(taus, ddof=1):.3f}"
                    if len(taus) > 1
                    else " ".join(f"{tau:.3f}" for tau in taus) or "–"
                )
        lines.append(f"| {method} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
