"""What a comparison of strategies found."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archrank.benchmarks.table import Floats, Metric
from archrank.experiments.comparison import Comparison
from archrank.simulation.files import save_labels
from archrank.simulation.measures import RANDOM_NAME, Labels, Line, lines_of, quantiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from archrank.report.tables import SummaryTable

__all__ = ["StrategyComparison"]


@dataclass(repr=False)
class StrategyComparison(Comparison):
    """The results of :func:`compare_strategies`.

    Attributes:
        labels: The labels of the whole table, in the metrics' own units: ``valid`` and ``test``, (M,) each.
    """

    labels: "dict[str, Floats | None] | None" = None

    @property
    def summary(self) -> list[dict[str, Any]]:
        """One mapping for every strategy and number of simulated workers.

        It holds ``n``, the number of searches; the mean over them of the best ``value`` seen and its ``regret``, and
        standard deviations ``…_std``, None for a single search; where there is a test metric ``test_value``, that of
        the architecture with the best value; ``needed``, the median number of evaluations until the best architecture
        of the table was found, None beyond the budget; and ``found_best``, how many of the searches found it.
        """
        labels, sign, test_sign = self._labels, self._sign("valid"), self._sign("test")
        *_, optimum = labels.targets
        found = []
        for line in self._lines:
            needed = line.queries(optimum.regret)
            median = float(quantiles(needed, [0.5])[0])
            regret = line.regret[:, -1]
            each: dict[str, Any] = {"strategy": line.name, "n": len(regret)}
            each |= _moments("value", sign * (labels.best - regret)) | _moments("regret", regret)
            if line.test_regret is not None:
                each |= _moments("test_value", test_sign * (labels.best_test - line.test_regret[:, -1]))
            each |= {
                "needed": median if np.isfinite(median) else None,
                "found_best": int(np.isfinite(needed).sum()),
            }
            found.append(each)
        return found

    @property
    def tables(self) -> "list[tuple[str, str, SummaryTable]]":
        """The tables of the report, evaluations needed first; none where no search has finished."""
        from archrank.report.strategies.tables import summary_tables

        if not self._lines:
            return []
        signs = {"valid_sign": self._sign("valid"), "test_sign": self._sign("test")}
        return summary_tables(self._lines, self._labels, self._budget, **signs)

    def plot(self) -> "Axes":
        """Draw the regret against the number of evaluations.

        Returns:
            The axes; ``.figure`` is the figure.
        """
        from archrank.plot.labels import metric_label
        from archrank.plot.strategies import regret_figure

        curves = {line.name: quantiles(line.regret) for line in self._lines}
        curves[RANDOM_NAME] = self._labels.random_regret(self._budget)
        figure = regret_figure(curves, metric_label(Metric(**self.about["metrics"]["valid"])))
        axes: Axes = figure.axes[0]
        return axes

    @property
    def failures(self) -> list[str]:
        """Which of the searches asked for failed, and why."""
        from archrank.report.strategies.page import failed_searches

        return failed_searches(self._asked)

    @property
    def _budget(self) -> int:
        return int(self.config["evaluations"])

    def _sign(self, which: str) -> float:
        metric = self.about["metrics"][which]
        return 1.0 if metric is None or Metric(**metric).higher_is_better else -1.0

    @property
    def _labels(self) -> Labels:
        labels = self.labels or {}
        valid, test = labels["valid"], labels.get("test")
        assert valid is not None
        return Labels(self._sign("valid") * valid, None if test is None else self._sign("test") * test)

    @property
    def _lines(self) -> list[Line]:
        return lines_of(self.rows, self._labels, self._budget)

    def _table(self) -> "SummaryTable":
        from archrank.report.tables import SummaryCell, SummaryTable

        summary = self.summary
        tested = any("test_value" in line for line in summary)
        headings = [
            "best value",
            *(["its test value"] if tested else []),
            "regret",
            "evaluations needed",
            "found the best",
        ]
        lines = []
        for line in summary:
            names = ["value", *(["test_value"] if tested else []), "regret"]
            needed = f">{self._budget:,}" if line["needed"] is None else f"{line['needed']:,g}"
            cells = [_text(line, name) for name in names] + [needed, f"{line['found_best']} of {line['n']}"]
            lines.append((line["strategy"], [SummaryCell(cell, None) for cell in cells]))
        return SummaryTable(headings, lines)

    @property
    def _title(self) -> str:
        metric = Metric(**self.about["metrics"]["valid"])
        return f"{super()._title} of {self._budget:,} evaluations, by {metric.name}"

    def _write(self, folder: Path) -> Path:
        from archrank.report.strategies.page import write_strategy_report

        return write_strategy_report(folder, self.rows, self.config, self.about)

    def _save(self, folder: Path) -> None:
        """Keep the labels, into which ``index`` of the rows points."""
        save_labels(folder, self.labels or {})


def _moments(name: str, values: Floats) -> dict[str, float | None]:
    """Mean and standard deviation of what was found; None where a search found nothing."""
    known = bool(np.isfinite(values).all())
    return {
        name: float(values.mean()) if known else None,
        f"{name}_std": float(values.std(ddof=1)) if known and len(values) > 1 else None,
    }


def _text(line: dict[str, Any], name: str) -> str:
    if line[name] is None:
        return "–"
    spread = line[f"{name}_std"]
    return f"{line[name]:.4g}" + ("" if spread is None else f" ± {spread:.2g}")
