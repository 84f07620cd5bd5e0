import shutil

import pytest
from explorer_subjects import make_subject

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

pytest.register_assert_rewrite("browsing")  # so that its errors show what it saw


@pytest.fixture
def subject():
    return make_subject()


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium without a window."""
    from browsing import sync_api

    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed; `apt-get install chromium` brings one")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, timeout=0)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens a page in a tab, by `browsing.opened`."""
    from browsing import opened

    def open_it(page, address="", **settings):
        file = tmp_path / "explorer.html"
        file.write_text(page if isinstance(page, str) else page.text, encoding="utf-8")
        return opened(chromium, file.as_uri() + address, **settings)

    return open_it
