"""How well synthetic rows of a table represent real ones: one question per file."""
