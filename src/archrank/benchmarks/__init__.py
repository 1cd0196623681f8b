"""Measured architectures: one file per source, all giving the same table."""

from archrank.benchmarks.catalog import SOURCES, Source, load, names, source
from archrank.benchmarks.files import read_architectures, read_table, write_table
from archrank.benchmarks.table import Metric, Table, checked_table

__all__ = [
    "SOURCES",
    "Metric",
    "Source",
    "Table",
    "checked_table",
    "load",
    "names",
    "read_architectures",
    "read_table",
    "source",
    "write_table",
]
