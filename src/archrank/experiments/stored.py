"""Comparisons that a folder holds."""

from pathlib import Path

from archrank.errors import TableError, UnknownName
from archrank.experiments.compare_rankings import TAUS
from archrank.experiments.comparison import Comparison, recorded
from archrank.experiments.grid import read_rows
from archrank.experiments.ranking_comparison import RankingComparison
from archrank.experiments.strategy_comparison import StrategyComparison
from archrank.simulation.files import read_labels
from archrank.system.arguments import checked_path

__all__ = ["load_comparison"]


def load_comparison(folder: Path | str, tau: str | None = None) -> Comparison:
    """Read the comparison that a folder holds.

    Args:
        folder: The folder.
        tau: The epochs whose Kendall's tau is shown: ``"last-5"`` or ``"last"``; as before for None.

    Raises:
        UnknownName: Another word for ``tau``.
        TableError: The folder holds no results of a comparison.
        RunFolderError: Its files are damaged.
    """
    folder = checked_path("folder", folder, TableError)
    if tau is not None and (not isinstance(tau, str) or tau not in TAUS):
        raise UnknownName("tau", tau, TAUS)
    record, rows = recorded(folder), read_rows(folder)
    if record is None or not rows:
        raise TableError(f"{folder} holds no results of a comparison; `archrank compare encoders` makes some")
    config, about = record["config"], record["environment"]
    if config["compare"] == "strategies":
        labels = read_labels(folder, valid_sign=1.0, test_sign=1.0)
        both = {"valid": labels.valid, "test": labels.test}
        return StrategyComparison("strategies", rows, config, about, folder, labels=both)
    if tau is not None:
        about["tau"] = tau
    return RankingComparison(about["rows"], rows, config, about, folder)
