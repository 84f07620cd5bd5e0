import subprocess
import sys


def test_import_brings_nothing_heavy():
    code = "import sys, condvae.data.sources; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"keras", "jax", "sklearn", "matplotlib", "rich", "urllib.request"}
    assert not heavy & set(loaded.stdout.split())
