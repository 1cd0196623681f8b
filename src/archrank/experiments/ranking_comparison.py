"""What a comparison of encoders, losses or predictors found."""

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archrank.experiments.comparison import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from archrank.plot.fits import Measure
    from archrank.report.tables import SummaryTable

__all__ = ["RankingComparison"]

_ONE = {"encoders": "encoder", "losses": "loss", "predictors": "predictor"}


class RankingComparison(Comparison):
    """The results of :func:`compare_encoders`, :func:`compare_losses` or :func:`compare_predictors`."""

    @property
    def summary(self) -> list[dict[str, Any]]:
        """One mapping for every encoder, loss or predictor and training size.

        It holds ``n``, the number of fits; the mean of each measure and its standard deviation ``…_std``, None for a
        single fit; and of ranks (``n_at_5``) the median. The first measure is ``tau``, Kendall's.
        """
        from archrank.plot.fits import grouped

        lines = []
        for name, by_size in grouped(self.rows, self.what).items():
            for size in sorted(by_size):
                fits = by_size[size]
                line: dict[str, Any] = {_ONE[self.what]: name, "size": size, "n": len(fits)}
                for measure in self._measures:
                    known = [fit[measure.column] for fit in fits if fit.get(measure.column) is not None]
                    called = "tau" if measure.column == "tau_last" else measure.column
                    if measure.kind == "rank":
                        line[called] = statistics.median(known) if known else None
                        continue
                    line[called] = statistics.fmean(known) if known else None
                    line[f"{called}_std"] = statistics.stdev(known) if len(known) > 1 else None
                lines.append(line)
        return lines

    @property
    def tables(self) -> "list[tuple[str, str, SummaryTable]]":
        """A table for each measure, Kendall's tau first."""
        from archrank.report.rankings.tables import ranking_table

        pool = int(self.about["pool"])
        return [(m.title, m.meaning, ranking_table(self.rows, m, self.what, pool)) for m in self._measures]

    def plot(self) -> "Axes":
        """Draw Kendall's tau against the number of training architectures.

        Returns:
            The axes; ``.figure`` is the figure.
        """
        from archrank.plot.rankings import tau_figure

        figure = tau_figure(self.rows, self._measures[0], self.what, int(self.about["pool"]))
        axes: Axes = figure.axes[0]
        return axes

    @property
    def failures(self) -> list[str]:
        """Which of the fits asked for failed, and why."""
        from archrank.report.rankings.page import failed_fits

        return failed_fits(self._asked, self.what)

    @property
    def _measures(self) -> "list[Measure]":
        from archrank.plot.fits import measures_of

        return measures_of(self.rows, str(self.about["tau"]))

    def _table(self) -> "SummaryTable":
        _, _, table = self.tables[0]
        return table

    @property
    def _title(self) -> str:
        return f"{super()._title}; {self._measures[0].title} by the number of training architectures"

    def _write(self, folder: Path) -> Path:
        from archrank.report.rankings.page import write_ranking_report

        return write_ranking_report(folder, self.rows, self.config, self.about)

    def _save(self, folder: Path) -> None:
        """Its rows are all that the folder needs."""
