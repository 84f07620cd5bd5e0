"""What lets a command start sooner; in a program that imports condvae nothing of this happens.

Keras imports scikit-learn and matplotlib where it finds them, for wrappers and galleries that no
command uses: `import keras` takes 1.03 s without and 1.84 s with them, and Keras has no switch. And
a command compiles what the one before it has compiled: JAX has a cache for that, off by default.
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
MOST_BYTES = 2**28  # JAX then forgets what was not used for the longest time


def end_at_once() -> None:
    """Let Ctrl-C end a training at once, as SIGTERM does, where there is nothing to keep yet.

    Python's own handler waits until compiled code returns, such as a compiler. Other commands keep
    it, for it lets them remove what is half-written.
    """
    if os.getpid() == 1:  # of a container, which gets those signals only that it has handlers for
        signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
    elif signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def leave_others(code: int) -> None:
    """End at once where other processes still count on this one, as after an error.

    JAX would wait for them at the exit, and they for this one's next step.
    """
    jax: Any = sys.modules.get("jax")
    if jax is not None and jax.distributed.is_initialized():
        os._exit(code)


class _HiddenFromKeras(importlib.abc.MetaPathFinder):
    """Lets some modules not be found while Keras is imported, which then does without."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ModuleNotFoundError for a hidden module; leave all others to the next finder."""
        # importlib's own mark of a module whose import has not ended
        spec = getattr(sys.modules.get("keras"), "__spec__", None)
        if name in NOT_FOR_KERAS and getattr(spec, "_initializing", False):
            raise ModuleNotFoundError(f"{name} is hidden from Keras", name=name)


def hide_from_keras() -> None:
    """Let Keras be imported without scikit-learn and matplotlib, which anybody else still gets."""
    if not any(isinstance(finder, _HiddenFromKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _HiddenFromKeras())


def keep_compiled() -> None:
    """Let JAX keep what it compiles in the user's cache, which only the user can write.

    A choice of JAX_COMPILATION_CACHE_DIR stays; CONDVAE_COMPILED=0 keeps nothing.
    """
    if os.environ.get(SWITCH) == "0" or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = platformdirs.user_cache_path("condvae") / "compiled" / _processor()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat()
    except OSError:
        return  # a home that cannot be written: as without a cache
    if os.name == "posix" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return  # what is in it would be run
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(MOST_BYTES)
    # a training compiles many small programs, each below JAX's least of a second
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def _processor() -> str:
    """A name for what can run here: a program for one processor may not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        can = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        can = platform.processor()
    return hashlib.sha256(can.encode()).hexdigest()[:16]
