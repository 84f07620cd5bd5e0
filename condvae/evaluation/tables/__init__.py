"""Comparisons of generated rows of a table with real ones."""

from condvae.evaluation.tables.quality import TableQuality, compare_tables, evaluate_table
from condvae.evaluation.tables.rows import ComparedRows, rows_of_run

__all__ = ["ComparedRows", "TableQuality", "compare_tables", "evaluate_table", "rows_of_run"]
