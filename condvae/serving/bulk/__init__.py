"""A run over data in parts: a file for each, in processes, of which none needs what others do.

`run_parts.py` is where it starts; a file for each verb, of which no one imports what it alone
needs for the others.
"""
