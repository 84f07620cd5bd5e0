"""Two models side by side in a real browser: one style, one drawing, labels by their names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import (
    box_of,
    do,
    drag,
    eventually,
    expect,
    expect_accessible,
    expect_pixels,
    expect_value,
    pixels,
    read,
    settle,
    state,
)
from explorer_subjects import DIGITS, expected_levels, make_shown, make_subject
from PIL import Image as Picture
from test_page import Parts, unpack

from condvae.checks import InputError
from condvae.conditions import Categorical, MaskedImage
from condvae.explorer import make_comparison, make_page
from condvae.graph.graph import run_graph

# some of the digits, in another order, and one that the first model does not know
OTHERS = Categorical(name="figure", categories=("7", "x", "3", "1", "0"))


def other(**settings):
    subject = make_subject(OTHERS, name="other", **settings)
    # of the same form, but not the same
    tensors = {name: np.roll(tensor, 1, axis=-1) for name, tensor in subject.tensors.items()}
    return replace(subject, tensors=tensors)


@pytest.fixture(scope="module")
def pair():
    first, second = make_subject(), other()
    return first, second, make_comparison((first, second), (make_shown(first), None))


def image(place):
    return f".pane-body > canvas >> nth={place}"


def expect_both(tab, pair, z, label):
    """Both images, and all tiles, are of z under the label."""
    for place, (subject, condition) in enumerate(zip(pair[:2], (DIGITS, OTHERS), strict=True)):
        y = condition.encode(np.array([label]))[0]
        expect_pixels(tab, expected_levels(subject, z[place], y), image(place))
        for tile, name in enumerate("0137"):
            y = condition.encode(np.array([name]))[0]
            expected = expected_levels(subject, z[place], y)
            expect_pixels(
                tab, expected, f".pane >> nth={place} >> .pane-tiles canvas >> nth={tile}"
            )


def test_both_decode_one_z_under_one_name(pair, open_page):
    with open_page(pair[2]) as tab:
        expect(tab.locator("#about")).to_contain_text("4 labels in common")
        expect(tab.locator(".pane >> nth=1 >> button span")).to_have_text(["0", "1", "3", "7"])
        expect_both(tab, pair, [[0, 0]] * 2, "0")
        tab.get_by_role("button", name="7, by other").click()
        tab.get_by_label("z1").fill("1.5")
        tab.get_by_label("z2").fill("-0.5")
        expect_both(tab, pair, [[1.5, -0.5]] * 2, "7")
        expect(tab.locator("[aria-pressed=true]")).to_have_count(2)
        tab.click("#undo")
        expect_both(tab, pair, [[1.5, 0]] * 2, "7")
        tab.click("#draw-z")
        first, second = state(tab)["each"]
        assert first["z"] == second["z"]
        expect_both(tab, pair, [first["z"]] * 2, "7")
        tab.click("#centre-z")
        expect_both(tab, pair, [[0, 0]] * 2, "7")


def test_a_grid_is_of_its_model_and_moves_both(pair, open_page):
    with open_page(pair[2]) as tab:
        grids = tab.locator(".pane-grid")
        y = OTHERS.encode(np.array(["0"]))[0]
        span = 2.5

        def check():
            found = pixels(tab, ".pane-grid canvas >> nth=1")
            for row, column in ((0, 0), (3, 3), (6, 2)):
                z = [span * ((column + 0.5) / 3.5 - 1), span * (1 - (row + 0.5) / 3.5)]
                expected = expected_levels(pair[1], z, y)[..., 0]
                cell = found[9 * row : 9 * row + 8, 9 * column : 9 * column + 8, 0]
                assert abs(cell - expected).max() < 1.5

        eventually(tab, check)
        drag(grids.nth(1), (0.5, 0.5), (0.8, 0.25))
        expect_value(
            tab,
            "explorer.store.state.each.map(({ z }) => z)",
            [pytest.approx([span * 0.6, span * 0.5], abs=0.05)] * 2,
        )
        first, _ = state(tab)["each"]
        expect_both(tab, pair, [first["z"]] * 2, "0")


def encoded_by(subject, condition, x):
    """z under each label, as NumPy computes it: the page takes the one that fits best."""
    y = np.eye(condition.num_classes, dtype="float32")
    inputs = {"x": np.repeat(x, len(y), axis=0).astype("float32"), "y": y}
    return run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"]


def test_both_read_one_drawing(pair, open_page, tmp_path):
    levels = np.random.default_rng(5).integers(0, 256, (8, 8), dtype="uint8")
    Picture.fromarray(levels).save(tmp_path / "own.png")
    with open_page(pair[2]) as tab:
        tab.set_input_files("#file", tmp_path / "own.png")
        expect(tab.locator(".pane .note").nth(1)).to_contain_text("Reads the drawing as")
        found = state(tab)
        x = levels[None, ..., None] / 255
        for one, subject, condition in zip(found["each"], pair[:2], (DIGITS, OTHERS), strict=True):
            z = encoded_by(subject, condition, x)[condition.categories.index(one["reading"])]
            assert one["z"] == pytest.approx(z.tolist(), abs=0.01)
        expect_both(tab, pair, [one["z"] for one in found["each"]], found["label"])
        expect_value(tab, "location.hash.includes('drawing=')", True)
        address = read(tab, "location.hash")
        with tab.expect_download() as download:
            tab.click("#keep-page")
        text = Path(download.value.path()).read_text()
        tab.click("#reset")
        expect_both(tab, pair, [[0, 0]] * 2, "0")
    for page, link in ((pair[2], address), (text, "")):
        with open_page(page, link) as tab:
            expect(tab.locator(".pane .note").nth(1)).to_contain_text("Reads the drawing as")
            expect_value(tab, "explorer.store.state.drawing?.length", 64)
            again = state(tab)
            assert again["drawing"] == found["drawing"]
            assert again["label"] == found["label"]
            for one, before in zip(again["each"], found["each"], strict=True):
                assert one["z"] == pytest.approx(before["z"], abs=1e-3)
            sheet = pixels(tab, "#sketch")[15::31, 15::31, 0][:8, :8]
            assert abs(sheet - levels).max() <= 1
            for damaged in ("label=x", "z0=1", "read1=2", "drawing=AAAA"):
                tab.keyboard.press("Escape")
                expect(tab.locator("#message")).to_be_hidden()
                do(tab, "(text) => { location.hash = text; }", damaged)
                expect(tab.locator("#message")).to_contain_text("The link is of another model")


def test_models_of_unlike_latents_share_labels_and_drawings(open_page):
    first, second = make_subject(), other(latent_dim=5)
    page = make_comparison((first, second), (make_shown(first), None))
    with open_page(page) as tab:
        expect(tab.locator("#styles-note")).to_contain_text("unlike numbers of latents")
        expect(tab.locator("#latents input")).to_have_count(0)
        tab.locator("#examples button").nth(1).click()
        expect(tab.locator(".pane .note").nth(1)).to_contain_text("Reads the drawing as")
        found = state(tab)
        assert [len(one["z"]) for one in found["each"]] == [2, 5]
        expect_both(tab, (first, second), [one["z"] for one in found["each"]], found["label"])
        tab.click("#draw-z")
        settle(tab)
        found = state(tab)
        expect_both(tab, (first, second), [one["z"] for one in found["each"]], found["label"])


def test_a_drawing_is_scaled_to_each_model_s_size(open_page):
    first, second = make_subject(), other(shape=(16, 16, 3))
    shown = make_shown(first)
    with open_page(make_comparison((first, second), (shown, None))) as tab:
        tab.locator("#examples button").nth(1).click()
        expect(tab.locator(".pane .note").nth(1)).to_contain_text("Reads the drawing as")
        found = state(tab)
        levels = np.rint(255 * shown.images[1:2]) / 255
        large = np.repeat(levels.repeat(2, axis=1).repeat(2, axis=2), 3, axis=3)
        for x, one, subject, condition in zip(
            (levels, large), found["each"], (first, second), (DIGITS, OTHERS), strict=True
        ):
            z = encoded_by(subject, condition, x)[condition.categories.index(one["reading"])]
            assert one["z"] == pytest.approx(z.tolist(), abs=0.05)
        expect_both(tab, (first, second), [one["z"] for one in found["each"]], found["label"])


def test_under_priors_that_know_the_label_z_follows_it(open_page):
    first, second = make_subject(prior=True), other(prior=True)
    with open_page(make_comparison((first, second), (None, None))) as tab:
        tab.click("#draw-z")
        tab.get_by_role("button", name="3, by tiny").click()
        found = state(tab)
        for one, subject, condition in zip(
            found["each"], (first, second), (DIGITS, OTHERS), strict=True
        ):
            y = condition.encode(np.array(["3"])).astype("float32")
            inputs = {"y": y, "noise": np.array([one["noise"]], "float32")}
            z = run_graph(subject.graphs["prior"], subject.tensors, inputs)["z"][0]
            assert one["z"] == pytest.approx(z.tolist(), abs=0.01)
            place = (first, second).index(subject)
            expect_pixels(tab, expected_levels(subject, z, y[0]), image(place), atol=2)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (lambda: make_subject(Categorical(categories=("a", "b"))), "names of labels in common"),
        (lambda: make_subject(MaskedImage(image_shape=(8, 8, 1))), "must be given classes"),
    ],
)
def test_what_cannot_be_compared_is_refused(second, reason):
    with pytest.raises(InputError, match=reason):
        make_comparison((make_subject(), second()), (None, None))


def test_of_the_data_a_comparison_has_the_examples_alone():
    first, second = make_subject(), make_subject()
    page = make_comparison((first, second), (make_shown(first), make_shown(second)))
    texts = Parts(page.text).scripts[-1][1].strip().split("\n")
    (one, arrays), (two, others) = map(unpack, texts)
    assert [one["name"], two["name"]] == ["tiny 1", "tiny 2"]
    assert one["points"] is two["points"] is two["examples"] is None
    assert {name.partition(":")[0] for name in arrays} == {
        "tensor",
        "scale",
        "examples",
        "examples_y",
    }
    assert {name.partition(":")[0] for name in others} == {"tensor", "scale"}
    assert two["latents"]["activity"] is not None
    assert len(texts) == 2
    assert len(page.text) < 2 * len(make_page(first).text)


@pytest.mark.parametrize("width", [1200, 360])
def test_it_stands_in_nobodys_way(pair, width, open_page):
    window = {"viewport": {"width": width, "height": 800}}
    with open_page(pair[2], bypass_csp=True, color_scheme="dark", **window) as tab:
        assert read(tab, "document.documentElement.scrollWidth") <= width
        if width > 1000:  # both in one screen
            below = box_of(tab.locator(".pane").nth(1))
            assert below["y"] + below["height"] < 800
        expect_accessible(tab)


def test_the_card_shows_both(pair, open_page):
    with open_page(pair[2]) as tab:
        settle(tab)
        with tab.expect_download() as download:
            tab.click("#save")
        assert download.value.suggested_filename == "tiny and other.png"
        card = np.asarray(Picture.open(download.value.path()).convert("L")).astype(int)
    for left, subject, condition in ((48, pair[0], DIGITS), (48 + 448 + 24, pair[1], OTHERS)):
        y = condition.encode(np.array(["0"]))[0]
        blocks = card[138 : 138 + 448, left : left + 448].reshape(8, 56, 8, 56)
        expected = expected_levels(subject, [0, 0], y)[..., 0]
        assert abs(blocks[:, 0, :, 0] - expected).max() <= 1
        assert np.ptp(blocks, axis=(1, 3)).max() == 0


def test_the_doctor_s_findings_are_told_of_each_model(pair, open_page):
    page = make_comparison((pair[0], pair[1]), (None, None), ((), ("z1 is unused",)))
    with open_page(page) as tab:
        tab.get_by_text("The doctor found a fault in these models").click()
        expect(tab.locator("#faults li")).to_have_text(["Z1 is unused (other)."])
