"""Files that are whole or not there: written atomically, locked, and tensors by name."""
