"""Whether `archrank.trace` reads the CIFAR-10 networks of LEMUR, of which there are thousands, written by many hands.

    python studies/lemur_trace.py --data FOLDER_OF_THE_UNPACKED_WHEEL --packages FOLDER --out docs/results/lemur

FOLDER_OF_THE_UNPACKED_WHEEL is what `unzip` makes of the wheel of nn-dataset 2.1.2; it is not installed. Its code runs
only in a sandbox (`sandbox.py`), and the script refuses to run where there can be none. Each network is built without
numbers, with the hyper-parameters of a measured record, and traced at the image sizes of its records after one epoch.
OUT.jsonl keeps the features of each, so that the command can be killed and started again. Some networks need
torchvision: a folder that has it (`pip install --no-deps --target FOLDER torchvision`) is given by --packages.
"""

import argparse
import json
import math
from collections import Counter
from pathlib import Path

from lemur_data import image_shape, records, source
from sandbox import NoSandboxError, Sandbox

CLASSES = 10
HEAD = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
"""
TAIL = """
        self.layers = nn.Sequential(nn.Conv2d(in_shape[1], 8, 3), nn.Flatten(), nn.Linear(8 * 6 * 6, out_shape[0]))
    def forward(self, x):
        return self.layers(x)
"""
MADE_UP = {
    "good": "pass",
    "dummy": "nn.Conv2d(in_shape[1], 8, 3).to('cpu')(torch.zeros(1, *in_shape[1:], device='cpu'))",
    "socket": "import socket; socket.create_connection(('1.1.1.1', 53), 5)",
    "file": "open('/tmp/written', 'w')",
    "endless": "while True: pass",
    "asleep": "import time; time.sleep(10**6)",
    "large": "bytearray(50 * 10**9)",
    "noisy": 'print(\'{"features": {}, "id": 5}\', flush=True); raise SystemExit',
    "fork": "import os, time; os.fork() or time.sleep(10**6)",
    "last": "pass",
}
"""What the networks do that are there to try the sandbox out."""


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the unpacked wheel; made-up networks without it")
    parser.add_argument("--packages", type=Path, help="a folder with torchvision")
    parser.add_argument("--seconds", type=int, default=60, help="processor time that a network may take")
    parser.add_argument("--wall", type=int, default=300, help="seconds that a network may take")
    parser.add_argument(
        "--memory", type=float, default=16, help="GiB of address space that a network may have"
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write, without an ending")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    jobs = made_up() if options.data is None else jobs_of(options.data)
    file = options.out.with_suffix(".jsonl")
    rows = traced(file)
    packages = str(options.packages.resolve()) if options.packages else ""
    limits = (packages, options.seconds, options.wall, int(options.memory * 2**30))
    try:
        with Sandbox("lemur_worker", limits, patience=600 + options.wall) as box, file.open("a") as out:
            for count, (name, job) in enumerate(jobs.items()):
                if name in rows:
                    continue
                code = job.get("source") or source(options.data, job["network"])
                rows[name] = row_of(name, job, box.ask({**job, "id": count, "source": code}), count)
                out.write(json.dumps(rows[name]) + "\n")
                out.flush()
                if count % 100 == 0:
                    print(f"{count} of {len(jobs)}: {name} {rows[name].get('error', '')}", flush=True)
    except NoSandboxError as error:
        raise SystemExit(str(error)) from None
    print(summary([row for name, row in rows.items() if name in jobs]))


def traced(file):
    """The rows that are in a file, by name."""
    if not file.exists():
        return {}
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {row["name"]: row for row in rows}


def made_up():
    """Networks of which some are good, and others do what they should not."""
    job = {"shape": (2, 3, 8, 8), "complex": False, "classes": (CLASSES,), "settings": {}}
    return {
        name: {**job, "network": name, "name": name, "source": f"{HEAD}        {line}{TAIL}"}
        for name, line in MADE_UP.items()
    }


def jobs_of(data):
    """Each network at each of its image sizes, by name; the size that most of a network's records have is first."""
    often, settings = {}, {}
    for network, prm, _ in records(data):
        shape = image_shape(data, prm["transform"])
        often.setdefault(network, Counter())[shape] += 1
        settings.setdefault((network, shape), prm)
    ranked = sorted(
        (place, network, shape)
        for network, shapes in often.items()
        for place, (shape, _) in enumerate(shapes.most_common())
    )
    return {
        key(network, shape): {
            "name": key(network, shape),
            "network": network,
            "shape": (settings[network, shape]["batch"], 3, *shape[:2]),
            "complex": shape[2],
            "classes": (CLASSES,),
            "settings": settings[network, shape],
        }
        for _, network, shape in ranked
    }


def key(network, shape):
    """The name of a network at an image size."""
    height, width, numbers = shape
    return f"{network} {height}x{width}{' complex' if numbers else ''}"


def row_of(name, job, answer, count):
    """What the sandbox answered, if it is what was asked for: features, or an error."""
    row = {"name": name, "network": job["network"]}
    if answer is None or answer.get("id") != count:
        return row | {"error": "the sandbox gave no answer"}
    features = answer.get("features")
    if isinstance(features, dict) and all(map(is_number, features.values())):
        return row | {
            "device": str(answer.get("device")),
            "key": str(answer.get("key")),
            "features": features,
        }
    return row | {
        "error": str(answer.get("error"))[:400],
        "error_on_meta": str(answer.get("error_on_meta"))[:400],
    }


def is_number(value):
    """Whether a value of an answer is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def summary(rows):
    """How many networks were traced, and why others were not."""
    networks = {row["network"] for row in rows}
    good = {row["network"] for row in rows if "features" in row}
    pairs = sum("features" in row for row in rows)
    reasons = Counter(row["error"] for row in rows if "error" in row)
    lines = [
        f"{len(good)} of {len(networks)} networks traced; {pairs} of {len(rows)} pairs of network and image size",
        *(f"{count} × {reason}" for reason, count in reasons.most_common(40)),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
