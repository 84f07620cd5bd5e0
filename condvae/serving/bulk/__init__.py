"""Bulk processing: a run applied to data in parts, one file each, in independent processes.

`run_parts.py` is the entry point; there is a file for each verb, which imports only what it needs.
"""
