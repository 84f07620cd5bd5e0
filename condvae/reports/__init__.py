"""Measures and figures composed for a reader: a page, a file of numbers, a card."""

from condvae.reports.card import model_card
from condvae.reports.comparison import compare_runs
from condvae.reports.evaluate import Report, evaluate
from condvae.reports.folder import report_run

__all__ = ["Report", "compare_runs", "evaluate", "model_card", "report_run"]
