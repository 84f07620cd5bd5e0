"""Ray does what processes of this machine do: parts of data, runs of a sweep."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.cli import main
from condvae.files.cluster import library, on_ray
from condvae.serving.bulk.encode import Encode
from condvae.serving.bulk.run_parts import run_parts
from condvae.training.sweep import sweep

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # Ray's own, of files and sockets that it leaves open
]


@pytest.fixture(autouse=True)
def found_by_workers(monkeypatch, request):
    """The package as these tests have it, in the processes that Ray starts."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")


def test_parts_on_ray(trained_run, digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_run.path, "run")
    Path("parts").mkdir()
    for place in range(3):
        rows = slice(40 * place, 40 * place + 40)
        np.savez(f"parts/{place}.npz", x=digits.x[rows], y=digits.y[rows])
    assert main("encode run parts/*.npz --out ray --ray local".split()) == 0
    assert "3 parts made, 120 rows" in capsys.readouterr().out
    run_parts("run", "parts/*.npz", "own", Encode(), workers=1)
    for place in range(3):
        with np.load(f"own/{place}.npz") as expected, np.load(f"ray/{place}.npz") as found:
            for name in expected:
                np.testing.assert_array_equal(found[name], expected[name])
    np.savez("parts/2.npz", x=digits.x[:3], y=[99, 0, 0])
    assert main("encode run parts/*.npz --out bad --ray local".split()) == 2
    assert "part 2: y must hold labels" in capsys.readouterr().err
    assert main("encode run parts/*.npz --out none --ray 127.0.0.1:9".split()) == 2
    assert "a Ray cluster must answer at '127.0.0.1:9'" in capsys.readouterr().err


def test_a_sweep_on_ray_is_the_sweep_in_turn(digits, tmp_path):
    settings = {"seeds": 2, "beta": [1.0, 2.0], "preset": "small", "epochs": 2, "progress": False}
    expected = sweep(digits, out_dir=tmp_path / "turn", together=False, **settings)
    found = sweep(digits, out_dir=tmp_path / "ray", ray="local", **settings)
    assert [row["status"] for row in found.rows] == ["finished"] * 4
    for ours, theirs in zip(expected.rows, found.rows, strict=True):
        assert ours["run"] == theirs["run"]
        assert theirs["val_elbo"] == pytest.approx(ours["val_elbo"], abs=1e-3)
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "ray").glob("*/run.json")}
    sweep(digits, out_dir=tmp_path / "ray", ray="local", resume=True, **settings)  # all is done
    assert len(written) == 4
    assert all(file.stat().st_mtime_ns == before for file, before in written.items())
    with pytest.raises(InputError, match="`ray` must train one model per task"):
        sweep(digits, out_dir=tmp_path / "none", ray="local", together=True, **settings)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("address", "tries"), [("local", 3), ("auto", 1)])
def test_a_cluster_of_our_own_that_does_not_start_in_time_is_started_again(
    monkeypatch, address, tries
):
    asked, ray = [], library()
    start = ray.init

    def late(**settings):
        asked.append(settings["address"])
        if len(asked) < 3:
            raise RuntimeError("The current node timed out during startup.")
        return start(**settings)

    monkeypatch.setattr(ray, "init", late)
    if address == "local":
        with on_ray(address, {"PYTHONPATH": os.environ["PYTHONPATH"]}) as pool:
            assert sorted(pool(abs, [-1, -2])) == [1, 2]
    else:
        with (
            pytest.raises(InputError, match=r"must answer at 'auto'.*timed out"),
            on_ray(address, {}),
        ):
            pass
    assert asked == [address] * tries
    assert not ray.is_initialized()
