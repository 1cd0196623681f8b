"""The fixed grid on which the default predictor is compared with its members and with simple predictors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.benchmarks import Table, load_benchmark
from archrank.benchmarks.indices import row_bytes
from archrank.errors import TableError, UnknownName
from archrank.experiments.grid import GridProgress, GridTask, read_rows, run_grid
from archrank.experiments.one_hot import INPUTS, XGBOOST, inputs_of, rivals
from archrank.experiments.suite_page import RIVALS, write_page
from archrank.predictors.automatic import auto
from archrank.predictors.candidates import Candidates
from archrank.predictors.named import described
from archrank.predictors.targets import normal_scores
from archrank.ranking.metrics import kendall_tau
from archrank.study.folder import RunFolder
from archrank.system.arguments import checked_path
from archrank.system.on_progress import silent
from archrank.system.versions import versions

__all__ = ["EFFORTS", "SIZES", "TABLES", "compare_suite", "seeds_of"]

TABLES = (
    "nas-bench-graph-proteins",
    "analog-nasbench",
    "nas-bench-201-cifar10",
    "nas-bench-201-cifar100",
    "nas-bench-201-imagenet16-120",
    "nas-bench-graph-cora",
    "nas-bench-graph-citeseer",
    "nas-bench-graph-pubmed",
    "nas-bench-graph-cs",
    "nas-bench-graph-photo",
    "nas-bench-graph-arxiv",
    "nas-bench-graph-computers",
    "nas-bench-graph-physics",
    "hpolib-protein-structure",
    "hpolib-naval-propulsion",
    "hpolib-parkinsons-telemonitoring",
    "hpolib-slice-localization",
    "nasbench101",
    "enas-macro",
    "natsbench-sss",
)
"""The tables of the grid, those of which a fit is cheap first."""

SIZES = (50, 100, 200, 400, 800)
EFFORTS = ("fast", "balanced")

_MANY, _FEW, _UP_TO = 20, 10, 200
"""Training sets up to this size, and above."""

_TESTED = 5_000
"""The most architectures that are ranked, the same for all training sets of a table."""

_SPLIT_SEED = 2020

Floats = npt.NDArray[np.float64]


def seeds_of(size: int) -> int:
    """The number of training sets of a size."""
    return _MANY if size <= _UP_TO else _FEW


@dataclass(frozen=True)
class _Fits:
    """Fits one effort, or the simple predictors, to a training set of one table.

    Attributes:
        table: The table.
    """

    table: Table = field(repr=False)

    @cached_property
    def parts(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Indices of the rows that may be trained on, and of those that are ranked."""
        measured = np.flatnonzero(~np.isnan(self.table.column()))
        order = np.random.default_rng(_SPLIT_SEED).permutation(measured)
        tested = min(_TESTED, len(order) // 2)
        return order[tested:], order[:tested]

    @cached_property
    def _test(self) -> Candidates:
        return Candidates(self.table.space, self.table.rows[self.parts[1]])

    @cached_property
    def _inputs(self) -> dict[str, Floats]:
        """The inputs of the simple predictors for all rows."""
        return inputs_of(self.table.space, self.table.rows)

    def sizes(self) -> list[int]:
        """The training sizes that the table allows."""
        return [size for size in SIZES if size <= len(self.parts[0])]

    def __call__(self, task: GridTask) -> dict[str, Any]:
        """The tau of each predictor by name."""
        pool, test = self.parts
        size, seed = int(task["size"]), int(task["seed"])
        known = pool[np.random.default_rng([seed, size]).choice(len(pool), size, replace=False)]
        targets, truth = self.table.scores(None)[known], self.table.scores(None)[test]
        found: dict[str, Floats] = {}
        if task["part"] in RIVALS:
            y = normal_scores(targets)
            for inputs in INPUTS:
                x = self._inputs[inputs]
                for name, rival in rivals().items():
                    if (name == XGBOOST) == (task["part"] == XGBOOST):
                        found[f"{name}, {inputs}"] = rival(x[known], y, x[test])
        else:
            fitted = auto(self.table.space, task["part"], seed=seed).fit(self.table.rows[known], targets)
            found["auto"] = fitted.predict(self._test)
            scores = fitted.predict_members(self._test)
            for member, each in zip(fitted.members_, scores, strict=True):
                found[f"its {described(member)}"] = each
        taus = {name: kendall_tau(scores, truth) for name, scores in found.items()}
        return {"taus": [*taus.values()], "predictors": [*taus]}


def compare_suite(
    folder: Path | str,
    *,
    tables: Iterable[str] | None = None,
    efforts: Iterable[str] = EFFORTS,
    more: Mapping[str, Table] | None = None,
    sizes: Sequence[int] | None = None,
    workers: int = 1,
    on_progress: Callable[[str, GridProgress], None] = silent,
) -> Path:
    """Compare the default predictor with its members and with simple predictors, on every table of the grid.

    Tables × 50, 100, 200, 400, 800 labels × 20 training sets up to 200 labels and 10 above, by the table's default
    metric. A cell of the grid is lost if the mean paired difference of Kendall's tau to any competitor is below
    -.005 and its 95% interval excludes 0. XGBoost is a competitor where it is installed. The page is written anew
    after each size of a table, so that the grid can be interrupted; the next call continues. Cells that were not
    computed remain in the page, as such.

    Args:
        folder: Where results and page are kept.
        tables: Compute only these; the others remain in the page. None for all.
        efforts: Compute only these.
        more: Further tables by name, such as your own; they join the grid.
        sizes: Compute only these sizes.
        workers: How many processes fit; with 1 it is this process.
        on_progress: Called with the table and its progress.

    Returns:
        The page.

    Raises:
        UnknownName: No such table or effort.
        RunFolderError: The folder holds something else, or another process has it.
    """
    joined = dict(more or {})
    every = (*TABLES, *joined)
    chosen = every if tables is None else tuple(tables)
    for name in chosen:
        if name not in every:
            raise UnknownName("table of the suite", name, every)
    parts = tuple(efforts)
    for part in parts:
        if part not in EFFORTS:
            raise UnknownName("effort", part, EFFORTS)
    folder = checked_path("folder", folder)
    config = {"compare": "suite", "compared": {name: _digest(table) for name, table in joined.items()}}
    grid = {name: _Fits(joined[name]).sizes() if name in joined else SIZES for name in every}
    missing: dict[str, str] = {}
    with RunFolder.open(folder, config, {"versions": versions()}, resume=True) as opened:
        rows = read_rows(opened.path)
        opened.begin()
        for effort in parts:
            for name in chosen:
                fits = _fits(name, joined, missing)
                if fits is None:
                    continue
                for size in fits.sizes():
                    if sizes is not None and size not in sizes:
                        continue
                    for part in (*_rival_parts(), effort):
                        tasks: list[GridTask] = [
                            {"table": name, "size": size, "part": part, "seed": seed}
                            for seed in range(seeds_of(size))
                        ]
                        told = partial(on_progress, f"{name}, {size} labels, {part}")
                        rows = run_grid(opened.path, tasks, fits, workers=workers, on_progress=told)
                    write_page(opened.path, rows, grid, EFFORTS, missing)
        return write_page(opened.path, rows, grid, EFFORTS, missing)


def _rival_parts() -> tuple[str, ...]:
    """The parts of the simple predictors; that of XGBoost can be computed later, once it is installed."""
    return RIVALS if XGBOOST in rivals() else RIVALS[:1]


def _digest(table: Table) -> str:
    """The same for the same architectures with the same values."""
    digest = sha256(row_bytes(table.rows, table.space))
    digest.update(np.ascontiguousarray(table.scores(None), dtype="<f8").tobytes())
    return digest.hexdigest()[:16]


def _fits(name: str, more: Mapping[str, Table], missing: dict[str, str]) -> _Fits | None:
    """What fits to a table; None, with the reason among the missing, if it is not at hand."""
    try:
        return _Fits(more[name] if name in more else load_benchmark(name))
    except TableError as error:
        missing[name] = str(error)
        return None
