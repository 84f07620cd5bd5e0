"""Points as rows of the data, in a real browser: looked at, found, told apart."""

import numpy as np
import pytest
from browsing import (
    box_of,
    commit,
    expect,
    expect_accessible,
    expect_pixels,
    expect_state,
    pixels,
    places_in,
    read,
    settle,
    state,
)
from explorer_subjects import SCHEMA, expected_levels, make_shown, make_subject

from condvae.explorer import Unusual, make_page

FAULTS = ("samples are blurred: train longer", "z tells the label: raise --beta")


@pytest.fixture(scope="module")
def subject_and_shown():
    subject = make_subject()
    shown = make_shown(subject, num_images=40)
    return subject, shown


@pytest.fixture(scope="module")
def page(subject_and_shown):
    subject, shown = subject_and_shown
    return make_page(subject, shown, faults=FAULTS)


def pixel_of(tab, shown, row):
    """Where a point lies in the window, which shows all of the plane."""
    plane = tab.locator("#handle")
    plane.scroll_into_view_if_needed()
    view = state(tab)["view"]
    across, up = (shown.mean[row] - [view["x"], view["y"]]) / view["span"] / 2
    (at,) = places_in(plane, (0.5 + across, 0.5 - up))
    return at


def lonely(shown, rows):
    """Of some rows the one that is farthest from all others, among those near the middle."""
    apart = np.linalg.norm(shown.mean[:, None] - shown.mean, axis=-1)
    np.fill_diagonal(apart, np.inf)
    near = np.linalg.norm(shown.mean, axis=1) < 1.5
    return int(max(rows, key=lambda row: near[row] * apart[row].min()))


def test_a_click_on_a_point_shows_its_row(subject_and_shown, page, open_page):
    subject, shown = subject_and_shown
    pictures = shown.pictures
    with open_page(page) as tab:
        row = lonely(shown, pictures.places[:-1])
        at = pixel_of(tab, shown, row)
        tab.mouse.move(*at)
        which = int(np.searchsorted(pictures.places, row))
        image = pictures.x[which].astype(float)
        expect_pixels(tab, image, "#preview")  # the image itself, not a decoded one
        tab.mouse.click(*at)
        z, y = shown.mean[row], pictures.y[which]
        expect_state(tab, point=row, z=pytest.approx(z.tolist(), abs=1e-3), values=[y.tolist()])
        expect(tab.locator("#point-title")).to_have_text(f"Row {shown.rows[row]}")
        expect_pixels(tab, image, "#real")
        expect_pixels(tab, expected_levels(subject, z, y), "#back", atol=2)
        facts = tab.locator("#point-facts li")
        expect(facts.first).to_have_text(f"digit {shown.codes[row]}")
        told = f"log p(x | y) = −{-shown.log_prob[row]:.1f} nats (importance sampling, 50"
        expect(facts.nth(1)).to_contain_text(told)
        alike = shown.codes == shown.codes[row]
        alike = shown.log_prob[alike & np.isfinite(shown.log_prob)]
        less = (alike < shown.log_prob[row]).sum()
        expect(facts.nth(2)).to_contain_text(f"{less} of {len(alike)} rows of its label")
        # the nearest of the rows with images, all of z counted
        apart = np.linalg.norm(shown.mean[pictures.places] - z, axis=1)
        nearest = pictures.places[np.argsort(apart)][1:9]
        buttons = tab.locator("#near button")
        expect(buttons).to_have_count(8)
        for place, other in enumerate(nearest[:3]):
            expect(buttons.nth(place)).to_have_attribute("title", f"Row {shown.rows[other]}")
        buttons.nth(1).click()
        expect_state(tab, point=int(nearest[1]))
        # it is a step as any other, and in the link
        address = read(tab, "location.hash")
        tab.click("#undo")
        expect_state(tab, point=row)
        tab.click("#close-point")
        expect(tab.locator("#point-box")).to_be_hidden()
        tab.click("#undo")
        expect(tab.locator("#point-box")).to_be_visible()
        tab.click("#reset")
        expect(tab.locator("#point-box")).to_be_hidden()
    with open_page(page, address) as tab:
        expect_state(tab, point=int(nearest[1]))
        expect(tab.locator("#point-title")).to_have_text(f"Row {shown.rows[nearest[1]]}")


def test_a_row_without_its_image_is_decoded(subject_and_shown, page, open_page):
    subject, shown = subject_and_shown
    with open_page(page) as tab:
        others = np.setdiff1d(np.arange(len(shown.mean)), shown.pictures.places)
        row = lonely(shown, others)
        at = pixel_of(tab, shown, row)
        tab.mouse.click(*at)
        expect_state(tab, point=row)
        expect(tab.locator("#real")).to_be_hidden()
        y = np.eye(10)[shown.codes[row]]
        expect_pixels(tab, expected_levels(subject, shown.mean[row], y), "#back", atol=2)
        facts = tab.locator("#point-facts")
        expect(facts).to_contain_text("Its image is not in this page.")
        expect(facts).to_contain_text(
            f"log p(x | y) = −{-shown.log_prob[row]:.1f} nats (importance"
        )
        # not computed: said so
        commit(tab, point=int(shown.pictures.places[-1]))
        expect(facts).to_contain_text("log p(x | y) was computed for other rows only.")
        # a click where there is no point closes it
        tab.locator("#handle").click(position={"x": 3, "y": 3})
        expect(tab.locator("#point-box")).to_be_hidden()


def test_by_the_keyboard_the_point_next_to_z_is_taken(subject_and_shown, page, open_page):
    _, shown = subject_and_shown
    with open_page(page) as tab:
        commit(tab, z=[0.3, 0.2])
        tab.locator("#handle").focus()
        tab.keyboard.press("Enter")
        # of the class at hand those with images come first
        places = shown.pictures.places[shown.codes[shown.pictures.places] == 0]
        nearest = places[np.linalg.norm(shown.mean[places] - [0.3, 0.2], axis=1).argmin()]
        expect_state(tab, point=int(nearest))
        tab.click("#close-point")
        expect(tab.locator("#handle")).to_be_focused()


def test_the_class_at_hand_stands_out_and_all_on_demand(page, open_page):
    with open_page(page) as tab:

        def coloured():
            """How many pixels of the points are far from grey."""
            levels = pixels(tab, "#points")[..., :3]
            return (np.ptp(levels, axis=2) > 40).sum()

        tab.get_by_role("radio", name="9").click()  # no point is of this class
        assert coloured() == 0
        tab.get_by_role("radio", name="1", exact=True).click()
        one = coloured()
        tab.check("#all")
        # some colours of the palette are nearly grey
        assert coloured() > 1.5 * one > 0


def test_images_stand_in_the_place_of_points_once_they_are_near(subject_and_shown, page, open_page):
    _, shown = subject_and_shown
    pictures = shown.pictures
    with open_page(page) as tab:
        row = lonely(shown, pictures.places)
        which = int(np.searchsorted(pictures.places, row))
        x, y = shown.mean[row].tolist()
        span = state(tab)["view"]["span"]
        # the class of the row is at hand, so that its image is among the first
        commit(tab, values=[pictures.y[which].tolist()], view={"x": x, "y": y, "span": span / 4})
        plane = pixels(tab, "#points")
        unit = len(plane) / box_of(tab.locator("#handle"))["width"]
        middle = len(plane) // 2
        # each pixel of the image has a block of 4 by 4 of the screen's
        centres = (middle + unit * (4 * np.arange(8) - 14)).astype(int)
        found = plane[np.ix_(centres, centres)][..., :1]
        assert abs(found - pictures.x[which]).max() < 2
        # its image is the point, to its corners
        side = box_of(tab.locator("#handle"))["width"]
        tab.locator("#handle").click(position={"x": side / 2 + 14, "y": side / 2 + 14})
        expect_state(tab, point=row)
        commit(tab, view={"x": x, "y": y, "span": span})
        settle(tab)
        assert (
            pixels(tab, "#points")[np.ix_(centres, centres)] != plane[np.ix_(centres, centres)]
        ).any()


def test_several_conditions_of_a_row_come_with_its_image(open_page):
    subject = make_subject(SCHEMA)
    shown = make_shown(subject, num_images=40)
    with open_page(make_page(subject, shown)) as tab:
        row = lonely(shown, shown.pictures.places)
        which = int(np.searchsorted(shown.pictures.places, row))
        at = pixel_of(tab, shown, row)
        tab.mouse.click(*at)
        expect_state(tab, point=row)
        expect(tab.locator("#given-words")).to_contain_text("size 0.3")
        y = shown.pictures.y[which]
        expect_pixels(tab, expected_levels(subject, shown.mean[row], y), "#back", atol=2)


def test_unusual_rows_have_strips_and_say_why(subject_and_shown, open_page):
    subject, shown = subject_and_shown
    images, labels = shown.rows[[6, 0, 9]], shown.rows[[9]]
    unusual = Unusual(
        images,
        labels,
        {int(row): -300.0 - row for row in images},
        {int(row): rank for rank, row in enumerate(images)},
        {int(row): ("7", 0.97) for row in images},
        190,
    )
    from dataclasses import replace

    with open_page(make_page(subject, replace(shown, unusual=unusual))) as tab:
        expect(tab.locator("#odd-images button")).to_have_count(3)
        expect(tab.locator("#odd-labels button span")).to_have_text([f"{shown.codes[9]} → 7"])
        tab.locator("#odd-images button").first.click()
        expect_state(tab, point=6)
        facts = tab.locator("#point-facts")
        expect(facts).to_contain_text("The least plausible of 190 rows")
        expect(facts).to_contain_text("The model takes it for 7, p = 0.97")
        # one stop of the Tab key
        tab.keyboard.press("End")
        tab.keyboard.press("Enter")
        expect_state(tab, point=9)
        expect(facts).to_contain_text("2 of 190 rows are less plausible")


def test_the_doctor_s_findings_are_told(page, open_page):
    with open_page(page) as tab:
        tab.get_by_text("The doctor found 2 faults in this model").click()
        expect(tab.locator("#faults li")).to_have_text(
            [f"{fault[0].upper()}{fault[1:]}." for fault in FAULTS]
        )
    with open_page(make_page(make_subject())) as tab:
        expect(tab.locator("#doctor")).to_be_hidden()


def test_nothing_of_points_stands_in_the_way_of_anyone(subject_and_shown, open_page):
    subject, shown = subject_and_shown
    with open_page(make_page(subject, shown, faults=FAULTS), bypass_csp=True) as tab:
        tab.get_by_text("How it works").click()
        tab.get_by_text("The doctor found").click()
        tab.locator("#handle").focus()
        tab.keyboard.press("Enter")
        expect(tab.locator("#point-box")).to_be_visible()
        expect_accessible(tab)
