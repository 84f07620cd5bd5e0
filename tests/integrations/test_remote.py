"""Parts and outputs behind URLs: S3 by a server on this machine, and a web server that falters."""

import http.server
import shutil
import threading
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from condvae.cli import main
from condvae.data import load_data
from condvae.files import remote
from condvae.serving.bulk.encode import Encode
from condvae.serving.bulk.generate import Generate
from condvae.serving.bulk.run_parts import run_parts
from condvae.serving.bulk.score import Score

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def here(work, jobs):
    """Jobs in this process."""
    return map(work, jobs)


@pytest.fixture(scope="module")
def store():
    """An S3 server of this module's own: its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store, tmp_path, monkeypatch, trained_run, digits):
    """A bucket with parts, and the same parts, and a run, in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anything")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = fsspec.filesystem("s3")
    name = f"bucket-{tmp_path.name.replace('_', '-')}".lower()[:60].strip("-")
    files.mkdir(name)
    shutil.copytree(trained_run.path, "run")
    Path("parts/deep").mkdir(parents=True)
    for place, part in enumerate(("a", "b", "deep/c")):
        rows = slice(50 * place, 50 * place + 40)
        np.savez(f"parts/{part}.npz", x=digits.x[rows], y=digits.y[rows])
        Path(f"parts/{part}.csv").write_text("\n".join(["digit", *map(str, digits.y[rows])]))
        for suffix in ("npz", "csv"):
            files.put_file(f"parts/{part}.{suffix}", f"{name}/parts/{part}.{suffix}")
    yield name
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    ("verb", "suffix"),
    [(Encode(), "npz"), (Generate(seed=2), "csv"), (Score(num_samples=3), "npz")],
    ids=lambda value: str(value),
)
def test_outputs_are_those_from_disk(bucket, verb, suffix):
    pattern = f"parts/**/*.{suffix}"
    run_parts("run", pattern, "out", verb, pool=here)
    where = f"s3://{bucket}"
    made = run_parts("run", f"{where}/{pattern}", f"{where}/out", verb, pool=here)
    assert (made.made, made.rows) == (3, 120)
    files = fsspec.filesystem("s3")
    own = {"bulk.json", ".lock"}
    ours = {p.relative_to("out").as_posix() for p in Path("out").rglob("*") if p.is_file()} - own
    theirs = {found.removeprefix(f"{bucket}/out/") for found in files.find(f"{bucket}/out")} - own
    assert ours == theirs == {f"{name}{Path(min(ours)).suffix}" for name in ("a", "b", "deep/c")}
    for name in ours:
        theirs = files.cat_file(f"{bucket}/out/{name}")
        if name.endswith(".npz"):  # whose archives hold the time of their writing
            Path("copy.npz").write_bytes(theirs)
            with np.load("copy.npz") as found, np.load(f"out/{name}") as expected:
                for key in expected:
                    np.testing.assert_array_equal(found[key], expected[key])
        else:
            assert theirs == Path(f"out/{name}").read_bytes()
    # what is there is not made again; what is taken away is
    files.rm(f"{bucket}/out/{min(ours)}")
    again = run_parts("run", f"{where}/{pattern}", f"{where}/out", verb, pool=here)
    assert (again.made, again.before) == (1, 2)


def test_a_command_and_its_processes(bucket, capsys):
    where = f"s3://{bucket}"
    command = f"encode run {where}/parts/*.npz --out {where}/z --workers 2"
    assert main(command.split()) == 0
    assert "2 parts made, 80 rows" in capsys.readouterr().out
    assert main(command.split()) == 0
    assert "0 parts made, 0 rows; 2 already there" in capsys.readouterr().out
    assert main(command.replace("encode", "score").split()) == 2
    assert "must be by of this call" in capsys.readouterr().err


def test_single_files(bucket, capsys):
    where = f"s3://{bucket}"
    command = f"encode run {where}/parts/a.npz --out {where}/z.npz"
    assert main(command.split()) == 0
    assert main(command.split()) == 2
    assert "which exists" in capsys.readouterr().err
    assert main([*command.split(), "--overwrite"]) == 0
    ours, theirs = load_data("parts/a.npz"), load_data(f"{where}/parts/a.npz")
    assert theirs.name == f"{where}/parts/a.npz"
    assert ours.fingerprint == theirs.fingerprint
    for source in (f"{where}/none.npz", f"{where}/none/*.npz"):
        assert main(["encode", "run", source, "--out", "z.npz"]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "none" in said
    assert not Path("z.npz").exists()


def test_without_credentials(bucket, monkeypatch, tmp_path, capsys):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    assert main(f"encode run s3://{bucket}/parts/*.npz --out z".split()) == 2
    said = capsys.readouterr().err
    assert "must be accessible" in said
    assert "no credentials" in said
    assert not Path("z").exists()


def test_without_the_library_of_a_store(bucket, capsys):
    """An address of Azure, which the extra does not include."""
    assert main("encode run abfs://bucket/*.npz --out z".split()) == 2
    said = capsys.readouterr().err
    assert "requires the extra 'remote', or its own library" in said
    assert "adlfs" in said


def test_a_server_that_falters(bucket, monkeypatch, capsys):
    """Two answers in three are failures; tried again, all come, and the same bytes."""
    asked: dict[str, int] = {}

    class Faltering(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] = asked.get(self.path, 0) + 1
            if asked[self.path] % 3:
                self.send_error(503)
            else:
                super().do_GET()

        def log_message(self, *arguments):
            pass

    handler = partial(Faltering, directory=str(Path.cwd()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        where = f"http://127.0.0.1:{server.server_port}"
        with remote.fetched(f"{where}/parts/a.npz") as copy:
            assert copy.name == "a.npz"
            assert copy.read_bytes() == Path("parts/a.npz").read_bytes()
        monkeypatch.setattr(remote, "TRIES", 2)
        asked.clear()
        assert main(f"data info {where}/parts/a.npz".split()) == 2
        assert "2 failures, the last ClientResponseError: 503" in capsys.readouterr().err
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
