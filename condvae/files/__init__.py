"""Files that are complete or absent: atomic writes, locks, and tensors by name."""
