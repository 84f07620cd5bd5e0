"""The page in a real browser: opened from disk, dragged, drawn on, recorded."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browsing import DECODE, expected_levels, pixels, settle, state, wait_until
from explorer_subjects import make_shown, make_subject
from PIL import Image

import condvae
from condvae.conditions import Categorical
from condvae.explorer import make_page
from condvae.graph.graph import run_graph
from condvae.models import build_model
from condvae.spec import Spec
from condvae.trained import TrainedModel


def place(tab, share):
    """A place of the plane as its share across and down, in the window's pixels."""
    box = tab.locator("#handle").bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def drag(tab, *shares):
    tab.locator("#handle").scroll_into_view_if_needed()
    tab.mouse.move(*place(tab, shares[0]))
    tab.mouse.down()
    for share in shares[1:]:
        tab.mouse.move(*place(tab, share), steps=4)
    tab.mouse.up()
    settle(tab)


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
    return TrainedModel(build_model(spec, (12, 10, 1), (10,)), condition)


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
        asked = {"z": z.ravel().tolist(), "y": y.ravel().tolist(), "rows": 1000}
        found = np.reshape(tab.evaluate(DECODE, asked), expected.shape)
        assert abs(found - expected).max() < 1 / 255
        for row in range(3):
            changes = {"z": z[row].tolist(), "values": [y[row].tolist()]}
            tab.evaluate("(changes) => explorer.store.commit(changes)", changes)
            settle(tab)
            shown = pixels(tab, model.image_shape)
            assert abs(shown - 255 * expected[row]).max() < 1.5


def test_dragging_moves_z_and_the_image_follows(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        before = state(tab)
        drag(tab, (0.5, 0.5), (0.6, 0.4), (0.75, 0.25))
        after = state(tab)
        view = before["view"]
        reached = [view["x"] + view["span"] / 2, view["y"] + view["span"] / 2]
        assert after["z"] == pytest.approx(reached, abs=0.02)
        expected = expected_levels(subject, after["z"], after["values"][0])
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5
        # of one drag one step, by the keyboard and by the buttons
        tab.keyboard.press("Control+z")
        assert state(tab)["z"] == before["z"]
        tab.click("#redo")
        assert state(tab)["z"] == after["z"]
        tab.click("#reset")
        assert state(tab)["z"] == before["z"]
        assert f"z={after['z'][0]:.2f}"[:4] not in tab.evaluate("location.hash")


def test_every_label_is_shown_at_the_same_z_and_can_be_chosen(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        tab.evaluate("explorer.store.commit({ z: [0.7, -1.1] })")
        tab.get_by_role("radio", name="3").click()
        settle(tab)
        assert tab.inner_text("#given-words") == "digit 3"
        eye = np.eye(10)
        shown = tab.evaluate(
            """() => [...document.querySelectorAll("#labels canvas")].map((canvas) =>
              [...canvas.getContext("2d").getImageData(0, 0, 8, 8).data])"""
        )
        for code, levels in enumerate(shown):
            expected = expected_levels(subject, [0.7, -1.1], eye[code])
            found = np.reshape(levels, (8, 8, 4))[..., :1]
            assert abs(found - expected).max() < 1.5
        tab.keyboard.press("ArrowRight")
        assert state(tab)["values"][0] == eye[4].tolist()
        assert tab.get_by_role("radio", name="4").get_attribute("aria-checked") == "true"


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
        at = place(tab, (0.5 + across, 0.5 - up))
        tab.mouse.move(*at)
        tab.wait_for_selector("#preview:not([hidden])")
        settle(tab)
        y = np.eye(10)[shown.codes[row]]
        expected = expected_levels(subject, shown.mean[row], y)
        assert abs(pixels(tab, subject.image_shape, "preview") - expected).max() < 2
        tab.mouse.click(*at)
        assert state(tab)["z"] == pytest.approx(shown.mean[row].tolist(), abs=1e-3)
        assert state(tab)["values"][0] == y.tolist()


def test_sliders_move_a_latent_and_say_what_it_moves(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        slider = tab.get_by_label("z2 · slant")
        slider.focus()
        for _ in range(5):
            tab.keyboard.press("ArrowRight")
        assert state(tab)["z"] == pytest.approx([0, 0.05])
        slider.fill("-1.5")
        assert state(tab)["z"] == [0, -1.5]
        names = tab.locator("#latents .slider span").all_inner_texts()
        assert names == ["z1", "z2 · slant"]  # the more active first


def test_the_label_is_dragged_between_classes(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        box = tab.locator("#mixture")
        box.scroll_into_view_if_needed()
        at = box.bounding_box()
        middle = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
        tab.mouse.move(middle[0], at["y"] + 24)
        tab.mouse.down()
        tab.mouse.move(middle[0], middle[1], steps=5)
        tab.mouse.up()
        settle(tab)
        weights = state(tab)["values"][0]
        assert weights == pytest.approx([0.1] * 10, abs=0.02)
        assert sum(weights) == pytest.approx(1)
        expected = expected_levels(subject, [0, 0], weights)
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5
        box.focus()
        for _ in range(30):
            tab.keyboard.press("ArrowDown")
        assert state(tab)["values"][0][5] > 0.95


def test_an_image_that_is_opened_is_encoded(tiny, open_page, tmp_path):
    subject, page = tiny
    image = np.random.default_rng(5).integers(0, 256, (8, 8), dtype="uint8")
    Image.fromarray(image).save(tmp_path / "own.png")
    with open_page(page) as tab:
        tab.set_input_files("#file", tmp_path / "own.png")
        wait_until(tab, "reading.textContent.startsWith('Encoded as digit')")
        x = np.repeat(image[None, ..., None] / 255, 10, axis=0).astype("float32")
        inputs = {"x": x, "y": np.eye(10, dtype="float32")}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"]
        code = int(np.argmax(state(tab)["values"][0]))
        assert state(tab)["z"] == pytest.approx(mean[code].tolist(), abs=0.01)
        tab.get_by_role("button", name="Image 2 of the data").click()
        wait_until(tab, "reading.textContent === 'Encoded under its own label.'")
        shown = make_shown(subject)
        inputs = {"x": shown.images[1:2], "y": shown.y[1:2]}
        mean = run_graph(subject.graphs["encoder"], subject.tensors, inputs)["mean"][0]
        assert state(tab)["z"] == pytest.approx(mean.tolist(), abs=0.03)  # levels of 8 bits
        assert state(tab)["values"][0] == shown.y[1].tolist()


def test_what_is_drawn_is_cut_as_the_training_images_were(open_page):
    subject = make_subject(shape=(28, 28, 1))
    shown = make_shown(subject)
    shown.images[:] = 0
    shown.images[:, 4:24, 10:20] = 1  # 20 pixels high
    with open_page(make_page(subject, shown)) as tab:
        tab.evaluate(
            """() => {
              const ask = explorer.engine.ask;
              explorer.engine.ask = (slot, name, inputs, take) => {
                if (name === "encoder") globalThis.seen = [...inputs.x.slice(0, 28 * 28)];
                ask(slot, name, inputs, take);
              };
            }"""
        )
        sheet = tab.locator("#sketch")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        tab.mouse.move(box["x"] + 30, box["y"] + 20)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 30, box["y"] + 120, steps=8)
        tab.mouse.up()
        wait_until(tab, "globalThis.seen")
        image = np.reshape(tab.evaluate("seen"), (28, 28))
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 0.1) for axis in (1, 0))
    assert 19 <= 1 + np.ptp(rows) <= 20
    assert np.ptp(columns) < 6
    mass = image / image.sum()
    assert (mass.sum(axis=1) * np.arange(28)).sum() == pytest.approx(13.5, abs=0.6)
    assert (mass.sum(axis=0) * np.arange(28)).sum() == pytest.approx(13.5, abs=0.6)


def test_a_walk_is_saved_as_frames_and_as_a_video(tiny, open_page, tmp_path):
    subject, page = tiny
    with open_page(page) as tab:
        tab.evaluate("explorer.store.commit({ z: [-1, 0.5] })")
        tab.click("#from")
        tab.evaluate("explorer.store.commit({ z: [1, -0.5] })")
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
        wait_until(tab, "!document.getElementById('video').disabled")
        with tab.expect_download() as saved:
            tab.click("#video")
        content = Path(saved.value.path()).read_bytes()
        assert saved.value.suggested_filename == "tiny-walk.webm"
        assert content[:4] == b"\x1aE\xdf\xa3"
        assert len(content) > 5000
        tab.locator("#place").fill("0.5")
        assert state(tab)["z"] == pytest.approx([0, 0], abs=1e-6)
        assert state(tab)["values"][0][7] == pytest.approx(0.5)


def test_a_link_holds_the_state(tiny, open_page):
    _, page = tiny
    with open_page(page) as tab:
        drag(tab, (0.5, 0.5), (0.3, 0.4))
        tab.get_by_role("radio", name="6").click()
        tab.click("#zoom-in")
        tab.check("#every")
        tab.check("#only")
        tab.click("#from")
        tab.get_by_role("radio", name="2").click()
        tab.click("#to")
        address, expected = tab.evaluate("location.hash"), state(tab)
    with open_page(page, address) as tab:
        found = state(tab)
        assert found["z"] == pytest.approx(expected["z"], abs=1e-3)
        assert found["values"] == expected["values"]
        assert found["view"] == pytest.approx(expected["view"], abs=1e-3)
        for end in ("from", "to"):
            assert found[end]["z"] == pytest.approx(expected[end]["z"], abs=1e-3)
            assert found[end]["values"] == expected[end]["values"]
        assert found["every"] is found["only"] is True
        assert tab.is_enabled("#play")
        assert tab.is_checked("#every")
    with open_page(page) as tab:
        for damaged in (
            *("z=1", "z=1,a", "y0=@12", "view=0,0,-1", "axes=0,7", "y0="),
            *("from.z=0", "from.z=0,0", "to.z=0,0&to.y0=@12"),
        ):
            tab.evaluate("explorer.say('')")
            tab.evaluate("(text) => { location.hash = text; }", damaged)
            wait_until(tab, "message.textContent.startsWith('The link is of another model')")
            assert state(tab)["z"] == [0, 0]


def test_the_grid_shows_what_is_seen_of_the_plane(tiny, open_page):
    subject, page = tiny
    with open_page(page) as tab:
        view, values = state(tab)["view"], state(tab)["values"][0]
        found = tab.evaluate(
            """() => { const canvas = document.querySelector("#grid canvas");
              return [...canvas.getContext("2d").getImageData(0, 0, 64, 64).data]; }"""
        )
        found = np.reshape(found, (8, 8, 8, 8, 4))[..., 0]
        for row, column in ((0, 0), (2, 5), (7, 7)):
            z = [
                view["x"] + ((column + 0.5) / 4 - 1) * view["span"],
                view["y"] - ((row + 0.5) / 4 - 1) * view["span"],
            ]
            expected = expected_levels(subject, z, values)[..., 0]
            assert abs(found[row, :, column] - expected).max() < 1.5
        tab.check("#every")
        settle(tab)
        assert tab.locator("#grid canvas").count() == 10
        tab.locator("#grid canvas").nth(3).click(position={"x": 5, "y": 5})
        z = state(tab)["z"]
        assert z[0] < view["x"] - 0.8 * view["span"]
        assert z[1] > view["y"] + 0.8 * view["span"]


def test_in_workers_it_is_the_same(tiny, open_page):
    subject, _ = tiny
    page = make_page(subject, make_shown(subject), worker_above=0.0)
    with open_page(page) as tab:
        tab.evaluate("explorer.store.commit({ z: [0.4, 0.9] })")
        settle(tab)
        expected = expected_levels(subject, [0.4, 0.9], np.eye(10)[0])
        tab.wait_for_timeout(100)
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5
        # faster than the workers: what is shown in the end is the last
        for step in range(40):
            tab.evaluate("(x) => explorer.store.change({ z: [x, x] })", step / 40)
        settle(tab)
        tab.wait_for_timeout(200)
        expected = expected_levels(subject, [39 / 40] * 2, np.eye(10)[0])
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5


def test_where_workers_are_forbidden_the_page_computes(tiny, open_page):
    subject, _ = tiny
    page = make_page(subject, make_shown(subject), worker_above=0.0)
    text = page.text.replace("worker-src blob:", "worker-src &#x27;none&#x27;", 1)
    with open_page(text, complaints=("Content Security Policy",)) as tab:
        tab.evaluate("explorer.store.commit({ z: [0.4, 0.9] })")
        expected = expected_levels(subject, [0.4, 0.9], np.eye(10)[0])
        settle(tab)
        tab.wait_for_timeout(300)
        assert abs(pixels(tab, subject.image_shape) - expected).max() < 1.5
