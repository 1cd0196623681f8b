"""The report of a comparison of encoders, losses or predictors."""

from archrank.report.rankings.page import write_ranking_report

__all__ = ["write_ranking_report"]
