"""Many classes are found and told apart; z = 0 and the cells of grids are seen."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from browsing import box_of, expect, expect_pixels, expect_state, pixels, read, settle
from explorer_subjects import SCHEMA, expected_levels, make_shown, make_subject
from graph_readers import run_node

from condvae.conditions import Categorical
from condvae.explorer import make_page, modules

PAGE = Path(modules.__file__).parent / "page"
NAMES = tuple(f"species-{i:03} {('alba', 'rubra', 'nigra')[i % 3]}" for i in range(120))


@cache
def many():
    subject = make_subject(Categorical(name="species", categories=NAMES))
    return subject, make_page(subject, make_shown(subject))


def captions(names):
    program = f"""
      import {{ captionsOf }} from {json.dumps(str(PAGE / "captions.js"))};
      console.log(JSON.stringify(captionsOf({json.dumps(names)})));
    """
    return run_node("--input-type=module", "--eval", program)


def test_captions_tell_one_name_from_the_other():
    assert captions(list("0123456789")) == list("0123456789")
    assert captions(["ankle boot", "bag", "coat"]) == ["ankle boot", "bag", "coat"]
    assert captions(["species-009", "species-010"]) == ["…009", "…010"]
    assert captions(["species-1", "species-12", "species-103"]) == ["…1", "…12", "…103"]
    assert captions(["preface"]) == ["preface"]
    long = captions(["Rhododendron ferrugineum", "Rhododendron hirsutum", "Rosa canina var. alba"])
    assert all(len(name) <= 16 for name in long)
    for names in (NAMES, [f"{'x' * 30}{i}{'y' * 30}{i}" for i in range(12)]):
        assert len(set(captions(list(names)))) == len(names)


def test_a_class_is_found_by_its_name(open_page):
    subject, page = many()
    with open_page(page) as tab:
        tiles = tab.locator("#labels [role=radio]:visible")
        expect(tiles).to_have_count(40)
        expect(tiles.nth(1).locator("span")).to_have_text("…001 rubra")
        tab.fill("#label-search", "NIGRA")
        expect(tab.locator(".search .note")).to_have_text("40 found")
        expect(tiles.nth(2)).to_have_attribute("aria-label", "species-008 nigra")
        tab.fill("#label-search", "11")
        expect(tab.locator(".search .note")).to_have_text("11 found")
        found = [name for name in NAMES if "11" in name]
        expect(tiles).to_have_count(11)
        expect(tab.get_by_role("radio", name=found[5])).to_be_visible()
        tab.get_by_role("radio", name="species-113").click()
        eye = np.eye(120)
        expect_state(tab, values=[eye[113].tolist()])
        expect_pixels(tab, expected_levels(subject, [0, 0], eye[113]))
        place = found.index(NAMES[113])
        expect_pixels(
            tab, expected_levels(subject, [0, 0], eye[113]), f"#labels canvas >> nth={place}"
        )
        tab.keyboard.press("ArrowLeft")
        expect_state(tab, values=[eye[112].tolist()])
        tab.fill("#label-search", "none of them")
        expect(tab.locator(".search .note")).to_have_text("none has that name")
        tab.fill("#label-search", "")
        expect(tiles).to_have_count(40)
        # what is chosen is among them, wherever it was chosen
        tab.select_option("#class", label=NAMES[99])
        expect(tab.locator("#labels [aria-checked=true]")).to_have_attribute(
            "aria-label", NAMES[99]
        )
        expect_pixels(tab, expected_levels(subject, [0, 0], eye[99]), "#labels canvas >> nth=0")


def test_captions_of_many_classes_are_whole(open_page):
    _, page = many()
    for width in (1200, 390):
        with open_page(page, viewport={"width": width, "height": 900}) as tab:
            cut = read(
                tab,
                """() => [...document.querySelectorAll("#labels span")]
                  .filter((one) => one.scrollWidth > one.clientWidth + 1).length""",
            )
            assert cut == 0
            assert read(tab, "document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("far", [3, -3])
def test_z_0_and_its_name_are_in_the_view(far, open_page):
    subject = make_subject()
    shown = make_shown(subject)
    shown.mean[:] += [far, far]
    with open_page(make_page(subject, shown)) as tab:
        view = read(tab, "explorer.store.state.view")
        for axis in ("x", "y"):
            place = (0 - view[axis]) / view["span"]
            assert -0.92 < place < 0.86
        # the name of the axis across is as wide as its room
        left = (1 - view["x"] / view["span"]) / 2 * box_of(tab.locator("#handle"))["width"]
        assert left + 45 < box_of(tab.locator("#handle"))["width"]


@pytest.mark.parametrize(("side", "gutter"), [(8, 1), (16, 1), (17, 0)])
def test_tiny_images_of_a_grid_are_apart(side, gutter, open_page):
    subject = make_subject(shape=(side, side, 1))
    with open_page(make_page(subject)) as tab:
        settle(tab)
        grid = pixels(tab, "#grid canvas")
        assert grid.shape[:2] == (8 * (side + gutter),) * 2
        opaque = (grid[..., 3] == 255).reshape(8, side + gutter, 8, side + gutter)
        assert opaque[:, :side, :, :side].all()
        assert not opaque[:, side:].any()
        assert not opaque[..., side:].any()


def test_conditions_are_aligned(open_page):
    subject = make_subject(SCHEMA)
    with open_page(make_page(subject)) as tab:
        lefts = {
            round(box_of(tab.get_by_role(role, name=name))["x"])
            for role, name in (("slider", "size"), ("combobox", "colour"))
        }
        assert len(lefts) == 1
        boxes = [tab.get_by_role("checkbox", name=name) for name in ("size", "with", "colour")]
        assert len({round(box_of(box)["x"]) for box in boxes}) == 1
