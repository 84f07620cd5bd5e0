"""What a new user wants of the page, done in at most six clicks or keys, which are counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import drag, expect, expect_pixels, expect_state, expect_value, state
from explorer_subjects import expected_levels, make_shown, make_subject
from PIL import Image

from condvae.explorer import Unusual, make_comparison, make_page

MOST = 6


class Hand:
    """Clicks and keys on a page, counted."""

    def __init__(self, tab):
        self.tab, self.actions = tab, 0

    def click(self, locator):
        """One click."""
        self.actions += 1
        locator.click()

    def press(self, key):
        """One key."""
        self.actions += 1
        self.tab.keyboard.press(key)


@pytest.fixture(scope="module")
def subject():
    return make_subject()


@pytest.fixture
def hand(subject, open_page):
    shown = make_shown(subject, num_images=40)
    row = int(shown.rows[6])
    unusual = Unusual(
        np.array([row]), np.array([row]), {row: -321.0}, {row: 0}, {row: ("7", 0.97)}, 190
    )
    with open_page(make_page(subject, replace(shown, unusual=unusual), {0: "slant"})) as tab:
        hand = Hand(tab)
        yield hand
        assert hand.actions <= MOST


def test_what_does_z1_do_to_a_3(subject, hand):
    tab = hand.tab
    hand.click(tab.get_by_role("radio", name="3", exact=True))
    slider = tab.get_by_label("z1 · slant")
    hand.click(slider)  # its middle
    hand.press("Home")
    low = float(state(tab)["z"][0])
    expect_pixels(tab, expected_levels(subject, [low, 0], np.eye(10)[3]))
    hand.press("End")
    high = float(state(tab)["z"][0])
    assert high - low >= 6
    expect_pixels(tab, expected_levels(subject, [high, 0], np.eye(10)[3]))


def test_my_image_s_style_on_a_2(subject, hand, tmp_path):
    tab = hand.tab
    image = np.random.default_rng(5).integers(0, 256, (8, 8), dtype="uint8")
    Image.fromarray(image).save(tmp_path / "mine.png")
    with tab.expect_file_chooser() as chooser:
        hand.click(tab.locator("#file"))
    chooser.value.set_files(tmp_path / "mine.png")
    expect(tab.locator("#reading")).to_contain_text("its style is shown under every label")
    z = state(tab)["z"]
    hand.click(tab.get_by_role("radio", name="2", exact=True))
    expect_state(tab, z=z, values=[np.eye(10)[2].tolist()])
    expect_pixels(tab, expected_levels(subject, z, np.eye(10)[2]))


def test_which_training_image_is_the_most_unusual_and_why(hand):
    tab = hand.tab
    hand.click(tab.locator("#odd-images button").first)
    facts = tab.locator("#point-facts")
    expect(tab.locator("#real")).to_be_visible()
    expect(facts).to_contain_text("The least plausible of 190 rows")
    expect(facts).to_contain_text("The model takes it for 7, p = 0.97")


def test_an_animation_from_0_to_9_is_saved(subject, hand):
    with hand.tab.expect_download() as download:
        hand.click(hand.tab.locator("#tour-gif"))
    with Image.open(download.value.path()) as animation:
        assert animation.n_frames == 10 * 7
        frames = {}
        for place in (0, 63):
            animation.seek(place)
            frames[place] = np.asarray(animation.convert("L")).astype(int)
    for place, label in ((0, 0), (63, 9)):
        expected = expected_levels(subject, [0, 0], np.eye(10)[label])[..., 0]
        assert abs(frames[place][21:336:42, 21::42] - expected).max() <= 1


def test_what_was_drawn_is_kept_in_a_file_that_opens_with_it(hand, open_page):
    tab = hand.tab
    hand.actions += 1  # the drawing itself
    drag(tab.locator("#sketch"), (0.2, 0.2), (0.8, 0.2), (0.4, 0.9))
    expect_value(tab, "Boolean(explorer.store.state.drawing)", True)
    drawn = state(tab)
    with tab.expect_download() as download:
        hand.click(tab.locator("#keep-page"))
    with open_page(Path(download.value.path()).read_text()) as again:
        expect_state(again, z=pytest.approx(drawn["z"], abs=1e-3), values=drawn["values"])
        expect_value(again, "[...(explorer.store.state.drawing ?? [])]", drawn["drawing"])


def test_two_models_are_compared_on_one_drawing(subject, open_page, tmp_path):
    other = make_subject(name="other")
    other = replace(other, tensors={k: np.roll(v, 1, axis=-1) for k, v in other.tensors.items()})
    Image.fromarray(np.eye(8, dtype="uint8") * 255).save(tmp_path / "mine.png")
    with open_page(make_comparison((subject, other), (None, None))) as tab:
        hand = Hand(tab)
        with tab.expect_file_chooser() as chooser:
            hand.click(tab.get_by_text("Open image…", exact=True))
        chooser.value.set_files(tmp_path / "mine.png")
        expect(tab.locator(".pane .note").nth(1)).to_contain_text("Reads the drawing as")
        hand.click(tab.get_by_role("button", name="2, by tiny", exact=True))
        found = state(tab)
        assert found["label"] == "2"
        for place, model in enumerate((subject, other)):
            expected = expected_levels(model, found["each"][place]["z"], np.eye(10)[2])
            expect_pixels(tab, expected, f".pane-body > canvas >> nth={place}")
        assert hand.actions <= MOST
