"""Numbers from arrays: no model, no figure."""
