"""A report and the page of a training, in a browser."""

import io

import numpy as np
import pytest
from browsing import expect, expect_accessible, opened, read
from PIL import Image

from condvae.reports.metrics_file import Metrics
from condvae.reports.page import render_page
from condvae.reports.pictures import Picture
from condvae.runs.history import COLUMNS
from condvae.training.live_page import read_shown, render_live

METRICS = Metrics(
    condvae="0.1.0",
    run="digits",
    test_readings=1,
    measures={
        "Bound": {"elbo": -12.5, "standard_error": 0.1, "comparability": "digits; ELBO"},
        "Anything": {"leakage": 0.9, "note": "a" * 300},
    },
    faults=("z tells the label",),
)


def picture(name, label=""):
    file = io.BytesIO()
    level = np.random.default_rng(len(label)).integers(0, 256, (120, 900), dtype="uint8")
    Image.fromarray(level).save(file, "PNG")
    return Picture(name, "digit", label, f"What {name} shows.", "png", file.getvalue())


@pytest.fixture
def report(trained_run):
    labels = [picture("manifold", label) for label in ("0", "1", "2")]
    return render_page(trained_run, METRICS, {"Bound": "12.5"}, [picture("samples"), *labels])


@pytest.fixture
def live():
    rows = [dict.fromkeys(COLUMNS, 100.0 / n) | {"epoch": float(n)} for n in range(1, 40)]
    cell = '<td><img alt="samples" width="640" height="64" src="data:,"></td>'
    shown = dict.fromkeys(range(1, 40), cell)
    text = render_live("a run", "finished", 40, rows, shown, ("samples <of> z",))
    assert read_shown(text) == shown
    return text.replace("samples <of> z", "samples")


@pytest.mark.parametrize("name", ["report", "live"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_pages_fit_and_stand_in_nobodys_way(name, width, request, chromium, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(request.getfixturevalue(name), encoding="utf-8")
    settings = {"viewport": {"width": width, "height": 900}, "bypass_csp": True, "waits": False}
    with opened(chromium, file.as_uri(), **settings) as tab:
        assert read(tab, "document.documentElement.scrollWidth") <= width
        expect_accessible(tab)


def test_the_manifold_of_the_chosen_label_is_shown(report, chromium, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(report, encoding="utf-8")
    with opened(chromium, file.as_uri(), waits=False) as tab:
        manifolds = tab.locator("fieldset figure")
        for label in (0, 2, 1):
            if label:
                tab.get_by_role("radio", name=str(label)).check()
            for place in range(3):
                expect(manifolds.nth(place)).to_be_visible(visible=place == label)
