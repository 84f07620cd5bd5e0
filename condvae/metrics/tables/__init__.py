"""How well synthetic rows of a table stand for real ones: a question a file."""
