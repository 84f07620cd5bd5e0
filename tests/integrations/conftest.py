"""Tests that need what `scripts/test-integrations` installs: elsewhere they are not imported."""


def pytest_ignore_collect(config):
    asked = config.option.markexpr
    return True if "integration" not in asked or "not integration" in asked else None
