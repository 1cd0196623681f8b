"""NAS-Bench-201's cells in one Parquet table: accuracies, parameters, and costs on six devices.

Reference: Dong and Yang, NAS-Bench-201 (ICLR 2020); Li et al., HW-NAS-Bench (ICLR 2021) for the devices.
"""

from pathlib import Path

from archrank.benchmarks.import_schema import ImportedColumns, Quantity, packed_rows
from archrank.benchmarks.parquet_reader import read_parquet
from archrank.benchmarks.table import Split
from archrank.errors import TableError
from archrank.spaces import NASBench201
from archrank.system.on_progress import OnProgress, silent

__all__ = ["QUANTITIES", "read"]

NOT_MEASURED = -1.0


def _accuracy(
    name: str, words: str, split: Split, epochs: int, seeds: str, test: str | None = None
) -> Quantity:
    return Quantity(name, f"{words} after {epochs} epochs", split, epochs=epochs, seeds=seeds, test=test)


_OFFICIAL_SEEDS = "mean of the seeds, up to 3"

_ACCURACIES = (
    _accuracy(
        "cifar10_valid_accuracy_200",
        "CIFAR-10 accuracy (%) on the test images, of a training without the validation images,",
        "test",
        200,
        "seed 888",
        "cifar10_test_accuracy_200",
    ),
    _accuracy("cifar10_test_accuracy_200", "CIFAR-10 test accuracy (%)", "test", 200, _OFFICIAL_SEEDS),
    _accuracy(
        "cifar100_valid_accuracy_200",
        "CIFAR-100 test accuracy (%) of one of the trainings that cifar100_test_accuracy_200 is the mean of,",
        "test",
        200,
        "seed 888",
        "cifar100_test_accuracy_200",
    ),
    _accuracy("cifar100_test_accuracy_200", "CIFAR-100 test accuracy (%)", "test", 200, _OFFICIAL_SEEDS),
    _accuracy(
        "cifar10_valid_accuracy_12",
        "CIFAR-10 validation accuracy (%)",
        "validation",
        12,
        "mean of seeds 111, 777",
        "cifar10_test_accuracy_200",
    ),
    _accuracy(
        "cifar100_valid_accuracy_12",
        "CIFAR-100 validation accuracy (%)",
        "validation",
        12,
        "seed 111",
        "cifar100_test_accuracy_200",
    ),
)
"""The two called ``valid`` after 200 epochs are test accuracies: so they are in NATS-Bench's own files, number for
number. They keep the source's names; what they are is said here. Validation accuracies after 200 epochs are in the
benchmarks ``nas-bench-201-cifar10`` and so on (:mod:`archrank.benchmarks.nasbench201_labels`)."""


def _cost(name: str, meaning: str, measured: bool = True) -> Quantity:
    return Quantity(name, meaning, "none", higher_is_better=False, seeds="unstated", measured=measured)


QUANTITIES: tuple[Quantity, ...] = (
    *_ACCURACIES,
    _cost("parameters_millions", "millions of parameters of the CIFAR-10 network", measured=False),
    _cost("edgegpu_latency_ms", "milliseconds an image on an edge GPU"),
    _cost("edgegpu_energy_mj", "millijoules an image on an edge GPU"),
    _cost("raspi4_latency_ms", "milliseconds an image on a Raspberry Pi 4"),
    _cost("pixel3_latency_ms", "milliseconds an image on a Pixel 3"),
    _cost("eyeriss_energy_mj", "millijoules an image on the Eyeriss accelerator"),
    _cost("fpga_latency_ms", "milliseconds an image on an FPGA"),
)
"""What the table may hold; the first is what search selects by."""


def read(path: Path, partial: bool = False, on_progress: OnProgress = silent) -> ImportedColumns:
    """Read the table, in the official order of the cells.

    Args:
        path: A Parquet file with ``arch_str``, ``cifar10_valid_accuracy_200``, ``cifar10_test_accuracy_200``
            and any other of :data:`QUANTITIES`.
        partial: Whether cells may be missing.
        on_progress: Called with how many rows were read, and of how many.

    Raises:
        TableError: The file cannot be read, lacks a column or cells, or holds something else; the message names
            the row.
    """
    content = read_parquet(path, required=("arch_str", *(q.name for q in QUANTITIES[:2])))
    space = NASBench201()
    texts = content.column("arch_str")
    architectures = []
    for row, text in enumerate(texts):
        with content.naming(row):
            architectures.append(space.parse(str(text)))
    on_progress(len(texts), len(texts))
    rows = packed_rows(architectures, space, content.where)
    if len(rows) < len(space) and not partial:
        raise TableError(
            f"{path.name} holds {len(rows):,} of {len(space):,} cells; import what is there with --partial"
        )
    there = tuple(q for q in QUANTITIES if q.name in content.names)
    there = tuple(q for q in there if q.test is None or q.test in content.names)
    columns = {q.name: content.numbers(q.name, missing=[NOT_MEASURED]) for q in there}
    return ImportedColumns(space, rows, there, columns, content.source)
