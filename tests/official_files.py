"""Writes files as the benchmarks' authors publish them, for tests and measurements."""

import base64
import bz2
import json
import pickle
import struct

import numpy as np

from archrank.benchmarks.crc32c import crc32c, masked

MEASURES = ("training_time", "train_accuracy", "validation_accuracy", "test_accuracy")


def sums(strings):
    lengths = np.array([len(each) for each in strings])
    data = np.frombuffer(b"".join(strings) + b"\0", dtype=np.uint8)
    return masked(crc32c(data, np.cumsum(lengths) - lengths, lengths)).tolist()


def tfrecord(records):
    """The bytes of a TFRecord file."""
    heads = [struct.pack("<Q", len(record)) for record in records]
    framed = zip(heads, sums(heads), records, sums(records), strict=True)
    return b"".join(h + struct.pack("<I", a) + r + struct.pack("<I", b) for h, a, r, b in framed)


def varint(number):
    groups = b""
    while number > 127:
        groups += bytes([number & 127 | 128])
        number >>= 7
    return groups + bytes([number])


def evaluation(epoch, training, when):
    numbers = [epoch, *(training[f"{when}_{measure}"] for measure in MEASURES)]
    fields = b"".join(bytes([n << 3 | 1]) + struct.pack("<d", x) for n, x in enumerate(numbers, start=1))
    fields += b"\x32" + varint(4) + b"path"  # the place of a checkpoint, which no table needs
    return b"\x0a" + varint(len(fields)) + fields


def metrics(training, parameters, epochs):
    """A training as the official message."""
    before = dict.fromkeys((f"initial_{measure}" for measure in MEASURES), 0.1)
    times = ((0, before, "initial"), (epochs / 2, training, "halfway"), (epochs, training, "final"))
    evaluations = b"".join(evaluation(*time) for time in times)
    return evaluations + b"\x10" + varint(parameters) + b"\x19" + struct.pack("<d", 1.5)


def record(module_hash, epochs, fixed, training):
    """One record of ``nasbench_only108.tfrecord``."""
    adjacency = "".join(str(entry) for row in fixed["module_adjacency"] for entry in row)
    message = base64.b64encode(metrics(training, fixed["trainable_parameters"], epochs)).decode()
    return json.dumps(
        [module_hash, epochs, adjacency, ",".join(fixed["module_operations"]), message]
    ).encode()


def records(official):
    """All records of cells in the form of ``official-records-52.json``."""
    return [
        record(module_hash, int(epochs), fixed, training)
        for module_hash, (fixed, trainings) in official.items()
        for epochs, repeats in trainings.items()
        for training in repeats
    ]


def cells(space, count, repeats=3, epochs=(108,)):
    """Official records of the first cells of a NAS-Bench-101 space, with made-up measurements."""
    rng = np.random.default_rng(0)
    official = {}
    for architecture in space.architectures(space.rows()[:count]):
        fixed = json.loads(space.format(architecture))
        fixed["trainable_parameters"] = space.trainable_parameters(architecture)
        names = [f"{when}_{measure}" for when in ("halfway", "final") for measure in MEASURES]
        trainings = {
            str(e): [{n: float(np.float32(rng.random())) for n in names} for _ in range(repeats)]
            for e in epochs
        }
        official[space.module_hash(architecture)] = (fixed, trainings)
    return official


def nats_run(dataset, epochs, seed):
    """One training of a NATS-Bench file, with made-up measurements that tell what they are."""
    names = {"cifar10-valid": ["x-valid", "ori-test"], "cifar10": ["ori-test"]}.get(
        dataset, ["x-valid", "x-test", "ori-test"]
    )
    accuracies = {
        f"{n}@{e}": 10.0 * i + e / 100 + seed / 1e5 for i, n in enumerate(names, 1) for e in range(epochs)
    }
    return {
        "name": dataset,
        "epochs": epochs,
        "train_acc1es": {e: 50.0 + e / 100 for e in range(epochs)},
        "train_times": dict.fromkeys(range(epochs), 2.0),
        "eval_acc1es": accuracies,
        "eval_losses": {key: value / 10 for key, value in accuracies.items()},
        "params": np.float64(0.5),
        "flop": 11.5,
        "latency": [np.float64(0.25), 0.75],
    }


def nats_file(text, trainings):
    """What a NATS-Bench file holds: by length of training, the runs of (data set, seed)."""
    return {
        name: {"arch_str": text, "all_results": {(d, s): nats_run(d, epochs, s) for d, s in runs}}
        for name, (epochs, runs) in trainings.items()
    }


def packed(content):
    return bz2.compress(pickle.dumps(content, 4))


def nats_folder(folder, texts, trainings, there=None):
    """A folder of the "simple" layout."""
    folder.mkdir()
    (folder / "meta.pickle.pbz2").write_bytes(packed({"meta_archs": list(texts), "total_archs": len(texts)}))
    for index in range(len(texts)) if there is None else there:
        content = packed(nats_file(texts[index], trainings))
        (folder / f"{index:06d}.pickle.pbz2").write_bytes(content)
    return folder
