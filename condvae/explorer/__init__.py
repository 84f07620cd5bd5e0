"""The explorer: one HTML file in which a model runs, without a server and without a network.

Python assembles it (`subject`, `shown`, `weights`, `payload`, `modules`, `page`); the small ES
modules in `page/`, the third reader of a model's graphs, run in the browser.
"""

from condvae.explorer.comparison import make_comparison
from condvae.explorer.faults import read_faults, write_faults
from condvae.explorer.latents import read_moves
from condvae.explorer.page import Page, make_page
from condvae.explorer.shown import NUM_EXAMPLES, NUM_POINTS, Pictures, Shown, gather_rows
from condvae.explorer.subject import Subject
from condvae.explorer.table_page import TableSubject, make_table_page
from condvae.explorer.tags import Preview
from condvae.explorer.unusual import Unusual, read_unusual

__all__ = [
    "NUM_EXAMPLES",
    "NUM_POINTS",
    "Page",
    "Pictures",
    "Preview",
    "Shown",
    "Subject",
    "TableSubject",
    "Unusual",
    "gather_rows",
    "make_comparison",
    "make_page",
    "make_table_page",
    "read_faults",
    "read_moves",
    "read_unusual",
    "write_faults",
]
