"""From files to arrays: data sets, their readers and their splits. NumPy only, no Keras."""

from condvae.data.dataset import Dataset, Split
from condvae.data.sources import load_data

__all__ = ["Dataset", "Split", "load_data"]
