import shutil

import pytest
from rooms import furnish

from condvae.data.idx_sets import IDX_SETS
from condvae.figures.gallery import _PER_LABEL


@pytest.fixture(scope="module", autouse=True)
def few_steps(compiled_quickly):
    """Run the programs that these commands compile only a few times each."""


@pytest.fixture(scope="session")
def furnished(trained_run, tmp_path_factory):
    """A furnished room, made once."""
    path = tmp_path_factory.mktemp("furnished") / "room"
    path.mkdir()
    furnish(path, trained_run)
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A user's cache, in which the classifier that judges digits is kept from test to test."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def work_in(cache, monkeypatch):
    """A function that makes a folder the working folder, without a network or the user's files."""

    def enter(folder):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("CONDVAE_DATA", str(folder / "sets"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        monkeypatch.setattr("condvae.data.download.BACKOFF_SECONDS", 0.0)
        monkeypatch.setattr("condvae.evaluation.classifier.LEAST_STEPS", 50)
        monkeypatch.setitem(_PER_LABEL, "manifold", 1)  # figures take most of an evaluation
        nowhere = IDX_SETS["kmnist"]._replace(mirrors=("http://127.0.0.1:9",))
        monkeypatch.setitem(IDX_SETS, "kmnist", nowhere)
        return folder

    return enter


@pytest.fixture
def room(furnished, tmp_path, work_in):
    """A separate working folder with the prepared files."""
    return work_in(shutil.copytree(furnished, tmp_path / "room"))


@pytest.fixture
def shared_room(furnished, work_in):
    """The prepared working folder itself, for commands that must not change it."""
    return work_in(furnished)
