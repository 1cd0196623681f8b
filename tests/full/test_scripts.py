"""Every script of benchmarks/ and studies/ runs, at a size at which it takes seconds; nothing is timed."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archrank.images.cifar import CIFAR
from archrank.spaces.named import named_space
from waiting import PATIENCE

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
SCORES = ROOT / "docs" / "results" / "zero-cost" / "nas-bench-201.parquet"
SMALL = "--tables analog-nasbench --sizes 12 --seeds 1 --workers 0 --out out"
SCRIPTS = {
    "benchmarks/auto_speed.py": "--labels 12 --efforts fast",
    "benchmarks/data_pipeline.py": "--cells 2 --channels 2 --batch 2 --steps 1 --folder cifar10",
    "benchmarks/fit_speed.py": "--cells 12 --seeds 1 --epochs 2 --most 100",
    "benchmarks/grammar_speed.py": "--architectures 3",
    "benchmarks/import_tables.py": "official.json --cells 20",
    "benchmarks/lowering_speed.py": "--net sequence.Sequence --architectures 4 --seen 4 --repeats 1 --evaluated 12",
    "benchmarks/network_speed.py": "--cells 2 --channels 2 --batch 2 --steps 1",
    "benchmarks/training_throughput.py": "--cells 2 --channels 2 --side 8 --batch 2 --steps 1 --epochs 1",
    "benchmarks/search_speed.py": "--evaluations 12 --cases 12",
    "benchmarks/zero_cost_speed.py": f"--cells 1 --repeats 1 --before {ROOT / 'src'}",
    "benchmarks/whole_space.py": "--repeats 1 --spaces nas-bench-201 --most 60 --plain 20",
    "studies/calibration.py": SMALL,
    "studies/depth_features.py": SMALL,
    "studies/encoder_settings.py": f"{SMALL} --settings MLP",
    "studies/fidelity_search.py": "--tables made-up --seeds 1 --budget 12 --out out",
    "studies/flow_encoder.py": f"{SMALL} --encoders biflow",
    "studies/full_size_cost.py": "--cells 1 --out out",
    "studies/failure_models.py": "--seeds 1 --budget 16 --test 20",
    "studies/hard_searches.py": "--seeds 1 --budget 11 --cases pruned known --out out",
    "studies/hierarchical_ranking.py": "--table trained.parquet --labels 12 --subsets 2 --choosing 4 --out out "
    "--predictors trees 'flat GATES'",
    "studies/hierarchical_search.py": "--seeds 1 --budgets 12 --out out",
    "studies/hierarchical_table.py": "order recipes train describe --architectures 3 --twice 1 --recipes wide "
    "adamw --processes 2 --trainings 3 --epochs 1 --images 20 --validation 10 --out out",
    "studies/search_peers.py": "--tables protein-structure nas-bench-graph-cora --methods random TPE --seeds 1 "
    "--budgets 6 --out out",
    "studies/kills.py": "--kills 1",
    "studies/module_pool.py": "train replay live --settings --networks 4 --images 20 --validation 10 --epochs 1 "
    "--seeds 1 --budget 2 --budgets 2 --data-folder cifar10 --out out",
    "studies/module_search.py": "--tables nas-bench-201-cifar10 --seeds 1 --budget 12 --out out",
    "studies/likely_options.py": "--tables nas-bench-201-cifar10 --seeds 2 --budget 11 --out out",
    "studies/true_labels.py": "--tables nas-bench-201-cifar10 --seeds 1 --one-run 1 --budget 12 --out out",
    "studies/transfer.py": "--pairs nas-bench-201-cifar10:nas-bench-201-cifar100 --kinds plain shuffled --labels 20 "
    "--seeds 2 --budget 11 --out out",
    "studies/lemur_ranking.py": "--labels 12 --graphs 3 --splits 1 --seeds 1 --smallest 5 --out out/page",
    "studies/more_signals.py": "--questions repeats --seeds 1 --workers 0 --out out",
    "studies/network_parameters.py": "nasbench101 cells.parquet --last 2",
    "studies/outline_features.py": "--labels 12 --ranked 20 --seeds 1",
    "studies/predictor_members.py": SMALL,
    "studies/proxy_recipes.py": "--out out --cells 2 --workers 0 --recipes "
    "proxy:epochs=1:batch=8:channels=2:cells=2:train_images=40",
    "studies/nas_bench_nlp.py": "--labels 20 --splits 1 --out out/page",
    "studies/rank_accuracy.py": "--cells 12 --seeds 2 --epochs 6 --workers 1 --out out/page",
    "studies/rank_quality.py": f"{SMALL.replace('12', '20')}",
    "studies/real_search.py": "guided random --out out",
    "studies/regression.py": "--tiny --workers 1 --out out --before out",
    "studies/seen_groups.py": "--data . --tables accel-nasbench-1700 --sizes 12 --seeds 1 --workers 0 --out out",
    "studies/stacked_weights.py": SMALL,
    "studies/stop_suggestion.py": "--seeds 1 --after 20",
    "studies/timm_ranking.py": "--labels 20 --seeds 1 --smallest 5 --out out/page",
    "studies/zero_cost.py": "published choose report --cells 2 --batch 2 --images random --out out "
    f"--published published.parquet --nasbench101 cells.parquet --macro macro.parquet --scores {SCORES}",
    "studies/predictor_suite.py": "--data . --tables accel-nasbench-1700 --efforts fast --sizes 50 --out out",
    "studies/weighed_members.py": "--data . --tables accel-nasbench-1700 --sizes 12 --seeds 2 --workers 0 --out out",
    "studies/zero_cost_prior.py": "--tables nas-bench-macro nas-bench-201-cifar10 --sizes 4 --cells 8 "
    f"--seeds 1 --workers 0 --out out --scores {SCORES} --nasbench101 cells.parquet --macro macro.parquet",
    "studies/zero_cost_scores.py": "--cells 3 5 --chunk 1 --out out/scores.parquet --small out/small.parquet",
    "studies/zero_cost_search.py": "--tables nas-bench-201-cifar10 --methods guided '200 scored' --seeds 1 "
    f"--budget 12 --scores {SCORES} --out out",
    "studies/trace_timm.py": "--names torch.nn:ReLU --example 2,3 --repeats 1 --out out/page",
}
ELSEWHERE = {"studies/lemur_trace.py"}
"""Tested in test_sandbox.py."""
SHARED = {
    "accel-nasbench-1700": "macro/accel-nasbench-1700.parquet",
    "official.json": "nasbench101/official-records-52.json",
    "cells.parquet": "nasbench101/nasbench101-20k.parquet",
    "published.parquet": "zero-cost/nas-bench-201-cifar10.parquet",
    "macro.parquet": "macro/nas-bench-macro.parquet",
}


def is_script(path):
    return 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")


def test_no_script_is_left_out():
    found = [path for folder in ("benchmarks", "studies") for path in (ROOT / folder).glob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in found if is_script(path)} == set(SCRIPTS) | ELSEWHERE


def cifar(folder):
    """Random images in the official binary files."""
    kind, rng = CIFAR["cifar10"], np.random.default_rng(0)
    inside = folder / kind.folders[1]
    inside.mkdir(parents=True)
    for name in (name for names in kind.parts.values() for name in names):
        labels = np.arange(20, dtype=np.uint8) % 10
        pixels = rng.integers(0, 256, (20, 3072), dtype=np.uint8)
        (inside / f"{name}.bin").write_bytes(np.column_stack([labels, pixels]).tobytes())


def run_folder(folder, seed):
    """What real_search.py reads of a run."""
    rng = np.random.default_rng(seed)
    names = ("valid_accuracy", "valid_loss", "parameters", "multiply_adds", "seconds")
    evaluations = [
        {"number": n, "reason": "random", "architecture": str(n), "state": "measured",
         "values": {name: float(rng.uniform(1, 2)) for name in names}}
        for n in range(12)
    ]  # fmt: skip
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({"evaluations": evaluations}))


def trained_hierarchies(path):
    """What hierarchical_table.py writes."""
    space = named_space("hierarchical-nas-bench-201")
    rng = np.random.default_rng(0)
    rows = [
        {"number": number, "architecture": space.format(a), "valid_accuracy": float(rng.random()), "error": None,
         "parameters": 1000 + number, "multiply_adds": 2000 - number, "seed": seed}
        for number, a in enumerate(space.sample(20, rng))
        for seed in range(1 + (number < 3))
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_runs(script, tmp_path, shared):
    words = shlex.split(SCRIPTS[script])
    for name in SHARED.keys() & words:
        path = tmp_path / name
        shutil.copy(shared(SHARED[name]), path if path.suffix else path.with_suffix(".parquet"))
    if "cifar10" in words or script in ("studies/proxy_recipes.py", "studies/hierarchical_table.py"):
        cifar(tmp_path / "cifar10")
    if "trained.parquet" in words:
        trained_hierarchies(tmp_path / "trained.parquet")
    for seed, name in enumerate(("guided", "random")):
        if name in words:
            run_folder(tmp_path / name, seed)
    environment = {**os.environ, "ARCHRANK_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, ROOT / script, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = [path for path in tmp_path.glob("out/*") if path.is_file()]
    assert done.stdout or any(path.stat().st_size for path in written)
