import shutil
from contextlib import contextmanager

import pytest
from browsing import wait_until
from explorer_subjects import make_subject

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture
def subject():
    return make_subject()


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed; `apt-get install chromium` brings one")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """A context that opens a page from disk, without a network.

    At its end: nothing was asked for but the file, and nothing complained in the console.
    """

    @contextmanager
    def context(page, address="", complaints=(), waits=True, **settings):
        file = tmp_path / "explorer.html"
        file.write_text(page if isinstance(page, str) else page.text, encoding="utf-8")
        settings = {"viewport": {"width": 1200, "height": 900}, **settings}
        browsing = chromium.new_context(accept_downloads=True, **settings)
        browsing.set_offline(True)
        tab, asked, said = browsing.new_page(), [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda entry: said.append(entry.text) if entry.type == "error" else None)
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(file.as_uri() + address)
        if waits:
            wait_until(tab, "!message.textContent.startsWith('Opening')")
        try:
            yield tab
        finally:
            tab.wait_for_timeout(50)
            browsing.close()
        assert [url for url in asked if not url.startswith((file.as_uri(), "blob:"))] == []
        assert [text for text in said if not any(part in text for part in complaints)] == []

    return context
