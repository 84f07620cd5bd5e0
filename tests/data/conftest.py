import signal
import tracemalloc

import pytest
from hostile import LOW_BOUND


@pytest.fixture
def in_bounds(monkeypatch):
    """A machine of 128 MiB, half of which a reader may take; and one that does not wait."""
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: LOW_BOUND)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= LOW_BOUND
