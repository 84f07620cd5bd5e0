"""What composes measures and figures for a reader: a page, a file of numbers, a card."""

from condvae.reports.card import model_card
from condvae.reports.comparison import compare_runs
from condvae.reports.folder import report_run
from condvae.reports.metrics_file import Metrics, read_metrics, write_metrics
from condvae.reports.page import render_page
from condvae.reports.pictures import draw_results

__all__ = [
    "Metrics",
    "compare_runs",
    "draw_results",
    "model_card",
    "read_metrics",
    "render_page",
    "report_run",
    "write_metrics",
]
