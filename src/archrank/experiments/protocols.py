"""Protocols of publications on predictors: a split, training sizes, labels, and the figures that they report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from archrank.benchmarks.table import Table
from archrank.errors import TableError, UnknownName
from archrank.experiments.splits import SplitKind

__all__ = ["PROTOCOLS", "Protocol", "Published", "protocol_of"]

PROTOCOLS = ("gates", "tnasp", "ta-gates")
"""The protocols, named after the publication that introduced them."""


@dataclass(frozen=True, slots=True)
class Published:
    """The figures that a publication reports.

    Attributes:
        method: The predictor.
        source: The publication.
        taus: Kendall's tau by the number of training architectures.
    """

    method: str
    source: str
    taus: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Protocol:
    """How predictors are evaluated on a space.

    Attributes:
        name: One of :data:`PROTOCOLS`.
        split: The kind of split.
        pool: What may be trained on, as :func:`~archrank.experiments.splits.split` reads it.
        test: What is tested on.
        sizes: The training sizes.
        words: The procedure of the publications, labels included.
        metrics: Pairs of metrics to train and to test on, the most faithful first; a table without any of them
            is used with its own metric.
        seed: Fixes the split's permutation.
        overlap: Whether the test part contains the training architectures.
        published: The reported figures.
    """

    name: str
    split: SplitKind
    pool: str
    test: str
    sizes: str
    words: str
    metrics: tuple[tuple[str, str], ...] = ()
    seed: int = 2020
    overlap: bool = False
    published: tuple[Published, ...] = ()

    def metrics_in(self, table: Table) -> tuple[str, str]:
        """The names of the metrics to train and to test on."""
        names = {metric.name for metric in table.metrics}
        own = table.metric(None).name
        return next((pair for pair in self.metrics if names.issuperset(pair)), (own, own))


def protocol_of(name: str, table: Table) -> Protocol:
    """The protocol of that name for a table.

    NAS-Bench-101 tables that are a part of the space keep the training sizes and test on the last quarter of their
    records.

    Raises:
        UnknownName: No such protocol.
        TableError: It is not about the table's space.
    """
    if name not in PROTOCOLS:
        raise UnknownName("protocol", name, PROTOCOLS)
    space = table.space.name
    if (name, space) not in _PROTOCOLS:
        spaces = " and ".join(sorted({space for _, space in _PROTOCOLS}))
        raise TableError(
            f"the protocol {name!r} is about {spaces}, but {table.name} is of {space}; "
            "leave the protocol out, and give a split and sizes"
        )
    whole = _PROTOCOLS[name, space]
    if space != _NB101 or len(table) == _NB101_CELLS:
        return whole
    part = replace(whole, pool=f"0:{len(table) * 5 // 8}", test=f"{len(table) * 3 // 4}:", overlap=False)
    if name == "gates":
        sizes = [size for size in _GATES_PREFIXES if size <= len(table) * 5 // 8]
        part = replace(part, sizes=",".join(map(str, sizes)))
    else:
        part = replace(part, split="source")
    return replace(
        part,
        words=f"{whole.words} Here only {len(table):,} of the {_NB101_CELLS:,} cells are known: the training sizes are "
        "the same, the labels and the test part are those of this table.",
    )


_NB101, _NB201 = "nas-bench-101", "nas-bench-201"
_NB101_CELLS = 423_624
_GATES_PREFIXES = (190, 381, 1906, 3812, 19063)

_GATES = "GATES, ECCV 2020"
_PINAT = "PINAT, AAAI 2023"

_PROTOCOLS = {
    ("gates", _NB101): Protocol(
        "gates",
        "prefix",
        pool="90%",
        test="10%",
        sizes="0.05%,0.1%,0.5%,1%",
        words="GATES trains on prefixes of the first nine tenths of the records in hash order, and tests "
        "on the last tenth, both on the mean of three validation accuracies after 108 epochs; tau is the mean over "
        "the last five of 200 epochs. The spread over seeds is that of the initialization only.",
        published=(
            Published("GATES", _GATES, {190: 0.7634, 381: 0.7789, 1906: 0.8434, 3812: 0.8594}),
            Published("GCN with global node", _GATES, {190: 0.5343, 381: 0.5790, 1906: 0.7915, 3812: 0.8277}),
            Published("LSTM", _GATES, {190: 0.5509, 381: 0.5993, 1906: 0.7112, 3812: 0.7747}),
            Published("MLP", _GATES, {190: 0.3971, 381: 0.5272, 1906: 0.6463, 3812: 0.7312}),
        ),
    ),
    ("gates", _NB201): Protocol(
        "gates",
        "prefix",
        pool="7813",
        test="7812",
        sizes="78,390,781,3906,7813",
        metrics=(("cifar10_test_accuracy_200", "cifar10_test_accuracy_200"),),
        words="GATES trains on prefixes of the first 7,813 cells in the order of the benchmark's indices, and tests on "
        "the other half, both on the mean CIFAR-10 test accuracy after 200 epochs.",
        published=(
            Published("GATES", _GATES, {78: 0.740, 390: 0.863, 781: 0.880, 3906: 0.919, 7813: 0.926}),
            Published("LSTM", _GATES, {78: 0.555, 390: 0.641, 781: 0.727, 3906: 0.879, 7813: 0.900}),
            Published("MLP", _GATES, {78: 0.097, 390: 0.396, 781: 0.539, 3906: 0.823, 7813: 0.870}),
            Published("GATES in DELE", "DELE, AAAI 2023", {78: 0.8244}),
        ),
    ),
    ("tnasp", _NB101): Protocol(
        "tnasp",
        "random",
        pool="100%",
        test="100%",
        sizes="100,172,424,4236",
        seed=0,
        overlap=True,
        words="TNASP and PINAT draw the training cells from one permutation, train on the validation accuracy of one "
        "run, and test on the mean of three test accuracies of all cells, training cells included. NAR-Former and "
        "NN-Former choose their epoch on 200 and 1,024 more labelled cells. Every seed here draws other cells.",
        published=(
            Published("PINAT, BCE", _PINAT, {100: 0.717, 172: 0.764, 424: 0.812, 4236: 0.854}),
            Published("TNASP", "TNASP, NeurIPS 2021", {100: 0.600, 172: 0.669, 424: 0.705, 4236: 0.820}),
            Published("GATES, rerun", _PINAT, {100: 0.605, 172: 0.659, 424: 0.691, 4236: 0.822}),
            Published("Neural predictor (GCN)", _PINAT, {100: 0.391, 172: 0.545, 424: 0.679, 4236: 0.769}),
            Published(
                "NAR-Former", "NAR-Former, CVPR 2023", {100: 0.632, 172: 0.653, 424: 0.765, 4236: 0.871}
            ),
            Published("NN-Former", "NN-Former, CVPR 2025", {100: 0.709, 172: 0.765, 424: 0.809, 4236: 0.877}),
        ),
    ),
    ("tnasp", _NB201): Protocol(
        "tnasp",
        "random",
        pool="100%",
        test="100%",
        sizes="78,156,469,781,1563",
        seed=0,
        overlap=True,
        metrics=(("cifar10_valid_accuracy_200", "cifar10_test_accuracy_200"),),
        words="TNASP and PINAT draw the training cells from one permutation, train on the CIFAR-10 validation accuracy "
        "of one run, and test on the test accuracy of all 15,625 cells, the training cells among them. NAR-Former and "
        "NN-Former choose their epoch on 200 and 1,024 more labelled cells. Every seed here draws other cells.",
        published=(
            Published("HyperNAS", "HyperNAS, CVPR 2026", {78: 0.677, 156: 0.765, 469: 0.836}),
            Published("PINAT", _PINAT, {78: 0.549, 156: 0.631, 469: 0.706, 781: 0.761, 1563: 0.784}),
            Published(
                "TNASP", "TNASP, NeurIPS 2021", {78: 0.539, 156: 0.589, 469: 0.640, 781: 0.689, 1563: 0.724}
            ),
            Published("NAR-Former V2", "NAR-Former V2, NeurIPS 2023", {156: 0.752, 1563: 0.888}),
            Published("NN-Former", "NN-Former, CVPR 2025", {156: 0.804, 1563: 0.890}),
        ),
    ),
    ("ta-gates", _NB101): Protocol(
        "ta-gates",
        "random",
        pool="7290",
        test="7290",
        sizes="72,364,729",
        words="TA-GATES and those after it take the 14,580 cells for which zero-cost measures are known, train on "
        "parts of one half and test on the other. Which cells these are is not known here: as many are drawn.",
        published=(
            Published("TA-GATES", "TA-GATES, NeurIPS 2022", {72: 0.6686, 364: 0.7744, 729: 0.8088}),
            Published("FlowerFormer", "FlowerFormer, CVPR 2024", {72: 0.750, 364: 0.861, 729: 0.881}),
            Published("FlowerFormer with FGP", "FGP, NeurIPS 2025", {72: 0.763}),
        ),
    ),
    ("ta-gates", _NB201): Protocol(
        "ta-gates",
        "random",
        pool="7813",
        test="7812",
        sizes="78,390,781",
        metrics=(("cifar10_test_accuracy_200", "cifar10_test_accuracy_200"),),
        words="TA-GATES and those after it train on parts of one half of the cells and test on the other, on CIFAR-10 "
        "accuracy after 200 epochs; FlowerFormer chooses its epoch on 40 more labelled cells.",
        published=(
            Published("TA-GATES", "TA-GATES, NeurIPS 2022", {78: 0.7731, 390: 0.8670, 781: 0.8773}),
            Published("FlowerFormer", "FlowerFormer, CVPR 2024", {78: 0.800, 390: 0.898, 781: 0.913}),
            Published("FlowerFormer with FGP", "FGP, NeurIPS 2025", {78: 0.836}),
        ),
    ),
}
