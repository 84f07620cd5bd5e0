"""Export of a run to other formats."""
