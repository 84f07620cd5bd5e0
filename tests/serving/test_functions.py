"""The answers of a served run, without a server: like the model's, in any batch."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from condvae.checks import InputError
from condvae.data.enlarged import as_drawn
from condvae.serving import plain, protocol
from condvae.serving.answers import Job, answered, as_json, as_npy, as_png
from condvae.serving.functions.function import numbers
from condvae.serving.problems import Problem
from condvae.serving.served import Served, opened


@pytest.fixture(scope="module")
def served(trained_run):
    return Served(trained_run)


@pytest.fixture(scope="module")
def requests(served, digits):
    """Requests of each function, of several kinds and sizes."""
    x, y = digits.test.x[:5], digits.test.y[:5]
    return {
        "generate": [
            *({"given": n % 10, "num_samples": n, "seed": n} for n in range(1, 21)),
            {"given": "3", "num_samples": 1, "seed": 2**31 - 1, "temperature": 0.7},
            {"given": [1, 2, 3], "seed": 7},
        ],
        "encode": [{"x": x[: n + 1], "y": y[: n + 1]} for n in range(5)],
        "decode": [{"z": [[0.5, n], [n, 1]], "y": [n, 3]} for n in range(5)],
        "transfer": [{"x": x[: n + 1].tolist(), "y": y[: n + 1], "to": n} for n in range(5)],
    }


def library(model, name, fields):
    """The results of TrainedModel."""
    fields = {key: np.array(value) if key in "xz" else value for key, value in fields.items()}
    if name == "encode":
        return dict(zip(("mean", "logvar"), model.encode(**fields), strict=True))
    return {"x_mean" if name == "decode" else "x": getattr(model, name)(**fields)}


@pytest.mark.parametrize("name", ["generate", "encode", "decode", "transfer"])
def test_answers_are_the_library_s_and_have_the_same_bytes_in_any_company(served, requests, name):
    function = served.functions[name]
    jobs = [Job(function.asked(served, fields), as_json) for fields in requests[name]]
    assert len({job.asked.kind for job in jobs}) == 1
    alone = [answered([job])[0] for job in jobs]
    assert list(answered(jobs)) == alone
    assert list(answered(jobs[::-1])) == alone[::-1]
    for fields, answer in zip(requests[name], alone, strict=True):
        found = plain.json_object(answer)
        assert found.pop("outside") == []
        expected = library(served.run.model, name, fields)
        assert set(found) == set(expected)
        for key, array in expected.items():
            # float32 sums of other products
            np.testing.assert_allclose(found[key], array, atol=2e-6)


def test_other_settings_are_other_kinds_and_the_library_s(served):
    function = served.functions["generate"]
    fields = [
        {"given": 4, "num_samples": 3, "seed": 5},
        {"given": 4, "num_samples": 2, "guidance": 2.0},
        {"given": 4, "z": [[0, 1], [1, 0]]},
    ]
    for kind in fields:
        # of what makes no other kind, the other request has another value
        mine, other = (
            function.asked(served, f) for f in (kind, kind | {"seed": 6, "temperature": 0.5})
        )
        both = function.compute([other, mine])["x"]
        np.testing.assert_array_equal(both[mine.rows :], function.compute([mine])["x"])
        expected = served.run.model.generate(**kind)
        np.testing.assert_allclose(both[mine.rows :], expected, atol=1e-5)
    assert len({function.asked(served, kind).kind for kind in fields}) == 3


def test_a_failure_in_company_is_one_s_own(served, monkeypatch):
    function = served.functions["generate"]
    jobs = [Job(function.asked(served, {"given": n}), as_json) for n in range(3)]
    compute = type(function).compute

    def fails(self, asked):
        if any(one is jobs[1].asked for one in asked):
            raise InputError("z must be finite", "nan", "Train again.")
        return compute(self, asked)

    good = answered(jobs)
    monkeypatch.setattr(type(function), "compute", fails)
    found = answered(jobs)
    assert [found[0], found[2]] == [good[0], good[2]]
    assert isinstance(found[1], InputError)


def test_images_are_answered_as_pictures_and_arrays(served):
    asked = served.functions["generate"].asked(served, {"given": 3, "num_samples": 4})
    x = served.functions["generate"].compute([asked])["x"]
    (npy,) = answered([Job(asked, as_npy)])
    np.testing.assert_array_equal(plain.read_npy(npy), x)
    (png,) = answered([Job(asked, as_png)])
    picture = np.asarray(as_drawn(Image.open(io.BytesIO(png))))
    np.testing.assert_array_equal(picture[:8, :8], np.rint(x[0, ..., 0] * 255))
    np.testing.assert_array_equal(picture[10:, 10:], np.rint(x[3, ..., 0] * 255))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("generate", {}),
        ("generate", {"given": "ten"}),
        ("generate", {"given": None}),
        ("generate", {"given": {"letter": 3}}),
        ("generate", {"given": [[[1], 2]]}),
        ("generate", {"given": 3, "num_samples": 10**6}),
        ("generate", {"given": 3, "num_samples": True}),
        ("generate", {"given": 3, "seed": -1}),
        ("generate", {"given": 3, "z": [[1, 2, 3]]}),
        ("generate", {"given": 3, "z": [[1], [1, 2]]}),
        ("generate", {"given": 3, "z": "abc"}),
        ("generate", {"given": 3, "z": [[10**400, 0]]}),
        ("generate", {"given": 3, "z": [[2e30, 0]]}),
        ("generate", {"given": 3, "sample": True}),
        ("generate", {"given": 3, "colour": "red"}),
        ("encode", {"x": [[1, 2], [3, 4]], "y": 3}),
        ("encode", {"x": np.full((1, 8, 8, 1), 300), "y": 3}),
        ("decode", {"z": [[0, 0]], "y": [1, 2]}),
        ("transfer", {"x": np.zeros((1, 8, 8, 1)), "y": 3}),
    ],
)
def test_what_does_not_fit_is_said(served, name, fields):
    with pytest.raises(InputError):
        served.functions[name].asked(served, fields)


def test_a_run_without_graphs_is_refused_in_a_sentence(trained_run, tmp_path):
    for name in ("run.json", "weights.safetensors", "history.csv"):
        (tmp_path / name).write_bytes((trained_run.path / name).read_bytes())
    with pytest.raises(InputError, match="must have graphs to be served"):
        opened([tmp_path])


def test_two_runs_of_one_name_and_a_name_that_is_no_address_are_refused(trained_run, tmp_path):
    with pytest.raises(InputError, match="names must differ"):
        opened([trained_run.path, trained_run.path])
    (tmp_path / "a run").symlink_to(trained_run.path)
    assert list(opened([tmp_path / "a run"])) == [trained_run.path.name]
    (tmp_path / "a?run").mkdir()
    for file in trained_run.path.iterdir():
        (tmp_path / "a?run" / file.name).symlink_to(file)
    with pytest.raises(InputError, match="must consist of letters"):
        opened([tmp_path / "a?run"])


def test_answers_need_no_keras(trained_run):
    code = (
        "import sys; from condvae.serving.served import opened;"
        "(served,) = opened([sys.argv[1]]).values(); function = served.functions['generate'];"
        "function.compute([function.asked(served, {'given': 3})]);"
        "sys.exit(bool({'keras', 'jax'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code, trained_run.path], check=True)


def test_without_the_extra_the_command_says_what_to_install(trained_run, monkeypatch, capsys):
    from condvae.cli import main

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", str(trained_run.path)]) == 2
    assert "pip install 'condvae[serve]'" in capsys.readouterr().err


def npy(array, **settings):
    file = io.BytesIO()
    np.save(file, array, **settings)
    return file.getvalue()


def test_arrays_are_read_and_what_is_none_is_refused():
    for array in (np.arange(6).reshape(2, 3), np.asfortranarray(np.ones((2, 3), "float32"))):
        np.testing.assert_array_equal(plain.read_npy(npy(array)), array)
    whole = npy(np.zeros((4, 4)))
    huge = whole.replace(b"(4, 4), }    ", b"(4, 4000000),")
    assert len(huge) == len(whole)
    for body in (
        b"",
        b"not an array",
        whole[:-1],
        whole + b"\0",
        huge,
        npy(np.array([{}]), allow_pickle=True),
        npy(np.array(["a"])),
    ):
        with pytest.raises(Problem) as caught:
            plain.read_npy(body)
        assert caught.value.status == 400


def test_a_form_is_chosen_by_accept():
    known = [plain.JSON, plain.PNG]
    assert plain.chosen("", known) == plain.chosen("text/html, */*;q=0.1", known) == plain.JSON
    assert plain.chosen("image/*", known) == plain.chosen("IMAGE/png;q=1", known) == plain.PNG
    with pytest.raises(Problem) as caught:
        plain.chosen("text/html", known)
    assert caught.value.status == 406


def tensor(name, datatype, shape, data):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def test_the_protocol_s_tensors_become_fields_and_answers(served):
    models = protocol.models({"digits": served})
    one, function = models["digits.generate"]
    content = {
        "id": "7",
        "inputs": [
            tensor("given", "BYTES", [2], ["3", "4"]),
            tensor("z", "FP32", [2, 2], [0, 1, 2.5, 3]),
            tensor("seed", "INT64", [1], [5]),
        ],
        "outputs": [{"name": "x"}],
    }
    request = protocol.parsed(content)
    fields = protocol.fields_of(request, function, one)
    np.testing.assert_array_equal(fields.pop("z"), [[0, 1], [2.5, 3]])
    assert fields == {"given": ["3", "4"], "seed": 5}
    asked = function.asked(served, {"given": [3, 4], "z": [[0, 1], [2.5, 3]]})
    (answer,) = answered([Job(asked, protocol.Written("digits.generate", request))])
    found = plain.json_object(answer)
    x = function.compute([asked])["x"]
    (output,) = found.pop("outputs")
    assert found == {"model_name": "digits.generate", "model_version": "1", "id": "7"}
    assert (output["name"], output["datatype"], output["shape"]) == ("x", "FP32", [2, 8, 8, 1])
    np.testing.assert_array_equal(np.float32(output["data"]), x.ravel())


def test_conditions_by_name_are_json_objects(served):
    _, function = protocol.models({"digits": served})["digits.generate"]
    rows = ['{"a": 1}', '{"b": 2}']
    for data, expected in ((rows[:1], {"a": 1}), (rows, {"a": [1, None], "b": [None, 2]})):
        request = protocol.parsed({"inputs": [tensor("given", "BYTES", [len(data)], data)]})
        assert protocol.fields_of(request, function, served) == {"given": expected}


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor("z", "FP32", [2, 2], [1, 2, 3])],
        [tensor("z", "FP32", [1, 2], ["a", "b"])],
        [tensor("z", "UINT8", [1, 2], [1, 256])],
        [tensor("z", "INT64", [1, 2], [1.5, 2])],
        [tensor("seed", "INT64", [2], [1, 2])],
        [tensor("seed", "BYTES", [1], ["1"])],
        [tensor("given", "BYTES", [1], [3])],
        [tensor("given", "BYTES", [1], ["{3"])],
        [tensor("given", "BYTES", [2], ['{"a": 1}', "3"])],
        [tensor("given", "BYTES", [1], ["3"])] * 2,
    ],
)
def test_tensors_that_are_none_are_refused(served, inputs):
    _, function = protocol.models({"digits": served})["digits.generate"]
    with pytest.raises(InputError):
        protocol.fields_of(protocol.parsed({"inputs": inputs}), function, served)


def test_numbers_are_nested_lists():
    assert numbers([[1, 2]], "x").dtype.kind == "i"
    assert numbers([[1, 2.5]], "x").dtype == "float32"
    for value in ([[1], [1, 2]], "a", [None], {"a": 1}, [[]] + [1]):
        with pytest.raises(InputError):
            numbers(value, "x")
