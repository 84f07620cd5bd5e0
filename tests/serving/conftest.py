"""A working folder for the tests of bulk processing."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from bulk_parts import CUTS


@pytest.fixture
def room(tmp_path, monkeypatch, trained_run, digits):
    """A working folder with a run, its data in one part and in several, and conditions."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_run.path, "run")
    order = np.argsort(digits.y[: CUTS[-1]], kind="stable")  # parts of one class alone
    x, y = digits.x[order], digits.y[order]
    for folder, cuts in (("whole", (0, CUTS[-1])), ("parts", CUTS)):
        Path(folder).mkdir()
        for place, (a, b) in enumerate(pairwise(cuts)):
            np.savez(f"{folder}/p{place}.npz", x=x[a:b], y=y[a:b])
            Path(f"{folder}/p{place}.csv").write_text("\n".join(["digit", *map(str, y[a:b])]))
    return tmp_path
