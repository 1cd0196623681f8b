"""Whether `archrank.trace` reads the networks of timm, and how long that takes.

    python studies/trace_timm.py --labels results-imagenet.csv --out docs/results/tracing

From each family of timm, which is one module of its code, it traces the smallest network that the list of labels has.
The parameters of the graph are compared with those of the module. Times are processor time in milliseconds, the
median of five: of a trace, of one plain run of the module without numbers, and of a reference workload in Python, by
which times of different machines can be compared. Finished rows are kept in OUT.csv, so that the command can be killed
and started again.
"""

import argparse
import csv
import platform
import shlex
import subprocess
import sys
import textwrap
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

FIELDS = (
    "family", "network", "nodes", "kinds", "blocks", "parameters", "same_parameters", "multiply_adds", "trace_ms",
    "plain_ms", "reference_ms", "error",
)  # fmt: skip


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--labels", type=Path, help="a list of networks of timm with the columns model, param_count"
    )
    parser.add_argument(
        "--names", nargs="+", default=[], help="networks by name instead, such as timm:resnet50"
    )
    parser.add_argument("--example", default="", help="the shape of an input for these, such as 1,3,224,224")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True, help="the files to write, without an ending")
    options = parser.parse_args()
    found = options.out.with_suffix(".csv")
    rows = list(csv.DictReader(found.open(encoding="utf-8"))) if found.exists() else []
    done = {row["network"] for row in rows}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    networks = [(name, name) for name in options.names] or smallest(options.labels)
    for family, name in networks:
        if name in done:
            continue
        rows.append(measured(family, name, options.example, options.repeats))
        with found.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
        print(
            f"{len(rows)} of {len(networks)}: {name} {rows[-1]['error'] or rows[-1]['trace_ms']}", flush=True
        )
    options.out.with_suffix(".md").write_text(page(rows), encoding="utf-8")


def smallest(labels: Path) -> list[tuple[str, str]]:
    """The smallest labeled network of each family of timm."""
    import timm

    sizes = {
        row["model"].partition(".")[0]: float(row["param_count"].replace(",", ""))
        for row in csv.DictReader(labels.open(encoding="utf-8"))
    }
    families: dict[str, tuple[float, str]] = {}
    for name in timm.list_models():
        if name in sizes:
            family = timm.model_entrypoint(name).__module__.rpartition(".")[2]
            families[family] = min(families.get(family, (float("inf"), "")), (sizes[name], name))
    return [(family, f"timm:{name}") for family, (_, name) in sorted(families.items())]


def measured(family: str, name: str, example: str, repeats: int) -> dict[str, object]:
    """Trace one network: a row."""
    import torch

    from archrank import fold, trace
    from archrank.errors import ArchrankError
    from archrank.modules.named import named_module, timm_module

    row: dict[str, object] = dict.fromkeys(FIELDS, "") | {"family": family, "network": name}
    shape = tuple(map(int, example.split(","))) if example else None
    try:
        module, usual = (
            timm_module(name, outline=True) if name.startswith("timm:") else (named_module(name), (1,))
        )
        tensor = torch.empty(shape or usual, device="meta")
        try:
            graph = trace(module, tensor)
        except ArchrankError:
            # It needs the numbers of a table that it holds.
            module = named_module(name)
            graph = trace(module, tensor)
        traced = [timed(lambda: trace(module, tensor)) for _ in range(repeats)]
    except ArchrankError as error:
        return row | {"error": str(error)}
    outline = module.to("meta").eval()
    with torch.no_grad():
        try:
            plain = [timed(lambda: outline(tensor)) for _ in range(repeats)]
        except (NotImplementedError, RuntimeError):
            plain = []
    nodes = graph.cells[0].sites
    blocks = {node.inner for node in fold(graph).cells[0].sites if node.inner is not None}
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return row | {
        "nodes": len(nodes),
        "kinds": len({node.operation for node in nodes}),
        "blocks": len(blocks),
        "parameters": parameters,
        "same_parameters": parameters == sum(node.parameters for node in nodes),
        "multiply_adds": sum(node.multiply_adds for node in nodes),
        "trace_ms": round(median(traced), 1),
        "plain_ms": round(median(plain), 1) if plain else "",
        "reference_ms": round(median(timed(reference) for _ in range(repeats)), 1),
    }


def timed(run) -> float:
    """Milliseconds of processor time."""
    start = time.process_time()
    run()
    return 1000 * (time.process_time() - start)


def reference() -> None:
    """A workload of dictionaries, tuples and sorting, as tracing is."""
    table: dict[tuple[int, int], list[int]] = {}
    for i in range(40_000):
        table.setdefault((i % 97, i % 89), []).append(i)
    sorted(table, key=lambda pair: (pair[1], len(table[pair])))


def page(rows: list[dict[str, object]]) -> str:
    """The results as a page."""
    rows = sorted(rows, key=lambda row: str(row["family"]))
    good = [row for row in rows if not row["error"]]
    text = [
        "# Tracing the networks of timm",
        "",
        "`archrank.trace` on the smallest labeled network of each family of timm, built without weights. *Plain* is "
        "one run of the same module on tensors without values, *reference* a fixed workload in Python. Times are "
        "processor time in milliseconds, the median of five in one process; the machine did other work at the same "
        "time.",
        "",
        f"{len(good)} of {len(rows)} networks were traced; the graph has the module's trainable parameters in "
        f"{sum(str(row['same_parameters']) == 'True' for row in good)} of them. {summary(good)}",
    ]
    lines = [
        *(textwrap.fill(line, 128) for line in text),
        "",
        "| family | network | nodes | kinds | parameters | multiply-adds | trace | plain | reference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = str(row["network"]).removeprefix("timm:")
        if row["error"]:
            lines.append(f"| {row['family']} | {name} | not traced | | | | | | |")
            continue
        cells = [
            row["nodes"],
            row["kinds"],
            f"{int(str(row['parameters'])):,}",
            f"{int(str(row['multiply_adds'])):,}",
        ]
        times = [row["trace_ms"], row["plain_ms"] or "–", row["reference_ms"]]
        lines.append(f"| {row['family']} | {name} | {' | '.join(map(str, cells + times))} |")
    command = shlex.join(["python", *sys.argv])
    lines += ["", f"{date.today()}, {versions()}:", "", "```console", command, "```", ""]
    return "\n".join(lines)


def summary(rows: list[dict[str, object]]) -> str:
    """The medians, in a sentence."""
    if not rows:
        return ""
    found = {
        key: median(float(str(row[key])) for row in rows) for key in ("nodes", "trace_ms", "reference_ms")
    }
    most = max(int(str(row["nodes"])) for row in rows)
    return (
        f"Median: {found['nodes']:.0f} nodes (at most {most:,}) and {found['trace_ms']:.0f} ms a trace, where the "
        f"reference takes {found['reference_ms']:.0f} ms."
    )


def versions() -> str:
    """The commit and the versions that count."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    packages = []
    for package in ("torch", "timm"):
        try:
            packages.append(f"{package} {version(package)}")
        except ImportError:
            continue
    return ", ".join([f"commit {told.stdout.strip()}", f"Python {platform.python_version()}", *packages])


if __name__ == "__main__":
    main()
