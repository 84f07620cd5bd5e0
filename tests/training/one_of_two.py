"""One of two processes that train together: `condvae`, with a signal to itself at a known step.

python one_of_two.py SIGNAL STEP ARGUMENTS: STEP of the training's steps from 1 on; 0: never.
"""

import os
import sys
from typing import Any

from condvae.cli import entry
from condvae.cli.start import hide_from_keras

_, NUMBER, STEP, *ARGUMENTS = sys.argv


def send_at_step() -> None:
    """Let that step send the signal when it has begun."""
    hide_from_keras()
    from condvae.training import journal
    from condvae.training.pace import Pace

    journal.SPACING = 0.0  # a checkpoint of every epoch, in both
    began, begun = Pace.began, []

    def signalled(pace: Pace, *arguments: Any) -> None:
        began(pace, *arguments)
        begun.append(arguments)
        if len(begun) == int(STEP):
            os.kill(os.getpid(), int(NUMBER))

    Pace.began = signalled  # type: ignore[method-assign]


if __name__ == "__main__":
    send_at_step()
    sys.argv[1:] = ARGUMENTS
    sys.exit(entry())
