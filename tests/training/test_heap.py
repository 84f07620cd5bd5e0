"""Freed memory stays with the process."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

HEAP = Path(__file__).parents[2] / "condvae" / "training" / "heap.py"
# The module by its path, since its package brings Keras. Arrays of 64 MB: of up to 32 MiB glibc
# keeps by itself what was freed before.
PROGRAM = """
import resource, runpy, sys
import numpy as np

keep_freed_memory = runpy.run_path(sys.argv[1])["keep_freed_memory"]

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
before = faults()
keep_freed_memory()
np.ones(8_000_000)
print(before, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_arrays_that_come_and_go_cost_no_page_faults():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, HEAP],
        env={**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"},  # as many faults on every machine
        capture_output=True,
        check=True,
    )
    before, after = map(int, result.stdout.split())
    assert after < before / 10


RETURNED = """
import runpy, sys
import numpy as np

heap = runpy.run_path(sys.argv[1])

def resident():
    return int(open("/proc/self/statm").read().split()[1])

# first, while no hole in the heap has room for the array
heap["keep_freed_memory"]()
heap["keep_no_more"]()
before = resident()
np.ones(8_000_000)
after = resident() - before
heap["keep_freed_memory"]()
before = resident()
arrays = [np.ones(8_000_000) for _ in range(4)]
last = np.ones(1_000)  # above them on the heap
del arrays
kept = resident() - before
heap["return_freed_memory"]()
print(kept, resident() - before, after)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_what_was_kept_is_returned():
    result = subprocess.run(
        [sys.executable, "-c", RETURNED, HEAP], capture_output=True, check=True, text=True
    )
    kept, left, after = map(int, result.stdout.split())
    assert kept > 10 * max(left, 1)
    assert kept > 10 * max(after, 1)
