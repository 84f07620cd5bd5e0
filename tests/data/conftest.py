import signal

import pytest
from hostile import LOW_BOUND


@pytest.fixture
def in_bounds(monkeypatch):
    """A machine of 128 MiB, half of which a reader may take; and one that does not wait."""
    monkeypatch.setattr("condvae.checks.memory_bound", lambda: LOW_BOUND)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
