"""A working folder for commands: a finished run, and good and bad inputs."""

import gzip
import json
import shutil
import struct

import numpy as np
from PIL import Image

from condvae.runs.record import RunRecord


def listing(folder):
    """The files, and when they were written; the lock names its last holder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.name != ".lock")
    return {path: path.stat().st_mtime_ns for path in paths}


def furnish(room, trained_run):
    """Fill an empty folder: arrays, IDX files, folders of images, masks, specs and runs."""
    shutil.copytree(trained_run.path, room / "run")
    (room / "afile").write_text("not a folder")
    (room / "notarun").mkdir()
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (30, 8, 8), dtype="uint8"), np.arange(30) % 3
    furnish_arrays(room, x, y)
    furnish_images(room, x)
    furnish_runs(room)
    idx = struct.pack(">HBBIII", 0, 8, 3, 30, 8, 8) + x.tobytes()
    labels = struct.pack(">HBBI", 0, 8, 1, 30) + y.astype("uint8").tobytes()
    for name, content in (("cut", idx[:-10]), ("odd", b"\1" + idx[1:])):
        (room / name).mkdir()
        (room / name / "train-images-idx3-ubyte").write_bytes(content)
        (room / name / "train-labels-idx1-ubyte").write_bytes(labels)
    (room / "sets/mnist").mkdir(parents=True)
    for part in ("train", "t10k"):
        (room / f"sets/mnist/{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx))
        (room / f"sets/mnist/{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    (room / "list.json").write_text("[]")
    (room / "typo.json").write_text('{"training": {"epoch": 3}}')
    (room / "notjson.json").write_text("epochs: 3")


def furnish_arrays(room, x, y):
    """Archives of arrays, one of them good."""
    np.savez(room / "good.npz", x=x, y=y)
    np.savez(room / "flat.npz", x=x.reshape(30, 64), y=y)
    np.savez(room / "complex.npz", x=x.astype(complex), y=y)
    np.savez(room / "range.npz", x=2 * x.astype("float32"), y=y)
    one_is_nan = np.where(np.arange(30)[:, None, None] == 7, np.nan, x / 255)
    np.savez(room / "nan.npz", x=one_is_nan, y=y)
    np.savez(room / "labels.npz", x=x, y=np.arange(31) % 3)
    np.savez(room / "one.npz", x=x[:1], y=y[:1])
    np.savez(room / "missing.npz", x=x)
    np.savez(room / "pickled.npz", x=x, y=np.array([{}] * 30, dtype=object))
    np.savez(room / "half.npz", x=x, y=y, x_test=x)
    (room / "text.npz").write_text("no archive")


def furnish_images(room, x):
    """Folders of images, each with a fault, and single images."""
    for folder in ("broken", "oddsize"):
        for label in ("ant", "bee"):
            (room / folder / label).mkdir(parents=True)
            for n in range(4):
                Image.fromarray(x[n]).save(room / folder / label / f"{n}.png")
    (room / "broken/bee/2.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    Image.fromarray(x[0, :5]).save(room / "oddsize/bee/2.png")
    (room / "loose/cat").mkdir(parents=True)
    Image.fromarray(x[0]).save(room / "loose/0.png")
    Image.fromarray(x[0]).save(room / "eight.png")
    Image.fromarray(x[0, :5]).save(room / "five.png")
    Image.fromarray(np.full((8, 8), 255, "uint8")).save(room / "white.png")
    Image.fromarray(np.tile(np.arange(8) >= 4, (8, 1))).save(room / "right.png")
    Image.fromarray(x[0].astype("int32") * 200).save(room / "deep.tif")


def furnish_runs(room):
    """Copies of the run that something is wrong with."""
    for name, changes in {
        "floats": {"preprocessing": {"in_unit_interval": False, "assumption": "-30 to 30"}},
        "nan": {"status": "failed"},
        "history": {},
        "away": {"data": {"name": "gone.npz"}},
    }.items():
        shutil.copytree(room / "run", room / name)
        record = json.loads((room / name / "run.json").read_text())
        del record["sha256"]
        for field, change in changes.items():
            record[field] = {**record[field], **change} if isinstance(change, dict) else change
        (room / name / "run.json").write_text(RunRecord.model_validate(record).to_json())
    (room / "nan/weights.safetensors").unlink()
    history = room / "history/history.csv"
    history.write_text(history.read_text().replace("kl_loss", "lk_loss"))
