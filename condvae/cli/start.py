"""Faster start of commands; programs that import condvae are not affected.

Keras imports scikit-learn and matplotlib if it finds them, for wrappers and galleries that no
command uses: `import keras` takes 1.03 s without and 1.84 s with them, and Keras has no switch.
Also, a command compiles what the previous one has compiled: JAX has a cache for that, off by
default.
"""

import hashlib
import importlib.abc
import os
import platform
import signal
import sys
from pathlib import Path
from typing import Any

import platformdirs

from condvae.cli.exit_codes import TERMINATED

NOT_FOR_KERAS = ("sklearn", "matplotlib")
SWITCH = "CONDVAE_COMPILED"
MOST_BYTES = 2**28  # beyond this, JAX removes the least recently used


def end_at_once() -> None:
    """Let Ctrl-C end a training at once, like SIGTERM, while there is nothing to keep yet.

    Python's own handler waits until compiled code returns, such as a compiler. Other commands keep
    that handler, since it lets them remove unfinished files.
    """
    if os.getpid() == 1:  # in a container, which only gets the signals that it has handlers for
        signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
    elif signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def leave_others(code: int) -> None:
    """Exit at once while other processes still wait for this one, as after an error.

    JAX would wait for them at exit, and they for this one's next step.
    """
    jax: Any = sys.modules.get("jax")
    if jax is not None and jax.distributed.is_initialized():
        os._exit(code)


class _HiddenFromKeras(importlib.abc.MetaPathFinder):
    """Hides some modules while Keras is imported, which then does without them."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ModuleNotFoundError for a hidden module; leave all others to the next finder."""
        # importlib's own mark of a module whose import is not complete
        spec = getattr(sys.modules.get("keras"), "__spec__", None)
        if name in NOT_FOR_KERAS and getattr(spec, "_initializing", False):
            raise ModuleNotFoundError(f"{name} is hidden from Keras", name=name)


def hide_from_keras() -> None:
    """Let Keras be imported without scikit-learn and matplotlib, which others still can."""
    if not any(isinstance(finder, _HiddenFromKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _HiddenFromKeras())


def keep_compiled() -> None:
    """Let JAX cache compiled programs in the user's cache folder, which only the user can write.

    An existing JAX_COMPILATION_CACHE_DIR is kept; CONDVAE_COMPILED=0 disables the cache.
    """
    if os.environ.get(SWITCH) == "0" or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = platformdirs.user_cache_path("condvae") / "compiled" / _processor()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat()
    except OSError:
        return  # a read-only home: as without a cache
    if os.name == "posix" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return  # its content would be executed
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(MOST_BYTES)
    # a training compiles many small programs, each faster than JAX's minimum of a second
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def _processor() -> str:
    """A name for this kind of processor: a program for another one may not run here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        can = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        can = platform.processor()
    return hashlib.sha256(can.encode()).hexdigest()[:16]
