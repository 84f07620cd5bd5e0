"""Pages of other kinds of models, on other screens, and with bad input, in a real browser."""

import re
from dataclasses import replace
from functools import cache
from unittest.mock import ANY

import numpy as np
import pytest
from browsing import (
    Between,
    box_of,
    commit,
    do,
    drag,
    encoded,
    eventually,
    expect,
    expect_accessible,
    expect_encoded,
    expect_number,
    expect_pixels,
    expect_state,
    expect_value,
    pixels,
    read,
    settle,
    state,
)
from explorer_subjects import DIGITS, SCHEMA, SIZE, expected_levels, make_shown, make_subject
from PIL import Image as Picture

from condvae.conditions import Categorical, Image, MaskedImage, Ordinal, Schema
from condvae.conditions.masks import observe, quadrants
from condvae.explorer import make_page
from condvae.graph.graph import Graph, run_graph
from condvae.graph.operations import Combination, Concatenate, Function, Slice


@cache
def page_of(*arguments, examples=4, **settings):
    subject = make_subject(*arguments, **settings)
    return subject, make_page(subject, make_shown(subject, examples=examples))


class Other(float):
    """Equals every number but those next to this one."""

    def __eq__(self, number):
        return abs(number - float(self)) > 1e-3

    __hash__ = float.__hash__


def expect_names(legend, names):
    expect(legend).to_be_visible()
    expect(legend.locator("li")).to_have_text(names)


def test_conditions_by_name_are_given_and_left_out(open_page):
    subject, page = page_of(SCHEMA)
    with open_page(page) as tab:
        expect_encoded(tab, SCHEMA.encode({"shape": "disc"})[0])
        slider = tab.get_by_role("slider", name="size")
        expect(slider).to_have_attribute("aria-valuetext", "not given")
        expect_number(slider, pytest.approx(SIZE.mean[0], abs=0.01))
        slider.fill("0.3")
        expect(tab.get_by_role("checkbox", name="size")).to_be_checked()
        expect(slider).not_to_have_attribute("aria-valuetext", re.compile(""))
        tab.get_by_role("checkbox", name="with").check()
        tab.get_by_role("checkbox", name="scarf").check()
        tab.get_by_role("checkbox", name="boots").check()
        tab.get_by_role("checkbox", name="colour").check()
        tab.get_by_role("combobox", name="colour").select_option(label="blue")
        tab.get_by_role("radio", name="cross").click()
        values = {"shape": "cross", "size": 0.3, "with": "scarf, boots", "colour": "blue"}
        y = SCHEMA.encode(values)[0]
        # a slider has 200 steps
        expect_encoded(tab, y, atol=0.02)
        words = "shape cross, size 0.3, with scarf and boots, colour blue"
        expect(tab.locator("#given-words")).to_have_text(words)
        expect_pixels(tab, expected_levels(subject, [0, 0], encoded(tab)))
        address = read(tab, "location.hash")
        tab.get_by_role("checkbox", name="shape").uncheck()
        expect_encoded(tab, np.zeros(4), part=slice(4))
        expect(tab.locator("[aria-checked=true]")).to_have_count(0)
        tab.get_by_role("button", name="Image 3 of the data").click()
        expect(tab.locator("#reading")).to_have_text(re.compile("^Encoded under its own"))
        expect_encoded(tab, make_shown(subject).y[2], atol=1e-6)
    with open_page(page, address) as tab:
        expect_encoded(tab, y, atol=0.02)


def test_classes_in_an_order_are_chosen_and_found(open_page):
    order = Ordinal(name="shape", categories=("disc", "bar", "cross"))
    schema = Schema(conditions=(order, SIZE))
    subject, page = page_of(schema)
    with open_page(page) as tab:
        expect_encoded(tab, schema.encode({"shape": "disc"})[0])
        tab.get_by_role("radio", name="cross").click()
        expect_encoded(tab, [1, 1, 1, 0, 0])
        expect(tab.locator("#given-words")).to_have_text("shape cross")
        expect_pixels(tab, expected_levels(subject, [0, 0], encoded(tab)))
        tab.get_by_role("button", name="Image 3 of the data").click()
        expect(tab.locator("#reading")).to_have_text(re.compile("^Encoded under its own"))
        expect_encoded(tab, make_shown(subject).y[2], atol=1e-6)


@pytest.mark.parametrize("shape", [(9, 6, 3), (70, 66, 1)])
def test_images_of_any_size_and_in_colour(shape, open_page, tmp_path):
    subject, page = page_of(shape=shape, latent_dim=5)
    with open_page(page) as tab:
        z = [0.3, -0.4, 1.1, 0, 0.8]
        commit(tab, z=z)
        expect_pixels(tab, expected_levels(subject, z, np.eye(10)[0]))
        # five latents: the plane shows the two most active, to a tenth; others can be chosen
        active = np.argsort(-make_shown(subject).mean.var(axis=0).round(1), kind="stable")
        expect_state(tab, axes=sorted(active[:2].tolist()))
        tab.select_option("#axis-x", "3")
        tab.select_option("#axis-y", "1")
        expect_state(tab, axes=[3, 1])
        tab.select_option("#axis-y", "3")
        expect_state(tab, axes=[1, 3])
        view = state(tab)["view"]
        tab.locator("#handle").click(position={"x": 3, "y": 3})
        left = Between(high=view["x"] - 0.9 * view["span"])
        top = Between(low=view["y"] + 0.9 * view["span"])
        expect_state(tab, z=[0.3, left, ANY, top, ANY])
        rng = np.random.default_rng(0)
        image = rng.integers(0, 256, shape, dtype="uint8")
        Picture.fromarray(image.squeeze()).save(tmp_path / "own.png")
        tab.set_input_files("#file", tmp_path / "own.png")
        expect(tab.locator("#reading")).to_have_text(re.compile("^Encoded as"))
        y = np.array(state(tab)["values"], "float32")
        inputs = {"x": image[None].astype("float32") / 255, "y": y}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"][0]
        expect_state(tab, z=pytest.approx(mean.tolist(), abs=0.01))


def test_part_of_an_image_is_given_and_the_rest_is_sampled(open_page):
    subject, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    shown = make_shown(subject)
    with open_page(page) as tab:
        # what is given at first: the first image of the data, by the mask of training
        levels = np.rint(shown.images * 255) / 255
        left = np.broadcast_to(np.arange(8) < 4, (8, 8))
        y = observe(levels[:1], left)[0]
        expect_encoded(tab, y, atol=1e-6)
        expected = expected_levels(subject, state(tab)["z"], y)
        expect_pixels(tab, np.where(left[..., None], levels[0] * 255, expected))
        tab.select_option("#mask", "bottom left quarter")
        tab.get_by_role("button", name="Image 2 of the data").click()
        y = observe(levels[1:2], quadrants(8, 8, 1))[0]
        expect_encoded(tab, y, atol=1e-6)
        settle(tab)  # the samples are of what is given by now
        # a sample is an image at a z of the prior, the given pixels as they are
        tab.get_by_role("button", name="sample 2").click()
        sample = pixels(tab, "#samples canvas >> nth=3")[..., :1]
        expect_pixels(tab, sample, atol=1.5)  # whole levels: off by one at most
        given = quadrants(8, 8, 1)[..., None]
        assert abs(sample - levels[1] * 255)[given].max() <= 1
        expected = expected_levels(subject, state(tab)["z"], y)
        assert abs(sample - expected)[~given].max() < 1.5
        tab.click("#more-samples")
        tab.click("#centre-z")
        inputs = {"y": y[None].astype("float32"), "noise": np.zeros((1, 2), "float32")}
        centre = run_graph(subject.graphs["prior"], subject.tensors, inputs)["z"][0]
        expect_state(tab, z=pytest.approx(centre.tolist(), abs=0.01))


def test_fine_latents_are_drawn_under_coarse_ones_that_stay(open_page):
    subject = make_subject(latent_dim=3, prior=True, latent_groups=(1, 1, 1))
    parts = [
        Slice(inputs=("noise",), output=f"n{place}", axis=1, start=place, stop=place + 1)
        for place in range(3)
    ]
    # z1 is noise, z2 stretched by z1, z3 about z2
    operations = (
        *parts,
        Function(inputs=("n0",), output="scale", function="exp"),
        Combination(inputs=("n1", "scale"), output="z2", function="multiply"),
        Combination(inputs=("n2", "z2"), output="z3", function="add"),
        Concatenate(inputs=("n0", "z2", "z3"), output="z", axis=1),
    )
    ladder = Graph(inputs=subject.graphs["prior"].inputs, operations=operations, outputs={"z": "z"})
    page = make_page(replace(subject, graphs={**subject.graphs, "prior": ladder}))
    with open_page(page) as tab:
        expect(tab.locator("#keep option")).to_have_text(["nothing", "z1", "z1 to z2"])
        commit(tab, z=[0.75, -1.25, 0.5])
        tab.select_option("#keep", "2")
        tab.click("#draw-z")
        kept, other = (pytest.approx(number, abs=1e-5) for number in (0.75, -1.25))
        expect_state(tab, z=[kept, other, Other(0.5)])
        # the middle one too
        tab.select_option("#keep", "1")
        tab.click("#draw-z")
        expect_state(tab, z=[kept, Other(-1.25), ANY])
    with open_page(page_of()[1]) as tab:
        expect(tab.locator("#keep")).to_be_hidden()


def test_a_link_holds_what_is_given_of_an_image(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        tab.select_option("#mask", "left half")
        tab.get_by_role("button", name="Image 3 of the data").click()
        address, expected = read(tab, "location.hash"), encoded(tab)
        message = tab.locator("#message")
        for damaged in ("pixels=AAAA", "mask=!", "mask=" + 85 * "_" + "w"):
            do(tab, "(text) => { location.hash = text; }", damaged)
            expect(message).to_have_text(re.compile("^The link is of another model"))
            tab.keyboard.press("Escape")
            expect(message).to_be_hidden()
        settle(tab)
        expect_encoded(tab, expected)
    with open_page(page, address) as tab:
        expect_encoded(tab, expected)


def test_points_without_a_row_of_labels_have_a_legend(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        expect_names(tab.locator("#point-classes"), ["a", "b", "c"])
    _, page = page_of()
    with open_page(page) as tab:
        expect(tab.locator("#point-classes")).to_be_hidden()


def test_the_mask_is_painted_but_not_to_its_end(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        tab.get_by_label("hide").check()
        sheet = tab.locator("#sketch")
        before = encoded(tab)
        drag(sheet, (0.02, 0.02), (0.02, 0.5), steps=6)

        def check():
            shown = encoded(tab).reshape(8, 8, 2)[..., 1]
            assert shown.sum() < before.reshape(8, 8, 2)[..., 1].sum()
            assert shown[0, 0] == 0

        eventually(tab, check)
        tab.click("#undo")
        expect_encoded(tab, before)
        for row in range(9):  # all that there is
            down = min(row / 8, 0.99)
            drag(sheet, (0.01, down), (0.99, down), steps=9)
        expect(tab.locator("#message")).to_have_text(re.compile("^Some pixels must be given"))
        assert encoded(tab).reshape(8, 8, 2)[..., 1].sum() > 0


def test_label_maps_have_the_colours_of_their_classes(open_page):
    names = ("sky", "post", "sign")
    condition = Image(image_shape=(6, 6, 3))
    subject, page = page_of(condition, shape=(6, 6, 3), pixel_classes=names)
    with open_page(page) as tab:
        given = np.rint(make_shown(subject).images[0] * 255) / 255
        expect_encoded(tab, given, atol=1e-6)
        colours = np.array(read(tab, "explorer.painter.colours"))
        expect_pixels(tab, expected_levels(subject, [0, 0], given) / 255 @ colours)
        expect_names(tab.locator("#pixel-classes"), list(names))


def test_one_latent_lies_on_a_line(open_page):
    subject, page = page_of(latent_dim=1)
    with open_page(page) as tab:
        view = state(tab)["view"]
        tab.locator("#handle").click(position={"x": 3, "y": 3})
        expect_state(tab, z=[Between(high=view["x"] - 0.9 * view["span"])])
        now = state(tab)
        code = int(np.argmax(now["values"][0]))
        expect_pixels(tab, expected_levels(subject, now["z"], np.eye(10)[code]))


def test_many_classes(open_page):
    _, page = page_of(Categorical(name="word", categories=tuple(f"word{i}" for i in range(90))))
    with open_page(page) as tab:
        expect(tab.locator("#labels [role=radio]")).to_have_count(40)
        expect(tab.locator("#mixture-box")).to_be_hidden()
        tab.select_option("#class", label="word77")
        expect(tab.locator("#given-words")).to_have_text("word word77")


@pytest.mark.parametrize(
    ("condition", "settings"),
    [
        (DIGITS, {"latent_dim": 8}),
        (SCHEMA, {}),
        (MaskedImage(image_shape=(8, 8, 1)), {"prior": True}),
    ],
    ids=["class", "names", "parts"],
)
def test_nothing_stands_in_the_way_of_anyone(condition, settings, open_page):
    _, page = page_of(condition, **settings)
    # axe comes in by a script of its own, which the policy forbids everywhere else
    with open_page(page, bypass_csp=True, color_scheme="dark") as tab:
        expect_accessible(tab)


def test_on_a_phone(open_page):
    _, page = page_of(latent_dim=2)
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with open_page(page, **phone) as tab:
        assert read(tab, "document.documentElement.scrollWidth") <= 360
        # the sheet and what comes of it are seen at once
        sheet, labels = box_of(tab.locator("#sketch")), box_of(tab.locator("#labels"))
        assert sheet["y"] >= 0
        assert labels["y"] + labels["height"] < 740
        # so are, further down, what the eye follows and what the thumb moves
        do(tab, "document.getElementById('image').scrollIntoView()")
        plane, image = box_of(tab.locator("#handle")), box_of(tab.locator("#image"))
        assert image["y"] > -1
        assert plane["y"] + plane["height"] / 2 < 740
        view = state(tab)["view"]
        tab.touchscreen.tap(plane["x"] + plane["width"] - 4, plane["y"] + 20)
        expect_state(tab, z=[Between(low=view["x"] + 0.9 * view["span"]), ANY])
        small = read(
            tab,
            """() => [...document.querySelectorAll("button, select, .button")]
              .filter((one) => one.offsetHeight && one.offsetHeight < 32)
              .map((one) => one.id || one.textContent)""",
        )
        assert [name for name in small if name] == []


def test_what_a_finger_does_is_told_to_fingers_alone(open_page):
    _, page = page_of()
    touch, mouse = "Two fingers move and zoom the view", "Shift and drag moves the view"
    with open_page(page) as tab:
        expect(tab.get_by_text(mouse)).to_be_visible()
        expect(tab.get_by_text(touch)).to_be_hidden()
    with open_page(page, has_touch=True, is_mobile=True) as tab:
        expect(tab.get_by_text(touch)).to_be_visible()
        expect(tab.get_by_text(mouse)).to_be_hidden()


@pytest.mark.parametrize(
    ("condition", "settings", "words"),
    [
        (DIGITS, {}, "Draw a digit; see all ten in your handwriting."),
        (SCHEMA, {}, "Draw a shape; see all three in its style."),
        (
            Categorical(name="class", categories=("a", "b", "c")),
            {},
            "Draw an image; see all three",
        ),
        (DIGITS, {"shape": (8, 8, 3)}, "Open an image; see all ten digits in its style."),
        (MaskedImage(image_shape=(8, 8, 1)), {"prior": True}, "Draw part of an image; see what"),
    ],
)
def test_the_first_line_says_what_one_can_do(condition, settings, words, open_page):
    _, page = page_of(condition, **settings)
    with open_page(page) as tab:
        expect(tab.locator("#lead")).to_contain_text(words)


def test_a_walk_is_told_in_words(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        words = tab.locator("#walk-words")
        tab.click("#from")
        expect(words).to_have_text("It starts at digit 0, z = (0.0, 0.0); now set where it ends.")
        tab.get_by_role("radio", name="9").click()
        tab.click("#to")
        expect(words).to_have_text(re.compile("^From digit 0 to digit 9, same style"))
        tab.locator("#place").fill("0.5")
        expect(tab.locator("#given-words")).to_have_text("half 0, half 9")


def test_a_row_of_images_is_one_stop_of_the_tab_key(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        first = tab.get_by_role("button", name="Image 1 of the data, digit")
        first.focus()
        for key, name in (("ArrowRight", "2"), ("End", "4"), ("ArrowRight", "1"), ("Home", "1")):
            tab.keyboard.press(key)
            there = tab.get_by_role("button", name=f"Image {name} of the data")
            expect(there).to_be_focused()
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        expect(tab.locator("#reading")).to_have_text(re.compile("^Encoded under its own"))
        # the next stop is no image, and the way back leads to the one that was left
        tab.keyboard.press("Tab")
        expect(tab.locator("#examples button:focus")).to_have_count(0)
        tab.keyboard.press("Shift+Tab")
        expect(tab.get_by_role("button", name="Image 2 of the data")).to_be_focused()


def test_with_less_motion_a_walk_goes_in_steps(open_page):
    _, page = page_of()
    with open_page(page, reduced_motion="reduce") as tab:
        tab.click("#from")
        commit(tab, z=[1, 1])
        tab.click("#to")
        do(
            tab,
            """() => { globalThis.places = new Set();
              explorer.store.onChange(({ z }) => places.add(z[0].toFixed(3))); }""",
        )
        # frames come at their times, however busy the machine is
        tab.clock.install()
        tab.clock.pause_at("2100-01-01")
        tab.click("#play")
        tab.clock.run_for(3000)
        tab.clock.resume()
        expect(tab.locator("#play")).to_have_text("Play")
        expect_value(tab, "[...places]", [f"{step / 5:.3f}" for step in range(6)])


def test_by_the_keyboard_alone(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        for _ in range(24):
            tab.keyboard.press("Tab")
            if read(tab, "document.activeElement.id") == "handle":
                break
        seen = "explorer.store.state.view.span"
        span = read(tab, seen)
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("Shift+ArrowUp")
        expect_state(tab, z=pytest.approx([0.02 * span, 0.1 * span]))
        expect(tab.locator("#spoken")).to_have_text(re.compile("^digit 0, z "))
        tab.keyboard.press("+")
        expect_value(tab, seen, pytest.approx(span / 1.4))
        tab.keyboard.press("0")
        expect_value(tab, seen, pytest.approx(span))


def test_what_is_no_image_is_said(open_page, tmp_path):
    _, page = page_of()
    (tmp_path / "text.png").write_text("no image")
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0"
    (tmp_path / "vast.png").write_bytes(header + b"\0" * 40)
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "heavy.png").write_bytes(b"\0" * 51_000_000)
    sentences = {
        "text.png": "text.png is no image that this browser can read",
        "vast.png": "vast.png is too large: 60,000 × 60,000 pixels",
        "empty.jpg": "empty.jpg is no image",
        "heavy.png": "heavy.png is too large: 51 MB",
    }
    with open_page(page) as tab:
        message = tab.locator("#message")
        for name, sentence in sentences.items():
            tab.set_input_files("#file", tmp_path / name)
            expect(message).to_contain_text(sentence)
        expect(tab.locator("#main")).to_be_visible()
        do(
            tab,
            """() => { const data = new DataTransfer(); data.setData("text/plain", "words");
              document.dispatchEvent(new DragEvent("drop", { dataTransfer: data })); }""",
        )
        expect(message).to_have_text(re.compile("^What was dropped is no file"))


def test_a_damaged_page_says_so(open_page):
    _, page = page_of()
    start = page.text.index('id="content">') + 13
    content = page.text[start:].partition("<")[0]
    middle = len(content) // 2
    for damaged in (
        page.text[: start + middle],  # cut off
        page.text.replace(content[middle : middle + 40], "A" * 40),
        page.text.replace(content, "not base64 !"),
        page.text.replace(content, ""),
    ):
        with open_page(damaged) as tab:
            message = tab.locator("#message")
            expect(message).to_have_text(re.compile("^This file is damaged or incomplete"))
            expect(tab.locator("#main")).to_be_hidden()
    changed = page.text.replace("const $graph", "const  $graph", 1)
    with open_page(changed, complaints=("Content Security Policy",), waits=False) as tab:
        expect(tab.locator("#message")).to_contain_text("the file is damaged")
    with open_page(page.text[: start // 2], waits=False) as tab:  # cut off in the program
        expect(tab.locator("#message")).to_contain_text("the file is damaged")


def test_a_notebook_s_frame_is_a_whole_page(open_page):
    _, page = page_of()
    text = f"<!doctype html><p id='message'></p>{page._repr_html_()}"
    with open_page(text) as tab:
        frame = tab.frame_locator("iframe")
        expect(frame.locator("#main")).to_be_visible()
        given = frame.locator("#given-words")
        frame.get_by_role("radio", name="2").click()
        expect(given).to_have_text("digit 2")
        frame.locator("#undo").click()
        expect(given).to_have_text(re.compile("^digit 0"))
