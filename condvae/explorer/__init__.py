"""The explorer: one HTML file in which a model runs, without a server and without a network.

Python puts it together (`subject`, `shown`, `weights`, `payload`, `modules`, `page`); what runs in
the browser are the small ES modules in `page/`, the third reader of a model's graphs.
"""

from condvae.explorer.latents import read_moves
from condvae.explorer.page import Page, make_page
from condvae.explorer.shown import NUM_EXAMPLES, NUM_POINTS, Shown, gather_rows
from condvae.explorer.subject import Subject

__all__ = [
    "NUM_EXAMPLES",
    "NUM_POINTS",
    "Page",
    "Shown",
    "Subject",
    "gather_rows",
    "make_page",
    "read_moves",
]
