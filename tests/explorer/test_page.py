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
from condvae.explorer.narrow import narrow
from condvae.explorer.payload import pack, page_content
from condvae.explorer.shown import as_int16, background, extent
from condvae.explorer.weights import Levels, shrink_weights
from condvae.graph.graph import Graph, Input, run_graph
from condvae.graph.operations import Convolution, Dense, Reshape, Slice


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
        if dtype.itemsize == 2:  # low bytes, to a multiple of four, and high bytes
            second = first + 4 * -(-size // 4)
            low, high = (np.frombuffer(content[at : at + size], "u1") for at in (first, second))
            numbers = (low + 256 * high.astype("u2") - np.uint16(128)).view(dtype)
        else:
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
        "wide": np.array([1, 258, 65535], "uint16"),
        "codes": np.array([[1, 2, 3]], "uint8"),
        "points": np.array([-7, 8, -32768, 32767], "int16"),
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
    weights = shrink_weights(subject)
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
        name.removeprefix("tensor:"): array * arrays.get(f"scale:{name[7:]}", np.float32(1))
        for name, array in arrays.items()
        if name.startswith("tensor:")
    }
    z, y = np.zeros((3, 2), "float32"), np.eye(10, dtype="float32")[:3]
    expected = run_graph(subject.graphs["decoder"], subject.tensors, {"z": z, "y": y})["x_mean"]
    found = run_graph(subject.graphs["decoder"], tensors, {"z": z, "y": y})["x_mean"]
    assert 0 < abs(found - expected).max() < 0.5 / 255


def test_the_content_tells_rows_and_images_where_it_may(subject):
    shown = make_shown(subject, num_images=20)
    _, arrays = unpack(pack(*page_content(subject, shrink_weights(subject), shown)))
    np.testing.assert_array_equal(arrays["row_steps"].cumsum(), shown.rows)
    np.testing.assert_array_equal(arrays["picture_places"], shown.pictures.places)
    np.testing.assert_array_equal(arrays["pictures"], shown.pictures.x)
    np.testing.assert_array_equal(arrays["pictures_y"], shown.pictures.y)
    np.testing.assert_array_equal(arrays["log_prob"], shown.log_prob.astype("float32"))


def test_without_data_there_are_no_points(subject):
    header, arrays = unpack(pack(*page_content(subject, shrink_weights(subject))))
    assert header["points"] is None
    assert header["examples"] is None
    assert all(name.startswith(("tensor:", "scale:")) for name in arrays)
    assert header["latents"] == {"order": [0, 1], "activity": None, "moves": {}}


def test_points_come_back_to_a_step_of_their_range():
    mean = np.random.default_rng(0).normal(3, 2, (1000, 3)).astype("float32")
    mean[:, 2] = 7  # a latent that never moves
    stored, low, span = as_int16(mean)
    back = low + (stored.astype(float) + 32767) / 65534 * span
    np.testing.assert_allclose(back, mean, atol=np.ptp(mean) / 65534)


def kernels(arrays):
    return {name for name in arrays if name.startswith("tensor:") and arrays[name].ndim > 1}


@pytest.mark.parametrize("name", ["encoder", "decoder", "prior"])
def test_weights_that_few_bits_cannot_hold_stay_whole(name):
    subject = make_subject(prior=True)
    weights = shrink_weights(subject)
    assert weights.exact == ()
    assert {weights.arrays[key].dtype.kind for key in kernels(weights.arrays)} == {"i"}
    assert "Weights of " in " ".join(make_page(subject).notes)
    changed = {"encoder": "e1", "decoder": "d2", "prior": "p1"}[name]
    subject.tensors[changed][0, 0] = 1e6  # beside which no level is left for the others
    weights = shrink_weights(subject)
    assert weights.exact == (name,)
    arrays = weights.arrays
    whole = {key for key in kernels(arrays) if arrays[key].dtype == "float32"}
    of_name = {f"tensor:{key}" for key in subject.graphs[name].weights}
    assert whole == kernels({key: arrays[key] for key in of_name})
    note = f"The {name} keeps float32 weights"
    assert note in " ".join(make_page(subject).notes)


def test_levels_are_the_nearest_multiples_of_a_scale_for_each_output():
    kernel = np.random.default_rng(0).normal(0, [1, 100, 0], (50, 3)).astype("float32")
    for bits in (8, 11):
        levels = Levels.of(kernel, bits)
        assert levels.numbers.dtype == np.int16
        step = 4 * kernel.std(axis=0) / 2 ** (bits - 1)
        np.testing.assert_allclose(levels.scale[:2], step[:2], rtol=1e-6)
        assert (abs(levels.tensor - kernel) <= 0.5001 * step).all()
    # an outlier must fit into two bytes
    kernel = np.eye(2000, 1, dtype="float32")
    levels = Levels.of(kernel, 15)
    assert levels.numbers[0, 0] == 2**15 - 129
    assert levels.tensor[0, 0] == pytest.approx(1)


def test_the_fewest_bits_are_taken_that_answer_alike():
    subject = make_subject()
    weights = shrink_weights(subject)
    rng = np.random.default_rng(7)
    z, y = rng.standard_normal((500, 2), "float32"), DIGITS.random(500, rng)
    graph = subject.graphs["decoder"]
    expected = run_graph(graph, subject.tensors, {"z": z, "y": y})["x_mean"]
    largest = {}
    for bits in range(8, 16):
        tensors = {
            name: Levels.of(tensor, bits).tensor if tensor.ndim > 1 else tensor
            for name, tensor in subject.tensors.items()
        }
        found = run_graph(graph, tensors, {"z": z, "y": y})["x_mean"]
        largest[bits] = abs(found - expected).max()
    (bits,) = (
        bits
        for bits in largest
        if (Levels.of(subject.tensors["d2"], bits).scale == weights.stored["d2"].scale).all()
    )
    assert largest[bits] < 0.6 / 255  # of other z
    assert bits == 8 or largest[bits - 1] > 0.4 / 255
    assert 0 < weights.pixel_difference < 0.5 / 255


@pytest.mark.parametrize("of_convolution", [True, False])
def test_outputs_that_nothing_reads_are_left_out(of_convolution):
    rng = np.random.default_rng(0)
    if of_convolution:
        kernel = rng.standard_normal((3, 3, 2, 6), "float32")
        layers = (
            Reshape(inputs=("z",), output="r", shape=(4, 4, 2)),
            Convolution(inputs=("r",), output="image", kernel="k", bias="b"),
        )
    else:
        kernel = rng.standard_normal((32, 96), "float32")
        layers = (
            Dense(inputs=("z",), output="r", kernel="k", bias="b"),
            Reshape(inputs=("r",), output="image", shape=(4, 4, 6)),
        )
    means = Slice(inputs=("image",), output="means", axis=3, start=2, stop=4)
    z = Input(name="z", shape=(32,))
    graph = Graph(inputs=(z,), operations=(*layers, means), outputs={"x_mean": "means"})
    tensors = {"k": kernel, "b": rng.standard_normal(kernel.shape[-1]).astype("float32")}
    graphs, fewer = narrow({"decoder": graph}, tensors)
    inputs = {"z": rng.standard_normal((3, 32), "float32")}
    expected = run_graph(graph, tensors, inputs)["x_mean"]
    np.testing.assert_array_equal(run_graph(graphs["decoder"], fewer, inputs)["x_mean"], expected)
    assert fewer["k"].size == kernel.size / 3
    # what something else reads stays
    for outputs in ({"x_mean": "means", "all": "image"}, {"x_mean": "means", "rows": "r"}):
        both = graph.model_copy(update={"outputs": outputs})
        graphs, same = narrow({"decoder": both}, tensors)
        if "all" in outputs or not of_convolution:
            assert same["k"] is kernel
            assert graphs["decoder"] == both
    graphs, same = narrow({"decoder": graph, "other": graph}, tensors)
    assert same["k"] is kernel


def test_pixels_that_leave_the_unit_interval_have_their_range():
    subject = make_subject(in_unit_interval=False)
    low, high = shrink_weights(subject).pixel_range
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
    assert shown.log_prob is None
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
    _, arrays = page_content(subject, shrink_weights(subject), make_shown(subject))
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
