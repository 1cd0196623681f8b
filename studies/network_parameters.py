"""Do built networks have the parameters that the benchmarks published, every single one?

    python studies/network_parameters.py nasbench101 nasbench101-20k.parquet
    python studies/network_parameters.py nasbench201 nasbench201.parquet --first 0 --last 4000

The first file has the official columns ``module_adjacency`` (flattened), ``module_operations`` and
``trainable_parameters``, the second ``arch_str`` and ``parameters_millions``. Weights are not drawn;
a cell of NAS-Bench-101 takes about 20 ms, one of NAS-Bench-201 about as long.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq

from archrank import Graph
from archrank.networks import OPERATIONS, NASBench101Skeleton, NASBench201Skeleton, Skeleton, parameters
from archrank.spaces import NASBench101, NASBench201


def nasbench101(path: str) -> Iterator[tuple[Graph, Skeleton, int]]:
    space = NASBench101()
    for record in pq.read_table(path).to_pylist():
        size = len(record["module_operations"])
        matrix = np.reshape(record["module_adjacency"], (size, size)).tolist()
        graph = space.graph(space.from_matrix(matrix, record["module_operations"]))
        yield graph, NASBench101Skeleton(), record["trainable_parameters"]


def nasbench201(path: str) -> Iterator[tuple[Graph, Skeleton, int]]:
    space = NASBench201()
    for record in pq.read_table(path, columns=["arch_str", "parameters_millions"]).to_pylist():
        graph = space.graph(space.parse(record["arch_str"]))
        # The table has six decimals of a million.
        yield graph, NASBench201Skeleton(), round(record["parameters_millions"] * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", choices=["nasbench101", "nasbench201"])
    parser.add_argument("file")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=None)
    chosen = parser.parse_args()
    records = {"nasbench101": nasbench101, "nasbench201": nasbench201}[chosen.benchmark](chosen.file)
    start, count, wrong = time.process_time(), 0, 0
    for place, (graph, skeleton, published) in enumerate(records):
        if place < chosen.first:
            continue
        if chosen.last is not None and place >= chosen.last:
            break
        built = parameters(skeleton.assemble(graph, OPERATIONS))
        count += 1
        if built != published:
            wrong += 1
            print(f"record {place}: built {built:,}, published {published:,}")
    seconds = time.process_time() - start
    print(f"{count:,} cells, {wrong} with another count than published; {seconds:.0f} s")


if __name__ == "__main__":
    main()
