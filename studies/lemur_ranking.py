"""How well graphs of networks of LEMUR predict CIFAR-10 accuracy after one epoch of training.

    python studies/lemur_ranking.py --data FOLDER_OF_THE_UNPACKED_WHEEL --out docs/results/lemur

It reads OUT.jsonl, which `lemur_trace.py` writes, and the records of nn-dataset 2.1.2. No code of its networks is run.

`fractal`: variants of FractalNet with one recipe; random ones are the labels, all others are ranked. `graphs`: the
same, but the labels are all variants of random graphs, and those of other graphs are ranked. `families`: those, which
are the first words of the networks' names, are put into five folds, and those of a fold are predicted from the others.
There a network with one setting of its hyper-parameters is one member of the pool; the setting is an input, and
accuracies of equal ones are averaged. Families whose name's SHA-256 is divisible by three are left out: they choose
settings.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

import numpy as np
from lemur_data import image_shape, records, source
from lemur_trace import key, traced
from traced_pool import Traced

from archrank.predictors import auto
from archrank.predictors.unit import InUnit
from archrank.ranking import kendall_tau

BASELINES = ("parameters", "multiply-adds")
NUMBERS = (
    "lr",
    "momentum",
    "dropout",
    "weight_decay",
    "attention_dropout",
    "stochastic_depth_prob",
    "mixup_alpha",
)
FOLDS = 5


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the unpacked wheel; made-up networks without it")
    parser.add_argument("--parts", nargs="+", default=["fractal", "graphs", "families"])
    parser.add_argument("--labels", type=int, default=200, help="of the part fractal")
    parser.add_argument("--graphs", type=int, default=20, help="labeled graphs of the part graphs")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3, help="of the part families")
    parser.add_argument("--most", type=int, default=300, help="records of a family to train on")
    parser.add_argument("--smallest", type=int, default=100, help="folds with fewer records are left out")
    parser.add_argument("--choose", action="store_true", help="the families that choose settings")
    parser.add_argument("--out", type=Path, required=True, help="the files to write, without an ending")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    measured, rows = made_up() if options.data is None else loaded(options.data, options.out)
    parts = {"fractal": fractal, "graphs": graphs, "families": families}
    results = []
    for part in options.parts:
        for result in parts[part](measured, rows, options):
            results.append({"part": part, **result})
            print(json.dumps(results[-1]), flush=True)
        print(part, summary([row for row in results if row["part"] == part]), flush=True)
        options.out.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")


def loaded(data, out):
    """The records of all traced networks, and the traced networks by name."""
    rows = {name: row for name, row in traced(out.with_suffix(".jsonl")).items() if "features" in row}
    found, texts = [], {}
    for network, settings, accuracy in records(data):
        shape = image_shape(data, settings["transform"])
        if key(network, shape) in rows:
            if network not in texts:
                texts[network] = recipe_of(source(data, network))
            inputs = inputs_of(settings, shape) | texts[network]
            found.append((network, key(network, shape), settings, inputs, accuracy))
    return found, rows


def recipe_of(code):
    """What the code of a network, read as text, says of its training."""
    optimizer = re.search(r"optim\.([A-Z]\w*)\(", code)
    decay = re.search(r"weight_decay=([\d.e-]+)", code)
    return {
        "optimizer": optimizer.group(1) if optimizer else "other",
        "code's weight decay": float(decay.group(1)) if decay else 0.0,
    }


def inputs_of(settings, shape):
    """The hyper-parameters of a record as numbers and words."""
    rate, momentum, batch = (float(settings.get(name, 0.0)) for name in ("lr", "momentum", "batch"))
    transform = settings["transform"]
    return {
        **{name: float(settings[name]) for name in NUMBERS if isinstance(settings.get(name), int | float)},
        "batch": batch,
        "side": float(shape[0]),
        "step": rate / max(1.0 - momentum, 1e-3),
        "step per image": rate / max(1.0 - momentum, 1e-3) / batch,
        "pixels": re.match("[a-z]+", transform).group(),
        "flip": "yes" if "lip" in transform else "no",
    }


def made_up():
    """Variants of three families, whose accuracy grows with their depth."""
    rng, rows, measured = np.random.default_rng(0), {}, []
    for index in range(120):
        depth = float(rng.integers(1, 9))
        network = f"{('FractalNet', 'Deep', 'Wide', 'Long')[index % 4]}-{index}"
        size = float(rng.uniform(1, 9))
        rows[network] = {
            "key": str(depth),
            "features": {"depth": depth, "parameters": size, "multiply-adds": size},
        }
        settings = {"lr": 0.01, "momentum": 0.9, "batch": 16, "transform": "norm_flip"}
        accuracy = depth / 10 + rng.normal() / 100
        measured.append((network, network, settings, inputs_of(settings, (32, 32, False)), accuracy))
    return measured, rows


def uniform(measured):
    """The variants of FractalNet that were trained with the most common setting, and their accuracies."""
    found = {}
    for network, name, settings, _, accuracy in measured:
        if network.startswith("FractalNet"):
            setting = tuple(sorted((k, v) for k, v in settings.items() if k != "epoch"))
            found.setdefault(setting, []).append((name, accuracy))
    best = max(found.values(), key=len)
    return [name for name, _ in best], np.array([accuracy for _, accuracy in best])


def fractal(measured, rows, options):
    """Random variants are the labels."""
    names, values = uniform(measured)
    for split in range(options.splits):
        order = np.random.default_rng(split).permutation(len(names))
        yield ranked(names, values, rows, order[: options.labels], order[options.labels :], split)


def graphs(measured, rows, options):
    """The variants of random graphs are the labels."""
    names, values = uniform(measured)
    keys = np.array([rows[name]["key"] for name in names])
    for split in range(options.splits):
        labeled = np.random.default_rng(split).permutation(np.unique(keys))[: options.graphs]
        known = np.isin(keys, labeled)
        yield ranked(names, values, rows, np.flatnonzero(known), np.flatnonzero(~known), split)


def ranked(names, values, rows, known, new, split):
    """Predict networks from others, without inputs: a row."""
    pool = Traced({name: rows[name]["features"] for name in names})
    members = [pool.member(name) for name in names]
    keys = {rows[name]["key"] for name in names}
    found = {"split": split, "networks": len(names), "graphs": len(keys)}
    return found | scored(pool, members, values, known, new, [rows[name] for name in names], split)


def families(measured, rows, options):
    """Predict families from others, with the hyper-parameters as inputs."""
    joined = {}
    for network, name, settings, inputs, accuracy in measured:
        family = network.partition("-")[0]
        if (int(hashlib.sha256(family.encode()).hexdigest(), 16) % 3 == 0) == options.choose:
            setting = (name, json.dumps(settings, sort_keys=True))
            joined.setdefault(setting, (family, inputs, []))[2].append(accuracy)
    names = [f"{name} {index}" for index, (name, _) in enumerate(joined)]
    about = [rows[name] for name, _ in joined]
    values = np.array([np.mean(found) for *_, found in joined.values()])
    family = np.array([each for each, *_ in joined.values()])
    inputs = [each for _, each, _ in joined.values()]
    columns = {column: [each.get(column) for each in inputs] for column in sorted(set().union(*inputs))}
    features = {name: row["features"] for name, row in zip(names, about, strict=True)}
    pool = Traced(features, columns)
    members = [pool.member(name) for name in names]
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        order = rng.permutation(np.unique(family))
        for fold in range(FOLDS):
            held = order[fold::FOLDS]
            new = np.flatnonzero(np.isin(family, held))
            if len(new) < options.smallest:
                continue
            known = np.concatenate(
                [
                    rng.permutation(np.flatnonzero(family == each))[: options.most]
                    for each in order
                    if each not in held
                ]
            )
            found = {
                "seed": seed,
                "fold": fold,
                "families": held.tolist(),
                "records": len(new),
                "known": len(known),
            }
            yield found | scored(pool, members, values, known, new, about, seed)


def scored(pool, members, values, known, new, about, seed):
    """Fit on some members and predict others, as rank_networks does: tau and Pearson's correlation of each method."""
    fitted = InUnit(auto(pool, "fast", seed=seed), seed).fit([members[i] for i in known], values[known])
    columns = {"archrank": fitted.predict([members[i] for i in new])[1]}
    for name in BASELINES:
        columns[name] = np.array([about[i]["features"][name] for i in new])
    found = {}
    for name, column in columns.items():
        found[f"{name}: tau"] = kendall_tau(column, values[new])
        found[f"{name}: Pearson"] = float(np.corrcoef(column, values[new])[0, 1])
    return found


def summary(rows):
    """The mean and the standard deviation of each measure."""
    measures = [
        f"{method}: {measure}" for method in ("archrank", *BASELINES) for measure in ("tau", "Pearson")
    ]
    found = {name: [row[name] for row in rows] for name in measures}
    return {
        name: f"{np.mean(each):.3f} ± {np.std(each, ddof=len(each) > 1):.3f}" for name, each in found.items()
    }


if __name__ == "__main__":
    main()
