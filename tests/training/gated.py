"""A command that waits at a gate, so that `test_signals.py` can send it signals at a known place.

python gated.py ROOM PLACE fused|plain ARGUMENTS: each piece of work leaves a file in ROOM when it
begins, named after its kind and number; the one that PLACE names waits for the file `open` there.
"""

import ctypes
import hashlib
import importlib.abc
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from condvae.cli import entry
from condvae.cli.start import hide_from_keras

_, room, PLACE, MODE, *ARGUMENTS = sys.argv
ROOM = Path(room)
SECONDS = 0.2  # that each step takes: a long one, see `condvae.training.pace`
begun: Counter[str] = Counter()
kept: list[Any] = []  # what XLA calls must not be freed


def pass_gate(kind: str, seconds: float = 0.0) -> None:
    """Leave the file; wait where the place is this one."""
    begun[kind] += 1
    name = f"{kind}-{begun[kind]}"
    (ROOM / name).touch()
    if name == PLACE and kind.startswith(("import", "compilation")):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # compiled code, which no signal ends
    while name == PLACE and not (ROOM / "open").exists():
        time.sleep(0.01)
    time.sleep(seconds)


class Importing(importlib.abc.MetaPathFinder):
    """The gate before Keras."""

    def find_spec(self, name, path=None, target=None):
        if name == "keras":
            pass_gate("import")


def as_operation(kind: str) -> Callable[[Any], Any]:
    """A function of the loss, to be compiled, that passes the gate and gives zero.

    It is a function of C for XLA, since a call of JAX's own back to Python is never queued.
    """
    import jax

    members = 2 if "sweep" in ARGUMENTS else 1

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
    def wait(result, operands):
        pass_gate(kind, SECONDS)
        ctypes.memset(result, 0, members * np.dtype("float32").itemsize)

    new_capsule = ctypes.pythonapi.PyCapsule_New
    new_capsule.restype = ctypes.py_object
    new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    capsule = new_capsule(ctypes.cast(wait, ctypes.c_void_p), b"xla._CUSTOM_CALL_TARGET", None)
    jax.ffi.register_ffi_target(kind, capsule, platform="cpu", api_version=0)
    kept.append(wait)
    call = jax.ffi.ffi_call(
        kind,
        jax.ShapeDtypeStruct((), "float32"),
        custom_call_api_version=1,
        vmap_method="broadcast_all",
    )
    return lambda loss: call(jax.lax.stop_gradient(loss))


def slow_down() -> None:
    """Let each step, each batch of validation and each compilation pass the gate."""
    from condvae.models import CVAE
    from condvae.training import fit

    gates = {kind: as_operation(kind) for kind in ("step", "validation")}
    fit.VALIDATION_BATCH = 2
    if MODE == "fused":
        fit.pays = lambda feed: True
    compute = CVAE.compute_loss

    def gated(model, *arguments, training=True, **settings):
        loss = compute(model, *arguments, training=training, **settings)
        kind = "step" if training else "validation"
        pass_gate(f"compilation of a {kind}")
        return loss + gates[kind](loss)

    CVAE.compute_loss = gated


if __name__ == "__main__":
    if PLACE.startswith("import"):
        sys.meta_path.insert(0, Importing())
    else:
        hide_from_keras()
        slow_down()
    sys.argv[1:] = ARGUMENTS
    sys.exit(entry())
