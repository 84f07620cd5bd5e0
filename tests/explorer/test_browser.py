"""The page in a real browser: opened from disk, dragged, drawn on, recorded."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browsing import (
    Between,
    commit,
    decoded,
    do,
    drag,
    expect,
    expect_pixels,
    expect_state,
    expect_value,
    num_workers,
    pixels,
    places_in,
    read,
    settle,
    state,
)
from explorer_subjects import expected_levels, make_shown, make_subject
from PIL import Image

import condvae
from condvae.conditions import Categorical
from condvae.data.pictures import read_image
from condvae.explorer import make_page
from condvae.explorer.weights import shrink_weights
from condvae.graph.graph import run_graph
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec


class Other(list):
    """Equals every list but the one that it holds."""

    def __eq__(self, numbers):
        return list(self) != numbers

    __hash__ = None


@pytest.fixture(scope="module")
def tiny():
    subject = make_subject()
    return subject, make_page(subject, make_shown(subject), {1: "slant"})


@pytest.fixture(scope="module")
def convolutional():
    """An untrained convolutional model, all of whose weights say something."""
    spec = Spec().override(
        latent_dim=3,
        architecture="convolutional",
        hidden_dims=(4, 6),
        activation="silu",
        condition_at="input",
    )
    condition = Categorical(name="digit", categories=tuple("0123456789"))
    return TrainedModel(build_model(spec, Signature((12, 10, 1), (10,))), condition)


@pytest.fixture
def model_and_page(request, trained_run, digits):
    """A model by Keras, and its page."""
    if request.param == "trained":
        return trained_run.model, condvae.explore(trained_run, digits)
    model = request.getfixturevalue("convolutional")
    return model, model.explore()


@pytest.mark.parametrize("model_and_page", ["trained", "convolutional"], indirect=True)
def test_the_browser_decodes_what_keras_does(model_and_page, open_page):
    model, page = model_and_page
    rng = np.random.default_rng(3)
    z = rng.standard_normal((1000, model.latent_dim)).astype("float32")
    labels = rng.integers(0, 10, 1000)
    y = model.condition.encode(labels.astype(str))
    expected = model.decode(z, y)
    with open_page(page) as tab:
        found = decoded(tab, z, y).reshape(expected.shape)
        assert abs(found - expected).max() < 1 / 255
        for row in range(3):
            commit(tab, z=z[row].tolist(), values=[y[row].tolist()])
            expect_pixels(tab, 255 * expected[row])


def test_dragging_moves_z_and_the_image_follows(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        before = state(tab)
        drag(tab.locator("#handle"), (0.5, 0.5), (0.6, 0.4), (0.75, 0.25))
        view = before["view"]
        reached = [view["x"] + view["span"] / 2, view["y"] + view["span"] / 2]
        expect_state(tab, z=pytest.approx(reached, abs=0.02))
        after = state(tab)
        expect_pixels(tab, expected_levels(subject, after["z"], after["values"][0]))
        # of one drag one step, by the keyboard and by the buttons
        tab.keyboard.press("Control+z")
        expect_state(tab, z=before["z"])
        tab.click("#redo")
        expect_state(tab, z=after["z"])
        tab.click("#reset")
        expect_state(tab, z=before["z"])
        assert f"z={after['z'][0]:.2f}"[:4] not in read(tab, "location.hash")
        # what follows an undo takes the place of what was undone
        tab.click("#undo")
        expect(tab.locator("#redo")).to_be_enabled()
        commit(tab, z=[0.2, 0.3])
        expect(tab.locator("#redo")).to_be_disabled()


def test_every_label_is_shown_at_the_same_z_and_can_be_chosen(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[0.7, -1.1])
        tab.get_by_role("radio", name="3").click()
        expect(tab.locator("#given-words")).to_have_text("digit 3")
        eye = np.eye(10)
        expect(tab.locator("#labels canvas")).to_have_count(10)
        for code in range(10):
            expected = expected_levels(subject, [0.7, -1.1], eye[code])
            expect_pixels(tab, expected, f"#labels canvas >> nth={code}")
        tab.keyboard.press("ArrowRight")
        expect_state(tab, values=[eye[4].tolist()])
        expect(tab.get_by_role("radio", name="4")).to_have_attribute("aria-checked", "true")


def test_points_are_decoded_under_the_pointer_and_taken_by_a_click(tiny, open_page):
    subject, page = tiny
    shown = make_shown(subject)
    with open_page(page) as tab:
        view = state(tab)["view"]
        inside = np.all(abs(shown.mean - [view["x"], view["y"]]) < 0.8 * view["span"], axis=1)
        apart = np.linalg.norm(shown.mean[:, None] - shown.mean, axis=-1)
        np.fill_diagonal(apart, np.inf)
        row = int(np.argmax(np.where(inside, apart.min(axis=1), 0)))
        across, up = (shown.mean[row] - [view["x"], view["y"]]) / view["span"] / 2
        tab.locator("#handle").scroll_into_view_if_needed()
        (at,) = places_in(tab.locator("#handle"), (0.5 + across, 0.5 - up))
        tab.mouse.move(*at)
        expect(tab.locator("#preview")).to_be_visible()
        y = np.eye(10)[shown.codes[row]]
        expect_pixels(tab, expected_levels(subject, shown.mean[row], y), "#preview", atol=2)
        # a drag that ends where it began is no click
        other = [np.roll(y, 1).tolist()]
        commit(tab, values=other)
        tab.mouse.down()
        tab.mouse.move(at[0] + 40, at[1] + 30, steps=4)
        tab.mouse.move(*at, steps=4)
        tab.mouse.up()
        settle(tab)
        expect_state(tab, z=pytest.approx(shown.mean[row].tolist(), abs=0.02), values=other)
        tab.mouse.click(*at)
        expect_state(tab, z=pytest.approx(shown.mean[row].tolist(), abs=1e-3), values=[y.tolist()])


def test_sliders_move_a_latent_and_say_what_it_moves(open_page):
    subject = make_subject()
    shown = make_shown(subject)
    shown.mean[:] = shown.mean[:, ::-1]
    with open_page(make_page(subject, shown, {1: "slant"})) as tab:
        slider = tab.get_by_label("z2 · slant")
        slider.focus()
        for _ in range(5):
            tab.keyboard.press("ArrowRight")
        expect_state(tab, z=pytest.approx([0, 0.05]))
        slider.fill("-1.5")
        expect_state(tab, z=[0, -1.5])
        slider.focus()
        tab.keyboard.press("Control+z")
        expect_state(tab, z=pytest.approx([0, 0.05]))
        names = tab.locator("#latents .slider span")
        expect(names).to_have_text(["z1", "z2 · slant"])  # a few in the order of their numbers


def test_canvases_turn_dark_with_the_page(tiny, open_page):
    _, page = tiny
    with open_page(page, color_scheme="dark") as tab:
        dark = pixels(tab, "#points")
    with open_page(page) as tab:
        assert (pixels(tab, "#points") != dark).any()
        tab.emulate_media(color_scheme="dark")
        expect_pixels(tab, dark, "#points")


def test_the_label_is_dragged_between_classes(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        box = tab.locator("#mixture")
        drag(box, (0.5, 0.09), (0.5, 0.5), steps=5)
        expect_state(tab, values=[pytest.approx([0.1] * 10, abs=0.02)])
        (weights,) = state(tab)["values"]
        assert sum(weights) == pytest.approx(1)
        expect_pixels(tab, expected_levels(subject, [0, 0], weights))
        box.focus()
        for _ in range(30):
            tab.keyboard.press("ArrowDown")
        expect_value(tab, "explorer.store.state.values[0][5]", Between(low=0.95))


def test_an_image_that_is_opened_is_encoded(tiny, open_page, tmp_path):
    subject, page = tiny
    image = np.random.default_rng(5).integers(0, 256, (8, 8), dtype="uint8")
    Image.fromarray(image).save(tmp_path / "own.png")
    with open_page(page) as tab:
        tab.set_input_files("#file", tmp_path / "own.png")
        reading = tab.locator("#reading")
        expect(reading).to_have_text(re.compile("^Encoded as digit"))
        x = np.repeat(image[None, ..., None] / 255, 10, axis=0).astype("float32")
        inputs = {"x": x, "y": np.eye(10, dtype="float32")}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"]
        code = int(np.argmax(state(tab)["values"][0]))
        expect_state(tab, z=pytest.approx(mean[code].tolist(), abs=0.01))
        tab.get_by_role("button", name="Image 2 of the data").click()
        expect(reading).to_have_text(re.compile("^Encoded under its own label, digit"))
        shown = make_shown(subject)
        inputs = {"x": shown.images[1:2], "y": shown.y[1:2]}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"][0]
        near = pytest.approx(mean.tolist(), abs=0.03)  # levels of 8 bits
        expect_state(tab, z=near, values=[shown.y[1].tolist()])


def test_what_is_drawn_comes_and_goes_with_its_words(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        reading, again = tab.locator("#reading"), tab.locator("#again")
        empty = pixels(tab, "#sketch")
        drag(tab.locator("#sketch"), (0.3, 0.2), (0.3, 0.8), steps=8)
        expect(reading).to_have_text(re.compile("^Encoded as digit .: its style is shown"))
        first, one = pixels(tab, "#sketch"), state(tab)["z"]
        assert (first != empty).any()
        drag(tab.locator("#sketch"), (0.5, 0.2), (0.8, 0.8), steps=8)
        expect_state(tab, z=Other(one))
        both = pixels(tab, "#sketch")
        # the ink as it was drawn, not as coarse as the model sees it
        tab.click("#undo")
        expect_state(tab, z=one)
        expect_pixels(tab, first, "#sketch")
        expect(reading).to_have_text(re.compile("^Encoded as"))
        tab.click("#redo")
        expect_pixels(tab, both, "#sketch")
        # under another z the words do not claim its style
        commit(tab, z=[0.5, 0.5])
        expect(reading).to_have_text(re.compile("Since then z has been moved"))
        again.click()
        expect(reading).to_have_text(re.compile("its style is shown under every label"))
        expect(again).to_be_hidden()
        for gone in ("#reset", "#clear"):
            tab.click(gone)
            expect(reading).to_have_text("")
            expect_pixels(tab, empty, "#sketch")
            tab.click("#undo")
            expect_pixels(tab, both, "#sketch")
        expect(reading).to_have_text(re.compile("^Encoded as"))


def test_how_it_works_has_the_numbers_of_the_image(tiny, open_page):
    subject, page = tiny
    shown = make_shown(subject)
    with open_page(page) as tab:
        tab.get_by_role("button", name="Image 2 of the data").click()
        tab.get_by_text("How it works").click()
        steps = tab.locator("#how-steps li")
        expect(steps).to_have_count(5)
        x = np.rint(shown.images[1:2] * 255) / 255
        # to the last decimal: with the weights as the page has them
        stored = shrink_weights(subject).stored
        tensors = {name: getattr(one, "tensor", one) for name, one in stored.items()}
        outputs = run_graph(subject.graphs["encoder"], tensors, {"x": x, "y": shown.y[1:2]})
        mean, scale = outputs["mean"][0], np.exp(outputs["logvar"][0] / 2)

        def vector(numbers):
            text = ", ".join(f"{number:.2f}" for number in numbers)
            return f"({text.replace('-', '−')})"

        kl = (mean**2 + scale**2 - 1).sum() / 2 - np.log(scale).sum()
        expect(steps.nth(1)).to_contain_text(f"μ = {vector(mean)}")
        expect(steps.nth(1)).to_contain_text(f"σ = {vector(scale)}")
        expect(steps.nth(1)).to_contain_text(f"= {kl:.2f} nats")
        words = steps.nth(2).locator("p")
        expect(words.first).to_have_text(re.compile("^ε = "))

        def check_draw():
            noise, z = (
                np.array([float(n) for n in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))])
                for text in read(
                    tab,
                    "[...document.querySelectorAll('#how-steps li:nth-child(3) p')]"
                    ".map((one) => one.textContent)",
                )
            )
            np.testing.assert_allclose(z, mean + scale * noise, atol=0.02)
            expected = expected_levels(subject, mean + scale * noise, shown.y[1])
            # the noise is written to two decimals
            expect_pixels(tab, expected, "#how-steps li:last-child canvas", atol=6)
            return noise

        first = check_draw()
        tab.click("#resample")
        assert (check_draw() != first).any()


@pytest.mark.parametrize("ink", [1, 0], ids=["light on dark", "dark on light"])
def test_what_is_drawn_is_cut_as_the_training_images_were(open_page, ink):
    subject = make_subject(shape=(28, 28, 1))
    shown = make_shown(subject)
    shown.images[:] = 1 - ink
    shown.images[:, 4:24, 10:20] = ink  # 20 pixels high
    with open_page(make_page(subject, shown)) as tab:
        do(
            tab,
            """() => {
              const ask = explorer.engine.ask;
              explorer.engine.ask = (slot, name, inputs, take) => {
                if (name === "encoder") globalThis.seen = [...inputs.x.slice(0, 28 * 28)];
                ask(slot, name, inputs, take);
              };
            }""",
        )
        drag(tab.locator("#sketch"), (0.125, 0.08), (0.125, 0.5), (0.3, 0.5), steps=8)  # an L
        expect_value(tab, "Boolean(globalThis.seen)", True)
        image = abs(np.reshape(read(tab, "seen"), (28, 28)) - (1 - ink))
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 0.1) for axis in (1, 0))
    assert 19 <= 1 + np.ptp(rows) <= 20
    assert 6 < np.ptp(columns) < 14
    mass = image / image.sum()
    assert (mass.sum(axis=1) * np.arange(28)).sum() == pytest.approx(13.5, abs=0.6)
    assert (mass.sum(axis=0) * np.arange(28)).sum() == pytest.approx(13.5, abs=0.6)


def test_a_saved_image_is_large_and_read_as_the_pixels_of_the_model(tiny, open_page, tmp_path):
    _, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[-1, 0.5])
        shown = pixels(tab, "#image")
        with tab.expect_download() as saved:
            tab.click("#save")
        saved.value.save_as(tmp_path / "saved.png")
        with Image.open(tmp_path / "saved.png") as image:
            assert image.size == (112, 112)
            image.load()  # which checks the sums of the chunks
        drawn = read_image(tmp_path / "saved.png", (8, 8, 3))
        np.testing.assert_array_equal(drawn, shown[..., :3])
        found = []
        Image.fromarray(drawn).save(tmp_path / "raw.png")
        for name in ("raw.png", "saved.png"):
            commit(tab, z=[0, 0])
            tab.set_input_files("#file", tmp_path / name)
            expect(tab.locator("#message")).to_have_text(f"{name} was read.")
            expect_value(tab, "explorer.store.state.z[0] !== 0", True)
            found.append(state(tab)["z"])
        assert found[0] == found[1]


def test_a_walk_is_saved_as_frames_and_as_a_video(tiny, open_page, tmp_path):
    subject, page = tiny
    with open_page(page) as tab:
        commit(tab, z=[-1, 0.5])
        tab.click("#from")
        commit(tab, z=[1, -0.5])
        tab.get_by_role("radio", name="7").click()
        tab.click("#to")
        with tab.expect_download() as saved:
            tab.click("#frames")
        archive = zipfile.ZipFile(io.BytesIO(Path(saved.value.path()).read_bytes()))
        assert archive.testzip() is None
        assert len(archive.namelist()) == 48
        eye = np.eye(10)
        ends = {"frame-001.png": ([-1, 0.5], eye[0]), "frame-048.png": ([1, -0.5], eye[7])}
        for name, (z, y) in ends.items():
            with Image.open(archive.open(name)) as frame:
                found = np.asarray(frame.convert("L"))
            assert found.shape == (448, 448)
            expected = expected_levels(subject, z, y)[..., 0]
            assert abs(found[28::56, 28::56] - expected).max() < 1.5
        expect(tab.locator("#video")).to_be_enabled()
        with tab.expect_download() as saved:
            tab.click("#video")
        content = Path(saved.value.path()).read_bytes()
        assert saved.value.suggested_filename == "tiny-walk.webm"
        assert content[:4] == b"\x1aE\xdf\xa3"
        assert len(content) > 5000
        tab.locator("#place").fill("0.5")
        expect_state(tab, z=pytest.approx([0, 0], abs=1e-6))
        expect_value(tab, "explorer.store.state.values[0][7]", pytest.approx(0.5))


def test_a_link_holds_the_state(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        drag(tab.locator("#handle"), (0.5, 0.5), (0.3, 0.4))
        tab.get_by_role("radio", name="6").click()
        tab.click("#zoom-in")
        tab.check("#every")
        tab.check("#all")
        tab.click("#from")
        tab.get_by_role("radio", name="2").click()
        tab.click("#to")
        expect(tab.locator("#play")).to_be_enabled()
        address, expected = read(tab, "location.hash"), state(tab)
    near = {name: pytest.approx(expected[name], abs=1e-3) for name in ("z", "view")}
    for name in ("from", "to"):
        end = expected[name]
        near[name] = {"z": pytest.approx(end["z"], abs=1e-3), "values": end["values"]}
    with open_page(page, address) as tab:
        expect_state(tab, **near, values=expected["values"], every=True, all=True)
        expect(tab.locator("#play")).to_be_enabled()
        expect(tab.locator("#every")).to_be_checked()
        expect(tab.locator("#all")).to_be_checked()
        tab.click("#reset")
        expect_state(tab, all=False)
        expect(tab.locator("#all")).not_to_be_checked()
    with open_page(page) as tab:
        message = tab.locator("#message")
        for damaged in (
            *("z=1", "z=1,a", "y0=@12", "view=0,0,-1", "axes=0,7", "y0="),
            *("from.z=0", "from.z=0,0", "to.z=0,0&to.y0=@12", "point=1.5", "point=200"),
        ):
            do(tab, "explorer.say('')")
            expect(message).to_be_hidden()
            do(tab, "(text) => { location.hash = text; }", damaged)
            expect(message).to_have_text(re.compile("^The link is of another model"))
            settle(tab)
            expect_state(tab, z=[0, 0])


def test_the_grid_shows_what_is_seen_of_the_plane(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        view, (values,) = state(tab)["view"], state(tab)["values"]

        def cell(row, column):
            across, up = (column + 0.5) / 4 - 1, 1 - (row + 0.5) / 4
            z = [view["x"] + across * view["span"], view["y"] + up * view["span"]]
            return expected_levels(subject, z, values)[..., 0]

        # between images as small as these there is a gutter of a pixel, which stays transparent
        cells = [
            [np.pad(cell(row, column), [(0, 1), (0, 1)]) for column in range(8)] for row in range(8)
        ]
        expect_pixels(tab, np.block(cells)[..., None], "#grid canvas")
        tab.check("#every")
        expect(tab.locator("#grid canvas")).to_have_count(10)
        tab.locator("#grid canvas").nth(3).click(position={"x": 5, "y": 5})
        left = Between(high=view["x"] - 0.8 * view["span"])
        expect_state(tab, z=[left, Between(low=view["y"] + 0.8 * view["span"])])


@pytest.fixture(scope="module")
def leaving(tiny):
    """A page that computes nothing itself: what takes no time at all is above a limit below 0."""
    subject, _ = tiny
    return make_page(subject, make_shown(subject), worker_above=-1.0)


def test_in_workers_it_is_the_same(tiny, leaving, open_page):
    subject, _ = tiny
    with open_page(leaving) as tab:
        commit(tab, z=[0.4, 0.9])
        expect_pixels(tab, expected_levels(subject, [0.4, 0.9], np.eye(10)[0]))
        assert num_workers(tab) > 0
        # faster than the workers: what is shown in the end is the last
        for step in range(40):
            do(tab, "(x) => explorer.store.change({ z: [x, x] })", step / 40)
        settle(tab)
        expect_pixels(tab, expected_levels(subject, [39 / 40] * 2, np.eye(10)[0]))


def test_where_workers_are_forbidden_the_page_computes(tiny, leaving, open_page):
    subject, _ = tiny
    text = leaving.text.replace("worker-src blob:", "worker-src &#x27;none&#x27;", 1)
    with open_page(text, complaints=("Content Security Policy",)) as tab:
        commit(tab, z=[0.4, 0.9])
        expect_pixels(tab, expected_levels(subject, [0.4, 0.9], np.eye(10)[0]))
        assert num_workers(tab) == 0
