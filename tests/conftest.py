import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

# Chosen before Keras is imported anywhere; `make test-backends` sets another one.
os.environ.setdefault("KERAS_BACKEND", "jax")

# The tests build the same small models again and again: the processes of one session share what
# they compile. pytest-xdist's workers inherit the folder, and the first process removes it.
COMPILED = (
    tempfile.mkdtemp(prefix="condvae-compiled-")
    if "PYTEST_XDIST_WORKER" not in os.environ
    else None
)
if COMPILED:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

import numpy as np
import pytest
from hypothesis import settings

# Keras is imported where it is used, since the process that hands out the tests runs none of them.
if TYPE_CHECKING:
    from condvae.data import Dataset
    from condvae.inference.trained import TrainedModel

# No timed tests, also not by hypothesis; the same examples in each run of the same tests. (It draws
# constants from the modules that are imported by then, so another selection may get others.)
settings.register_profile("condvae", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("condvae")

# Inputs in a corpus of mutants in `make torture`.
MANY_MUTANTS = 100_000


def pytest_configure():
    # A shell starts a job in the background with Ctrl-C ignored, and what is ignored stays so.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure():
    if COMPILED:
        shutil.rmtree(COMPILED, ignore_errors=True)


def pytest_addoption(parser):
    parser.addoption("--torture", action="store_true", help="the long version of the torture tests")


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(config, items):
    """Mark as slow the tests that were measured to take long, see scripts/list-long."""
    long = set((Path(__file__).parent / "long.txt").read_text(encoding="utf-8").splitlines())
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        is_slow = item.get_closest_marker("slow") is not None
        if not is_slow and (name in long or name.partition("::")[0] in long):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """In CI a test that skips itself, for want of a data set or a browser, fails.

    A `skipif` mark is about the platform or the backend, and stays a skip.
    """
    report = yield
    if report.skipped and "CI" in os.environ and not item.get_closest_marker("skipif"):
        *_, reason = report.longrepr
        report.outcome, report.longrepr = "failed", f"not skipped in CI: {reason}"
    return report


@contextmanager
def optimised(value):
    """Programs are compiled with all of XLA's optimisations, or without most of them."""
    import keras

    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", not value)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="module")
def compiled_quickly(request):
    """Where compiling is most of the work, compile without most of XLA's optimisations.

    For tests whose programs run a few steps: in `make test`, and with those of tests/long.txt.
    """
    if request.config.option.markexpr not in ("not slow and not integration", "long"):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # for what a test starts
        with optimised(False):
            yield


@pytest.fixture(scope="module")
def small_forests():
    """Forests of a few trees, for tests of what an evaluation writes and not of its figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("condvae.metrics.tables.learners.TREES", 10)
        yield


@pytest.fixture(scope="session")
def torture(request) -> bool:
    """Whether this is `make torture`."""
    return request.config.getoption("--torture")


@pytest.fixture(scope="session", params=[100, pytest.param(400, marks=pytest.mark.slow)])
def num_mutants(request, torture) -> int:
    """How many mutated inputs a reader must bear."""
    return MANY_MUTANTS if torture and request.param == 100 else request.param


@pytest.fixture(scope="session")
def digits() -> "Dataset":
    """scikit-learn's 1,797 digits."""
    from condvae.data import load_data

    return load_data("digits")


@pytest.fixture(scope="session")
def mnist() -> "Dataset":
    """The real MNIST."""
    from condvae.data import load_data

    if len(list(Path(os.environ.get("CONDVAE_DATA", "absent"), "mnist").glob("*-ubyte*"))) < 4:
        pytest.skip("MNIST is not at hand: set CONDVAE_DATA to the folder that holds mnist/")
    return load_data("mnist")


@pytest.fixture(scope="session")
def real_tables() -> Path:
    """The folder of real tables: Adult, the penguins."""
    folder = Path(os.environ.get("CONDVAE_DATA", "absent"), "tables")
    if not folder.is_dir():
        pytest.skip("real tables are not at hand: set CONDVAE_DATA to the folder of tables/")
    return folder


@pytest.fixture(scope="session")
def images() -> tuple[np.ndarray, np.ndarray]:
    """53 random grey images of 4 × 3 pixels in three classes: (x uint8, y codes)."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (53, 4, 3, 1), dtype="uint8")
    return x, rng.integers(0, 3, 53).astype("int32")


@pytest.fixture(scope="session")
def untrained() -> "TrainedModel":
    """A model of those images with its first weights."""
    from condvae.conditions import Categorical
    from condvae.inference.trained import TrainedModel
    from condvae.models import build_model
    from condvae.spec import Signature, Spec

    spec = Spec().override(latent_dim=2, hidden_dims=(7,))
    condition = Categorical(name="animal", categories=("ant", "bee", "cat"))
    return TrainedModel(build_model(spec, Signature((4, 3, 1), (3,))), condition)


@pytest.fixture(scope="session")
def trained_run(digits, tmp_path_factory):
    """A short run on digits, with 2 latents."""
    from condvae.training import train

    path = tmp_path_factory.mktemp("runs") / "digits"
    with optimised(True):  # whichever test asks for it first
        return train(digits, preset="small", run=path, epochs=12, progress=False)


@pytest.fixture
def signal_at(monkeypatch):
    """A context in which a signal comes, as from outside, while the n-th step runs."""
    from condvae.training.pace import Pace

    @contextmanager
    def context(at, number=signal.SIGINT, validation=False):
        make, began, paces, steps = Pace.__init__, Pace.began, [], []

        def made(pace, interrupt):
            make(pace, interrupt)
            paces.append(pace)

        def interrupted(pace, *arguments):
            began(pace, *arguments)
            if pace in paces[validation::2]:  # that of training is followed by that of validation
                steps.append(arguments)
                if len(steps) == at:
                    signal.raise_signal(number)

        with monkeypatch.context() as patch:
            patch.setattr(Pace, "__init__", made)
            patch.setattr(Pace, "began", interrupted)
            yield

    return context
