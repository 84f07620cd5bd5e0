"""How a command starts faster, without effect on other programs."""

import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from condvae.cli.start import SWITCH, keep_compiled

JAX_FOLDER = "JAX_COMPILATION_CACHE_DIR"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache in a new place, and nothing chosen for JAX, also not by these tests."""
    ours = ("JAX_COMPILATION_CACHE", "JAX_PERSISTENT_CACHE", SWITCH)
    others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    monkeypatch.setattr(os, "environ", {**others, "XDG_CACHE_HOME": str(tmp_path)})
    return tmp_path / "condvae" / "compiled"


@pytest.mark.slow
def test_keras_does_without_what_others_still_import():
    program = (
        "import sys\n"
        "from condvae.cli.start import hide_from_keras\n"
        "hide_from_keras()\n"
        "import keras\n"
        "assert not {'sklearn', 'matplotlib'} & set(sys.modules), 'imported'\n"
        "import sklearn.linear_model, matplotlib.figure\n"
        "print(sklearn.__name__, matplotlib.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "sklearn matplotlib\n", done.stderr


@pytest.mark.slow
def test_a_command_finds_what_the_one_before_has_compiled(cache, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60, 4, 4), dtype="uint8"), np.arange(60) % 3
    np.savez(tmp_path / "set.npz", x=x, y=y)

    def programs(seed):
        command = f"train set.npz --epochs 1 --hidden-dims 4 --seed {seed} --run run-{seed}".split()
        arguments = [sys.executable, "-m", "condvae", *command]
        subprocess.run(arguments, check=True, capture_output=True, env=os.environ, cwd=tmp_path)
        return {file.name for file in cache.rglob("*-cache")}

    first = programs(0)
    assert len(first) > 10
    assert programs(1) == first
    (folder,) = cache.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(("name", "value"), [(SWITCH, "0"), (JAX_FOLDER, "elsewhere")])
def test_a_choice_of_the_user_stays(cache, name, value):
    os.environ[name] = value
    keep_compiled()
    assert os.environ.get(JAX_FOLDER) == ("elsewhere" if name == JAX_FOLDER else None)
    assert not cache.exists()


def test_a_folder_that_others_can_write_is_not_used(cache):
    keep_compiled()
    folder = os.environ.pop(JAX_FOLDER)
    os.chmod(folder, 0o777)
    keep_compiled()
    assert JAX_FOLDER not in os.environ


def test_a_home_that_cannot_be_written_has_no_cache(cache):
    cache.parent.write_text("a file")
    keep_compiled()
    assert JAX_FOLDER not in os.environ
