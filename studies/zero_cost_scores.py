"""All zero-cost scores of the cells of NAS-Bench-201, in one small file.

    OMP_NUM_THREADS=1 python studies/zero_cost_scores.py --cells 0 15625 --out scores.parquet --small small.parquet

The cells come in an order that --seed fixes, so that the scores of the first are those of a random sample. --cells is
the range of places in this order. The file has a row for each cell: its place, its text, and the scores as 32-bit
floats; -inf where a score is not finite or no path leads to the output. It is written whole after every --chunk cells,
and those that it holds are not computed again, so the command can be stopped and started again. Ranges may be computed
at the same time into several files, which --join puts together. The batch is 16 random images, the network the
published one, and both are drawn from --seed. --small writes the scores once more, to 16 binary digits and in
the order of the space, in fewer bytes.
"""

import argparse
import io
import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from archrank.architecture import Architecture
from archrank.proxies import PROXIES, builder_for, score_all
from archrank.spaces import NASBench201
from archrank.system.files import write_whole

COUNTS = {"parameters", "multiply-adds", "layers"}
SCHEMA = {"place": pa.int32(), "architecture": pa.string(), **dict.fromkeys(PROXIES, pa.float32())}


def settings_of(args: argparse.Namespace) -> bytes:
    """What the scores depend on, beside the cell."""
    settings = {"seed": args.seed, "builder": builder_for(NASBench201()).settings, "torch": torch.__version__}
    return json.dumps(settings).encode()


def read(path: Path, settings: bytes) -> pa.Table:
    """The rows of a file with these settings; none if there is no file."""
    schema = pa.schema(SCHEMA.items(), metadata={"scored": settings})
    if not path.exists():
        return schema.empty_table()
    table = pq.read_table(path)
    if not table.schema.equals(schema, check_metadata=False):
        raise SystemExit(
            f"{path} has the columns {', '.join(table.column_names)}; expected {', '.join(SCHEMA)}"
        )
    held = (table.schema.metadata or {}).get(b"scored")
    if held != settings:
        raise SystemExit(f"{path} was computed with {held!r}, and this is {settings!r}: choose another file")
    return table


def write(path: Path, table: pa.Table) -> None:
    """Write rows in the order of their places, each place once."""
    _, first = np.unique(table["place"].to_numpy(), return_index=True)
    content = io.BytesIO()
    # The bytes of floats are kept by their place in the number, which takes a third less.
    how = {"use_dictionary": False, "use_byte_stream_split": [*PROXIES]}
    pq.write_table(table.take(first), content, compression="zstd", compression_level=19, **how)
    write_whole(path, content.getvalue())


def write_small(path: Path, table: pa.Table) -> None:
    """Write rows without their places, in the order of the space, to 16 binary digits."""
    space = NASBench201()
    cells = space.pack([space.parse(text) for text in table["architecture"].to_pylist()])
    table = table.take(np.lexsort(cells.T[::-1])).drop_columns(["place"])
    for at, name in enumerate(table.column_names):
        if name in PROXIES.keys() - COUNTS:
            table = table.set_column(at, name, pa.array(rounded(table[name].to_numpy())))
    content = io.BytesIO()
    floats = dict.fromkeys(PROXIES.keys() - COUNTS, "BYTE_STREAM_SPLIT")
    how = {"use_dictionary": [*COUNTS], "column_encoding": {"architecture": "DELTA_BYTE_ARRAY", **floats}}
    pq.write_table(table, content, compression="zstd", compression_level=22, data_page_size=2**24, **how)
    write_whole(path, content.getvalue())


def rounded(scores: np.ndarray) -> np.ndarray:
    """32-bit floats to 16 binary digits; those that are not finite stay as they are."""
    mantissa, exponent = np.frexp(scores)
    return np.where(
        np.isfinite(scores), np.ldexp(np.round(mantissa * 2**16) / 2**16, exponent), scores
    ).astype(np.float32)


def rows(places: list[int], cells: list[Architecture], settings: bytes, seed: int) -> pa.Table:
    """The scores of cells: one row each."""
    space = NASBench201()
    found = score_all(space, cells, proxies=[*PROXIES], seed=seed)
    columns = {"place": places, "architecture": [space.format(cell) for cell in cells], **found}
    arrays = [pa.array(columns[name], kind) for name, kind in SCHEMA.items()]
    return pa.Table.from_arrays(arrays, schema=pa.schema(SCHEMA.items(), metadata={"scored": settings}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, nargs=2, default=(0, 15_625), metavar=("FIRST", "END"))
    parser.add_argument("--chunk", type=int, default=100, help="cells after which the file is written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--join", type=Path, nargs="*", default=[], help="files of other ranges, added first")
    parser.add_argument("--out", type=Path, required=True, help="the Parquet file")
    parser.add_argument("--small", type=Path, help="a smaller file of all rows, written at the end")
    args = parser.parse_args()
    torch.set_num_threads(1)
    settings = settings_of(args)
    table = pa.concat_tables([read(path, settings) for path in (args.out, *args.join)])
    if args.join:
        write(args.out, table)
    space = NASBench201()
    order = np.random.default_rng(args.seed).permutation(space.size)
    first, end = max(0, args.cells[0]), min(len(order), args.cells[1])
    held = set(table["place"].to_pylist())
    missing = [place for place in range(first, end) if place not in held]
    every = space.rows()
    began, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(missing), args.chunk):
        places = missing[start : start + args.chunk]
        table = pa.concat_tables(
            [table, rows(places, space.architectures(every[order[places]]), settings, args.seed)]
        )
        write(args.out, table)
        done = start + len(places)
        spent = time.perf_counter() - began, time.process_time() - processor
        print(
            f"{done} of {len(missing)} cells; for each {spent[0] / done:.2f} s, {spent[1] / done:.2f} s of processor "
            f"time; {args.out.stat().st_size / len(table):.0f} bytes a row",
            flush=True,
        )
    if not missing:
        print(f"{args.out} holds all {max(0, end - first)} cells of the range")
    if args.small is not None:
        write_small(args.small, read(args.out, settings))


if __name__ == "__main__":
    main()
