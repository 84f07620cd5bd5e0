import signal

import pytest
from hostile import LOW_BOUND


@pytest.fixture
def in_bounds(monkeypatch):
    """A machine of 128 MiB, half of which a reader may take; and one that does not wait."""
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: LOW_BOUND)
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the reader hangs"))
    yield
    signal.signal(signal.SIGALRM, before)
