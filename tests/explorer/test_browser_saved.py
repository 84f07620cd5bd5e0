"""What a page saves, and what it opens again: cards, animations, links, itself."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from browsing import (
    commit,
    do,
    drag,
    expect,
    expect_pixels,
    expect_state,
    expect_value,
    pixels,
    read,
    settle,
    state,
)
from explorer_subjects import DIGITS, SCHEMA, expected_levels, make_shown, make_subject
from PIL import Image, ImageSequence

from condvae.conditions import Categorical, MaskedImage
from condvae.conditions import Image as GivenImage
from condvae.explorer import Preview, make_page
from condvae.explorer.card import draw_card, draw_table_card
from condvae.graph.graph import run_graph

EYE = np.eye(10)
CLASSES = ("sky", "post", "sign")


@pytest.fixture(scope="module")
def tiny():
    subject = make_subject()
    return subject, make_page(subject, make_shown(subject))


def saved(tab, button):
    """The file that a button hands over, and its name."""
    with tab.expect_download() as download:
        tab.click(button)
    return Path(download.value.path()).read_bytes(), download.value.suggested_filename


def frames_of(content):
    image = Image.open(io.BytesIO(content))
    return [np.asarray(frame.convert("L")).astype(int) for frame in ImageSequence.Iterator(image)]


def test_a_walk_through_a_list_of_labels_is_saved_as_a_gif(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[0.4, -0.9])
        expect(tab.locator("#tour-list")).to_have_value(", ".join("0123456789"))
        tab.fill("#tour-list", "3, 8,1")
        content, name = saved(tab, "#tour-gif")
        assert name == "tiny-labels.gif"
        frames = frames_of(content)
        assert len(frames) == 3 * 7
        # eight pixels of 42 each, and a line with the label below
        for place, weights in {
            0: EYE[3],
            7: EYE[8],
            14: EYE[1],
            2: (5 * EYE[3] + 2 * EYE[8]) / 7,
        }.items():
            expected = expected_levels(subject, [0.4, -0.9], weights)[..., 0]
            assert frames[place].shape == (336 + 36, 336)
            assert abs(frames[place][21:336:42, 21::42] - expected).max() <= 1
            assert np.ptp(frames[place][336:]) > 100
        expect_state(tab, z=[0.4, -0.9], values=[EYE[0].tolist()])
        for wrong, sentence in {"3, x": "No digit is called x", "3": "Name two labels"}.items():
            tab.fill("#tour-list", wrong)
            tab.click("#tour-gif")
            expect(tab.locator("#message")).to_contain_text(sentence)
            expect(tab.locator("#tour-list")).to_have_attribute("aria-invalid", "")


def test_labels_are_played_and_recorded(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        tab.fill("#tour-list", "2, 4")
        do(
            tab,
            """() => { globalThis.seen = new Set();
              explorer.store.onChange(({ values: [y] }) => seen.add(y.indexOf(1))); }""",
        )
        tab.click("#tour-play")
        expect(tab.locator("#tour-play")).to_have_text("Stop")
        expect(tab.locator("#tour-play")).to_have_text("Play")
        expect_value(tab, "[2, 4].every((code) => seen.has(code))", True)
        content, name = saved(tab, "#tour-video")
        assert name == "tiny-labels.webm"
        assert content[:4] == b"\x1aE\xdf\xa3"
        expect(tab.locator("#tour-gif")).to_be_enabled()


def test_under_a_prior_that_knows_the_label_z_follows_it(open_page):
    subject = make_subject(prior=True)
    with open_page(make_page(subject)) as tab:
        tab.click("#draw-z")
        noise = np.array([state(tab)["noise"]], "float32")
        tab.fill("#tour-list", "6, 5")
        frames = frames_of(saved(tab, "#tour-gif")[0])
        for place, y in {0: EYE[6], 7: EYE[5]}.items():
            inputs = {"y": y[None].astype("float32"), "noise": noise}
            z = run_graph(subject.graphs["prior"], subject.tensors, inputs)["z"][0]
            expected = expected_levels(subject, z, y)[..., 0]
            assert abs(frames[place][21:336:42, 21::42] - expected).max() <= 1.5


def test_a_walk_from_here_to_there_is_saved_as_a_gif(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[-1, 0.5])
        tab.click("#from")
        commit(tab, z=[1, -0.5])
        tab.click("#to")
        content, name = saved(tab, "#gif")
        assert name == "tiny-walk.gif"
        image = Image.open(io.BytesIO(content))
        frames = frames_of(content)
        for place, z in {0: [-1, 0.5], -1: [-1, 0.5], len(frames) // 2: [1, -0.5]}.items():
            expected = expected_levels(subject, z, EYE[0])[..., 0]
            assert abs(frames[place][21::42, 21::42] - expected).max() <= 1
        assert image.info["loop"] == 0


def test_a_card_shows_the_image_the_grid_and_every_label(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[0.4, -0.9], values=[EYE[3].tolist()])
        tile = pixels(tab, "#labels canvas >> nth=7")[..., 0]
        content, name = saved(tab, "#card")
    assert name == "tiny-card.png"
    card = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert card.shape == (630, 1200, 3)
    expected = expected_levels(subject, [0.4, -0.9], EYE[3])[..., 0]
    # the image is 8 pixels of 56: every one of them in one colour
    blocks = card[138 : 138 + 448, 48 : 48 + 448, 0].reshape(8, 56, 8, 56)
    assert np.ptp(blocks, axis=(1, 3)).max() == 0
    assert abs(blocks[:, 0, :, 0] - expected).max() <= 1
    # somewhere on the right the tile of the 7, a whole number of times as large
    block = np.kron(tile, np.ones((7, 7), int))
    windows = np.lib.stride_tricks.sliding_window_view(card[138:, 980:, 0], (56, 56))
    assert (windows == block).all(axis=(2, 3)).sum() == 1


@pytest.mark.parametrize(
    ("condition", "settings"),
    [
        (SCHEMA, {}),
        (MaskedImage(image_shape=(8, 8, 1)), {"prior": True}),
        (DIGITS, {"latent_dim": 7}),
    ],
    ids=["names", "parts", "seven latents"],
)
def test_every_kind_has_a_card(condition, settings, open_page):
    subject = make_subject(condition, **settings)
    with open_page(make_page(subject, make_shown(subject))) as tab:
        settle(tab)
        content, _ = saved(tab, "#card")
    assert Image.open(io.BytesIO(content)).size == (1200, 630)


def on_sheet(tab):
    """The levels of the sheet, 8 by 8."""
    return pixels(tab, "#sketch")[15::31, 15::31, 0][:8, :8]


def test_a_link_holds_a_drawing(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        drag(tab.locator("#sketch"), (0.2, 0.2), (0.8, 0.2), (0.4, 0.9))
        expect_value(tab, "location.hash.includes('drawing=')", True)
        address, expected = read(tab, "location.hash"), state(tab)
        drawing = np.reshape(expected["drawing"], (8, 8))
        assert 0 < (drawing > 100).sum() < 40
        # an undo takes it from the sheet, and a redo brings the ink back
        ink = pixels(tab, "#sketch")
        tab.click("#undo")
        expect_value(tab, "location.hash.includes('drawing=')", False)
        expect_state(tab, drawing=None)
        tab.click("#redo")
        expect_value(tab, "location.hash.includes('drawing=')", True)
        expect_pixels(tab, ink, "#sketch", atol=1)
        tab.click("#clear")
        expect_state(tab, drawing=None)
    with open_page(page, address) as tab:
        expect_state(tab, z=pytest.approx(expected["z"], abs=1e-3), values=expected["values"])
        expect_value(tab, "[...(explorer.store.state.drawing ?? [])]", drawing.ravel().tolist())
        assert abs(on_sheet(tab) - drawing).max() <= 1
        tab.click("#reset")
        expect_state(tab, drawing=None)
        message = tab.locator("#message")
        packed = re.search("drawing=([^&]*)", address)[1]
        for damaged in ("", "A", packed[:-4], packed[:4] + "AAAA" + packed[8:], "_" * 6001):
            tab.keyboard.press("Escape")
            expect(message).to_be_hidden()
            do(tab, "(text) => { location.hash = `drawing=${text}`; }", damaged)
            expect(message).to_have_text(re.compile("^The link is of another model"))
        expect_state(tab, drawing=None)


def test_an_image_of_the_data_is_in_the_link(tiny, open_page):
    subject, page = tiny
    levels = np.rint(255 * make_shown(subject).images[2]).ravel().astype(int).tolist()
    with open_page(page) as tab:
        tab.locator("#examples button").nth(2).click()
        expect_value(tab, "location.hash.includes('drawing=')", True)
        address = read(tab, "location.hash")
    with open_page(page, address) as tab:
        expect_value(tab, "[...(explorer.store.state.drawing ?? [])]", levels)


def test_a_page_from_disk_saves_itself_with_its_state(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        expect(tab.locator("#link")).to_be_hidden()
        drag(tab.locator("#sketch"), (0.2, 0.2), (0.8, 0.2), (0.4, 0.9))
        expect_value(tab, "Boolean(explorer.store.state.drawing)", True)
        tab.get_by_role("radio", name="6").click()
        commit(tab, z=[0.25, -1.5])
        expected = state(tab)
        content, name = saved(tab, "#keep-page")
    assert name == "tiny.html"
    text = content.decode()
    for _ in range(2):  # what was saved saves itself again
        with open_page(text) as tab:
            expect_state(tab, z=[0.25, -1.5], values=expected["values"])
            drawn = "[...(explorer.store.state.drawing ?? [])]"
            expect_value(tab, drawn, expected["drawing"])
            expect_pixels(tab, expected_levels(subject, [0.25, -1.5], EYE[6]))
            again = saved(tab, "#keep-page")[0].decode()
        assert again == text
    # but for the state it is the file that it was
    assert len(text.split("condvae-state")) == len(page.text.split("condvae-state")) + 1
    for script in re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.DOTALL):
        assert script in text
    with open_page(text, "#z=1,1") as tab:  # a link says more than the file
        expect_state(tab, z=[1, 1])


def test_a_page_names_itself_and_its_picture(subject):
    page = make_page(
        subject, make_shown(subject), preview=Preview("a&b.png", "https://x.org/y/z.html")
    )
    assert '<meta name="description" content="Images of 8 × 8 pixels given digit' in page.text
    assert '<meta property="og:title" content="tiny">' in page.text
    assert '<meta property="og:image" content="https://x.org/y/a&amp;b.png">' in page.text
    assert '<meta property="og:url" content="https://x.org/y/z.html">' in page.text
    name, content = page.card
    assert name == "a&b.png"
    card = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
    assert card.shape == (630, 1200)
    expected = expected_levels(subject, [0, 0], EYE[4])[..., 0]
    # the first row is the middle of the prior: the 4 lies in its fifth column
    scale = int(104 / 8)
    block = np.kron(expected, np.ones((scale, scale)))
    left = (1200 - 10 * 110 + 6) // 2 + 4 * 110
    tops = [
        top
        for top in range(138, 400)
        if abs(card[top : top + 104, left : left + 104] - block).max() <= 1
    ]
    assert len(tops) == 1
    assert Preview("a.png").image == "a.png"
    assert "og:image" not in make_page(subject).text


@pytest.mark.parametrize(
    ("condition", "settings", "columns"),
    [
        (SCHEMA, {}, 3),
        (MaskedImage(image_shape=(8, 8, 1)), {"prior": True}, 4),
        (GivenImage(image_shape=(8, 8, 3)), {"shape": (8, 8, 3), "pixel_classes": CLASSES}, 4),
        (Categorical(categories=tuple(map(str, range(30)))), {"in_unit_interval": False}, 10),
        (DIGITS, {"shape": (1200, 30, 1)}, 10),
    ],
    ids=["names", "parts", "label maps", "many classes", "tall images"],
)
def test_every_kind_has_a_preview(condition, settings, columns):
    subject = make_subject(condition, **settings)
    content = draw_card(subject, "words", make_shown(subject))
    card = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert card.shape == (630, 1200, 3)
    # between white gutters as many columns of images as there are labels, or examples
    middle = (card != 255).any(axis=2)[140:560].mean(axis=0) > 0.3
    assert np.count_nonzero(np.diff(np.r_[False, middle].astype(int)) == 1) == columns


def test_a_preview_leaves_the_given_part_as_it_is():
    condition = MaskedImage(image_shape=(8, 8, 1))
    subject = make_subject(condition, prior=True)
    shown = make_shown(subject)
    content = draw_card(subject, "", shown)
    card = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
    # four images of 8 pixels, 33 times as large, in one row; of each the left half is given
    for place in range(4):
        left = (1200 - 4 * 270 + 6) // 2 + 270 * place
        top = 138 + (450 - 270) // 2
        given = np.rint(255 * shown.y[place, :, :4, 0])
        found = card[top : top + 264, left : left + 132]
        assert abs(found - np.kron(given, np.ones((33, 33)))).max() <= 1


def test_without_labels_and_data_a_preview_is_a_title():
    blank = draw_card(make_subject(MaskedImage(image_shape=(8, 8, 1)), prior=True), "words")
    card = np.asarray(Image.open(io.BytesIO(blank)).convert("L")).astype(int)
    assert (card[140:] == 255).all()
    assert (card[:140] < 100).any()


def test_a_preview_of_a_table_shows_its_rows():
    rows = {"kind": np.array(["ant", "bee"]), "size": np.array([1.5, np.nan])}
    content = draw_table_card("beasts", "2 columns", rows)
    card = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
    assert card.shape == (630, 1200)
    cells = [
        card[148 + 44 * line : 180 + 44 * line, left : left + 500]
        for line in (1, 2)
        for left in (48, 600)
    ]
    # the empty cell alone is empty
    assert [bool((cell < 100).any()) for cell in cells] == [True, True, True, False]
