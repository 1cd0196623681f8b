"""Measured architectures: one file per source, all giving the same table."""

from archrank.benchmarks.catalog import SOURCES, Source, load_benchmark, names, source, tables_of
from archrank.benchmarks.describe import describe_benchmark
from archrank.benchmarks.files import read_architectures, read_table, write_table
from archrank.benchmarks.given import as_architectures, as_table
from archrank.benchmarks.import_schema import LABELS, label_named
from archrank.benchmarks.official import OFFICIAL, Official, import_table, lies_at
from archrank.benchmarks.table import Metric, Table, checked_table
from archrank.system.folders import data_folder

__all__ = [
    "LABELS",
    "OFFICIAL",
    "SOURCES",
    "Metric",
    "Official",
    "Source",
    "Table",
    "as_architectures",
    "as_table",
    "checked_table",
    "data_folder",
    "describe_benchmark",
    "import_table",
    "label_named",
    "lies_at",
    "load_benchmark",
    "names",
    "read_architectures",
    "read_table",
    "source",
    "tables_of",
    "write_table",
]
