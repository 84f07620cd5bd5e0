import gzip
import hashlib
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import platformdirs
import pytest

from condvae.checks import InputError
from condvae.data import download as downloads
from condvae.data import load_data
from condvae.data.idx_sets import IDX_SETS
from condvae.data.sources import NAMED_SETS
from condvae.spec import DataSpec

X = np.random.default_rng(0).integers(0, 256, (40, 4, 5)).astype(np.uint8)
Y = np.tile(np.arange(10, dtype=np.uint8), 4)


def idx_bytes(array):
    return struct.pack(f">I{array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


CONTENTS = {
    "train-images-idx3-ubyte": idx_bytes(X),
    "train-labels-idx1-ubyte": idx_bytes(Y),
    "t10k-images-idx3-ubyte": idx_bytes(X[:10]),
    "t10k-labels-idx1-ubyte": idx_bytes(Y[:10]),
}
SERVED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}


def md5_of(content):
    return hashlib.md5(content).hexdigest()


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache, in a folder of the test."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("CONDVAE_DATA", raising=False)
    return tmp_path / "cache" / "condvae"


@pytest.fixture(autouse=True)
def small_sets(monkeypatch, cache):
    """MNIST and KMNIST with our own small files, and no mirror."""
    monkeypatch.setattr(downloads, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 300.0)  # for a busy machine
    for name in IDX_SETS:
        contents = SERVED if name == "kmnist" else CONTENTS
        md5 = {file_name: md5_of(content) for file_name, content in contents.items()}
        monkeypatch.setitem(IDX_SETS, name, IDX_SETS[name]._replace(mirrors=(), md5=md5))


@pytest.fixture
def serve(monkeypatch):
    """Serve on this machine what `respond(path, visit)` returns; a mirror of every set."""
    servers = []
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def start(respond):
        requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                content = respond(self.path.lstrip("/"), requests.count(self.path))
                if content is None:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *arguments: None  # a client that hung up is meant
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_port}"
        for name in IDX_SETS:
            mirrors = (*IDX_SETS[name].mirrors, url)
            monkeypatch.setitem(IDX_SETS, name, IDX_SETS[name]._replace(mirrors=mirrors))
        return requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def good(path, visit):
    return SERVED[path]


def refusal(source, **settings):
    with pytest.raises(InputError) as caught:
        load_data(source, **settings)
    return caught.value


def test_digits_are_stretched_to_grey_levels():
    data = load_data("digits")
    assert data.x.shape == (1797, 8, 8, 1)
    assert data.x.dtype == np.uint8
    assert set(np.unique(data.x)) == set(np.rint(np.arange(17) * 255 / 16).astype(int))
    assert str(data.condition) == "digit: one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert data.y[:10].tolist() == list(range(10))
    assert data.spec.source == "digits"


def test_settings_make_the_spec():
    data = load_data("digits", validation="test", test=0.3, split_seed=4)
    assert data.spec == DataSpec(source="digits", validation="test", test=0.3, split_seed=4)
    changed = load_data("digits", spec=data.spec, split_seed=5)
    assert changed.spec == data.spec.model_copy(update={"split_seed": 5})
    assert "validation" in refusal("digits", validation=1.5).expected


def test_unknown_names_are_refused():
    error = refusal("minst")
    assert all(name in error.expected for name in NAMED_SETS)
    assert "'minst'" in error.received
    assert "'mnist'" in error.remedy
    assert refusal("/no/such/set.npz").remedy == "Check the path."


def test_paths_are_read(tmp_path):
    np.savez(tmp_path / "set.npz", x=X, y=Y)
    for path in (tmp_path / "set.npz", str(tmp_path / "set.npz")):
        assert load_data(path, test=0.5).spec == DataSpec(source=str(path), test=0.5)


@pytest.mark.parametrize("contents", [CONTENTS, SERVED], ids=["plain", "gz"])
@pytest.mark.parametrize(
    "place", ["data_dir/mnist", "data_dir", "shared/mnist", "cache/condvae/mnist"]
)
def test_files_are_found(tmp_path, monkeypatch, contents, place):
    write(tmp_path / place, contents)
    monkeypatch.setenv("CONDVAE_DATA", str(tmp_path / "shared"))
    data_dir = tmp_path / "data_dir" if place.startswith("data_dir") else None
    data = load_data("mnist", data_dir=data_dir)
    assert np.array_equal(data.x[:40, ..., 0], X)
    assert data.test.rows.tolist() == list(range(40, 50))
    assert (data.name, data.condition.name) == ("mnist", "digit")


def test_classes_have_names(tmp_path):
    write(tmp_path / "fashion_mnist", CONTENTS)
    write(tmp_path / "kmnist", SERVED)
    fashion = load_data("fashion_mnist", data_dir=tmp_path)
    assert (fashion.condition.name, fashion.label_names[9]) == ("article", "Ankle boot")
    characters = load_data("kmnist", data_dir=tmp_path)
    assert (characters.condition.name, characters.label_names[1]) == ("character", "ki")
    assert np.array_equal(characters.given[:40], Y)


@pytest.mark.parametrize(("name", "contents"), [("mnist", CONTENTS), ("kmnist", SERVED)])
def test_wrong_checksum_is_refused(tmp_path, name, contents):
    other = idx_bytes(X ^ 1)
    other = gzip.compress(other, mtime=0) if name == "kmnist" else other
    file_name = next(iter(contents))
    write(tmp_path / name, {**contents, file_name: other})
    error = refusal(name, data_dir=tmp_path)
    assert str(tmp_path / name / file_name) in error.expected
    assert md5_of(contents[file_name]) in error.expected
    assert md5_of(other) in error.received
    assert "published" in error.remedy


@pytest.mark.parametrize("name", ["mnist", "kmnist"])
def test_download_into_the_cache_happens_once(cache, serve, name, capfd):
    requests = serve(good)
    first = load_data(name)
    assert sorted(requests) == sorted(f"/{file_name}" for file_name in SERVED)
    assert {path.name: path.read_bytes() for path in (cache / name).iterdir()} == SERVED
    assert load_data(name).fingerprint == first.fingerprint
    assert len(requests) == 4
    out, err = capfd.readouterr()
    assert not out
    assert "train-images-idx3-ubyte.gz" in err


def test_download_goes_to_data_dir(tmp_path, cache, serve):
    serve(good)
    load_data("mnist", data_dir=tmp_path / "mine")
    assert len(list((tmp_path / "mine" / "mnist").iterdir())) == 4
    assert not cache.exists()


def test_only_missing_files_are_downloaded(cache, serve):
    requests = serve(good)
    write(cache / "mnist", dict(list(CONTENTS.items())[:3]))
    load_data("mnist")
    assert requests == ["/t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize("fault", [None, b"", b"<html>log in</html>", "truncated"])
def test_a_fault_that_passes_is_tried_again(cache, serve, fault):
    def respond(path, visit):
        if visit < 3:
            return SERVED[path][:-30] if fault == "truncated" else fault
        return SERVED[path]

    requests = serve(respond)
    assert len(load_data("mnist").x) == 50
    assert len(requests) == 12


def test_the_second_mirror_helps(cache, serve):
    first = serve(lambda path, visit: gzip.compress(idx_bytes(X ^ 1)))
    second = serve(good)
    assert len(load_data("mnist").x) == 50
    assert len(first) == 12
    assert len(second) == 4


def test_every_mirror_failing_says_what_to_do(tmp_path, cache, serve):
    serve(lambda path, visit: None)
    serve(lambda path, visit: gzip.compress(idx_bytes(X ^ 1)))
    error = refusal("mnist", data_dir=tmp_path / "mine")
    for words in [*CONTENTS, str(tmp_path / "mine" / "mnist"), str(cache / "mnist")]:
        assert words in error.expected
    assert "HTTP Error 503" in error.received
    assert f"md5 {md5_of(idx_bytes(X ^ 1))}" in error.received
    assert "--data-dir" in error.remedy
    assert "CONDVAE_DATA" in error.remedy
    assert not [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]


def test_a_host_that_stalls_is_left(cache, serve, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    release = threading.Event()

    def respond(path, visit):
        release.wait()

    serve(respond)
    try:
        assert "timed out" in refusal("mnist").received
    finally:
        release.set()


def test_a_host_without_end_is_left(cache, serve, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_BYTES", 100)
    serve(good)
    assert "more than 100 bytes" in refusal("mnist").received


def test_a_host_that_is_not_there(cache, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as deaf:  # holds the port, and nobody listens there
        deaf.bind(("127.0.0.1", 0))
        mirrors = (f"http://127.0.0.1:{deaf.getsockname()[1]}",)
        monkeypatch.setitem(IDX_SETS, "mnist", IDX_SETS["mnist"]._replace(mirrors=mirrors))
        assert "refused" in refusal("mnist").received


def test_unreadable_files_are_one_sentence(cache, monkeypatch):
    write(cache / "mnist", CONTENTS)

    def deny(*arguments):
        raise PermissionError(13, "Permission denied", "train-images-idx3-ubyte")

    monkeypatch.setattr("condvae.data.idx_sets.idx_content", deny)
    assert "Permission denied" in refusal("mnist").received
