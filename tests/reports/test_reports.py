"""A report's numbers, page and card."""

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.evaluation import Trial
from condvae.evaluation.style import StyleQuality
from condvae.figures import gallery
from condvae.reports import model_card, pictures, report_run
from condvae.reports.metrics_file import Metrics, plain, read_metrics, write_metrics
from condvae.reports.page import MOST_PICKED, render_page
from condvae.reports.pictures import Picture, draw_results
from condvae.training import train

METRICS = Metrics(
    condvae="0.1.0",
    run="digits",
    test_readings=3,
    measures={"Anything": {"elbo": -12.5, "note": "<b>bold</b>", "missing": None}},
    faults=("z tells the label & more",),
)
WORDS = {"Anything": "-ELBO 12.5 nats\n(comparable < with this)"}


class Page(HTMLParser):
    """What a page holds: its tags, its text, what its attributes point to."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.words.append(data)


def test_metrics_come_back_and_are_json_proper(tmp_path):
    path = tmp_path / "metrics.json"
    assert read_metrics(path) is None
    measures = {"a": plain({"x": np.float32(0.5), "bad": np.nan, "rows": (1, np.inf)})}
    written = METRICS.model_copy(update={"measures": measures})
    write_metrics(path, written)
    assert json.loads(path.read_text())["measures"] == {
        "a": {"x": 0.5, "bad": None, "rows": [1, None]}
    }
    assert read_metrics(path).measures == {"a": {"x": 0.5, "bad": None, "rows": [1, None]}}
    path.write_text("{}")
    with pytest.raises(InputError, match="must be what `condvae evaluate` wrote"):
        read_metrics(path)


def test_a_page_needs_no_other_file_and_shows_text_as_text(trained_run):
    figures = [
        Picture("scatter", "digit", "", "Points <here>", "png", b"\x89PNG"),
        Picture("labels", "digit", "", "", "gif", b"GIF89a"),
    ]
    text = render_page(trained_run, METRICS, WORDS, figures)
    page = Page(text)
    assert page.links == [
        "data:image/png;base64,iVBORw==",
        "data:image/gif;base64,R0lGODlh",
    ]
    assert not {"script", "link", "b", "iframe"} & {*page.tags}
    assert "default-src 'none'" in text
    words = "".join(page.words)
    lines = [line.strip("()") for line in WORDS["Anything"].splitlines()]
    for expected in (*lines, "<b>bold</b>", "not measured", "& more", "-12.5", "Points <here>"):
        assert expected in words
    assert "read by 3 evaluation(s)" in words
    assert words.index("Latent plane") < words.index("From label to label")
    assert {"fieldset", "input"} & {*page.tags} == set()
    assert not re.search(r"https?:", text)


def test_one_figure_of_several_labels_is_shown_and_samples_stand_first(trained_run):
    names = ["scatter", "manifold", "manifold", "manifold", "samples"]
    pictures = [
        Picture(name, "digit", str(place) * (name == "manifold"), "", "png", bytes([place]))
        for place, name in enumerate(names)
    ]
    text = render_page(trained_run, METRICS, WORDS, pictures)
    assert re.findall(r'<input type="radio" name="(\w+)" id="([\w-]+)"( checked)?>', text) == [
        ("manifold", "manifold-0", " checked"),
        ("manifold", "manifold-1", ""),
        ("manifold", "manifold-2", ""),
    ]
    assert re.findall(r'<label for="([\w-]+)">(\d)</label>', text) == [
        ("manifold-0", "1"),
        ("manifold-1", "2"),
        ("manifold-2", "3"),
    ]
    titles = re.findall(r"<h[23]>([A-Z][^<]*)</h[23]>", text)
    assert titles == [
        *("Verdict", "Images", "Random samples", "Figures", "Images over the latent plane"),
        *("Latent plane", "Details"),
    ]
    # the style alone shows the chosen one: as many rules as figures may be
    assert f":nth-of-type({MOST_PICKED}):checked ~ figure:nth-of-type({MOST_PICKED})" in text


def test_a_protocol_is_said_once(trained_run):
    figures = {"elbo": -12.5, "comparability": "digits; ELBO", "standard_error": 0.1}
    metrics = METRICS.model_copy(update={"measures": {"Bound": figures}})
    words = {"Bound": "-ELBO 12.5 nats\n(digits; ELBO)\n(not by a classifier)"}
    text = "".join(Page(render_page(trained_run, metrics, words, [])).words)
    assert text.count("digits; ELBO") == 1
    assert "Protocol: digits; ELBO." in text
    assert "(not by a classifier)" in text


def test_a_card_says_what_was_measured_and_on_what(trained_run):
    card = model_card(trained_run, METRICS, WORDS)
    for expected in (
        "-ELBO 12.5 nats",
        "(comparable < with this)",
        trained_run.record.data.fingerprint,
        "z tells the label & more",
        "2 latents",
    ):
        assert expected in card


def test_what_was_measured_is_drawn_and_not_measured_again(trained_run, digits, monkeypatch):
    monkeypatch.setattr(gallery, "telling", lambda *_: ["generate", "style"])
    drawn = []

    def draw(handwriting, images):
        drawn.append((handwriting, images))
        figure = pictures.Figure((1, 1))
        figure.supxlabel("What was drawn.")
        return figure

    monkeypatch.setattr(pictures, "draw_handwriting", draw)
    results = {"Style": StyleQuality("measured", "test split")}
    files = draw_results(Trial.of(trained_run, digits), results)
    assert [(file.name, file.kind, file.label) for file in files] == [
        ("generate", "digit", ""),
        ("style", "digit", ""),
    ]
    assert files[0].caption == "The default of each digit: the expected image at z = 0."
    assert all(file.content.startswith(b"\x89PNG") for file in files)
    assert drawn == [("measured", "test images")]


def test_each_sample_stands_above_its_nearest_training_image():
    closest = np.random.default_rng(0).random((3, 2, 8, 8, 1))
    found = SimpleNamespace(closest=closest, closest_rows=np.array([7, 5, 9]), num_nearest=100)
    (axes,) = pictures.draw_closest(found).axes
    picture = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(picture[:8, 9:17], closest[1, 0, ..., 0])
    np.testing.assert_allclose(picture[9:, 9:17], closest[1, 1, ..., 0])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["7", "5", "9"]


@pytest.mark.slow
def test_few_test_images_are_said(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (60, 4, 4, 1), dtype="uint8")
    few = Dataset.from_arrays(x, np.arange(60) % 3)
    run = train(few, run=tmp_path / "run", epochs=1, hidden_dims=(4,), progress=False)
    metrics, _ = report_run(run, few)
    assert "Samples" not in metrics.measures
    assert "too few to say how good the model is (fewer than 10 of some" in metrics.faults[0]
    assert metrics.too_few
