"""A server as a process, asked over sockets; and its description, tried by schemathesis."""

import http.client
import io
import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from condvae.data.enlarged import as_drawn

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-some-length"
BODY_BYTES = 2**16


class Server:
    """A process that serves.

    Attributes:
        process: it.
        port: of 127.0.0.1.
        name: of the run.
    """

    def __init__(self, run, *options):
        command = [sys.executable, "-m", "condvae", "serve", str(run.path), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        said = self.process.stdout.readline()
        if not said:
            raise AssertionError(self.process.communicate())
        self.port = int(said.rpartition(":")[2].partition("/")[0])
        self.name = run.path.name

    def ask(self, method, path, body=None, **headers):
        """Status, headers and content of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def generate(self, body, **headers):
        """The same, of a request for images."""
        return self.ask("POST", f"/runs/{self.name}/generate", body, **headers)

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code and the content of standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextmanager
def serving(run, *options):
    """A server that does not outlive the test."""
    server = Server(run, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@pytest.fixture(scope="module")
def server(trained_run):
    options = ["--body-bytes", str(BODY_BYTES), "--body-seconds", "1"]
    with serving(trained_run, *options) as server:
        yield server
        assert server.end() == (0, "")  # nothing went wrong unseen


def test_images_come_as_json_arrays_and_pictures(server, trained_run):
    body = {"given": 3, "num_samples": 4, "seed": 5}
    expected = trained_run.model.generate(3, 4, seed=5)
    status, _, content = server.generate(body)
    assert status == 200
    np.testing.assert_allclose(json.loads(content)["x"], expected, atol=2e-6)
    status, headers, content = server.generate(body, Accept="application/x-npy")
    assert (status, headers["Content-Type"]) == (200, "application/x-npy")
    x = np.load(io.BytesIO(content), allow_pickle=False)
    np.testing.assert_allclose(x, expected, atol=2e-6)
    status, headers, content = server.generate(body, Accept="image/png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    picture = np.asarray(as_drawn(Image.open(io.BytesIO(content))))
    np.testing.assert_array_equal(picture[:8, :8], np.rint(255 * x[0, ..., 0]))


def test_the_protocol_s_clients_are_answered(server, trained_run):
    assert server.ask("GET", "/v2/health/live")[0] == 200
    assert server.ask("GET", "/v2/health/ready")[0] == 200
    assert json.loads(server.ask("GET", "/v2")[2])["name"] == "condvae"
    model = f"/v2/models/{server.name}.transfer"
    assert server.ask("GET", f"{model}/ready")[0] == 200
    says = json.loads(server.ask("GET", model)[2])
    x = np.linspace(0, 1, 128, dtype="float32").reshape(2, 8, 8, 1)
    values = {"x": x.ravel().tolist(), "y": ["1", "2"], "to": ["3", "4"]}
    inputs = [
        {
            "name": tensor["name"],
            "datatype": tensor["datatype"],
            "shape": [2, *tensor["shape"][1:]],
            "data": values[tensor["name"]],
        }
        for tensor in says["inputs"]
        if tensor["name"] in values
    ]
    status, _, content = server.ask("POST", f"{model}/infer", {"inputs": inputs, "id": "a"})
    found = json.loads(content)
    assert (status, found["id"], found["model_name"]) == (200, "a", f"{server.name}.transfer")
    (output,) = found["outputs"]
    assert output["datatype"] == says["outputs"][0]["datatype"] == "FP32"
    expected = trained_run.model.transfer(x, [1, 2], to=[3, 4])
    np.testing.assert_allclose(np.reshape(output["data"], output["shape"]), expected, atol=2e-6)


def test_arrays_are_taken_as_they_are(server, trained_run):
    x = np.arange(128, dtype="uint8").reshape(2, 8, 8)
    file = io.BytesIO()
    np.save(file, x)
    path = f"/runs/{server.name}/encode?y=3"
    status, _, content = server.ask("POST", path, file.getvalue(), Content_Type="application/x-npy")
    mean, logvar = trained_run.model.encode(x, 3)
    found = json.loads(content)
    assert status == 200
    np.testing.assert_allclose(found["mean"], mean, atol=2e-5)
    np.testing.assert_allclose(found["logvar"], logvar, atol=2e-5)


def test_many_at_once_get_the_bytes_that_one_gets(server):
    bodies = [{"given": n % 10, "num_samples": 1 + n % 3, "seed": n} for n in range(40)]
    alone = [server.generate(body) for body in bodies]
    found = [None] * len(bodies)

    def ask(place):
        found[place] = server.generate(bodies[place])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(s, c) for s, _, c in found] == [(200, c) for _, _, c in alone]


@pytest.mark.parametrize(
    ("status", "path", "body", "headers"),
    [
        (404, "/runs/none/generate", {"given": 3}, {}),
        (404, "/runs/{run}/dream", {"given": 3}, {}),
        (404, "/nowhere", {}, {}),
        (405, "/v2", {}, {}),
        (406, "/runs/{run}/encode", {"given": 3}, {"Accept": "image/png"}),
        (415, "/runs/{run}/generate", "given=3", {"Content_Type": "text/plain"}),
        (400, "/runs/{run}/generate", "{", {"Content_Type": "application/json"}),
        (400, "/runs/{run}/generate", "[" * 9999, {"Content_Type": "application/json"}),
        (400, "/runs/{run}/encode", "abc", {"Content_Type": "application/x-npy"}),
        (400, "/v2/models/{run}.generate/infer", {"inputs": 3}, {}),
        (422, "/v2/models/{run}.generate/infer", {"inputs": []}, {}),
        (422, "/runs/{run}/generate", {"given": "ten"}, {}),
    ],
)
def test_mistakes_are_said_in_three_parts(server, status, path, body, headers):
    found, _, content = server.ask("POST", path.format(run=server.name), body, **headers)
    assert found == status
    said = json.loads(content)
    assert said["error"] == f"{said['expected']}; received {said['received']}. {said['remedy']}"


def raw(server, *pieces):
    """The response to some bytes, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while piece := connection.recv(2**16):
            found += piece
        return found


def head(server, *lines):
    first = f"POST /runs/{server.name}/generate HTTP/1.1"
    return "\r\n".join(
        [first, "Host: x", "Content-Type: application/json", *lines, "", ""]
    ).encode()


def test_large_bodies_are_refused_by_what_they_say_and_by_what_they_are(server):
    many = b" " * (BODY_BYTES + 1)
    announced = raw(server, head(server, f"Content-Length: {len(many)}"), many)
    assert announced.startswith(b"HTTP/1.1 413 ")
    chunk = f"{len(many):x}\r\n".encode() + many + b"\r\n0\r\n\r\n"
    assert raw(server, head(server, "Transfer-Encoding: chunked"), chunk).startswith(
        b"HTTP/1.1 413 "
    )
    just = b'{"given": 3}'.ljust(BODY_BYTES)
    length = f"Content-Length: {len(just)}"
    assert b" 200 " in raw(server, head(server, length, "Connection: close"), just)[:20]


def test_slow_bodies_end_and_silence_is_closed(server):
    assert raw(server, head(server, "Content-Length: 12"), b'{"given"').startswith(b"HTTP/1.1 408 ")
    assert raw(server) == b""
    assert raw(server, b"POST /runs") == b""


def test_counters_are_there_for_prometheus(server):
    from prometheus_client.parser import text_string_to_metric_families

    def read():
        text = server.ask("GET", "/metrics")[2].decode()
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    before = read()
    for given in (1, 2, "ten"):
        server.generate({"given": given})
    after = read()
    route = ("route", "/runs/{run}/{function}")
    for status, count in (("200", 2), ("422", 1)):
        key = ("condvae_requests_total", route, ("status", status))
        assert after[key] - before.get(key, 0) == count
    assert after["condvae_batch_rows_sum",] - before.get(("condvae_batch_rows_sum",), 0) == 2
    assert after["condvae_waiting",] == 0


def test_with_a_token_nothing_else_is_answered(trained_run, tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    with serving(trained_run, "--token-file", str(tmp_path / "token")) as server:
        assert server.ask("GET", "/v2/health/ready")[0] == 200
        for headers in ({}, {"Authorization": "Bearer another-token-of-length"}):
            status, found, _ = server.generate({"given": 3}, **headers)
            assert (status, found["WWW-Authenticate"]) == (401, "Bearer")
            assert server.ask("GET", "/metrics", **headers)[0] == 401
        assert server.generate({"given": 3}, Authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_full_queue_says_when_to_come_again_and_late_answers_are_not_waited_for(trained_run):
    options = ["--queue", "1", "--delay", "60000", "--deadline", "2", "--batch-rows", "9"]
    with serving(trained_run, *options) as server:
        found = []
        first = threading.Thread(target=lambda: found.append(server.generate({"given": 3})))
        first.start()
        until_there_wait(server, 1)
        status, headers, _ = server.generate({"given": 3})
        first.join()
        assert (status, headers["Retry-After"]) == (429, "1")
        assert found[0][0] == 504
        # fills its batch, and so waits for none
        assert server.generate({"given": 3, "num_samples": 9})[0] == 200


def until_there_wait(server, count):
    """Return when so many requests are not answered."""
    while f"\ncondvae_waiting {count}.0".encode() not in server.ask("GET", "/metrics")[2]:
        pass


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_at_a_signal_what_waits_is_answered(trained_run, number, code):
    # they would wait for ten minutes
    options = ["--delay", "600000", "--deadline", "1200", "--batch-rows", "99"]
    with serving(trained_run, *options) as server:
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(server.generate({"given": 3})[0]))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        until_there_wait(server, 5)
        assert server.end(number) == (code, "")
        for thread in threads:
            thread.join()
        assert found == [200] * 5


def test_an_address_that_is_taken_is_a_mistake(server, trained_run):
    command = [sys.executable, "-m", "condvae", "serve", str(trained_run.path), "--port"]
    done = subprocess.run([*command, str(server.port)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Choose another one with --port" in done.stderr


def test_rows_of_a_table_are_objects(tmp_path):
    from condvae.data import load_data
    from condvae.training import train

    run = train(load_data("wine"), preset="small-table", run=tmp_path / "wine", epochs=2)
    with serving(run) as server:
        status, _, content = server.generate({"num_samples": 3, "seed": 1})
        assert status == 200, content
        rows = json.loads(content)["rows"]
        assert len(rows) == 3
        assert set(rows[0]) == set(run.record.preprocessing.table.order)
        assert server.generate({"num_samples": 3, "seed": 1})[2] == content
        name = run.record.condition.by_name.names[0]
        value = rows[0][name]
        status, _, content = server.generate({"num_samples": 2, "given": {name: value}})
        assert {row[name] for row in json.loads(content)["rows"]} == {value}


def test_schemathesis_finds_nothing_in_the_description(trained_run, tmp_path):
    # which tensors and images fit is more than a schema can say
    inexact = "transfer|encode|decode|infer"
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--seed", "0", "-n", "20"]
    command += ["--suppress-health-check", "all", "--warnings", "off"]
    exact = [*command, "--exclude-path-regex", inexact]
    rest = [*command, "--include-path-regex", inexact]
    rest += ["--exclude-checks", "positive_data_acceptance"]
    with serving(trained_run) as server:  # whose bodies may be large: 413 is no 422 to it
        address = f"http://127.0.0.1:{server.port}/openapi.json"
        for arguments in (exact, rest):
            done = subprocess.run(
                [*arguments, address], capture_output=True, text=True, cwd=tmp_path
            )
            assert done.returncode == 0, done.stdout[-5000:]
        assert server.end() == (0, "")
