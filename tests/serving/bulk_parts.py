"""Parts for the tests of bulk processing."""

from pathlib import Path

import duckdb
import numpy as np
from threadpoolctl import threadpool_limits

CUTS = (0, 1, 130, 131, 260)  # a part of one row, and some across the bounds of passes


def here(work, jobs):
    """Jobs in this process, as the others have them: on one core."""
    with threadpool_limits(1):
        yield from map(work, jobs)


def rows_in(folder):
    """All outputs of a folder, one behind the other, by array or column."""
    files = sorted(str(file) for file in Path(folder).iterdir() if file.stem != "bulk")
    tables = [file for file in files if file.endswith(".parquet")]
    if tables:
        found = [duckdb.read_parquet(file).fetchnumpy() for file in tables]
    else:
        found = [dict(np.load(file)) for file in files if file.endswith(".npz")]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}
