"""What a new user wants of the page, done in at most six clicks or keys, which are counted."""

from dataclasses import replace

import numpy as np
import pytest
from browsing import expect, expect_pixels, expect_state, state
from explorer_subjects import expected_levels, make_shown, make_subject
from PIL import Image

from condvae.explorer import Unusual, make_page

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
