"""Pages of other kinds of models, on other screens, and with bad input, in a real browser."""

import numpy as np
import pytest
from browsing import expected_levels, pixels, settle, state, wait_until
from explorer_subjects import SCHEMA, SIZE, make_shown, make_subject
from PIL import Image as Picture

from condvae.conditions import Categorical, Image, MaskedImage
from condvae.explorer import make_page
from condvae.graph.graph import run_graph
from condvae.masks import observe, quadrants


def page_of(*arguments, examples=4, **settings):
    subject = make_subject(*arguments, **settings)
    return subject, make_page(subject, make_shown(subject, examples=examples))


def encoded(tab):
    """y as the page gives it to the networks."""
    return np.array(tab.evaluate("[...explorer.encode(explorer.store.state)]"), "float32")


def test_conditions_by_name_are_given_and_left_out(open_page):
    subject, page = page_of(SCHEMA)
    with open_page(page) as tab:
        np.testing.assert_array_equal(encoded(tab), SCHEMA.encode({"shape": "disc"})[0])
        slider = tab.get_by_role("slider", name="size")
        assert slider.get_attribute("aria-valuetext") == "not given"
        assert float(slider.input_value()) == pytest.approx(SIZE.mean[0], abs=0.01)
        slider.fill("0.3")
        assert tab.get_by_role("checkbox", name="size").is_checked()
        assert slider.get_attribute("aria-valuetext") is None
        tab.get_by_role("checkbox", name="with").check()
        tab.get_by_role("checkbox", name="scarf").check()
        tab.get_by_role("checkbox", name="colour").check()
        tab.get_by_role("combobox", name="colour").select_option(label="blue")
        tab.get_by_role("radio", name="cross").click()
        settle(tab)
        values = {"shape": "cross", "size": 0.3, "with": "scarf", "colour": "blue"}
        y = SCHEMA.encode(values)[0]
        # a slider has 200 steps
        np.testing.assert_allclose(encoded(tab), y, atol=0.02)
        assert tab.inner_text("#given-words") == "shape cross, size 0.3, with scarf, colour blue"
        expected = expected_levels(subject, [0, 0], encoded(tab))
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5
        address = tab.evaluate("location.hash")
        tab.get_by_role("checkbox", name="shape").uncheck()
        assert encoded(tab)[:4].tolist() == [0, 0, 0, 0]
        assert tab.locator("[aria-checked=true]").count() == 0
        tab.get_by_role("button", name="Image 3 of the data").click()
        y = make_shown(subject).y[2]
        wait_until(tab, "reading.textContent.startsWith('Encoded under its own')")
        np.testing.assert_allclose(encoded(tab), y, atol=1e-6)
    with open_page(page, address) as tab:
        y = SCHEMA.encode(values)[0]
        np.testing.assert_allclose(encoded(tab), y, atol=0.02)


@pytest.mark.parametrize("shape", [(9, 6, 3), (70, 66, 1)])
def test_images_of_any_size_and_in_colour(shape, open_page, tmp_path):
    subject, page = page_of(shape=shape, latent_dim=5)
    with open_page(page) as tab:
        z = [0.3, -0.4, 1.1, 0, 0.8]
        tab.evaluate("(z) => explorer.store.commit({ z })", z)
        settle(tab)
        expected = expected_levels(subject, z, np.eye(10)[0])
        assert abs(pixels(tab, shape) - expected).max() < 1.5
        # five latents: the plane shows the two most active, others can be chosen
        active = np.argsort(-make_shown(subject).mean.var(axis=0))
        assert state(tab)["axes"] == sorted(active[:2].tolist())
        tab.select_option("#axis-x", "3")
        tab.select_option("#axis-y", "1")
        assert state(tab)["axes"] == [3, 1]
        tab.select_option("#axis-y", "3")
        assert state(tab)["axes"] == [1, 3]
        tab.locator("#handle").click(position={"x": 3, "y": 3})
        moved, view = state(tab)["z"], state(tab)["view"]
        assert moved[0] == 0.3
        assert moved[1] < view["x"] - 0.9 * view["span"]
        assert moved[3] > view["y"] + 0.9 * view["span"]
        rng = np.random.default_rng(0)
        image = rng.integers(0, 256, shape, dtype="uint8")
        Picture.fromarray(image.squeeze()).save(tmp_path / "own.png")
        tab.set_input_files("#file", tmp_path / "own.png")
        wait_until(tab, "reading.textContent.startsWith('Encoded as')")
        y = np.array(state(tab)["values"], "float32")
        inputs = {"x": image[None].astype("float32") / 255, "y": y}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"][0]
        assert state(tab)["z"] == pytest.approx(mean.tolist(), abs=0.01)


def test_part_of_an_image_is_given_and_the_rest_is_sampled(open_page):
    subject, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    shown = make_shown(subject)
    with open_page(page) as tab:
        # what is given at first: the first image of the data, by the mask of training
        levels = np.rint(shown.images * 255) / 255
        left = np.broadcast_to(np.arange(8) < 4, (8, 8))
        y = observe(levels[:1], left)[0]
        np.testing.assert_allclose(encoded(tab).reshape(8, 8, 2), y, atol=1e-6)
        expected = expected_levels(subject, state(tab)["z"], y)
        expected = np.where(left[..., None], levels[0] * 255, expected)
        assert abs(pixels(tab, (8, 8, 1)) - expected).max() < 1.5
        tab.select_option("#mask", "bottom left quarter")
        tab.get_by_role("button", name="Image 2 of the data").click()
        settle(tab)
        y = observe(levels[1:2], quadrants(8, 8, 1))[0]
        np.testing.assert_allclose(encoded(tab).reshape(8, 8, 2), y, atol=1e-6)
        # a sample is an image at a z of the prior, the given pixels as they are
        tab.get_by_role("button", name="sample 2").click()
        settle(tab)
        sample = tab.evaluate(
            """() => { const canvas = document.querySelectorAll("#samples canvas")[3];
              return [...canvas.getContext("2d").getImageData(0, 0, 8, 8).data]; }"""
        )
        sample = np.reshape(sample, (8, 8, 4))[..., :1]
        assert abs(sample - pixels(tab, (8, 8, 1))).max() <= 1
        given = quadrants(8, 8, 1)[..., None]
        assert abs(sample - levels[1] * 255)[given].max() <= 1
        expected = expected_levels(subject, state(tab)["z"], y)
        assert abs(sample - expected)[~given].max() < 1.5
        tab.click("#more-samples")
        tab.click("#centre-z")
        inputs = {"y": y[None].astype("float32"), "noise": np.zeros((1, 2), "float32")}
        centre = run_graph(subject.graphs["prior"], subject.tensors, inputs)["z"][0]
        assert state(tab)["z"] == pytest.approx(centre.tolist(), abs=0.01)


def test_a_link_holds_what_is_given_of_an_image(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        tab.select_option("#mask", "left half")
        tab.get_by_role("button", name="Image 3 of the data").click()
        address, expected = tab.evaluate("location.hash"), encoded(tab)
        for damaged in ("pixels=AAAA", "mask=!", "mask=" + 85 * "_" + "w"):
            tab.evaluate("(text) => { location.hash = text; }", damaged)
            wait_until(tab, "message.textContent.startsWith('The link is of another model')")
            tab.keyboard.press("Escape")
            assert tab.is_hidden("#message")
        np.testing.assert_array_equal(encoded(tab), expected)
    with open_page(page, address) as tab:
        np.testing.assert_array_equal(encoded(tab), expected)


def test_points_without_a_row_of_labels_have_a_legend(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        assert tab.locator("#point-classes").inner_text().split() == ["a", "b", "c"]
    _, page = page_of()
    with open_page(page) as tab:
        assert tab.is_hidden("#point-classes")


def test_the_mask_is_painted_but_not_to_its_end(open_page):
    _, page = page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True)
    with open_page(page) as tab:
        tab.get_by_label("hide").check()
        sheet = tab.locator("#sketch")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        before = encoded(tab).reshape(8, 8, 2)[..., 1]
        tab.mouse.move(box["x"] + 5, box["y"] + 5)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2, steps=6)
        tab.mouse.up()
        after = encoded(tab).reshape(8, 8, 2)[..., 1]
        assert after.sum() < before.sum()
        assert after[0, 0] == 0
        tab.click("#undo")
        np.testing.assert_array_equal(encoded(tab).reshape(8, 8, 2)[..., 1], before)
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        for row in range(9):  # all that there is
            y = box["y"] + min(row / 8, 0.99) * box["height"]
            tab.mouse.move(box["x"] + 2, y)
            tab.mouse.down()
            tab.mouse.move(box["x"] + box["width"] - 2, y, steps=9)
            tab.mouse.up()
        assert encoded(tab).reshape(8, 8, 2)[..., 1].sum() > 0
        assert tab.inner_text("#message").startswith("Some pixels must be given")


def test_label_maps_have_the_colours_of_their_classes(open_page):
    names = ("sky", "post", "sign")
    condition = Image(image_shape=(6, 6, 3))
    subject, page = page_of(condition, shape=(6, 6, 3), pixel_classes=names)
    with open_page(page) as tab:
        given = np.rint(make_shown(subject).images[0] * 255) / 255
        np.testing.assert_allclose(encoded(tab), given.ravel(), atol=1e-6)
        colours = np.array(tab.evaluate("explorer.painter.colours"))
        expected = expected_levels(subject, [0, 0], given) / 255 @ colours
        assert abs(pixels(tab, (6, 6, 3)) - expected).max() < 1.5
        assert tab.locator("#pixel-classes").inner_text().split() == list(names)


def test_one_latent_lies_on_a_line(open_page):
    subject, page = page_of(latent_dim=1)
    with open_page(page) as tab:
        tab.locator("#handle").click(position={"x": 3, "y": 3})
        (z,), view = state(tab)["z"], state(tab)["view"]
        assert z < view["x"] - 0.9 * view["span"]
        expected = expected_levels(
            subject, [z], np.eye(10)[int(np.argmax(state(tab)["values"][0]))]
        )
        settle(tab)
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5


def test_many_classes(open_page):
    _, page = page_of(Categorical(name="word", categories=tuple(f"word{i}" for i in range(90))))
    with open_page(page) as tab:
        assert tab.locator("#labels [role=radio]").count() == 40
        assert tab.is_hidden("#mixture-box")
        tab.select_option("#class", label="word77")
        settle(tab)
        assert tab.inner_text("#given-words") == "word word77"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_anyone(scheme, chromium, tmp_path):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    pages = {
        "class": page_of(latent_dim=8),
        "names": page_of(SCHEMA),
        "parts": page_of(MaskedImage(image_shape=(8, 8, 1)), prior=True),
    }
    # axe comes in by a script of its own, which the policy forbids everywhere else
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    for name, (_, page) in pages.items():
        file = tmp_path / f"{name}.html"
        page.write(file)
        tab = context.new_page()
        tab.goto(file.as_uri())
        wait_until(tab, "Boolean(globalThis.explorer)")
        violations = axe.Axe().run(tab).response["violations"]
        found = [(v["id"], [n["html"][:80] for n in v["nodes"]]) for v in violations]
        assert found == []
    context.close()


def test_on_a_phone(open_page):
    _, page = page_of(latent_dim=2)
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with open_page(page, **phone) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        plane = tab.locator("#handle").bounding_box()
        image = tab.locator("#image").bounding_box()
        # what the thumb moves and what the eye follows are seen at once
        assert image["y"] >= 0
        assert plane["y"] + plane["height"] / 2 < 740
        tab.touchscreen.tap(plane["x"] + plane["width"] - 4, plane["y"] + 20)
        view = state(tab)["view"]
        assert state(tab)["z"][0] > view["x"] + 0.9 * view["span"]
        small = tab.evaluate(
            """() => [...document.querySelectorAll("button, select, .button")]
              .filter((one) => one.offsetHeight && one.offsetHeight < 32)
              .map((one) => one.id || one.textContent)"""
        )
        assert [name for name in small if name] == []


def test_with_less_motion_a_walk_goes_in_steps(open_page):
    _, page = page_of()
    with open_page(page, reduced_motion="reduce") as tab:
        tab.click("#from")
        tab.evaluate("explorer.store.commit({ z: [1, 1] })")
        tab.click("#to")
        tab.evaluate(
            """() => { globalThis.places = new Set();
              explorer.store.onChange(({ z }) => places.add(z[0].toFixed(3))); }"""
        )
        tab.click("#play")
        wait_until(tab, "play.textContent === 'Play'")
        assert 2 <= tab.evaluate("places.size") <= 6


def test_by_the_keyboard_alone(open_page):
    _, page = page_of()
    with open_page(page) as tab:
        for _ in range(12):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.id") == "handle":
                break
        span = state(tab)["view"]["span"]
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("Shift+ArrowUp")
        assert state(tab)["z"] == pytest.approx([0.02 * span, 0.1 * span])
        assert tab.inner_text("#spoken").startswith("digit 0, z ")
        tab.keyboard.press("+")
        assert state(tab)["view"]["span"] == pytest.approx(span / 1.4)
        tab.keyboard.press("0")
        assert state(tab)["view"]["span"] == pytest.approx(span)


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
        for name, sentence in sentences.items():
            tab.set_input_files("#file", tmp_path / name)
            wait_until(tab, f"message.textContent.includes({sentence!r})")
        assert tab.is_visible("#main")
        tab.evaluate(
            """() => { const data = new DataTransfer(); data.setData("text/plain", "words");
              document.dispatchEvent(new DragEvent("drop", { dataTransfer: data })); }"""
        )
        assert tab.inner_text("#message").startswith("What was dropped is no file")


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
            assert tab.inner_text("#message").startswith("This file is damaged or incomplete")
            assert tab.is_hidden("#main")
    changed = page.text.replace("const $graph", "const  $graph", 1)
    with open_page(changed, complaints=("Content Security Policy",), waits=False) as tab:
        assert "the file is damaged" in " ".join(tab.inner_text("#message").split())
    with open_page(page.text[: start // 2], waits=False) as tab:  # cut off in the program
        assert "the file is damaged" in " ".join(tab.inner_text("#message").split())


def test_a_notebook_s_frame_is_a_whole_page(open_page):
    _, page = page_of()
    text = f"<!doctype html><p id='message'></p>{page._repr_html_()}"
    with open_page(text) as tab:
        frame = tab.frames[1]
        frame.wait_for_selector("#main:not([hidden])")
        wait_until(frame, "Boolean(globalThis.explorer)")
        given = "document.getElementById('given-words').innerText"
        frame.get_by_role("radio", name="2").click()
        wait_until(frame, f"{given} === 'digit 2'")
        frame.click("#undo")
        wait_until(frame, f"{given}.startsWith('digit 0')")
