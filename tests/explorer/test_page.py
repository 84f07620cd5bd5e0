"""What Python puts into the page."""

import base64
import hashlib
import html
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from explorer_subjects import DIGITS, SCHEMA, make_shown, make_subject

from condvae.checks import InputError
from condvae.conditions import Categorical, Image, MaskedImage
from condvae.explorer import (
    Unusual,
    gather_rows,
    make_page,
    modules,
    read_faults,
    read_moves,
    read_unusual,
    write_faults,
)
from condvae.explorer.payload import pack, page_content
from condvae.explorer.shown import as_int16, background, extent
from condvae.explorer.weights import halve_weights
from condvae.graph.graph import run_graph


def unpack(text):
    """Header and arrays of a packed text, read by its description."""
    content = zlib.decompress(base64.b64decode(text))
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    arrays = {}
    for name, described in header["arrays"].items():
        assert described["offset"] % 4 == (4 + length) % 4 == 0
        first = 4 + length + described["offset"]
        dtype, size = np.dtype(described["dtype"]), int(np.prod(described["shape"]))
        numbers = np.frombuffer(content[first : first + size * dtype.itemsize], dtype)
        arrays[name] = numbers.reshape(described["shape"])
    return header, arrays


class Parts(HTMLParser):
    """The scripts and styles of a page, its policy, and where its attributes point to."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.styles, self.links, self.policy, self.title = [], [], [], "", ""
        self._open = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self._open = (tag, attributes)
        self.links += [v for k, v in attrs if k in ("src", "href", "action", "srcset", "data")]
        assert not [k for k, _ in attrs if k.startswith("on") or k == "style"]
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]

    def handle_data(self, data):
        tag, attributes = self._open or ("", {})
        if tag == "script":
            self.scripts.append((attributes, data))
        if tag == "style":
            self.styles.append(data)
        if tag == "title":
            self.title += data

    def handle_endtag(self, tag):
        self._open = None


def test_what_was_packed_comes_back():
    arrays = {
        "halves": np.arange(5, dtype="float16"),
        "codes": np.array([[1, 2, 3]], "uint8"),
        "points": np.array([-7, 8], "int16"),
    }
    header, found = unpack(pack({"name": "é <b>"}, arrays))
    assert header["name"] == "é <b>"
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_a_page_is_one_file_under_a_strict_policy(subject):
    title = "</title><script>alert(1)</script>"
    page = make_page(make_subject(name=title), make_shown(subject))
    parts = Parts(page.text)
    assert parts.links == []
    assert not re.search(r"https?:|\bimport\(|\beval\(|innerHTML", page.text)
    (program,) = [text for attributes, text in parts.scripts if attributes == {"type": "module"}]
    others = [attributes for attributes, _ in parts.scripts if attributes != {"type": "module"}]
    assert [(a["type"], a["id"]) for a in others] == [
        ("text/plain", "worker"),
        ("text/plain", "content"),
    ]
    (style,) = parts.styles
    policy = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))
    for text, rule, more in (
        (program, "script-src", " 'wasm-unsafe-eval'"),
        (style, "style-src", ""),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(rule) == f"'sha256-{digest}'{more}"
    assert policy == {
        "default-src": "'none'",
        "img-src": "blob:",
        "media-src": "blob:",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert parts.title == title
    header, _ = unpack(parts.scripts[-1][1])
    assert header["name"] == title


def test_the_content_says_what_the_model_is(subject):
    shown = make_shown(subject, rows=300)
    weights = halve_weights(subject)
    header, arrays = unpack(pack(*page_content(subject, weights, shown, {1: "slant"})))
    assert header["condition"]["parts"][0]["categories"] == list("0123456789")
    assert header["latents"]["order"] == [0, 1]
    assert header["latents"]["activity"] == pytest.approx(shown.mean.var(axis=0), rel=1e-4)
    assert header["latents"]["moves"] == {"1": "slant"}
    assert header["pixel_range"] == [0, 1]
    np.testing.assert_array_equal(arrays["codes"], shown.codes)
    assert not {"row_steps", "pictures", "log_prob"} & set(arrays)
    np.testing.assert_array_equal(arrays["examples_y"], shown.y)
    np.testing.assert_allclose(arrays["examples"] / 255, shown.images, atol=0.5 / 255)
    tensors = {
        name.removeprefix("tensor:"): array.astype("float32")
        for name, array in arrays.items()
        if name.startswith("tensor:")
    }
    z, y = np.zeros((3, 2), "float32"), np.eye(10, dtype="float32")[:3]
    expected = run_graph(subject.graphs["decoder"], subject.tensors, {"z": z, "y": y})["x_mean"]
    found = run_graph(subject.graphs["decoder"], tensors, {"z": z, "y": y})["x_mean"]
    assert 0 < abs(found - expected).max() < 1 / 255


def test_the_content_tells_rows_and_images_where_it_may(subject):
    shown = make_shown(subject, num_images=20)
    _, arrays = unpack(pack(*page_content(subject, halve_weights(subject), shown)))
    np.testing.assert_array_equal(arrays["row_steps"].cumsum(), shown.rows)
    np.testing.assert_array_equal(arrays["picture_places"], shown.pictures.places)
    np.testing.assert_array_equal(arrays["pictures"], shown.pictures.x)
    np.testing.assert_array_equal(arrays["pictures_y"], shown.pictures.y)
    np.testing.assert_array_equal(arrays["log_prob"], shown.pictures.log_prob.astype("float32"))


def test_without_data_there_are_no_points(subject):
    header, arrays = unpack(pack(*page_content(subject, halve_weights(subject))))
    assert header["points"] is None
    assert header["examples"] is None
    assert all(name.startswith("tensor:") for name in arrays)
    assert header["latents"] == {"order": [0, 1], "activity": None, "moves": {}}


def test_points_come_back_to_a_step_of_their_range():
    mean = np.random.default_rng(0).normal(3, 2, (1000, 3)).astype("float32")
    mean[:, 2] = 7  # a latent that never moves
    stored, low, span = as_int16(mean)
    back = low + (stored.astype(float) + 32767) / 65534 * span
    np.testing.assert_allclose(back, mean, atol=np.ptp(mean) / 65534)


@pytest.mark.parametrize("name", ["encoder", "decoder", "prior"])
def test_weights_that_halves_cannot_hold_stay_whole(name):
    subject = make_subject(prior=True)
    weights = halve_weights(subject)
    assert weights.exact == ()
    assert {tensor.dtype.name for tensor in weights.tensors.values()} == {"float16"}
    changed = {"encoder": "e1", "decoder": "d2", "prior": "p1"}[name]
    subject.tensors[changed][0, 0] = 1e5  # beyond the largest half
    weights = halve_weights(subject)
    assert weights.exact == (name,)
    of_name = subject.graphs[name].weights
    assert {key for key, t in weights.tensors.items() if t.dtype == "float32"} == of_name
    note = f"The {name} keeps float32 weights"
    assert note in " ".join(make_page(subject).notes)


def test_pixels_that_leave_the_unit_interval_have_their_range():
    subject = make_subject(in_unit_interval=False)
    low, high = halve_weights(subject).pixel_range
    assert 0 <= low < 0.2 < 0.8 < high <= 1  # of a sigmoid, which was not said
    assert (low, high) != (0, 1)


def test_rows_are_chosen_by_chance_and_encoded_as_they_are():
    x = np.arange(50, dtype="uint8").reshape(50, 1, 1, 1) * np.ones((1, 4, 4, 1), "uint8")
    y = np.array(list("01234") * 10)

    def encode(x, y):
        return np.stack([x[:, 0, 0, 0], y.argmax(axis=1)], axis=1).astype("float32")

    shown = gather_rows(DIGITS, x, y, encode, 255, num_points=20, num_examples=3)
    rows = shown.mean[:, 0].astype(int)
    assert len(set(rows)) == 20
    assert sorted(rows) == list(rows) != list(range(20))
    np.testing.assert_array_equal(shown.mean[:, 1], rows % 5)
    np.testing.assert_array_equal(shown.codes, rows % 5)
    examples = np.rint(255 * shown.images[:, 0, 0, 0]).astype(int)
    assert set(examples) < set(rows)
    np.testing.assert_array_equal(shown.y.argmax(axis=1), examples % 5)
    assert shown.rows is None
    assert shown.pictures is None
    assert gather_rows(DIGITS, x, y, encode, 255, num_points=0) is None
    with pytest.raises(InputError, match="number of points must be a whole number, 0 or more"):
        gather_rows(DIGITS, x, y, encode, 255, num_points=-1)


def test_points_carry_images_that_are_spread_over_the_classes():
    numbers = np.arange(200)
    y = np.where(numbers < 190, 0, np.where(numbers < 196, 1, 2)).astype(str)
    x = numbers.astype("uint8").reshape(200, 1, 1, 1) * np.ones((1, 2, 3, 1), "uint8")

    def encode(x, y):
        return x[:, 0, 0].astype("float32")

    settings = {"num_images": 15, "rows": 10 * numbers}
    shown = gather_rows(DIGITS, x, y, encode, 255, num_points=200, **settings)
    pictures = shown.pictures
    np.testing.assert_array_equal(shown.rows, 10 * numbers)
    np.testing.assert_array_equal(pictures.x[:, 0, 0, 0], pictures.places)
    np.testing.assert_array_equal(pictures.y.argmax(axis=1), shown.codes[pictures.places])
    # five of each class; of the last there are only four
    assert np.bincount(shown.codes[pictures.places]).tolist() == [6, 5, 4]
    assert np.isnan(pictures.log_prob).all()
    # what stands out is there, however few points there are
    unusual = Unusual(np.array([1990, 30]), np.array([40]), {}, {}, {}, 200)
    settings = {"num_images": 0, "rows": 10 * numbers, "unusual": unusual}
    shown = gather_rows(DIGITS, x, y, encode, 255, num_points=10, **settings)
    assert len(shown.rows) == 10
    assert shown.rows[shown.pictures.places].tolist() == [30, 40, 1990]
    # large images: as many as take a mebibyte, where nobody said how many
    large = np.zeros((40, 256, 256, 1), "uint8")
    shown = gather_rows(
        DIGITS,
        large,
        np.array(["0"] * 40),
        lambda x, y: np.zeros((len(x), 2)),
        255,
        rows=np.arange(40),
    )
    assert len(shown.pictures.places) == 16


def test_unusual_rows_are_read_from_scores(tmp_path):
    rng = np.random.default_rng(0)
    rows, labels = 2 * np.arange(50), np.arange(50) % 3
    log_prob, margin = rng.normal(-100, 10, 100), rng.uniform(1, 3, 100)
    margin[[10, 30, 31]] = -5, -7, -9  # of these 31 was not trained on
    path = tmp_path / "scores.csv"
    head = "row,label,log_prob_given_label,label_margin,log_prob,best_label,best_label_prob"

    def write(given):
        lines = [
            f"{row},{given[row]},{log_prob[row]},{margin[row]},-1,{(given[row] + 1) % 3},0.75"
            for row in range(100)
        ]
        path.write_text("\n".join([head, *lines]))

    given = np.zeros(100, int)
    given[rows] = labels
    write(given)
    found = read_unusual(path, rows, labels, most=4)
    np.testing.assert_array_equal(found.images, rows[np.argsort(log_prob[rows])[:4]])
    assert found.labels.tolist() == [30, 10]
    assert found.num_rows == 50
    assert found.best[30] == (str((labels[15] + 1) % 3), 0.75)
    assert [found.ranks[row] for row in found.images.tolist()] == [0, 1, 2, 3]
    assert found.log_prob[10] == pytest.approx(log_prob[10])
    page = found.for_page(rows)
    assert [one["place"] for one in page["labels"]] == [15, 5]
    write(1 - given)
    with pytest.raises(InputError, match="must be of the data of the run; received label"):
        read_unusual(path, rows, labels)
    path.write_text("row,label\n1,2\n")
    with pytest.raises(InputError, match="must have the columns row, label, log_prob_given"):
        read_unusual(path, rows, labels)


def test_rows_of_images_given_are_shown_as_they_are_given():
    given = np.random.default_rng(0).integers(0, 256, (9, 6, 5, 3), dtype="uint8")
    condition = Image(image_shape=(6, 5, 3))
    x = np.zeros((9, 6, 5, 1), "uint8")
    shown = gather_rows(condition, x, given, lambda x, y: np.zeros((len(x), 2)), 255)
    assert shown.names == ("",)
    assert sorted(shown.images.sum(axis=(1, 2, 3))) == pytest.approx(
        sorted((given / 255).sum(axis=(1, 2, 3)))
    )


def test_how_training_images_were_cut_is_seen():
    rng = np.random.default_rng(0)
    images = np.zeros((40, 28, 28, 1), "float32")
    for image in images:
        across = rng.integers(5, 21)
        top, left = rng.integers(0, 8), rng.integers(0, 28 - across)
        image[top : top + 20, left : left + across] = rng.uniform(0.5, 1)
    assert background(images) == 0
    assert extent(images) == 20
    assert extent(1 - images) == 20
    assert background(1 - images) == 1
    images[:20, 5:20] = 0
    assert extent(images) is None
    assert extent(np.zeros((3, 5, 5, 1))) is None


def test_what_the_doctor_found_is_read_where_it_was_asked(tmp_path):
    assert read_faults(tmp_path) == ()
    write_faults(tmp_path, ["z tells the label"])
    assert read_faults(tmp_path) == ("z tells the label",)
    path = tmp_path / "metrics.json"
    path.write_text('{"faults": ["z tells the label", "samples are blurred"]}')
    assert read_faults(tmp_path) == ("z tells the label", "samples are blurred")
    for damaged in ("", "{}", "[]", '{"faults": 3}'):
        path.write_text(damaged)
        assert read_faults(tmp_path) == ("z tells the label",)


def test_what_axes_move_is_read_where_it_was_measured(tmp_path):
    path = tmp_path / "metrics.json"
    assert read_moves(path) == {}
    axes = [{"latent": 1, "attribute": "slant"}, {"latent": 0, "attribute": None}]
    measures = {"Styles": {"axes": axes, "z1_slant_per_unit": 0.1}, "Bound": {"elbo": -3}}
    path.write_text(json.dumps({"measures": measures}))
    assert read_moves(path) == {1: "slant"}
    wrong = ("", "{}", '{"measures": [1]}', '{"measures": {"a": 3}}', "[" * 100_000)
    wrong_axes = ('{"measures": {"a": {"axes": [3]}}}', '{"measures": {"a": {"axes": 3}}}')
    for damaged in (*wrong, *wrong_axes):
        path.write_text(damaged)
        assert read_moves(path) == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"shape": (8, 8, 2)}, "must have images"),
        ({"shape": (8, 8, 3), "pixel_classes": ("sky", "sea")}, "must have images"),
    ],
)
def test_what_cannot_be_shown_is_refused(settings, reason):
    with pytest.raises(InputError, match=reason):
        make_subject(**settings)


@pytest.mark.parametrize(
    "condition", [DIGITS, SCHEMA, Image(image_shape=(4, 4, 3)), MaskedImage(image_shape=(8, 8, 1))]
)
def test_every_kind_of_condition_makes_a_page(condition):
    subject = make_subject(condition)
    header, arrays = unpack(Parts(make_page(subject, make_shown(subject)).text).scripts[-1][1])
    assert header["condition"]["kind"] == condition.kind
    assert ("mask" in arrays) == isinstance(condition, MaskedImage)


def test_many_classes_have_codes_of_two_bytes():
    condition = Categorical(categories=tuple(map(str, range(300))))
    subject = make_subject(condition)
    _, arrays = page_content(subject, halve_weights(subject), make_shown(subject))
    assert arrays["codes"].dtype == np.uint16


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(subject):
    page = make_page(subject)
    frame = page._repr_html_()
    (content,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(content) == page.text
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert len(repr(page)) < 300


def test_modules_become_one_script(tmp_path, monkeypatch):
    monkeypatch.setattr(modules, "FOLDER", tmp_path)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.js").write_text(text)

    write(
        a='import {\n  b,\n  c as d,\n} from "./b.js";\nexport const a = b() + d;\n',
        b="let hidden = 1;\nexport function b() { return hidden; }\nexport const c = 2;\n",
    )
    script = modules.bundle("a")
    assert script.index("$b = ") < script.index("$a = ")
    assert "const { b, c: d } = $b;" in " ".join(script.split()).replace(", }", " }")
    assert "return { b, c };" in script
    assert "export" not in script
    for text in ("export default 3;\n", 'import * as b from "./b.js";\n', 'f("</script>");\n'):
        write(a=text)
        with pytest.raises(ValueError, match="cannot be put into a page"):
            modules.bundle("a")
    write(a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match="a -> b -> a"):
        modules.bundle("a")


def test_modules_of_the_page_are_short():
    for path in sorted(Path(modules.__file__).parent.glob("page/*")):
        lines = path.read_text().splitlines()
        assert len(lines) < 400, path
        assert max(map(len, lines)) <= 100, path
