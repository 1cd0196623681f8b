"""Every reader on a small corpus with random changes: what is no data is refused in few words, by our own error."""

import io
import json
import pickle
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mutation import changed

from archrank.benchmarks import as_table, enas_macro, nasbench101, read_architectures, read_table
from archrank.benchmarks.natsbench import SIZE, TOPOLOGY, _numbers
from archrank.benchmarks.pickles import NUMPY_NUMBERS, ORDERED, record_class, restricted_loads
from archrank.errors import ArchrankError, TableError
from archrank.graph import Cell, Graph, Site
from archrank.space import Choice, SearchSpace
from archrank.spaces import Darts, Enas, EnasMacro, NASBench101, NASBench201, NASBenchGraph, NATSBenchSize
from archrank.system.literals import read_literal, read_printed
from archrank.training.recipes import recipe_named
from open_spaces import Chains

SHORT, LONG = 60, 100_000
"""Inputs for each reader in the test command, and in the full run."""

SPACE = NASBench201()
TEXTS = [SPACE.format(a) for a in SPACE.architectures(SPACE.rows()[700:708])]
VALUES = [81.5, 79.25, 84.0, 80.125, 83.5, 82.75, 90, 91]


def genotype(space):
    return space.format(space.sample(1, np.random.default_rng(0))[0])


CELL = {"matrix": [[0, 1, 1], [0, 0, 1], [0, 0, 0]], "ops": ["input", "maxpool3x3", "output"]}

ARCHITECTURES = {
    Darts(): [
        genotype(Darts()),
        f"best = genotypes.{genotype(Darts())}  # a log",
        repr(genotype(Darts())),
        str([[(0, 3), (1, 2), (0, 1), (2, 2), (0, 1), (1, 1), (0, 2), (4, 3)]] * 2),
        "Genotype(normal=[[('sep_conv_3x3', np.int64(0)), ('none', 1)]], normal_concat=array([2, 3]), reduce=None)",
    ],
    Enas(): [genotype(Enas()), genotype(Enas()).replace("Genotype(", "dict(")],
    NASBench101(5): [
        genotype(NASBench101(5)),
        str(CELL),
        f"ModelSpec(matrix=array({CELL['matrix']}), ops={CELL['ops']})",
        "0" * 32,
    ],
    SPACE: [TEXTS[0], f"arch_str={TEXTS[1]}", "11", "nats:(1, 2, 3, 4, 0, 1)", f"['{TEXTS[2]}']"],
    EnasMacro(): [
        genotype(EnasMacro()),
        "[[1], [4 0], (5, 1, 0), [0, 0, 0, 0], [1, 0, 0, 1, 0], [2, 0, 0, 1, 0, 1]]",
    ],
    NASBenchGraph(): [genotype(NASBenchGraph()), str(json.loads(genotype(NASBenchGraph())))],
    NATSBenchSize(): ["64:64:8:16:32", "'8:8:8:8:8'"],
}


def table_texts(sign):
    rows = [
        f"{text}{sign}{value}{sign}{i}" for i, (text, value) in enumerate(zip(TEXTS, VALUES, strict=True))
    ]
    head = sign.join(("architecture", "accuracy", "seed"))
    return [
        "\n".join([head, *rows]).encode(),
        "\r\n".join(["\ufeff# comment", head, *rows, rows[0]]).replace("81.5", "OOM").encode(),
        "\n".join([head, *rows]).replace(".", ",").encode("utf-16"),
        "\n".join([head, *(row.replace(".5", ",5 %") for row in rows)]).encode("latin-1"),
    ]


def parquet(columns, **options):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


RECORDS = [{"architecture": text, "accuracy": value} for text, value in zip(TEXTS, VALUES, strict=True)]

TABLES = {
    ".csv": table_texts(",") + table_texts(";"),
    ".tsv": table_texts("\t"),
    ".json": [
        json.dumps(RECORDS).encode(),
        json.dumps({"architecture": TEXTS, "accuracy": VALUES}).encode(),
        json.dumps(
            {"columns": ["architecture", "accuracy"], "data": [[TEXTS[0], 1], [TEXTS[1], "OOM"]]}
        ).encode(),
    ],
    ".jsonl": ["\n".join(map(json.dumps, RECORDS)).encode()],
    ".parquet": [
        parquet({"architecture": TEXTS, "accuracy": VALUES}),
        parquet(
            {"architecture": TEXTS, "when": pa.array([2**60] * 8, pa.timestamp("us")), "y": [1] * 8},
            compression="none",
        ),
        parquet(
            {
                "architecture": TEXTS,
                "zoned": pa.array([1] * 8, pa.timestamp("us", "Nowhere/Never")),
                "y": VALUES,
            }
        ),
        parquet(
            {
                "architecture": pa.array(TEXTS).dictionary_encode(),
                "y": pa.array([1] * 8, pa.decimal128(30, 2)),
            }
        ),
    ],
}

NUMBER = np.float64(0.5)
RUN = {
    "epochs": 200,
    "params": 1.0,
    "flop": 2.0,
    "latency": [0.1],
    "train_acc1es": {199: 90.0},
    "train_times": {0: 1.5},
    "eval_acc1es": {"x-valid@199": 80.0, "ori-test@199": 81.0, "x-test@199": 5},
    "eval_losses": {"x-valid@199": 1, "ori-test@199": NUMBER, "x-test@199": 2},
}
HELD = {"200": {"arch_str": TEXTS[0], "all_results": {("cifar10", 777): RUN, ("cifar100", 888): RUN}}}
PICKLES = [pickle.dumps(HELD, protocol) for protocol in (0, 2, 4)]
PICKLES += [b"})" + b"\x85" * 200 + b"Ns.", b"\x80\x04)\x94h\x00h\x00\x86}h\x00K\x01s."]


def read_pickle(data):
    allowed = {**NUMPY_NUMBERS, **ORDERED, ("bench.data", "Record"): record_class}
    held = restricted_loads(data, allowed, "a fuzzed file")
    for part in (TOPOLOGY, SIZE):
        try:
            list(_numbers(part, held))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            if isinstance(error, TypeError | ValueError):
                assert len(str(error)) < 2_000  # noqa: PT017


def in_file(read, name):
    """A reader of paths as one of bytes."""

    def of(data, folder):
        path = folder / name
        path.write_bytes(data)
        read(path)

    return of


def in_memory(read):
    return lambda data, folder: read(data)


def as_text(read):
    return lambda data, folder: read(data.decode("utf-8", "surrogateescape"))


def read_both(path):
    read_table(path, SPACE, average=True)
    read_architectures(path, SPACE)


class Named(SearchSpace):
    """A space with the text form that spaces have by default."""

    name = "named"
    choices = (Choice("0→1", ("none", "conv")), Choice("width", ("8", "16")))
    operations = ("none", "conv")

    def graph(self, architecture):
        return Graph((Cell(1, 2, (Site(self.choices[0].options[architecture.choices[0]], (0,), 1),), (1,)),))


CHAINS = Chains("chains")

ARCHITECTURES |= {
    Named(): [
        '{"0→1": "conv", "width": "8"}',
        "{'0→1': 'none', 'width': '16'}",
        '{"0→1": [[[1]]], "width": 3}',
    ],
    CHAINS: [
        genotype(CHAINS),
        str(json.loads(genotype(CHAINS))),
        '{"depth": 1e400, "learning rate": {"a": NaN}}',
    ],
}

READERS = {
    **{
        f"architectures of {space.name}": (as_text(space.parse), [text.encode() for text in texts])
        for space, texts in ARCHITECTURES.items()
    },
    "literals": (
        as_text(lambda text: (read_literal(text), read_printed(text, "Genotype"))),
        [text.encode() for texts in ARCHITECTURES.values() for text in texts],
    ),
    **{
        f"tables in {suffix}": (in_file(read_both, f"t{suffix}"), corpus) for suffix, corpus in TABLES.items()
    },
    "pickles": (in_memory(read_pickle), PICKLES),
    "official Parquet of NAS-Bench-101": (
        in_file(nasbench101.read, "n.parquet"),
        [
            parquet(
                {
                    "module_adjacency": [[0, 1, 0, 0]] * 3,
                    "module_operations": [["input", "output"]] * 3,
                    "validation_accuracy_108": [0.5, 0.25, 0.75],
                }
            )
        ],
    ),
    "official Parquet of ENAS macro": (
        in_file(enas_macro.read, "e.parquet"),
        [parquet({"architecture": [genotype(EnasMacro())] * 2, "accuracy": [0.5, 0.5]})],
    ),
    "recipes": (
        in_file(lambda path: recipe_named(str(path)), "r.toml"),
        [b'base = "proxy"\nepochs = 3\nlearning_rate = 0.1\n', b"crop = 4\n[x]\ny = 1979-05-27T07:32:00Z\n"],
    ),
    "recipes in JSON": (
        in_file(lambda path: recipe_named(str(path)), "r.json"),
        [b'{"base": "proxy", "epochs": 3}'],
    ),
}


def pictures():
    from PIL import Image

    made = []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP"):
        out = io.BytesIO()
        Image.fromarray(np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)).save(out, kind)
        made.append(out.getvalue())
    return made


def read_picture(data):
    from archrank.images import pictures as ours

    ours.picture(data, "a fuzzed picture", 8)
    ours.picture(data, "a fuzzed picture")


def fuzz(name, tmp_path, count, seed):
    if name == "pictures":
        pytest.importorskip("torch")
        read, corpus = in_memory(read_picture), pictures()
    else:
        read, corpus = READERS[name]
    rng = Random(f"{name} {seed}")
    for number in range(count):
        data = changed(rng, corpus) if number >= len(corpus) else corpus[number]
        try:
            read(data, tmp_path)
        except ArchrankError as error:
            assert len(str(error)) < 3_000, (number, data)  # noqa: PT017
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, input {number}: {data[:300]!r}") from error


NAMES = [*READERS, "pictures"]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NAMES)
def test_changed_inputs_are_read_or_refused(name, tmp_path):
    fuzz(name, tmp_path, SHORT, 0)


@pytest.mark.full
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NAMES)
def test_many_changed_inputs_are_read_or_refused(name, tmp_path):
    fuzz(name, tmp_path, LONG, 1)


def test_dates_zones_and_numbers_that_python_lacks_are_no_metrics(tmp_path):
    path = tmp_path / "t.parquet"
    for data in TABLES[".parquet"]:
        path.write_bytes(data)
        assert len(read_table(path, SPACE)) == 8
    path.write_bytes(TABLES[".parquet"][1])
    with pytest.raises(TableError, match="'when'"):
        read_table(path, SPACE, metrics=["when"])


def test_a_hundred_million_rows_in_a_small_file_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "bomb.parquet"
    writer = pq.ParquetWriter(path, pa.schema([("architecture", pa.null())]))
    for _ in range(10):
        writer.write_table(pa.table({"architecture": pa.nulls(10_000_000)}))
    writer.close()
    assert path.stat().st_size < 1_000_000
    for read in (lambda: read_table(path, SPACE), lambda: nasbench101.read(path)):
        with pytest.raises(TableError, match="100,000,000 rows"):
            read()


def test_columns_of_objects_are_shown_in_few_words():
    deep = []
    for _ in range(60):
        deep = [deep, deep]
    with pytest.raises(TableError) as refused:
        as_table(SPACE, {"architecture": TEXTS, "y": [deep] * 8}, metrics=["y"])
    assert len(str(refused.value)) < 1_000
