"""The least plausible rows of parts, and of all of them together."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from bulk_parts import CUTS, here

from condvae.checks import InputError
from condvae.runs import Run
from condvae.serving.bulk.audit import Audit
from condvae.serving.bulk.folder import Folder
from condvae.serving.bulk.parts import find_parts
from condvae.serving.bulk.run_parts import run_parts
from condvae.serving.bulk.score import Score


def test_an_audit_of_parts_has_the_least_of_each(room):
    run_parts("run", "parts/*.npz", "scores", Score(num_samples=12), pool=here)
    run_parts("run", "parts/*.npz", "out", Audit(num_samples=12, top=5), pool=here)
    for place in range(len(CUTS) - 1):
        margins = duckdb.read_parquet(f"scores/p{place}.parquet").fetchnumpy()["label_margin"]
        least = duckdb.read_parquet(f"out/p{place}.parquet").fetchnumpy()
        np.testing.assert_array_equal(least["label_margin"], np.sort(margins)[:5])
        np.testing.assert_array_equal(margins[least["row"]], least["label_margin"])
        assert Path(f"out/p{place}.png").exists()


@pytest.mark.parametrize("by", ["label", "image"])
def test_an_audit_of_parts_has_the_least_of_all(room, by):
    """Bit by bit those of one file, their images too, however the command ended before."""
    verb = Audit(num_samples=12, top=40, by=by)
    report = run_parts("run", "parts/*.npz", "out", verb, pool=here)
    assert (report.made, report.rows) == (4, CUTS[-1])
    run_parts("run", "whole/*.npz", "one", verb, pool=here)
    expected = duckdb.read_parquet("one/p0.parquet").fetchnumpy()

    def check():
        found = duckdb.read_parquet("out/all.parquet").fetchnumpy()
        starts = dict(zip(("p0", "p1", "p2", "p3"), CUTS, strict=False))
        found["row"] = found["row"] + np.array([starts[part] for part in found.pop("part")])
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name], values)

    check()
    before = Path("out/all.png").stat().st_mtime_ns
    run_parts("run", "parts/*.npz", "out", verb, pool=here)
    assert Path("out/all.png").stat().st_mtime_ns == before
    for name in ("p2", "all"):
        Path(f"out/{name}.parquet").unlink()
        run_parts("run", "parts/*.npz", "out", verb, pool=here)
        check()
    assert Path("out/all.png").stat().st_mtime_ns > before


def test_the_images_of_all_parts_are_those_of_their_rows(room):
    """Each image in the sheet of all, in its order, also of parts that end within it."""
    verb, run = Audit(num_samples=12, top=40), Run.open("run")
    run_parts("run", "parts/*.npz", "out", verb, pool=here)
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("condvae.serving.bulk.audit._write", lambda *given: drawn.append(given))
        verb.join(run, find_parts("parts/*.npz"), Folder("out"))
    ((_, images, rows),) = drawn
    stored = {f"p{place}": np.load(f"parts/p{place}.npz")["x"] for place in range(4)}
    levels = [stored[p][int(r)] for p, r in zip(rows["part"], rows["row"], strict=True)]
    assert len(set(rows["part"])) > 1
    np.testing.assert_allclose(images * run.record.preprocessing.x_max, levels, atol=1e-4)


def test_further_parts_change_what_all_have(room):
    verb = Audit(num_samples=12, top=3)
    run_parts("run", "parts/p[012].npz", "out", verb, pool=here)
    stale = Path("out/all.parquet").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Audit, "join", lambda *given: 1 / 0)  # as if it ended here
        with pytest.raises(ZeroDivisionError):
            run_parts("run", "parts/*.npz", "out", verb, pool=here)
    assert Path("out/all.parquet").read_bytes() == stale
    run_parts("run", "parts/*.npz", "out", verb, pool=here)
    run_parts("run", "parts/*.npz", "new", verb, pool=here)
    assert Path("out/all.parquet").read_bytes() == Path("new/all.parquet").read_bytes() != stale
    shutil.copy("parts/p0.npz", "parts/all.npz")
    with pytest.raises(InputError, match="must not be named all"):
        run_parts("run", "parts/*.npz", "out", verb, pool=here)


@pytest.mark.parametrize("bare", ["p0", "p3"])
def test_some_parts_may_have_no_labels(room, bare):
    """All together then have none."""
    verb = Audit(num_samples=12, top=CUTS[-1], by="image")
    np.savez(f"parts/{bare}.npz", x=np.load(f"parts/{bare}.npz")["x"])
    run_parts("run", "parts/*.npz", "out", verb, pool=here)
    run_parts("run", "whole/*.npz", "one", verb, pool=here)
    found = duckdb.read_parquet("out/all.parquet").fetchnumpy()
    expected = duckdb.read_parquet("one/p0.parquet").fetchnumpy()
    assert [*found] == ["part", "row", "log_prob", "best_label", "best_label_prob"]
    for name in ("log_prob", "best_label", "best_label_prob"):
        np.testing.assert_array_equal(found[name], expected[name])
