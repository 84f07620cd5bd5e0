import pytest


@pytest.fixture(scope="module", autouse=True)
def few_steps(compiled_quickly):
    """All of these models take a few steps."""
