"""NATS-Bench's "simple" folders: a pickle for every architecture, read without running anything in it.

Each holds, for every length of training, the trainings on four data sets with one or more seeds. CIFAR-10's
validation images are part of its training images: runs on ``cifar10-valid`` leave them out and give the validation
accuracy, runs on ``cifar10`` learn from them too and give the test accuracy that is usually reported.

Reference: Dong et al., NATS-Bench (TPAMI 2021).
"""

from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Any

from archrank.architecture import Architecture
from archrank.benchmarks.column_builder import ColumnBuilder
from archrank.benchmarks.import_schema import ImportedColumns, Quantity, SourceFile, packed_rows
from archrank.benchmarks.pickles import NUMPY_NUMBERS, ORDERED, restricted_loads
from archrank.benchmarks.table import Split
from archrank.errors import ParseError, TableError
from archrank.space import SearchSpace
from archrank.spaces import NASBench201, NATSBenchSize
from archrank.system.files import exists, is_file, is_folder
from archrank.system.foreign import in_one_line, shown
from archrank.system.on_progress import OnProgress, silent

__all__ = ["SIZE", "TOPOLOGY", "Part", "read"]

META = "meta.pickle.pbz2"

LARGEST = 1 << 23
"""No file of a folder comes near this many bytes, unpacked; each byte may make an object of sixty."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the benchmark's two parts.

    Attributes:
        folder: What its folders' names begin with.
        space: Makes its space.
        trainings: Its lengths of training: the folder's name for each, and the epochs; the first is what search
            goes by.
    """

    folder: str
    space: Callable[[], SearchSpace]
    trainings: Mapping[str, int]


TOPOLOGY = Part("NATS-tss", NASBench201, {"200": 200, "12": 12})
SIZE = Part("NATS-sss", NATSBenchSize, {"90": 90, "12": 12, "01": 1})

_DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16": "ImageNet16-120"}


@dataclass(frozen=True, slots=True)
class _Images:
    """Images that a network was evaluated on: the run's data set, the folder's name for them, and archrank's."""

    trained_on: str
    evaluated_on: str
    name: str
    words: str
    split: Split
    test: str | None = None


_EVALUATED = (
    _Images("cifar10-valid", "x-valid", "cifar10_valid", "CIFAR-10 validation", "validation", "cifar10_test"),
    _Images("cifar10", "ori-test", "cifar10_test", "CIFAR-10 test", "test"),
    _Images("cifar100", "x-valid", "cifar100_valid", "CIFAR-100 validation", "validation", "cifar100_test"),
    _Images("cifar100", "x-test", "cifar100_test", "CIFAR-100 test", "test"),
    _Images(
        "ImageNet16-120",
        "x-valid",
        "imagenet16_valid",
        "ImageNet16-120 validation",
        "validation",
        "imagenet16_test",
    ),
    _Images("ImageNet16-120", "x-test", "imagenet16_test", "ImageNet16-120 test", "test"),
    _Images(
        "cifar10-valid",
        "ori-test",
        "cifar10_half_test",
        "CIFAR-10 test (trained without the validation images)",
        "test",
    ),
)

_TRAINED = {"cifar10": "cifar10", "cifar100": "cifar100", "ImageNet16-120": "imagenet16"}
"""Data sets that training itself is reported for, and our names."""

_COSTS = {
    "params": ("parameters_millions", "millions of parameters"),
    "flop": ("megaflops", "millions of floating-point operations an image"),
    "latency": ("latency_seconds", "seconds a batch, on the authors' GPU"),
}


def read(part: Part, path: Path, partial: bool = False, on_progress: OnProgress = silent) -> ImportedColumns:
    """Read a folder, architecture by architecture, in the official order.

    Numbers that are not finite count as not measured.

    Args:
        part: Which of the two parts it holds.
        path: The unpacked folder, such as ``NATS-tss-v1_0-3ffb9-simple``.
        partial: Whether architectures may be missing.
        on_progress: Called with how many architectures were read, and of how many.

    Raises:
        TableError: The folder is none of this part's, lacks architectures, or a file in it cannot be read, is
            damaged, asks for anything but data, or holds something else; the message names the file.
    """
    _check_folder(part, path)
    space = part.space()
    digest, size = sha256(), 0

    def load(name: str) -> Any:
        nonlocal size
        data = _bytes(path / name)
        digest.update(data)
        size += len(data)
        return _unpickled(data, f"{path.name}/{name}")

    texts = _official_order(load(META), f"{path.name}/{META}")
    _check_kind(part, space, texts, path)
    there = [index for index in range(len(texts)) if is_file(path / _file(index))]
    _check_missing(there, len(texts), path, partial)
    columns, seeds = ColumnBuilder(), dict[str, set[int]]()
    architectures: list[Architecture] = []
    for row, index in enumerate(there):
        where = f"{path.name}/{_file(index)}"
        record = load(_file(index))
        try:
            _check_text(record, texts[index])
            architectures.append(space.parse(texts[index]))
            for name, seed, number in _numbers(part, record):
                seeds.setdefault(name, set()).add(seed)
                columns.put(row, _column(name, seed), number)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise TableError(
                f"{where} is not laid out as expected: {in_one_line(error, 300)}; the {row:,} read before it "
                "are good; unpack the folder again"
            ) from None
        on_progress(row + 1, len(there))
    rows = packed_rows(architectures, space, lambda index: f"{path.name}/{_file(there[index])}")
    quantities = tuple(_with_runs(q, sorted(seeds[q.name])) for q in _quantities(part) if q.name in seeds)
    named = {
        column: columns.column(_column(quantity.name, seed), len(rows))
        for quantity in quantities
        for column, seed in zip(quantity.columns, sorted(seeds[quantity.name]), strict=True)
    }
    return ImportedColumns(
        space, rows, _with_tests(quantities), named, SourceFile(path.name, size, digest.hexdigest())
    )


def _check_folder(part: Part, path: Path) -> None:
    if is_file(path) and path.suffix == ".tar":
        raise TableError(
            f"{path} is still packed: run tar -xf {path.name}, and name the folder that it makes"
        )
    if not is_folder(path):
        what = "is no folder" if exists(path) else "does not exist"
        raise TableError(f"{path} {what}: expected the unpacked folder {part.folder}-…-simple")
    if not is_file(path / META):
        raise TableError(f"{path} holds no {META}: expected the unpacked folder {part.folder}-…-simple")


def _official_order(meta: Any, where: str) -> list[str]:
    """The text of every architecture, by its official index."""
    texts = meta.get("meta_archs") if isinstance(meta, dict) else None
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise TableError(f"{where} holds no list 'meta_archs' of architectures")
    return texts


def _check_kind(part: Part, space: SearchSpace, texts: list[str], path: Path) -> None:
    try:
        space.parse(texts[0])
    except ParseError:
        raise TableError(
            f"{path.name} is about {shown(texts[0])} and the like, not about architectures of {space.name}: expected "
            f"the folder {part.folder}-…-simple"
        ) from None


def _check_missing(there: list[int], total: int, path: Path, partial: bool) -> None:
    missing = sorted(set(range(total)) - set(there))
    if not there:
        raise TableError(f"{path.name} holds none of its {total:,} architectures; unpack it again")
    if missing and not partial:
        shown = ", ".join(_file(index) for index in missing[:3]) + (", …" if len(missing) > 3 else "")
        raise TableError(
            f"{path.name} lacks {len(missing):,} of its {total:,} architectures ({shown}): unpack it again, or "
            "import what is there with --partial"
        )


def _file(index: int) -> str:
    return f"{index:06d}.pickle.pbz2"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None


def _unpickled(data: bytes, where: str) -> Any:
    unpacker = BZ2Decompressor()
    try:
        unpacked = unpacker.decompress(data, LARGEST)
    except OSError:
        raise TableError(f"{where} is damaged: it is no bzip2 file; unpack the folder again") from None
    if not unpacker.eof:
        what = "cut short" if unpacker.needs_input else f"larger than the {LARGEST:,} bytes of any known file"
        raise TableError(f"{where} is {what}; unpack the folder again")
    allowed = {**NUMPY_NUMBERS, **ORDERED}
    return restricted_loads(unpacked, allowed, where, remedy="unpack the folder again")


def _check_text(record: Any, text: str) -> None:
    for training, results in record.items():
        if results["arch_str"] != text:
            raise ValueError(
                f"training {shown(training)} is about {shown(results['arch_str'])}, but {META} says {shown(text)}"
            )


def _column(name: str, seed: int) -> str:
    return f"{name}_seed{seed}"


def _numbers(part: Part, record: Mapping[str, Any]) -> Iterator[tuple[str, int, float]]:
    """What a file holds: name of the quantity, seed, number."""
    for training, epochs in part.trainings.items():
        runs = record[training]["all_results"] if training in record else {}
        for (dataset, seed), run in runs.items():
            if run["epochs"] != epochs:
                raise ValueError(f"a run of {shown(run['epochs'])} epochs among those of {epochs}")
            for images in _EVALUATED:
                if images.trained_on == dataset:
                    last = f"{images.evaluated_on}@{epochs - 1}"
                    yield f"{images.name}_accuracy_{epochs}", int(seed), _percent(run["eval_acc1es"][last])
                    yield f"{images.name}_loss_{epochs}", int(seed), _finite(run["eval_losses"][last])
            if name := _TRAINED.get(dataset):
                yield f"{name}_train_accuracy_{epochs}", int(seed), _percent(run["train_acc1es"][epochs - 1])
                seconds = sum(_finite(each) for each in run["train_times"].values())
                yield f"{name}_train_seconds_{epochs}", int(seed), seconds
                for key, (cost, _) in _COSTS.items():
                    yield f"{name}_{cost}", 0, _cost(run[key])


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{shown(value)} where a number belongs")
    number = float(value)  # an OverflowError for a whole number of hundreds of digits
    return number if isfinite(number) else nan


def _percent(value: Any) -> float:
    number = _finite(value)
    if not (0 <= number <= 100 or isnan(number)):
        raise ValueError(f"an accuracy of {number} %")
    return number


def _cost(value: Any) -> float:
    """A cost, which may come as a list of measurements."""
    if not isinstance(value, list):
        return _finite(value)
    found = [number for number in map(_finite, value) if number > 0]
    return sum(found) / len(found) if found else nan


def _quantities(part: Part) -> list[Quantity]:
    """All that a folder may hold, in the order of the metrics."""
    found = []
    for epochs in part.trainings.values():
        for images in _EVALUATED:
            accuracy = f"{images.words} accuracy (%) after {epochs} epochs"
            test = f"{images.test}_accuracy_{epochs}" if images.test else None
            found.append(
                Quantity(f"{images.name}_accuracy_{epochs}", accuracy, images.split, epochs=epochs, test=test)
            )
    for epochs in part.trainings.values():
        for images in _EVALUATED:
            loss = f"{images.words} cross entropy after {epochs} epochs"
            test = f"{images.test}_loss_{epochs}" if images.test else None
            found.append(
                Quantity(f"{images.name}_loss_{epochs}", loss, images.split, False, epochs, test=test)
            )
        for short, name in _DATASETS.items():
            train = f"{name} accuracy (%) on the training images after {epochs} epochs"
            found.append(Quantity(f"{short}_train_accuracy_{epochs}", train, "train", epochs=epochs))
            seconds = f"seconds of training for {epochs} epochs, {name}"
            found.append(Quantity(f"{short}_train_seconds_{epochs}", seconds, "none", False, epochs))
    for short, name in _DATASETS.items():
        found += [
            Quantity(
                f"{short}_{cost}",
                f"{words}, {name} network",
                "none",
                False,
                seeds="same in every run",
                measured=kind == "latency",
            )
            for kind, (cost, words) in _COSTS.items()
        ]
    return found


def _with_runs(quantity: Quantity, seeds: list[int]) -> Quantity:
    if seeds == [0]:  # a cost, which no seed changes
        return quantity
    if len(seeds) == 1:
        return replace(quantity, seeds=f"seed {seeds[0]}")
    return replace(quantity, runs=tuple(seeds), run_word="seed")


def _with_tests(quantities: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    """The quantities without the mention of a test quantity that is not there."""
    there = {quantity.name for quantity in quantities}
    return tuple(q if q.test in there else replace(q, test=None) for q in quantities)
