"""Time and memory of importing NAS-Bench-101 from a file of the official kind and size, and of loading the table.

The official file is not there to measure with, so one is made in a temporary folder: a record for every training of
all 423,624 cells, with the measurements of the official records in a JSON file of some of them, each a little
changed so that the table is as hard to compress as the real one.

    python benchmarks/import_tables.py ../shared/data/nasbench101/official-records-52.json
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

from archrank.spaces import NASBench101
from official_files import record, tfrecord

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from archrank import benchmarks
started = time.perf_counter()
{what}
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""

STEPS = {
    "import": "benchmarks.import_table('nasbench101', Path(sys.argv[1]), partial=True)",
    "load": "table = benchmarks.load_benchmark('nasbench101')",
    "load, one column": "table = benchmarks.load_benchmark('nasbench101'); table.column('validation_accuracy')",
    "load, optimum, look up 1,000": (
        "table = benchmarks.load_benchmark('nasbench101'); table.optimum()\n"
        "for each in table.space.architectures(table.rows[:1000]): table.value(each)"
    ),
}


def changed(training: dict, rng: np.random.Generator) -> dict:
    """Other measurements near those of a training, in single precision as the official ones are."""
    factors = rng.uniform(0.9, 1.0, len(training))
    return {name: float(np.float32(x * f)) for (name, x), f in zip(training.items(), factors, strict=True)}


def batches(official: dict, cells: int) -> Iterator[bytes]:
    """The file, a thousand cells at a time."""
    space = NASBench101()
    rows = space.rows()[:cells]
    rng = np.random.default_rng(0)
    trainings = cycle(repeats["108"] for _, repeats in official.values())
    for start in range(0, len(rows), 1000):
        records = []
        for architecture in space.architectures(rows[start : start + 1000]):
            fixed = json.loads(space.format(architecture)) | {"trainable_parameters": 1_000_000}
            name = space.module_hash(architecture)
            records += [record(name, 108, fixed, changed(training, rng)) for training in next(trainings)]
        yield tfrecord(records)


def measured(what: str, path: Path, data: Path) -> tuple[float, float, int]:
    """Seconds by the clock, seconds of computing, and peak memory of one step, in a process of its own."""
    program = [sys.executable, "-c", MEASURE.format(what=what), str(path)]
    environment = {**os.environ, "ARCHRANK_DATA": str(data)}
    answer = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    seconds, computing, peak = json.loads(answer.stdout)
    return seconds, computing, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path, help="official records as {hash: [cell, {epochs: trainings}]}")
    parser.add_argument("--cells", type=int, default=423_624, help="fewer for a quick look")
    options = parser.parse_args()
    official = json.loads(options.records.read_text())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "nasbench_only108.tfrecord")
        started = time.perf_counter()
        with path.open("wb") as file:
            for batch in batches(official, options.cells):
                file.write(batch)
        size = path.stat().st_size
        print(
            f"made {size / 1e6:,.0f} MB, {options.cells:,} cells, in {time.perf_counter() - started:.0f} s\n"
        )
        print("| step | seconds | of computing, with start | peak memory, MB |\n|---|---|---|---|")
        for step, what in STEPS.items():
            seconds, computing, peak = measured(what, path, Path(folder))
            print(f"| {step} | {seconds:.2f} | {computing:.2f} | {peak / 1e6:,.0f} |", flush=True)
        table = Path(folder, "tables", "nasbench101.parquet")
        print(f"\nthe table: {table.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
