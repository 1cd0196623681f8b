"""How well graphs of networks of timm predict throughput and accuracy, for families that were not trained on.

    python studies/timm_ranking.py --data DATA/timm --out docs/results/timm-ranking

It traces every network that the tables of timm have, at the size of its measurement, and keeps its features in
OUT.jsonl, so that the command can be killed and started again. Then, for each target, families are put into five
folds; from four of them 100 networks are drawn as labels, with four seeds, and the networks of the fifth are ranked.
Families whose name's SHA-256 is divisible by three are left out: they are there to choose settings.
"""

import argparse
import csv
import hashlib
import json
from pathlib import Path

import numpy as np
from traced_pool import Traced

from archrank.graph import Cell, Graph, Node
from archrank.network_features import network_features
from archrank.predictors import auto
from archrank.ranking import kendall_tau

TABLES = {
    "throughput, RTX 5090": (
        "benchmark-infer-amp-nchw-pt291-cu130-5090.csv",
        "infer_samples_per_sec",
        "infer_img_size",
    ),
    "throughput, CPU": (
        "benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv",
        "infer_samples_per_sec",
        "infer_img_size",
    ),
    "ImageNet top-1": ("results-imagenet.csv", "top1", "img_size"),
}


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the folder of timm's tables; made-up networks without it")
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--smallest", type=int, default=20, help="folds with fewer networks are left out")
    parser.add_argument("--limit", type=int, help="trace at most this many networks, drawn at random")
    parser.add_argument(
        "--choose", action="store_true", help="the families that are there to choose settings"
    )
    parser.add_argument("--only-trace", action="store_true")
    parser.add_argument("--out", type=Path, required=True, help="the files to write, without an ending")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if options.data is None:
        tables, traced = made_up()
    else:
        tables = {
            target: rows_of(options.data / file, value, size)
            for target, (file, value, size) in TABLES.items()
        }
        traced = features_of(tables, options.out.with_suffix(".jsonl"), options.limit)
    if not options.only_trace:
        results = [row for target, rows in tables.items() for row in ranked(target, rows, traced, options)]
        options.out.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        for target in tables:
            print(target, summary([row for row in results if row["target"] == target]))


def made_up():
    """Chains of 30 families, and a throughput that falls with their depth."""
    rng, rows, traced = np.random.default_rng(0), [], {}
    for index in range(120):
        depth, width = int(rng.integers(1, 9)), int(rng.integers(1, 9))
        nodes = [
            Node(
                "conv",
                (i,),
                i + 1,
                attributes=(("channels", float(width)),),
                shape=(width,),
                multiply_adds=width**2,
            )
            for i in range(depth)
        ]
        graph = Graph((Cell(1, depth + 1, tuple(nodes), (depth,)),))
        row = {
            "network": f"n{index}",
            "size": 1,
            "family": f"f{index % 30}",
            "features": network_features(graph),
        }
        traced[f"n{index}", 1] = row
        rows.append((f"n{index}.tag_in1k", 1, 1 / (depth * width)))
    return {"throughput, CPU": rows, "ImageNet top-1": rows}, traced


def rows_of(path, value, size):
    """The measured networks of a table: the name with its tag, the size, the value."""
    with path.open(encoding="utf-8") as file:
        return [(row["model"], int(row[size]), float(row[value])) for row in csv.DictReader(file)]


def features_of(tables, path, limit):
    """The features of each network at each size, from the file or by tracing, and the family of each."""
    import timm

    found = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found[row["network"], row["size"]] = row
    wanted = sorted({(model.partition(".")[0], size) for rows in tables.values() for model, size, _ in rows})
    order = np.random.default_rng(0).permutation(len(wanted))
    known = set(timm.list_models())
    with path.open("a", encoding="utf-8") as file:
        for count, index in enumerate(order[:limit]):
            name, size = wanted[index]
            if name not in known or (name, size) in found:
                continue
            row = {
                "network": name,
                "size": size,
                "family": timm.model_entrypoint(name).__module__.rpartition(".")[2],
            }
            row |= read(name, size)
            found[name, size] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
            if count % 50 == 0:
                print(f"{count} of {len(order)}: {name} at {size}", flush=True)
    return found


def read(name, size):
    """The features of one network, or why it cannot be traced."""
    import timm
    import torch

    from archrank import trace

    error = ""
    for device in ("meta", "cpu"):
        for more in ({"img_size": size}, {}):
            try:
                with torch.device(device):
                    module = timm.create_model(name, pretrained=False, **more)
                return {"features": network_features(trace(module, (1, 3, size, size)))}
            except Exception as failure:
                error = f"{type(failure).__name__}: {failure}"[:300]
    return {"error": error}


def ranked(target, rows, traced, options):
    """One row of results for each fold and seed."""
    usable = []
    for model, size, value in rows:
        base, _, tag = model.partition(".")
        row = traced.get((base, size))
        if row is None or "features" not in row:
            continue
        chooses = int(hashlib.sha256(row["family"].encode()).hexdigest(), 16) % 3 == 0
        if chooses != options.choose:
            continue
        usable.append((f"{model} {size}", row, tag or "none", value))
    features = {name: row["features"] for name, row, _, _ in usable}
    with_tags = target == "ImageNet top-1"
    pool = Traced(features, recipe_inputs([tag for _, _, tag, _ in usable]) if with_tags else None)
    values = np.array([value for *_, value in usable])
    families = sorted({row["family"] for _, row, _, _ in usable})
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        fold_of = dict(zip(rng.permutation(families).tolist(), np.arange(len(families)) % 5, strict=True))
        folds = np.array([fold_of[row["family"]] for _, row, _, _ in usable])
        for fold in range(5):
            new, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            known = rng.permutation(rest)[: options.labels]
            if len(known) < options.labels or len(new) < options.smallest:
                continue
            members = [pool.member(name) for name in features]
            predictor = auto(pool, "fast", seed=seed)
            predictor.fit([members[i] for i in known], values[known])
            predicted = predictor.predict([members[i] for i in new])
            truth = values[new]
            one = {
                "target": target, "seed": seed, "fold": fold, "networks": len(new), "families": len(families),
                "archrank": kendall_tau(predicted, truth),
            }  # fmt: skip
            sign = 1 if with_tags else -1
            for name in ("parameters", "multiply-adds", "activations"):
                column = np.array([features[usable[i][0]][name] for i in new])
                one[name] = kendall_tau(sign * column, truth)
            yield one


def recipe_inputs(tags):
    """Whether each word is in a tag, such as in21k, for the words that at least ten networks have."""
    words = [set(tag.split("_")) for tag in tags]
    often = {word for each in words for word in each if sum(word in other for other in words) >= 10}
    return {f"recipe {word}": ["yes" if word in each else "no" for each in words] for word in sorted(often)}


def summary(rows):
    """The mean and the standard deviation over folds and seeds of each method."""
    methods = ("archrank", "parameters", "multiply-adds", "activations")
    return {
        m: f"{np.mean([r[m] for r in rows]):.3f} ± {np.std([r[m] for r in rows], ddof=1):.3f}"
        for m in methods
    }


if __name__ == "__main__":
    main()
